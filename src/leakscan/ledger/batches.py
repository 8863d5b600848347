"""Cut what one statement cannot name at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Item = TypeVar("Item")

BATCH = 500
"""Rows that one statement names; SQLite takes 32,766 values."""


def in_batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut into parts of at most `BATCH`."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
