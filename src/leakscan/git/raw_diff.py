"""What commits change, path by path, as ``git diff --raw -z`` says it (git-diff(1))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = ("--raw", "-z", "--no-abbrev", "--no-renames")

REMEDY = "another version of git may say it as this one does not"

_SYMLINK = b"120000"
_SUBMODULE = b"160000"
_NOTHING = b"000000"


@dataclass(frozen=True, slots=True)
class Change:
    """A path with its content before and after.

    Attributes:
        path: below the root of the repository.
        before, after: hex ids of blobs; ``None`` where there is no file, or a submodule.
        is_new: whether there was nothing of that name before.
        is_gone: whether there is nothing of that name any more.
        is_symlink: whether what is there after is a symlink.
        is_unmerged: whether the path is staged in several versions, of which none is chosen.
    """

    path: bytes
    before: str | None
    after: str | None
    is_new: bool
    is_gone: bool
    is_symlink: bool
    is_unmerged: bool


def read_changes(raw: bytes) -> list[Change]:
    """Read the changes of one comparison.

    Raises:
        TargetError: git says something else.
    """
    return [change for _, changes in read_commits(raw) for change in changes]


def read_commits(raw: bytes) -> Iterator[tuple[str, list[Change]]]:
    """Yield the changes of commits as ``git diff-tree --stdin`` lists them.

    Yields:
        The hex id of a commit (empty where none is named), and what it changes.  A merge comes
        once for each parent, one after the other, by ``-m``; by ``-c`` it comes once, with each
        path that is like none of the parents' as often as there are parents.

    Raises:
        TargetError: git says something else.
    """
    commit, changes = "", list[Change]()
    fields = iter(raw.split(b"\0")[:-1])
    for field in fields:
        if not field.startswith(b":"):
            if commit:
                yield commit, changes
            commit, changes = field.decode(), []
            continue
        path = next(fields, None)
        if path is None:
            raise TargetError("git's list of changes is cut short", REMEDY)
        changes += _changes(field, path)
    if commit or changes:
        yield commit, changes


def _changes(field: bytes, path: bytes) -> list[Change]:
    """Read what is said of one path, in comparison with one parent or, behind more colons, more."""
    parts = field.lstrip(b":").split(b" ")
    parents = len(field) - len(field.lstrip(b":"))
    if len(parts) != 2 * parents + 3:
        raise TargetError(f"git says {field[:80]!r} of a change", REMEDY)
    modes, oids = parts[: parents + 1], parts[parents + 1 : -1]
    return [
        Change(
            path=path,
            before=None if mode in (_NOTHING, _SUBMODULE) else oid.decode(),
            after=None if modes[-1] in (_NOTHING, _SUBMODULE) else oids[-1].decode(),
            is_new=mode == _NOTHING,
            is_gone=modes[-1] == _NOTHING,
            is_symlink=modes[-1] == _SYMLINK,
            is_unmerged=parts[-1] == b"U",
        )
        for mode, oid in zip(modes[:-1], oids[:-1], strict=True)
    ]
