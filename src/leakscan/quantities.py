"""Read sizes and spans of time as people write them, on the command line and in configurations."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.errors import UsageError

if TYPE_CHECKING:
    from leakscan.toml_table import Table

_BYTES = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4} | {
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}
_SIZE = r"([0-9]{1,15}) ?([kmgt]?i?b|)"
_UNITS = {unit[0]: unit for unit in ("seconds", "minutes", "hours", "days", "weeks")}
_SPAN = r"([0-9]{1,6})(?:([smhdw])|[. ]?(second|minute|hour|day|week)s?)"

LARGEST = 1 << 50
"""Bytes; more is a mistake."""


def span_of(text: str) -> timedelta:
    """Read a span of time: ``10m`` or ``10.minutes``, and so for seconds, hours, days and weeks.

    Raises:
        ValueError: it is something else.
    """
    found = re.fullmatch(_SPAN, text)
    if not found:
        raise ValueError("not a span of time")
    unit = found[2] or found[3][0]
    return timedelta(**{_UNITS[unit]: int(found[1])})


def read_size(table: Table, key: str, default: int) -> int:
    """Read a number of bytes, such as ``"200MB"``, ``"64KiB"`` or ``1000``.

    Raises:
        UsageError: it is something else.
    """
    try:
        text = table.text(key, None)
    except UsageError:
        return table.number(key, most=LARGEST)
    if text is None:
        return default
    found = re.fullmatch(_SIZE, text.lower())
    size = int(found[1]) * _BYTES[found[2] or "b"] if found and found[2] != "ib" else LARGEST + 1
    if size > LARGEST:
        raise table.error(key, "not a size", 'write "200MB", "64KiB" or a number of bytes')
    return size


def read_span(table: Table, key: str, default: timedelta) -> timedelta:
    """Read a span of time, as `span_of` does, such as ``"30.days"``.

    Raises:
        UsageError: it is something else, or nothing.
    """
    text = table.text(key, None)
    if text is None:
        return default
    try:
        span = span_of(text)
    except ValueError:
        span = timedelta(0)
    if not span:
        raise table.error(key, "not a span of time", 'write "30.days", "12.hours" or "2.weeks"')
    return span
