"""The event ``token.disable``: JSON from a signed message, read into a `Leak`.

A signature says who wrote it, not that it is harmless: a path or a repository's name is a
stranger's text.  All texts become one safe line here, and none keeps the token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from leakscan.issuer.values import Leak, Sighting
from leakscan.model import Secret
from leakscan.safe_text import safe_text

EVENT = "token.disable"

_LONGEST_TEXT = 500
_LONGEST_URL = 2000
_FINDING = re.compile(r"[0-9a-f]{64}")

Fields = Mapping[str, Any]
Clean = Callable[[str], str]


class EventError(ValueError):
    """The body is not such an event; the message names the field, never what it holds."""


def read_leak(body: bytes) -> Leak:
    """Read the body of a message.

    Raises:
        EventError: it is no such event.
    """
    try:
        event = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise EventError("the body is not JSON in UTF-8") from None
    if not isinstance(event, dict) or event.get("type") != EVENT:
        raise EventError(f"type: expected {EVENT}")
    data = event.get("data")
    if not isinstance(data, dict):
        raise EventError("data: expected an object")
    token = Secret(_text(data, "token"))
    finding = _text(data, "finding")
    if not _FINDING.fullmatch(finding):
        raise EventError("finding: expected 64 hexadecimal digits")
    clean = _cleaner(token)
    sightings = tuple(_sighting(item, clean) for item in _list(data, "sightings"))
    count = data.get("sighting_count", len(sightings))
    if not _is_count(count):
        raise EventError("sighting_count: expected a number")
    return Leak(
        token=token,
        finding=finding,
        exposure=clean(_text(data, "exposure")),
        sightings=sightings,
        sighting_count=max(count, len(sightings)),
    )


def _sighting(item: object, clean: Clean) -> Sighting:
    if not isinstance(item, dict):
        raise EventError("sightings: expected a list of objects")
    line = item.get("line")
    if line is not None and not _is_count(line):
        raise EventError("line: expected a number or null")
    url = _maybe_text(item, "url")
    return Sighting(
        kind=clean(_text(item, "kind")),
        repository=clean(_text(item, "repository")),
        commit=_cleaned(_maybe_text(item, "commit"), clean),
        path=_cleaned(_maybe_text(item, "path"), clean),
        line=line,
        url=None if url is None or len(url) > _LONGEST_URL else clean(url),
    )


def _cleaner(token: Secret) -> Clean:
    """Return a function that makes a text safe to keep and to show."""
    plain = token.reveal()

    def clean(text: str) -> str:
        text = safe_text(text.replace(plain, token.redacted()))
        if len(text) <= _LONGEST_TEXT or text.startswith(("https://", "http://")):
            return text[:_LONGEST_URL]
        half = _LONGEST_TEXT // 2
        return f"{text[:half]} ... {text[-half:]}"

    return clean


def _cleaned(text: str | None, clean: Clean) -> str | None:
    return None if text is None else clean(text)


def _text(fields: Fields, key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value:
        raise EventError(f"{key}: expected a text")
    return value


def _maybe_text(fields: Fields, key: str) -> str | None:
    return None if fields.get(key) is None else _text(fields, key)


def _list(fields: Fields, key: str) -> list[Any]:
    value = fields.get(key)
    if not isinstance(value, list):
        raise EventError(f"{key}: expected a list")
    return value


def _is_count(value: object) -> bool:
    """Tell whether it is a number that one can count to, and that SQLite can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
