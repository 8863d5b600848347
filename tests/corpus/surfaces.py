"""Plant samples on every surface of a repository, in one stream that git itself imports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from corpus.sample import Sample
    from gitrepo import GitRepo

PERSON = b"Ann Author <ann@example.com> 1700000000 +0000"
NUL = b"\0"
NOT_IN_REFS = b" ~^:?*[\\\x7f" + bytes(range(32))
"""What git allows in no name of a ref (git-check-ref-format(1))."""


@dataclass(frozen=True, slots=True)
class Surface:
    """A place in a repository where bytes can stand.

    Attributes:
        name: the column of the page.
        kind: what leakscan calls it.
        fits: tells whether some bytes can stand there.
        is_name: whether it takes a single name, not the content of a file.
        is_file: whether it takes the content of a file, which may be a container.
    """

    name: str
    kind: Kind
    fits: Callable[[bytes], bool]
    is_name: bool = False
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Planted:
    """One sample, and where it was put."""

    surface: Surface
    sample: Sample
    path: str | None = None


def _is_name(data: bytes) -> bool:
    return 0 < len(data) <= 255 and not set(data) & set(b"\0\n/")


def _is_ref(data: bytes) -> bool:
    bad = set(data) & set(NOT_IN_REFS) or b".." in data or b"@{" in data or data.startswith(b"-")
    return _is_name(data) and len(data) <= 200 and not bad and not data.endswith((b".", b".lock"))


def _is_person(data: bytes) -> bool:
    # git takes away what stands at the ends of a name, such as dots, commas and quotes.
    return not set(data) & set(b"\0\n<>") and data.strip(b" .,:;<>\"\\'") == data


def _is_text(data: bytes) -> bool:
    return NUL not in data


def _is_target(data: bytes) -> bool:
    return NUL not in data and len(data) < 4096


def _anything(data: bytes) -> bool:
    return bool(data)


BRANCH_BLOB = Surface("blob on a branch", Kind.BLOB, _anything, is_file=True)
REMOVED_BLOB = Surface("removed blob", Kind.BLOB, _anything, is_file=True)
COMMIT_MESSAGE = Surface("commit message", Kind.COMMIT_MESSAGE, _is_text)
TAG_MESSAGE = Surface("tag message", Kind.TAG_MESSAGE, _is_text)
NOTE = Surface("git note", Kind.NOTE, _anything, is_file=True)
AUTHOR = Surface("author's name", Kind.IDENTITY, _is_person, is_name=True)
EMAIL = Surface("author's address", Kind.IDENTITY, _is_person, is_name=True)
BRANCH = Surface("name of a branch", Kind.REF_NAME, _is_ref, is_name=True)
FILE_NAME = Surface("name of a file", Kind.PATH, _is_name, is_name=True)
SYMLINK = Surface("symbolic link", Kind.SYMLINK, _is_target, is_name=True)
STASH = Surface("stash", Kind.BLOB, _anything, is_file=True)
STAGED = Surface("staged file", Kind.STAGED, _anything, is_file=True)
UNTRACKED = Surface("untracked file", Kind.FILE, _anything, is_file=True)

IMPORTED = (
    BRANCH_BLOB,
    REMOVED_BLOB,
    COMMIT_MESSAGE,
    TAG_MESSAGE,
    NOTE,
    AUTHOR,
    EMAIL,
    BRANCH,
    FILE_NAME,
    SYMLINK,
)
SURFACES = (*IMPORTED, STASH, STAGED, UNTRACKED)
"""All of them, in the order of the page."""


def plant(repo: GitRepo, wanted: Iterable[tuple[Surface, Sample]]) -> list[Planted]:
    """Plant samples in a repository with one commit.

    Args:
        repo: the repository.
        wanted: each sample with its surface; those that do not fit are left out.
    """
    fitting = [(surface, sample) for surface, sample in wanted if surface.fits(sample.data)]
    planted = [
        Planted(surface, sample, _path(surface, sample, number))
        for number, (surface, sample) in enumerate(fitting, 1)
    ]
    stream = _Stream()
    for number, one in enumerate(planted, 1):
        if one.surface in IMPORTED:
            stream.add(number, one)
    repo.run("fast-import", "--quiet", "--force", stdin=stream.finish())
    _work_tree(repo, planted)
    return planted


def _path(surface: Surface, sample: Sample, number: int) -> str | None:
    if surface not in (BRANCH_BLOB, REMOVED_BLOB, STASH, STAGED, UNTRACKED):
        return None
    return f"{surface.name.replace(' ', '-')}/{number}-{sample.file}"


def _work_tree(repo: GitRepo, planted: list[Planted]) -> None:
    """Stash, stage and leave untracked what is to be; the work tree is as it was committed."""
    by_surface = {
        surface: [(one.path, one.sample.data) for one in planted if one.surface is surface]
        for surface in (STASH, STAGED, UNTRACKED)
    }
    for path, data in by_surface[STASH]:
        repo.write(str(path), data)
    if by_surface[STASH]:
        repo.git("stash", "push", "-q", "--include-untracked")
    for path, data in by_surface[STAGED]:
        repo.write(str(path), data)
    if by_surface[STAGED]:
        repo.git("add", "--force", "--", *(str(path) for path, _ in by_surface[STAGED]))
    for path, data in by_surface[UNTRACKED]:
        repo.write(str(path), data)


@dataclass(slots=True)
class _Stream:
    """What ``git fast-import`` reads.

    What is planted in a file goes into one commit, what is planted in a commit into one each.
    """

    files: list[bytes] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    mark: int = 0

    def add(self, number: int, one: Planted) -> None:
        """Plant one sample."""
        data = one.sample.data
        if one.surface is BRANCH_BLOB:
            self.files += _file(one.path, data)
        elif one.surface is REMOVED_BLOB:
            self.files += _file(one.path, data)
            self.removed.append(b"D %b\n" % str(one.path).encode())
        elif one.surface is FILE_NAME:
            self.files += [b"M 100644 inline %b\n" % _quoted(b"names/" + data), *_data(b"named\n")]
        elif one.surface is SYMLINK:
            self.files += [b"M 120000 inline links/%d\n" % number, *_data(data)]
        elif one.surface is NOTE:
            self.commit(b"refs/heads/noted", b"Noted %d\n" % number)
            self.notes += [b"N inline :%d\n" % self.mark, *_data(data)]
        elif one.surface is COMMIT_MESSAGE:
            self.commit(b"refs/heads/messages", data)
        elif one.surface is AUTHOR:
            self.commit(b"refs/heads/authors", b"By name\n", data + PERSON[PERSON.index(b" <") :])
        elif one.surface is EMAIL:
            person = PERSON.replace(b"ann@example.com", data)
            self.commit(b"refs/heads/authors", b"By address\n", person)
        elif one.surface is TAG_MESSAGE:
            self.commit(b"refs/heads/tagged", b"Tagged %d\n" % number)
            tag = b"tag v%d\nfrom :%d\ntagger %b\n" % (number, self.mark, PERSON)
            self.parts += [tag, *_data(data)]
        elif one.surface is BRANCH:
            self.commit(b"refs/heads/" + data, b"Branch %d\n" % number)

    def commit(self, ref: bytes, message: bytes, author: bytes = PERSON) -> None:
        """Add a commit."""
        self.mark += 1
        head = b"commit %b\nmark :%d\nauthor %b\ncommitter %b\n" % (ref, self.mark, author, PERSON)
        self.parts += [head, *_data(message)]

    def finish(self) -> bytes:
        """Return the whole stream."""
        self.commit(b"refs/heads/files", b"Plant\n")
        self.parts += self.files
        if self.removed:
            self.commit(b"refs/heads/files", b"Remove\n")
            self.parts += self.removed
        if self.notes:
            self.commit(b"refs/notes/commits", b"Note\n")
            self.parts += self.notes
        return b"".join(self.parts)


def _file(path: str | None, data: bytes) -> Iterator[bytes]:
    yield b"M 100644 inline %b\n" % str(path).encode()
    yield from _data(data)


def _data(content: bytes) -> Iterator[bytes]:
    yield b"data %d\n" % len(content)
    yield content
    yield b"\n"


def _quoted(path: bytes) -> bytes:
    """Quote a path as a string of C."""
    return b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'
