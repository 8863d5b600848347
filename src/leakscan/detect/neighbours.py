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

    Of pieces is also what begins as a token does, and goes on in an encoding.

    Args:
        prefixes: how tokens begin.
    """
    begin = tuple(prefix[:2] for prefix in prefixes)
    return frozenset(
        sign.literal
        for sign in signs(prefixes)
        if isinstance(sign.decoder, Joined)
        or (isinstance(sign.decoder, Hexadecimal) and not sign.literal.isalnum())
        or sign.literal.translate(None, b"\0").startswith(begin)
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
        for left, right, _ in _written(literal, prefixes):
            before.append(left)
            behind.append(right)
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
        if start := either_start([after for _, _, after in _written(literal, prefixes)]):
            known[literal] = start
    return known


def _in_gate(prefixes: tuple[bytes, ...]) -> Iterator[bytes]:
    for some in literals(prefixes):
        yield from some


def _written(
    literal: bytes, prefixes: tuple[bytes, ...]
) -> Iterator[tuple[bytes, bytes, Then | None]]:
    """Yield what may stand before a literal, and behind, and how that begins, wherever it stands.

    That is in a prefix, as it is, or in a sign.  One that is an encoded text itself, which is
    broken further on, tells nothing more.
    """
    for prefix in prefixes:
        start = prefix.find(literal)
        if start >= 0:
            rest = prefix[start + len(literal) :]
            yield prefix[:start][-1:], rest[:1], (b"", (rest,)) if rest else None
    for sign in signs(prefixes):
        start = sign.literal.find(literal)
        if start >= 0 and sign.literal not in sign.texts:
            rest = sign.literal[start + len(literal) :]
            before = sign.literal[:start][-1:] or sign.before
            yield before, rest[:1] or sign.behind, _continuation(sign, rest)


def _continuation(sign: Sign, rest: bytes) -> Then | None:
    """Return how what stands behind a part of a sign begins, of which the rest is given."""
    if sign.then and not rest.strip(sign.then[0]):
        return sign.then
    return (b"", (rest,)) if rest else None
