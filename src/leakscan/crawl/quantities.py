"""Read sizes and spans of time from a configuration, as people write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.errors import UsageError

if TYPE_CHECKING:
    from leakscan.toml_table import Table

_UNITS = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4} | {
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}
_SIZE = re.compile(r"([0-9]{1,15}) ?([kmgt]?i?b|)")
_SPAN = re.compile(r"([0-9]{1,6})[. ]?(minute|hour|day|week)s?")

LARGEST = 1 << 50
"""Bytes; more is a mistake."""


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
    found = _SIZE.fullmatch(text.lower())
    size = int(found[1]) * _UNITS[found[2] or "b"] if found and found[2] != "ib" else LARGEST + 1
    if size > LARGEST:
        raise table.error(key, "not a size", 'write "200MB", "64KiB" or a number of bytes')
    return size


def read_span(table: Table, key: str, default: timedelta) -> timedelta:
    """Read a span of time, such as ``"30.days"``.

    Raises:
        UsageError: it is something else, or nothing.
    """
    text = table.text(key, None)
    if text is None:
        return default
    found = _SPAN.fullmatch(text)
    span = timedelta(**{f"{found[2]}s": int(found[1])}) if found else timedelta(0)
    if not span:
        raise table.error(key, "not a span of time", 'write "30.days", "12.hours" or "2.weeks"')
    return span
