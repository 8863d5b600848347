"""Every way in which a token may be written, and by what bytes each can be told from afar.

An encoding says what a known text, the prefix of a rule, looks like in it (`Decoder.forms`).  What
that looks like in another encoding is asked in the same way, so that a token in base64 in base64
has literals of its own to be found by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING

from leakscan.detect.decode.backwards import Backwards
from leakscan.detect.decode.base64 import Base64
from leakscan.detect.decode.entities import Entities
from leakscan.detect.decode.escapes import Escapes
from leakscan.detect.decode.hexadecimal import Hexadecimal
from leakscan.detect.decode.joined import Joined
from leakscan.detect.decode.percent import Percent
from leakscan.detect.decode.quoted_printable import QuotedPrintable
from leakscan.detect.decode.wide import Wide
from leakscan.gate import FEW, arranged, without_longer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.detect.decode.decoder import Decoder

_BASE64, _HEX, _UTF_16 = Base64(), Hexadecimal(), Wide(2)
_PERCENT, _ESCAPES, _ENTITIES, _QUOTED = Percent(), Escapes(), Entities(), QuotedPrintable()
_JOINED, _BACKWARDS = Joined(), Backwards()

DECODERS: tuple[Decoder, ...] = (
    _BASE64, _HEX, _UTF_16, Wide(4), _PERCENT, _ESCAPES, _ENTITIES, _QUOTED, _JOINED, _BACKWARDS,
)  # fmt: skip

MIXING: frozenset[Decoder] = frozenset({_PERCENT, _ESCAPES, _ENTITIES, _QUOTED})
"""What decodes everything around, also where little is encoded."""

USUAL_TWICE: frozenset[Decoder] = frozenset({_BASE64, _HEX, _UTF_16})
"""What is often put into one another."""

NOT_TWICE: frozenset[Decoder] = frozenset({_JOINED, _BACKWARDS})
"""What is done only once to a text."""

PACKED = (b"\x1f\x8b\x08", b"PK\x03\x04")
"""How containers begin that are written as text: gzip in Kubernetes' secrets, zip in mails."""

SHORTEST = 3
"""Bytes of a literal: shorter ones stand everywhere."""


class Rarity(IntEnum):
    """How seldom something is written in some way: more of it is looked for in less."""

    COMMON = 0
    """Looked for in everything."""
    RARE = 1
    """Looked for in what is new, such as what a delta brings."""
    EXOTIC = 2
    """Looked for in what is new, but in the history of large repositories."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Bytes by which something encoded is found.

    Attributes:
        texts: what is encoded: one of these.
        literal: the bytes.
        decoder: what decodes it.
        shift: from where the literal begins to where a unit of the encoding does.
        pattern: what to look for instead where decoding costs more than another look.
        is_packed: whether a container begins there, or a text that one is encoded in.
        rarity: how seldom something is written so.
    """

    texts: tuple[bytes, ...]
    literal: bytes
    decoder: Decoder
    shift: int
    pattern: bytes | None = None
    is_packed: bool = False
    rarity: Rarity = Rarity.COMMON

    @property
    def key(self) -> tuple[bytes, Decoder, int]:
        """What tells it from others."""
        return self.literal, self.decoder, self.shift


def signs_once(prefixes: Iterable[bytes]) -> list[Sign]:
    """Return the signs of what is encoded once.

    Args:
        prefixes: how tokens begin.
    """
    found = [sign for prefix in prefixes for sign in _signs_of(prefix)]
    found += [sign for magic in PACKED for sign in _packed(magic)]
    return list(dict.fromkeys(found))


