"""Every way in which a token may be written, and by what bytes each can be told from afar.

An encoding says what a known text, the prefix of a rule, looks like in it (`Decoder.forms`).  What
that looks like in another encoding is asked in the same way, so that a token in base64 in base64 has
literals of its own to be found by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from leakscan.detect.gate import without_longer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakscan.detect.decode.decoder import Decoder

DECODERS: tuple[Decoder, ...] = (
    Base64(),
    Hexadecimal(),
    Wide(2),
    Wide(4),
    Percent(),
    Escapes(),
    Entities(),
    QuotedPrintable(),
    Joined(),
    Backwards(),
)

_JOINED = 8
"""Position of what is put together."""

NOT_TWICE = frozenset({_JOINED, 9})
"""Positions of what is done only once to a text: pieces, and writing it backwards."""

PACKED = (b"\x1f\x8b\x08", b"PK\x03\x04")
"""How containers begin that are written as text: gzip in Kubernetes' secrets, zip in mails."""

SHORTEST = 3
"""Bytes of a literal: shorter ones stand everywhere."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Bytes by which something encoded is found.

    Attributes:
        literal: the bytes.
        decoder: position of what decodes it.
        shift: from where the literal begins to where a unit of the encoding does.
        pattern: what to look for instead where decoding costs more than another look.
        is_packed: whether a container begins there.
        is_rare: whether hardly anything is written so.
    """

    literal: bytes
    decoder: int
    shift: int
    pattern: bytes | None = None
    is_packed: bool = False
    is_rare: bool = False

    @property
    def key(self) -> tuple[bytes, int, int]:
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


def signs(prefixes: Iterable[bytes]) -> list[Sign]:
    """Return the signs of what is encoded once or twice; the latter are rare.

    Of what hardly anybody does, nothing is expected to be encoded besides; nor are texts in pieces
    expected to be broken within their very first bytes then.

    Args:
        prefixes: how tokens begin.
    """
    found = {sign.key: sign for sign in signs_once(prefixes)}
    inner = {s.literal for s in found.values() if not s.is_rare and s.decoder != _JOINED}
    for text in sorted(inner):
        for sign in _signs_of(text):
            if not sign.is_rare and (sign.decoder != _JOINED or sign.literal == text):
                found.setdefault(sign.key, replace(sign, pattern=None, is_rare=True))
    return list(found.values())


def literals(prefixes: Iterable[bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return by what to tell from afar that something may be written in some data.

    Args:
        prefixes: how tokens begin.

    Returns:
        The literals of what is common, and those of what is rare and holds none of these.
    """
    known = signs(prefixes)
    common = without_longer({sign.literal for sign in known if not sign.is_rare})
    every = without_longer({sign.literal for sign in known})
    return tuple(common), tuple(one for one in every if one not in set(common))


def _signs_of(text: bytes) -> Iterator[Sign]:
    for position, decoder in enumerate(DECODERS):
        for form in decoder.forms(text):
            if len(form.literal) >= SHORTEST:
                yield Sign(form.literal, position, form.shift, form.pattern, is_rare=form.is_rare)


def _packed(magic: bytes) -> Iterator[Sign]:
    """Yield the signs of a container that begins where the encoded text does."""
    base64, *_ = DECODERS[0].forms(magic)
    yield Sign(base64.literal, 0, base64.shift, None, is_packed=True)
    lower, upper, *_ = DECODERS[1].forms(magic)
    for form in (lower, upper):
        if form.literal.isalnum():
            yield Sign(form.literal, 1, form.shift, None, is_packed=True, is_rare=True)
