"""What stands beside the literals of the gate wherever a token is written there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from leakscan.detect.decode.backwards import Backwards
from leakscan.detect.decode.decoder import Form
from leakscan.detect.decode.hexadecimal import Hexadecimal
from leakscan.detect.decode.joined import Joined
from leakscan.detect.decode.sides import either, sides
from leakscan.detect.encodings import literals, signs
from leakscan.surroundings import HEX, Surroundings

if TYPE_CHECKING:
    from leakscan.detect.decode.sides import Sides
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
    known = _sides(prefixes).items()
    return {literal: (one.before, one.behind) for literal, one in known if one.before or one.behind}


@cache
def then(prefixes: tuple[bytes, ...]) -> dict[bytes, Then]:
    """Return, of literals, how what follows begins, if that is known, and more than one byte.

    Args:
        prefixes: how tokens begin.
    """
    return {literal: one.then for literal, one in _sides(prefixes).items() if one.then}


@cache
def _sides(prefixes: tuple[bytes, ...]) -> dict[bytes, Sides]:
    """Return what stands beside each literal wherever a token is written: plainly, or in a sign.

    A sign that is the encoded text itself, which is broken further on, tells nothing more.
    """
    forms: list[Form | Sign] = [Form(prefix) for prefix in prefixes]
    forms += (sign for sign in signs(prefixes) if sign.literal not in sign.texts)
    return {
        literal: either(sides(form, literal) for form in forms if literal in form.literal)
        for some in literals(prefixes)
        for literal in some
    }