@cache
def signs(prefixes: tuple[bytes, ...]) -> tuple[Sign, ...]:
    """Return the signs of what is encoded once or twice; the latter are rare.

    Args:
        prefixes: how tokens begin.
    """
    found = {sign.key: sign for sign in signs_once(prefixes)}
    begin = tuple(prefix[:2] for prefix in prefixes)  # of what is encoded in part only
    by_text: dict[bytes, set[Decoder]] = {}
    for sign in found.values():
        if _nests(sign) and not sign.literal.startswith(begin):
            by_text.setdefault(sign.literal, set()).add(sign.decoder)
    for text in sorted(by_text):
        for sign in _signs_of(text):
            # Where the text itself is the sign, it is broken further on.
            if text.isalnum() if sign.literal == text else _nests(sign):
                is_usual = {*by_text[text], sign.decoder} <= USUAL_TWICE
                rarity = Rarity.RARE if is_usual else Rarity.EXOTIC
                known = found.setdefault(sign.key, replace(sign, rarity=rarity))
                if text not in known.texts:
                    found[sign.key] = replace(known, texts=(*known.texts, text), pattern=None)
    return tuple(found.values())


@cache
def free(prefixes: tuple[bytes, ...]) -> frozenset[bytes]:
    """Return the literals with which a token ends that is written backwards.

    Args:
        prefixes: how tokens begin.
    """
    return frozenset(s.literal for s in signs(prefixes) if s.decoder is _BACKWARDS)


@cache
def beside(prefixes: tuple[bytes, ...]) -> dict[bytes, tuple[bytes, bytes]]:
    """Return, of literals, the bytes of which one stands before and one behind, if that is known.

    Args:
        prefixes: how tokens begin.
    """
    forms = [form for prefix in prefixes for form in _BASE64.forms(prefix)]
    return {f.literal: (f.before, f.behind) for f in forms if f.before or f.behind}


def _nests(sign: Sign) -> bool:
    """Whether something is expected to be written so that is, or will be, encoded besides."""
    is_wide = b"\0\0\0" in sign.literal  # which takes four times as much
    return not (sign.rarity or sign.is_packed or is_wide or sign.decoder in NOT_TWICE)


@cache
def literals(prefixes: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], ...]:
    """Return by what to tell from afar that something may be written in some data.

    Args:
        prefixes: how tokens begin.

    Returns:
        For each `Rarity` the literals that hold none of those before.
    """
    known = signs(prefixes)
    sets: list[tuple[bytes, ...]] = []
    seen: set[bytes] = set()
    for rarity in Rarity:
        upto = without_longer({sign.literal for sign in known if sign.rarity <= rarity})
        new = [literal for literal in upto if literal not in seen]
        sets.append(tuple(arranged(new) if len(new) <= FEW else new))
        seen.update(upto)
    return tuple(sets)


@cache
def loose(prefixes: tuple[bytes, ...]) -> frozenset[bytes]:
    """Return the literals behind which a blank may stand: of pieces, and of hex with gaps.

    Args:
        prefixes: how tokens begin.
    """
    return frozenset(
        sign.literal
        for sign in signs(prefixes)
        if sign.decoder is _JOINED or (sign.decoder is _HEX and not sign.literal.isalnum())
    )


def _signs_of(text: bytes) -> Iterator[Sign]:
    for decoder in DECODERS:
        for form in decoder.forms(text):
            if len(form.literal) >= SHORTEST:
                rarity = Rarity.RARE if form.is_rare else Rarity.COMMON
                yield Sign((text,), form.literal, decoder, form.shift, form.pattern, rarity=rarity)


def _packed(magic: bytes) -> Iterator[Sign]:
    """Yield the signs of a container that begins where the encoded text does."""
    once, *_ = _BASE64.forms(magic)
    yield Sign((magic,), once.literal, _BASE64, once.shift, is_packed=True)
    twice, *_ = _BASE64.forms(once.literal)
    yield Sign((once.literal,), twice.literal, _BASE64, 0, is_packed=True, rarity=Rarity.RARE)
    lower, upper, *_ = _HEX.forms(magic)
    for form in (lower, upper):
        yield Sign((magic,), form.literal, _HEX, 0, is_packed=True, rarity=Rarity.EXOTIC)
