"""Pushes as the queue may hold them: with what looks like a secret cut out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.push import Push

CUT = "\N{HORIZONTAL ELLIPSIS}"
"""Stands for what was cut out of a repository's name; none has it in its name."""


def hidden(push: Push, clean: Callable[[str], str]) -> Push:
    """Redact a push, as of a branch that is named after a secret.

    It can be found by its head then; if that is not told, all of the repository is looked at.
    Which is the default branch can be asked for again, and so can the repository's name.

    Args:
        push: as a feed told it.
        clean: redacts what looks like a secret.
    """
    ref, branch = clean(push.ref), push.default_branch
    return replace(
        push,
        repository=hidden_name(push.repository, clean),
        ref=ref if push.head or ref == push.ref else "",
        default_branch=branch if branch and clean(branch) == branch else None,
    )


def hidden_name(repository: str, clean: Callable[[str], str]) -> str:
    """Return the name of a repository as the queue may hold it.

    Args:
        repository: ``owner/name``.
        clean: redacts what looks like a secret.
    """
    shown = clean(repository)
    if shown == repository:
        return repository
    cut = shown.replace("...", CUT)
    return cut if CUT in cut else cut + CUT
