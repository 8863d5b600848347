"""The operator's configuration: one TOML file (docs/configuration.md).

It comes from ``--config``, ``LEAKSCAN_CONFIG``, the checkout that one works in, or the
user's own folder: never from a repository that is scanned.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = ".leakscan.toml"
VARIABLE = "LEAKSCAN_CONFIG"

_KEYS = {
    "rules.paths": "a list of texts",
    "rules.enable": "a list of texts",
    "rules.override": "a table for each rule",
    "digests.file": "a text",
    "digests.key_file": "a text",
    "fingerprint.key_file": "a text",
}
"""Every key that a scan knows, and what it holds."""

RESPONSE = ("ledger", "disable", "verify", "mail", "alerts", "respond")
"""Tables that `respond.settings` reads, when there is something to respond to."""


@dataclass(frozen=True, slots=True)
class Config:
    """What an operator may set.  Paths are absolute or relative to the working directory.

    Attributes:
        source: the file that was read; ``None`` if there is none, and all is default.
        rule_paths: rule files, or folders of them, besides the shipped ones.
        enable: ids of the rules to use, or ``all``; empty for the default rules.
        overrides: by rule id, keys that replace those of its file.
        digest_file: the issuer's list of issued tokens (`detect.digests`).
        digest_key_file: where its key is kept, unless ``LEAKSCAN_DIGEST_KEY`` is set.
        fingerprint_key_file: where the key for the fingerprints of findings is kept.
        response: the tables of `RESPONSE` as TOML has them.
        is_trusted: whether the operator chose the file; one that came with a checkout may add
            rules but cannot switch any off.
    """

    source: Path | None = None
    rule_paths: tuple[Path, ...] = ()
    enable: tuple[str, ...] = ()
    overrides: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    digest_file: Path | None = None
    digest_key_file: Path | None = None
    fingerprint_key_file: Path | None = None
    response: Mapping[str, object] = field(default_factory=dict)
    is_trusted: bool = True


def load_config(explicit: Path | None = None, start: Path | None = None) -> Config:
    """Find and read the configuration.

    Args:
        explicit: the file of ``--config``, which comes before all others.
        start: folder inside the checkout that the *user* works in, as a rule the working
            directory; ``None`` leaves checkouts out.  Never a scanned repository.

    Raises:
        UsageError: a named file is missing, or a file is wrong; the key is named.
    """
    path = find_config(explicit, start)
    if path is None:
        return Config()
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read it: {error.strerror}", "check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from None
    named = explicit is not None or bool(os.environ.get(VARIABLE))
    if path.name == FILE_NAME and not named:
        rules = table.get("rules")
        narrowing = isinstance(rules, dict) and "override" in rules
        for section in ("digests", "fingerprint", "rules.override", *RESPONSE):
            if section in table or (narrowing and section == "rules.override"):
                raise UsageError(
                    f"{path}: {section}: not in a checkout's file, which anybody may have written",
                    f"set it in your own configuration, or say --config {path}",
                )
        return replace(_parse(table, path), is_trusted=False)
    return _parse(table, path)


def find_config(explicit: Path | None, start: Path | None) -> Path | None:
    """Find the one file to read: the first that is there, in the order of `load_config`."""
    if explicit is not None:
        return explicit
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    root = _git_root(start) if start is not None else None
    if root is not None and (root / FILE_NAME).is_file():
        return root / FILE_NAME
    # The command line has imported click already; platformdirs would take another 10 ms.
    import click

    user = Path(click.get_app_dir("leakscan")) / "config.toml"
    return user if user.is_file() else None


def _git_root(start: Path) -> Path | None:
    """Find the top of the checkout around ``start``; `.git` is a file in linked worktrees."""
    folder = start.resolve()
    return next((f for f in (folder, *folder.parents) if (f / ".git").exists()), None)


def _parse(table: Mapping[str, object], path: Path) -> Config:
    given: dict[str, Any] = {}
    response = {section: keys for section, keys in table.items() if section in RESPONSE}
    for section, keys in table.items():
        if section in RESPONSE:
            continue
        if not isinstance(keys, dict):
            raise UsageError(f"{path}: {section}: unknown key", f"use {_known()}")
        given |= {f"{section}.{key}": value for key, value in keys.items()}
    for name, value in given.items():
        if name not in _KEYS:
            raise UsageError(f"{path}: {name}: unknown key", f"use {_known()}")
        if not _fits(value, _KEYS[name]):
            raise UsageError(f"{path}: {name}: expected {_KEYS[name]}, not {value!r}")

    def located(name: str) -> Path | None:
        return _located(given[name], path) if name in given else None

    return Config(
        source=path,
        rule_paths=tuple(_located(text, path) for text in given.get("rules.paths", ())),
        enable=tuple(given.get("rules.enable", ())),
        overrides=given.get("rules.override", {}),
        digest_file=located("digests.file"),
        digest_key_file=located("digests.key_file"),
        fingerprint_key_file=located("fingerprint.key_file"),
        response=response,
    )


def _known() -> str:
    return ", ".join((*_KEYS, *(f"[{section}]" for section in RESPONSE)))


def _fits(value: object, wanted: str) -> bool:
    if wanted == "a list of texts":
        return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    if wanted == "a text":
        return isinstance(value, str) and bool(value)
    return isinstance(value, dict) and all(isinstance(item, dict) for item in value.values())


def _located(text: str, source: Path) -> Path:
    """Read a path of the file ``source``: relative to its folder, ``~`` is the home folder."""
    try:
        return source.parent / Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{source}: {text}: no such home folder", "write it out") from None
