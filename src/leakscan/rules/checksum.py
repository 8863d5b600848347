"""Checksums inside tokens: one declarative form that covers every published one.

A rule states a `Checksum`; `compute` gives what a token with that prefix and body should
carry, `verify` compares.  The known uses, each with its source, stand in ``patterns/``.
"""

from __future__ import annotations

import binascii
import zlib
from typing import TYPE_CHECKING

from leakscan.model import Checksum, ChecksumVerdict, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""The digits of base62 in the order that GitHub and npm use (github.blog, 2021-04-05)."""

ALGORITHMS = {"crc32": zlib.crc32}
"""Each turns bytes into an unsigned 32-bit number.  ``crc32`` is zlib's (IEEE 802.3)."""

WIDTHS = {"base62": (6, 64), "hex": (1, 8), "base64": (1, 6)}
"""Fewest and most characters of each encoding: base62 is never cut, so that 32 bits need
six digits (62**5 < 2**32 < 62**6); hex and base64 of four bytes may be cut on the right."""


def compute(checksum: Checksum, prefix: str, body: str) -> str:
    """Give the checksum that a token of this prefix and body carries.

    Args:
        checksum: the rule's statement, already validated by the loader.
        prefix: the fixed start of the token; counted only ``over = "prefix+body"``.
        body: the random part, without separator and checksum.

    Returns:
        Exactly ``checksum.width`` characters.
    """
    text = prefix + body if checksum.over == "prefix+body" else body
    number = ALGORITHMS[checksum.algorithm](text.encode("utf-8", "surrogatepass"))
    if checksum.encoding == "base62":
        return _base62(number).rjust(checksum.width, checksum.pad)
    raw = number.to_bytes(4, "big")
    if checksum.byte_order == "little":
        raw = raw[::-1]
    encoded = (
        raw.hex()
        if checksum.encoding == "hex"
        else binascii.b2a_base64(raw, newline=False).decode()
    )
    return encoded[: checksum.width]


def verify(
    checksum: Checksum | None, prefix: str, body: str, given: str | None = None
) -> ChecksumVerdict:
    """Say whether a token's checksum is the one that its other parts call for.

    Args:
        checksum: the rule's statement; without one the verdict is ``UNKNOWN``.
        prefix: what the pattern's group ``prefix`` matched, ``""`` where it has none.
        body: what the group ``body`` matched.
        given: what the group ``checksum`` matched; ``None`` where the pattern has no such
            group, and then the last ``checksum.width`` characters of the body are it.
    """
    if checksum is None:
        return ChecksumVerdict.UNKNOWN
    if given is None:
        body, given = body[: -checksum.width], body[-checksum.width :]
    if checksum.encoding == "hex":
        given = given.lower()
    valid = given == compute(checksum, prefix, body)
    return ChecksumVerdict.VALID if valid else ChecksumVerdict.INVALID


def verify_match(rule: Rule, groups: Mapping[str, str | None]) -> ChecksumVerdict:
    """Verify one match of a rule's pattern by its named groups.

    A group that is missing, empty or ``None`` counts as not there.
    """
    prefix, body = groups.get("prefix") or "", groups.get("body") or ""
    return verify(rule.checksum, prefix, body, groups.get("checksum") or None)


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits
