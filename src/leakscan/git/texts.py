"""The parts of commits and tags that people write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from leakscan.model import Person

_PERSON = rb"([^<\n]*)<([^>\n]*)>?(?:\s+(-?\d{1,18}))?(?:\s+([+-])(\d\d)(\d\d))?"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who, and when if that can be made out."""

    person: Person
    date: datetime | None


def header_end(data: bytes) -> int:
    """Return where the message of a commit or a tag begins."""
    end = data.find(b"\n\n")
    return len(data) if end < 0 else end + 2


def signature(data: bytes, field: bytes) -> Signature | None:
    """Parse the ``author``, ``committer`` or ``tagger`` line of a commit or a tag."""
    head = b"\n" + data[: header_end(data)]
    at = head.find(b"\n" + field + b" ")
    if at < 0:
        return None
    found = re.compile(_PERSON).match(head, at + len(field) + 2)
    if not found:
        return None
    person = Person(readable(found[1]).strip(), readable(found[2]))
    return Signature(person, _date(found[3], found[4], found[5], found[6]))


def readable(raw: bytes) -> str:
    r"""Decode what git does not say the encoding of; odd bytes become ``\xNN``."""
    return raw.decode("utf-8", "backslashreplace")


def _date(
    seconds: bytes | None, sign: bytes | None, hours: bytes | None, minutes: bytes | None
) -> datetime | None:
    """Make a date of a time stamp and an offset; impossible ones give ``None``."""
    if seconds is None:
        return None
    zone: timezone = UTC
    if sign and hours and minutes:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if offset < timedelta(hours=24):
            zone = timezone(-offset if sign == b"-" else offset)
    try:
        return datetime.fromtimestamp(int(seconds), zone)
    except (OverflowError, OSError, ValueError):
        return None
