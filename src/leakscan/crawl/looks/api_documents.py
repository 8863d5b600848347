"""Commits and their files as GitHub's API shows them, read from its JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leakscan.crawl.names import COMMIT, REPOSITORY
from leakscan.model import Person
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Mapping

EMPTY = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
"""The id of the blob without content, as SHA-1 and as SHA-256."""


@dataclass(frozen=True, slots=True)
class ApiFile:
    """A file that a commit, or a comparison, changed.

    Attributes:
        sha: hex id of the blob: the new one, of a removed file the old one; ``None`` if not told.
        previous: its path before it was renamed; its path, if it was not.
        status: ``added``, ``removed``, ``modified``, ``renamed``, ``copied`` or ``changed``.
        changes: lines that were added and removed; 0 for what is no text.
        patch: hunks; ``None`` for what is large or no text, and where no line changed.
    """

    sha: str | None
    path: str
    previous: str
    status: str
    changes: int
    patch: str | None

    @property
    def has_content(self) -> bool:
        """Whether there is a blob with something in it."""
        return self.status != "removed" and self.sha not in (None, *EMPTY)


@dataclass(frozen=True, slots=True)
class ApiCommit:
    """A commit; ``date`` is its author's."""

    sha: str
    parents: tuple[str, ...]
    message: str
    author: Person | None
    committer: Person | None
    date: datetime | None


def read_commit(document: object) -> ApiCommit:
    """Read a commit; what is missing is empty, but for its id.

    Raises:
        TroubleError: it is no commit.
    """
    outer = _mapping(document)
    inner = _mapping(outer.get("commit"))
    author = _mapping(inner.get("author"))
    return ApiCommit(
        _sha(outer),
        tuple(_sha(parent) for parent in _list(outer.get("parents"))),
        _text(inner.get("message")),
        _person(author),
        _person(_mapping(inner.get("committer"))),
        _moment(author.get("date")),
    )


def read_commits(document: object) -> tuple[ApiCommit, ...]:
    """Read a list of commits.

    Raises:
        TroubleError: it is none.
    """
    return tuple(map(read_commit, _list(document)))


def read_files(document: object) -> tuple[ApiFile, ...]:
    """Read the files of a commit or a comparison, of which it may have none.

    Raises:
        TroubleError: they are no files.
    """
    return tuple(map(_file, _list(_mapping(document).get("files") or [])))


def number(document: object, name: str) -> int:
    """Return a number of a document; 0 where there is none."""
    value = _mapping(document).get(name)
    return value if isinstance(value, int) else 0


def text(document: object, *names: str) -> str:
    """Return a text of a document, named by the way to it; empty where there is none."""
    for name in names[:-1]:
        document = _mapping(document).get(name)
    return _text(_mapping(document).get(names[-1]))


def person(document: object, name: str) -> Person | None:
    """Return somebody of a document; ``None`` where nobody is told."""
    return _person(_mapping(_mapping(document).get(name)))


def moment(document: object, *names: str) -> datetime | None:
    """Return a time of a document, named by the way to it."""
    return _moment(text(document, *names))


def whole(document: object) -> object:
    """Return a document that has names in it.

    Raises:
        TroubleError: it is something else.
    """
    return _mapping(document)


def entry(document: object, name: str) -> object:
    """Return what a document holds under a name."""
    return _mapping(document).get(name)


def listed(document: object) -> list[Any]:
    """Return a document that is a list.

    Raises:
        TroubleError: it is something else.
    """
    return _list(document)


def repository_of(document: object) -> str | None:
    """Return the ``owner/name`` in a document's own address, or in that of the first of a list.

    GitHub spells it as it is now, however it was asked; ``None`` where there is no such address.
    """
    if isinstance(document, list):
        document = next(iter(document), None)
    url = document.get("url") if isinstance(document, dict) else None
    found = re.search("/repos/([^/]+/[^/]+)", _text(url))
    return found[1] if found and re.fullmatch(REPOSITORY, found[1]) else None


def _file(document: object) -> ApiFile:
    file = _mapping(document)
    path, sha, patch = _text(file.get("filename")), _text(file.get("sha")), file.get("patch")
    return ApiFile(
        sha if re.fullmatch(COMMIT, sha) else None,
        path,
        _text(file.get("previous_filename")) or path,
        _text(file.get("status")),
        number(file, "changes"),
        patch if isinstance(patch, str) else None,
    )


def _person(document: Mapping[str, Any]) -> Person | None:
    person = Person(_text(document.get("name")), _text(document.get("email")))
    return person if person.name or person.email else None


def _sha(document: object) -> str:
    sha = text(document, "sha")
    if not re.fullmatch(COMMIT, sha):
        raise _strange()
    return sha


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(value))
    except ValueError:
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _strange()
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _strange()
    return value


def _strange() -> TroubleError:
    return TroubleError(
        Trouble.BROKEN, "GitHub's API answers with something else", "check github.api_url"
    )
