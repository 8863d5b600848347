"""Numbers as people read them."""

from __future__ import annotations


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 finding`` or ``1,234 findings``; the plural is the noun with an s by default."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or f'{noun}s'}"


def size(number: int) -> str:
    """Return a number of bytes in decimal units: ``512 bytes``, ``1.9 GB``."""
    if number < 1000:
        return count(number, "byte")
    amount, units = number / 1000, ["kB", "MB", "GB", "TB"]
    while amount >= 999.95 and len(units) > 1:
        amount /= 1000
        del units[0]
    return f"{amount:,.1f} {units[0]}"


def duration(seconds: float) -> str:
    """Return a span of time: ``0.7 s``, ``42 s``, ``3 min 5 s``, ``2 h 14 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
