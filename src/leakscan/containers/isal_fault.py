"""What isal raises."""

from __future__ import annotations

from isal import isal_zlib

ISAL_FAULT: type[Exception] = isal_zlib.error  # type: ignore[assignment]
"""Raised for a stream that is corrupt; isal's type hints take the class for an instance."""
