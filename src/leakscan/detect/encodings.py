"""Every way in which a token may be written, and by what bytes each can be told from afar.

An encoding says what a known text, the prefix of a rule, looks like in it (`Decoder.forms`).  What
that looks like in another encoding is asked in the same way, so that a token in base64 in base64
has literals of its own to be found by.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from leakscan.detect.decode import entities, escapes, percent, quoted_printable
from leakscan.detect.decode.backwards import Backwards
from leakscan.detect.decode.base64 import Base64
from leakscan.detect.decode.entities import Entities
from leakscan.detect.decode.escapes import Escapes
from leakscan.detect.decode.hexadecimal import Hexadecimal
from leakscan.detect.decode.joined import Joined
from leakscan.detect.decode.percent import Percent
from leakscan.detect.decode.quoted_printable import QuotedPrintable
from leakscan.detect.decode.sides import either, sides
from leakscan.detect.decode.wide import Wide
from leakscan.detect.teddy import arranged
from leakscan.gate import FEW, without_longer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.detect.decode.decoder import Decoder
    from leakscan.surroundings import Then

_BASE64, _HEX, _UTF_16 = Base64(), Hexadecimal(), Wide(2)
_PERCENT, _ESCAPES, _ENTITIES, _QUOTED = Percent(), Escapes(), Entities(), QuotedPrintable()
_JOINED, _BACKWARDS = Joined(), Backwards()

DECODERS: tuple[Decoder, ...] = (
    _BASE64, _HEX, _UTF_16, Wide(4), _PERCENT, _ESCAPES, _ENTITIES, _QUOTED, _JOINED, _BACKWARDS,
)  # fmt: skip

SPELLED: dict[object, Callable[[int], tuple[bytes, bytes]]] = {
    _PERCENT: percent.spelled,
    _ESCAPES: escapes.spelled,
    _ENTITIES: entities.spelled,
    _QUOTED: quoted_printable.spelled,
}
"""What decodes everything around, also where little is encoded; and how it may write a byte: an
expression that matches wherever it is encoded, and perhaps elsewhere, too, and one for itself."""

NOT_TWICE: frozenset[Decoder] = frozenset({_JOINED, _BACKWARDS})
"""What is done only once to a text."""

PACKED = (b"\x1f\x8b\x08", b"PK\x03\x04")
"""How containers begin that are written as text: gzip in Kubernetes' secrets, zip in mails."""

SHORTEST = 3
"""Bytes of a literal: shorter ones stand everywhere."""

_LONG, _LONGEST = 9, 12
"""Bytes of a literal from which on more of the first ones may be missing where it ends."""


class Sign(NamedTuple):
    """Bytes by which something encoded is found.

    Attributes:
        texts: what is encoded: one of these.
        literal: the bytes.
        decoder: what decodes it.
        shift: from where the literal begins to where a unit of the encoding does.
        pattern: what else to look for where decoding costs more than another look: it begins with
            the literal.
        is_packed: whether a container begins there, or a text that one is encoded in.
        is_rare: whether hardly anybody writes something so.
        is_last: whether the pattern does not begin with the literal, but ends with it.
        before, behind, then: what stands beside the literal: see `Form`.
    """

    texts: tuple[bytes, ...]
    literal: bytes
    decoder: Decoder
    shift: int
    pattern: bytes | None = None
    is_packed: bool = False
    is_rare: bool = False
    is_last: bool = False
    before: bytes = b""
    behind: bytes = b""
    then: Then | None = None

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
    found: dict[object, Sign] = {}
    for sign in signs_once(prefixes):
        _add(found, sign)
    begin = tuple(prefix[:2] for prefix in prefixes)  # of what is encoded in part only
    nesting = {sign.literal for sign in found.values() if _nests(sign)}
    for text in sorted(text for text in nesting if not text.startswith(begin)):
        for sign in _signs_of(text, is_encoded=True):
            # Where the text itself is the sign, it is broken further on.
            if text.isalnum() if sign.literal == text else _nests(sign):
                _add(found, sign._replace(is_rare=True))
    return tuple(found.values())


def _add(found: dict[object, Sign], sign: Sign) -> None:
    """Add a sign, or that one that is there may stand for more texts."""
    known = found.setdefault(sign.key, sign)
    if new := [text for text in sign.texts if text not in known.texts]:
        found[sign.key] = known._replace(
            texts=(*known.texts, *new),
            pattern=None,
            is_rare=known.is_rare and sign.is_rare,
            **either(sides(one, sign.literal) for one in (known, sign))._asdict(),
        )


def _nests(sign: Sign) -> bool:
    """Whether something is expected to be written so that is, or will be, encoded besides."""
    is_wide = b"\0\0\0" in sign.literal  # which takes four times as much
    return not (sign.is_rare or sign.is_packed or is_wide or sign.decoder in NOT_TWICE)


@cache
def literals(prefixes: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return by what to tell from afar that something may be written in some data.

    Args:
        prefixes: how tokens begin.

    Returns:
        Those that are common, and the rare ones that hold none of them.
    """
    known = signs(prefixes)
    common = without_longer({sign.literal for sign in known if not sign.is_rare})
    every = without_longer({sign.literal for sign in known})
    return _in_order(common), _in_order([one for one in every if one not in common])


@cache
def ends(prefixes: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return how the rare ones of `literals` end, without the first bytes.

    Those are as many as another text may well have in common with them.

    Args:
        prefixes: how tokens begin.
    """
    _, rare = literals(prefixes)
    return tuple(without_longer({one[_common_bytes(one) :] for one in rare}))


def _common_bytes(literal: bytes) -> int:
    """Return how many that is: of an encoding in another, each byte takes several; four are left.

    A list of bytes has ``0x7`` in common with that of any text that begins with a letter from p on.
    """
    most = 2 if len(literal) < _LONG else 3 if len(literal) < _LONGEST else 4
    return max(0, min(most, len(literal) - 4))


def _in_order(literals: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(arranged(literals) if len(literals) <= FEW else literals)


def _signs_of(text: bytes, *, is_encoded: bool = False) -> Iterator[Sign]:
    for decoder in DECODERS:
        forms = decoder.forms(text)
        if is_encoded and decoder in NOT_TWICE:
            forms = islice(forms, 1)  # the text itself
        for form in forms:
            if len(form.literal) >= SHORTEST:
                yield Sign((text,), decoder=decoder, **form._asdict())


def _packed(magic: bytes) -> Iterator[Sign]:
    """Yield the signs of a container that begins where the encoded text does."""
    once, *_ = _BASE64.forms(magic)
    yield Sign((magic,), once.literal, _BASE64, once.shift, is_packed=True)
    twice, *_ = _BASE64.forms(once.literal)
    yield Sign((once.literal,), twice.literal, _BASE64, 0, is_packed=True, is_rare=True)
    lower, upper, *_ = _HEX.forms(magic)
    for form in (lower, upper):
        yield Sign((magic,), form.literal, _HEX, 0, is_packed=True, is_rare=True)
