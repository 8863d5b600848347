"""Paths and patterns that the configuration allows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.safe_text import safe_text
from leakscan.sources.placing import INSIDE, containers
from leakscan.suppress.globs import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import regex

    from leakscan.config import Allowance
    from leakscan.model import Location, Match
    from leakscan.sources.sighting import Sighting

PATIENCE = 1.0
"""Seconds that a pattern may take for one secret, which has a few dozen characters."""


@dataclass(frozen=True, slots=True)
class _Entry:
    allowance: Allowance
    patterns: Sequence[regex.Pattern[str]]


class Allowlist:
    """Says what of the configuration allows a sighting.

    Args:
        allowances: the tables of the configuration, which are alternatives.
        top: the folder that globs are relative to, besides the repository of a location.

    Raises:
        UsageError: a pattern is no regular expression, or would need much to be compiled.
    """

    def __init__(self, allowances: Iterable[Allowance], top: str | None) -> None:
        self._entries = [_Entry(allowance, _compiled(allowance)) for allowance in allowances]
        self._within = _within(top)

    def find(self, sighting: Sighting) -> Allowance | None:
        """Return the first table that allows a sighting.

        Raises:
            UsageError: a pattern takes too long.
        """
        for entry in self._entries:
            allowance, match = entry.allowance, sighting.match
            if (
                allowance.rule in (None, match.rule)
                and (not allowance.paths or self._fits(allowance.paths, sighting.location))
                and (not entry.patterns or _is_like(match, entry))
            ):
                return allowance
        return None

    def _fits(self, globs: Sequence[str], location: Location) -> bool:
        for container in containers(location.path) if location.path else ():
            paths = self._within(location.repository, container)
            if any(matches(glob, path) for path in paths for glob in globs):
                return True
        return False


def _within(top: str | None) -> Callable[[str, str], Sequence[str]]:
    """Return what names a location's path: in its repository, and from ``top`` on if it is below.

    The latter differs for repositories within a work tree, and for a folder in one.
    """
    real_top = None if top is None else os.path.realpath(top)

    @cache  # many locations are in few repositories
    def folder_of(repository: str) -> str | None:
        real = os.path.realpath(repository)
        if real_top is None or os.path.commonpath((real, real_top)) != real_top:
            return None
        return os.path.relpath(real, real_top)

    def paths(repository: str, path: str) -> Sequence[str]:
        folder = folder_of(repository)
        if folder is None or folder == ".":
            return (path,)
        # A file that was scanned alone is named as its own repository.
        alone, sign, within = path.partition(INSIDE) if INSIDE not in repository else (path, "", "")
        return (folder + sign + within,) if alone == repository else (path, f"{folder}/{path}")

    return paths


def _compiled(allowance: Allowance) -> list[regex.Pattern[str]]:
    if not allowance.patterns:
        return []
    from leakscan.expressions import compiled

    try:
        return [compiled(pattern) for pattern in allowance.patterns]
    except ValueError as error:
        raise UsageError(
            f"{allowance.where}: patterns: no regular expression that can be used:"
            f" {safe_text(str(error))}",
            "where a sign stands for itself, write a backslash before it, as in \\(",
        ) from None


def _is_like(match: Match, entry: _Entry) -> bool:
    secret = match.secret.reveal()
    try:
        return any(pattern.fullmatch(secret, timeout=PATIENCE) for pattern in entry.patterns)
    except TimeoutError:
        raise UsageError(
            f"{entry.allowance.where}: patterns: one takes too long",
            "write it without repetition within repetition",
        ) from None
