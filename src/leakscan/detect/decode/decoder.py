"""What every encoding can do: say what a text looks like in it, and read it back."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from leakscan.surroundings import Then

_NO_SEAMS: Mapping[int, str | None] = MappingProxyType({})


class Form(NamedTuple):
    """What a text looks like once it is encoded, whatever stands around it.

    Attributes:
        literal: bytes that surely stand where the text is encoded so; three at least, since
            shorter ones stand everywhere.
        shift: from where the literal begins to where some unit of the encoding does.
        pattern: an expression that matches where decoding is worth while, if there are fewer such
            places than of the literal; it begins with that.
        is_rare: whether hardly anybody writes it so; of a file's versions it is then looked for
            in what each adds.
        before, behind: bytes of which one surely stands before or behind it; empty if any may.
        is_last: whether the pattern does not begin with the literal, but ends with it.
        then: how what follows the literal begins, if that is known.
    """

    literal: bytes
    shift: int = 0
    pattern: bytes | None = None
    is_rare: bool = False
    before: bytes = b""
    behind: bytes = b""
    is_last: bool = False
    then: Then | None = None


class Decoded(NamedTuple):
    """A decoded stretch of some data.

    Attributes:
        text: what was encoded.
        origin: of each byte of the text, the offset in the data where it was written; and, as one
            more item, the offset where the last one ends.  Descending if it is written backwards.
        doubt: why this may be a misreading, for people; ``None`` where it surely is meant so.
        seams: offsets in the text at which something was left out, and why what is around one may
            not belong together, if that is so.  A token may well begin or end there.
        beside: how many bytes at the end do not belong to it, but show what it is followed by.
    """

    text: bytes
    origin: Sequence[int]
    doubt: str | None = None
    seams: Mapping[int, str | None] = _NO_SEAMS
    beside: int = 0


class Decoder(Protocol):
    """One encoding."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def forms(self, text: bytes) -> Iterator[Form]:
        """Yield literals of which each way to write a text, in any surroundings, holds one.

        Args:
            text: a few bytes that are known.
        """
        ...

    def decode(self, data: bytes, anchor: int, low: int, high: int) -> Decoded | None:
        """Decode what is written around some place.

        Args:
            data: what was searched.
            anchor: an offset at which a unit of the encoding begins.
            low: offset before which no byte is looked at.
            high: offset from which on no byte is looked at.

        Returns:
            What stands there; ``None`` if nothing does.
        """
        ...
