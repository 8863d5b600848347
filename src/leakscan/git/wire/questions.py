"""A fetch as both versions of the protocol know it: the question, and the head of the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.git.wire.packets import CutOffError, Mark, PacketError

if TYPE_CHECKING:
    from leakscan.git.wire.packets import Packets

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Question:
    """One request for a pack.

    Attributes:
        wants, haves, depth: as in `Fetch`.
        filter: what the server is asked to leave out, in git's words; empty for nothing.
        done: whether a pack is to come whatever the server knows of the haves; without it, one
            comes only if all that is wanted builds on what the server knows.
    """

    wants: tuple[str, ...]
    haves: tuple[str, ...] = ()
    depth: int | None = None
    filter: str = ""
    done: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of the answer.

    Attributes:
        known: which haves the server knows, as far as it says.
        shallow: commits whose parents are left out.
        has_pack: whether a pack follows.
        in_bands: whether it comes in side-bands.
        is_filtered: whether what it was asked to leave out is left out.
    """

    known: tuple[str, ...]
    shallow: tuple[str, ...]
    has_pack: bool
    in_bands: bool = True
    is_filtered: bool = False


def is_id(text: str) -> bool:
    """Tell whether a text is the id of an object, in lower-case hexadecimal digits."""
    return _ID.fullmatch(text) is not None


def text_line(packets: Packets) -> str | Mark:
    """Return the next line as text; what is no UTF-8 becomes surrogates.

    Raises:
        PacketError: there is none.
        SaidError: the server reported a failure.
    """
    line = packets.line()
    return line if isinstance(line, Mark) else line.decode("utf-8", "surrogateescape")


def whole_line(packets: Packets) -> str | Mark:
    """Return the next line where the answer cannot end.

    Raises:
        PacketError: there is none.
        SaidError: the server reported a failure.
    """
    line = text_line(packets)
    if line is Mark.CLOSED:
        raise CutOffError("the answer is cut off")
    return line


def an_id(text: str) -> str:
    """Return the id that a server named.

    Raises:
        PacketError: it is none.
    """
    if not is_id(text):
        raise PacketError("an object has no id")
    return text
