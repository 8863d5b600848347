"""A repository of the small GitHub: real, bare, and pushed to."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitrepo import ANN, CARL, GitRepo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hub.accounts import Account

Content = str | bytes | None
ZEROS = "0" * 40


@dataclass(frozen=True)
class Change:
    """One commit: files by name (``None`` removes one), its message, and who made it.

    ``links`` are symbolic links by name; ``merge`` names further parents.
    """

    files: Mapping[str, Content] = field(default_factory=dict)
    message: str | bytes = "Change something"
    author: tuple[str, str] = ANN
    committer: tuple[str, str] = CARL
    links: Mapping[str, str] = field(default_factory=dict)
    merge: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pushed:
    """What a push did: the ref, where it stood (``None``: it is new), and its new commits."""

    ref: str
    before: str | None
    head: str
    commits: tuple[str, ...]


@dataclass
class HubRepository:
    """A repository.

    Attributes:
        blocked: the reason for which it is blocked, such as ``dmca``.
        git: its objects and refs.
    """

    id: int
    owner: Account
    name: str
    git: GitRepo
    clock: itertools.count[int]
    description: str | None = None
    default_branch: str = "main"
    private: bool = False
    deleted: bool = False
    blocked: str | None = None
    pushed_at: str = "2024-01-02T03:04:05Z"
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner.login}/{self.name}"

    @property
    def is_shown(self) -> bool:
        """Whether everybody may see it through the API."""
        return not (self.private or self.deleted or self.blocked or self.name.endswith(".wiki"))

    @property
    def path(self) -> Path:
        """Where it lies on disk."""
        return self.git.path

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever pushed to it."""
        return not self.git.git("for-each-ref", "--count=1")

    def object_at(self, revision: str) -> str | None:
        """Return the id of what a revision names; ``None`` if it names nothing here."""
        name = revision if len(revision) == 40 else f"refs/heads/{revision}"
        for spelled in (name, f"refs/tags/{revision}", revision):
            if spelled.startswith("-"):
                continue
            found = self.git.git("rev-parse", "--quiet", "--verify", spelled + "^{}", check=False)
            if found:
                return found
        return None

    def write(
        self, *changes: Change, branch: str = "main", onto: str | None = None, force: bool = False
    ) -> Pushed:
        """Make commits on a branch, all in one go.

        Args:
            changes: the commits, oldest first.
            branch: the branch that gets them.
            onto: the parent of the first; the branch's tip if not given, "" for none at all.
            force: let the branch forget commits.
        """
        ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
        before = self.git.git("rev-parse", "--quiet", "--verify", ref, check=False) or None
        parent = before if onto is None else onto
        stream: list[bytes] = []
        for mark, change in enumerate(changes, 1):
            stream += self._commit(ref, mark, change, parent if mark == 1 else f":{mark - 1}")
        stream += [b"get-mark :%d\n" % mark for mark in range(1, len(changes) + 1)]
        options = ["--quiet", *(["--force"] if force else [])]
        told = self.git.run("fast-import", *options, stdin=b"".join(stream))
        commits = tuple(told.decode().split())
        return Pushed(ref, before, commits[-1], commits)

    def _commit(self, ref: str, mark: int, change: Change, parent: str | None) -> list[bytes]:
        when = next(self.clock)
        message = _bytes(change.message)
        # Without this, fast-import takes the branch's tip for the parent.
        start = [f"reset {ref}\n\n".encode()] if mark == 1 and not parent else []
        people = (("author", change.author), ("committer", change.committer))
        lines = [
            *start,
            f"commit {ref}\nmark :{mark}\n".encode(),
            *(f"{role} {name} <{mail}> {when} +0000\n".encode() for role, (name, mail) in people),
            _data(message),
        ]
        if parent:
            lines.append(f"from {parent}\n".encode())
        lines += [f"merge {other}\n".encode() for other in change.merge]
        for name, content in change.files.items():
            if content is None:
                lines.append(b"D %s\n" % _quoted(name))
            else:
                lines.append(b"M 100644 inline %s\n%s" % (_quoted(name), _data(_bytes(content))))
        for name, target in change.links.items():
            lines.append(b"M 120000 inline %s\n%s" % (_quoted(name), _data(target.encode())))
        return [*lines, b"\n"]


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(name: str) -> bytes:
    raw = name.encode("utf-8", "surrogateescape")
    return b'"' + b"".join(b"\\%03o" % byte for byte in raw) + b'"'
