"""What a push does to refs, as git tells its hooks (githooks(5))."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from leakscan.errors import UsageError

_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """What a push does to one ref.

    Attributes:
        name: of the ref on the other side.
        before: hex id of what it names there, ``None`` if there is no such ref.
        after: hex id of what it is to name, ``None`` if it is to be deleted.
        source: the name on this side of what is pushed; empty if it is not told.
    """

    name: str
    before: str | None
    after: str | None
    source: str = field(default="", compare=False)


def pushed_updates(lines: str) -> list[RefUpdate]:
    """Read what git tells a pre-push hook.

    Raises:
        UsageError: it is something else.
    """
    updates = []
    for line in _told(lines):
        fields = line.rsplit(" ", 3)  # what is pushed may be called `HEAD@{1 day ago}`
        if len(fields) != 4:
            raise _odd("pre-push")
        source, after, ref, before = fields
        updates.append(RefUpdate(ref, _oid(before, "pre-push"), _oid(after, "pre-push"), source))
    return updates


def received_updates(lines: str) -> list[RefUpdate]:
    """Read what git tells a pre-receive hook.

    Raises:
        UsageError: it is something else.
    """
    updates = []
    for line in _told(lines):
        fields = line.split(" ")
        if len(fields) != 3:
            raise _odd("pre-receive")
        before, after, ref = fields
        updates.append(RefUpdate(ref, _oid(before, "pre-receive"), _oid(after, "pre-receive")))
    return updates


def _told(lines: str) -> list[str]:
    """Split at line feeds alone: the name of a ref may hold what else ends lines in Unicode."""
    return lines.removesuffix("\n").split("\n") if lines else []


def _oid(text: str, hook: str) -> str | None:
    if not _OID.fullmatch(text):
        raise _odd(hook)
    return text if text.strip("0") else None


def _odd(hook: str) -> UsageError:
    return UsageError(
        f"standard input is not what git tells a {hook} hook",
        f"let git run it (`leakscan install-hook --type {hook}`), or see githooks(5)",
    )
