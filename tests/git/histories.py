"""Random histories for property tests, written with ``git fast-import``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from gitrepo import GitRepo

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("a.txt", "b/c.txt", "b/d/e.txt", "f g.txt", "b/40000 x", "ünï.txt")
LINES = tuple(f"line {number}: the quick brown fox jumps\n" for number in range(40))


@dataclass(frozen=True)
class Change:
    """What one commit does to one file; without content it deletes it."""

    name: str
    content: bytes | None


@dataclass(frozen=True)
class Commit:
    """A commit on a branch, perhaps merging another."""

    branch: str
    merges: str | None
    changes: tuple[Change, ...]


contents = st.one_of(
    st.none(),
    st.binary(max_size=300),
    st.lists(st.sampled_from(LINES), max_size=60).map(lambda lines: "".join(lines).encode()),
)
changes = st.builds(Change, st.sampled_from(NAMES), contents)
commits = st.builds(
    Commit,
    st.sampled_from(("main", "topic")),
    st.sampled_from((None, None, None, "main", "topic")),
    st.lists(changes, max_size=4, unique_by=lambda change: change.name).map(tuple),
)
histories = st.lists(commits, min_size=1, max_size=14)


def write_history(path: Path, history: list[Commit], *options: str) -> GitRepo:
    """Make a repository with these commits, all objects loose or in small packs."""
    repo = GitRepo.init(path, *options)
    known: set[str] = set()
    stream: list[bytes] = []
    for number, commit in enumerate(history):
        head = f"commit refs/heads/{commit.branch}\ncommitter C <c@x> {10**9 + number} +0000\n"
        stream += [head.encode(), _data(f"message {number}".encode())]
        if commit.merges in known and commit.merges != commit.branch and commit.branch in known:
            stream.append(f"merge refs/heads/{commit.merges}\n".encode())
        known.add(commit.branch)
        for change in commit.changes:
            name = change.name.encode()
            if change.content is None:
                stream.append(b"D " + name + b"\n")
            else:
                stream += [b"M 100644 inline " + name + b"\n", _data(change.content)]
    repo.run("fast-import", "--quiet", "--force", stdin=b"".join(stream))
    return repo


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def deep_repository(folder: Path) -> GitRepo:
    """Make a repository whose few files have gone through four hundred versions."""
    repo = GitRepo.init(folder / "deep")
    lines = [f"{number} {number * 7919 % 1000:x}\n" for number in range(200)]
    stream = []
    for number in range(400):
        lines[number % 200] = f"{number} changed {number * 31}\n"
        content = "".join(lines).encode()
        stream.append(
            b"commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 1\nm\n"
            b"M 100644 inline d%d/file.txt\ndata %d\n%s\n"
            % (10**9 + number, number % 5, len(content), content)
        )
    repo.run("fast-import", "--quiet", stdin=b"".join(stream))
    repo.run("repack", "-adfq", "--depth=250", "--window=20")
    return repo


def objects_of(repo: GitRepo) -> dict[bytes, tuple[str, bytes]]:
    """Return type and content of every object, as git itself tells them."""
    raw = repo.run("cat-file", "--batch", "--batch-all-objects", "--unordered")
    found: dict[bytes, tuple[str, bytes]] = {}
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        oid, kind, size = raw[at:end].split()
        found[bytes.fromhex(oid.decode())] = (kind.decode(), raw[end + 1 : end + 1 + int(size)])
        at = end + 1 + int(size) + 1
    return found
