"""Read the fields of an event, which come from strangers: what does not fit is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from leakscan.crawl.names import COMMIT, REF, REPOSITORY
from leakscan.errors import LeakscanError

LARGEST_NUMBER = 2**63 - 1
"""The largest number that the ledger can keep."""


class MalformedEventError(LeakscanError):
    """Something cannot be understood; it is counted, and the others go on.

    Args:
        problem: what is wrong, without quoting anything of the event.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"an event cannot be understood: {problem}", "it is counted; nothing is to do"
        )


class NotPublicError(LeakscanError):
    """Only whoever our credentials belong to can see an event: it has not leaked."""

    def __init__(self) -> None:
        super().__init__("an event was passed over: it is not public", "nothing is to do")


def check_public(document: Mapping[str, object]) -> None:
    """Refuse what the whole world cannot see.

    Raises:
        NotPublicError: it is so.
    """
    if document.get("public") is False or document.get("private") is True:
        raise NotPublicError


def table(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Read a table.

    Raises:
        MalformedEventError: it is missing, or something else.
    """
    value = document.get(key)
    if not isinstance(value, Mapping):
        raise MalformedEventError(f"{key} is no object")
    return value


def text(document: Mapping[str, object], key: str, most: int = 100) -> str:
    """Read a text that has at least one and at most ``most`` characters.

    Raises:
        MalformedEventError: it is missing, or something else.
    """
    value = document.get(key)
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise MalformedEventError(f"{key} is no text of 1 to {most} characters")
    return value


def number(document: Mapping[str, object], key: str) -> int | None:
    """Read a number that can be one of a database; ``None`` if there is none."""
    value = document.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_NUMBER:
        return value
    return None


def moment(document: Mapping[str, object], key: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC, and it may lie in the future.

    Raises:
        MalformedEventError: it is missing, or something else.
    """
    try:
        read = datetime.fromisoformat(text(document, key))
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise MalformedEventError(f"{key} is no time") from None


def repository_name(document: Mapping[str, object], key: str) -> str:
    """Read ``owner/name``.

    Raises:
        MalformedEventError: it is missing, or no such name.
    """
    value = text(document, key, 201)
    if not re.fullmatch(REPOSITORY, value):
        raise MalformedEventError(f"{key} is not owner/name")
    return value


def is_ref(value: object) -> bool:
    """Whether something is the full name of a ref."""
    return isinstance(value, str) and re.fullmatch(REF, value) is not None


def full_ref(document: Mapping[str, object], key: str, folder: str = "") -> str:
    """Read the full name of a ref, or a short one to be put after ``folder``.

    Raises:
        MalformedEventError: it is missing, or no name that git allows.
    """
    value = folder + text(document, key, 1000)
    if not is_ref(value):
        raise MalformedEventError(f"{key} is no name of a ref")
    return value


def commit_id(document: Mapping[str, object], key: str) -> str | None:
    """Read the id of a commit; all zeros, null and nothing are ``None``.

    Raises:
        MalformedEventError: it is something else.
    """
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(COMMIT, value.lower()):
        raise MalformedEventError(f"{key} is no id of a commit")
    return value.lower() if value.strip("0") else None
