"""What stands beside the literals of the gate wherever a token is written there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from leakscan.detect.decode.backwards import Backwards
from leakscan.detect.decode.hexadecimal import Hexadecimal
from leakscan.detect.decode.joined import Joined
from leakscan.detect.encodings import either_byte, either_start, literals, signs
from leakscan.surroundings import HEX, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.detect.encodings import Sign
    from leakscan.surroundings import Beside, Then


def surroundings(prefixes: tuple[bytes, ...]) -> Surroundings:
    """Return what may stand around literals.

    Args:
        prefixes: how tokens begin.
    """
    return Surroundings(loose(prefixes), beside(prefixes), then(prefixes), free(prefixes))


@cache
def loose(prefixes: tuple[bytes, ...]) -> frozenset[bytes]:
    """Return the literals behind which a blank may stand: of pieces, and of hex with gaps.

    Args:
        prefixes: how tokens begin.
    """
    return frozenset(
        sign.literal
        for sign in signs(prefixes)
        if isinstance(sign.decoder, Joined)
        or (isinstance(sign.decoder, Hexadecimal) and not sign.literal.isalnum())
    )


@cache
def free(prefixes: tuple[bytes, ...]) -> frozenset[bytes]:
    """Return the literals that a token may begin or end with, whatever stands on the other side.

    A token that is written backwards ends with one; and some look like hex, and are none.

    Args:
        prefixes: how tokens begin.
    """
    known = signs(prefixes)
    in_hex = {sign.literal for sign in known if isinstance(sign.decoder, Hexadecimal)}
    like_hex = {sign.literal for sign in known if not sign.literal.translate(None, HEX)}
    backwards = {sign.literal for sign in known if isinstance(sign.decoder, Backwards)}
    return frozenset(backwards | (like_hex - in_hex))


@cache
def beside(prefixes: tuple[bytes, ...]) -> Beside:
    """Return, of literals, the bytes of which one stands before and one behind, if that is known.

    Args:
        prefixes: how tokens begin.
    """
    known: dict[bytes, tuple[bytes, bytes]] = {}
    for literal in _in_gate(prefixes):
        before: list[bytes] = []
        behind: list[bytes] = []
        for sign, start, end in _holders(literal, prefixes):
            before.append(sign.literal[start - 1 : start] if start else sign.before)
            behind.append(sign.literal[end : end + 1] or sign.behind)
        one, other = either_byte(before), either_byte(behind)
        if one or other:
            known[literal] = bytes(sorted({*one})), bytes(sorted({*other}))
    return known


@cache
def then(prefixes: tuple[bytes, ...]) -> dict[bytes, Then]:
    """Return, of literals, how what follows begins, if that is known, and more than one byte.

    Args:
        prefixes: how tokens begin.
    """
    known: dict[bytes, Then] = {}
    for literal in _in_gate(prefixes):
        ends = [
            (b"", (sign.literal[end:],)) if sign.literal[end:] else sign.then
            for sign, _, end in _holders(literal, prefixes)
        ]
        if start := either_start(ends):
            known[literal] = start
    return known


def _in_gate(prefixes: tuple[bytes, ...]) -> Iterator[bytes]:
    for some in literals(prefixes):
        yield from some


def _holders(literal: bytes, prefixes: tuple[bytes, ...]) -> Iterator[tuple[Sign, int, int]]:
    """Yield the signs that hold a literal, and where in them it begins and ends.

    A sign that is the encoded text itself, which is broken further on, tells nothing more.
    """
    for sign in signs(prefixes):
        start = sign.literal.find(literal)
        if start >= 0 and sign.literal not in sign.texts:
            yield sign, start, start + len(literal)
