"""Read git's packets (gitprotocol-common(5)) as they arrive."""

from __future__ import annotations

import enum
from binascii import unhexlify
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 65520
"""Bytes of the longest packet with its length (pkt-line.h)."""

MOST_TEXT = 64 * 1024 * 1024
"""Bytes of an answer that are no pack; a million refs have about that."""

_DATA, _PROGRESS, _ERROR = 1, 2, 3
_FIRST_OF_ERR = ord("E")


class Mark(enum.Enum):
    """A packet that holds nothing but says something, or the end of the answer."""

    FLUSH = "flush"
    DELIMITER = "delimiter"
    RESPONSE_END = "response end"
    CLOSED = "closed"


_MARKS = (Mark.FLUSH, Mark.DELIMITER, Mark.RESPONSE_END)


class PacketError(Exception):
    """What came is not made of packets; the text says how on one line."""


class CutOffError(PacketError):
    """The answer ended too soon."""


class SaidError(Exception):
    """The server said that it failed.

    Args:
        message: its own words, not to be trusted.
    """

    def __init__(self, message: bytes) -> None:
        super().__init__()
        self.message = message


def packet(payload: bytes) -> bytes:
    """Return a packet that holds this."""
    return b"%04x%b" % (len(payload) + 4, payload)


class Packets:
    """The packets of one answer.

    Args:
        read: returns the next bytes as they arrive, none at the end.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._chunk = b""
        self._at = 0
        self._text = 0

    def line(self) -> bytes | Mark:
        """Return the next packet without its length and its last newline.

        Raises:
            PacketError: there is none.
            SaidError: the server reported a failure.
        """
        size = self._size()
        if isinstance(size, Mark):
            return size
        payload = self._take(size)
        self._count(size)
        if payload.startswith(b"ERR "):
            raise SaidError(payload[4:])
        return payload.removesuffix(b"\n")

    def pack(self) -> Iterator[bytes]:
        """Yield what comes in the first side-band, as it arrives, up to the flush.

        Raises:
            PacketError: it is cut off or malformed.
            SaidError: the server reported a failure.
        """
        while (size := self._size()) is not Mark.FLUSH:
            if size is Mark.CLOSED:
                raise CutOffError("the pack is cut off")
            if isinstance(size, Mark) or size == 0:
                raise PacketError("a packet of the pack has no side-band")
            band = self._take(1)[0]
            if band != _DATA:
                self._other_band(band, size - 1)
                continue
            self._count(1)
            left = size - 1
            while left:
                piece = self._piece(left)
                left -= len(piece)
                yield piece

    def rest(self) -> Iterator[bytes]:
        """Yield all that is still to come, as it arrives, whatever it is."""
        while self._at < len(self._chunk) or self._more():
            yield self._piece(len(self._chunk))

    def _other_band(self, band: int, size: int) -> None:
        """Pass over a message on progress, raise one on failure."""
        payload = self._take(size)
        self._count(size)
        if band == _ERROR:
            raise SaidError(payload)
        if band == _FIRST_OF_ERR and payload.startswith(b"RR "):
            raise SaidError(payload[3:])
        if band != _PROGRESS:
            raise PacketError(f"there is no side-band {band}")

    def _size(self) -> int | Mark:
        """Read the length that a packet begins with."""
        if not self._has(4):
            if self._at < len(self._chunk):
                raise CutOffError("a packet is cut off")
            return Mark.CLOSED
        try:
            size = int.from_bytes(unhexlify(self._chunk[self._at : self._at + 4]), "big")
        except ValueError:
            raise PacketError("a packet has no length") from None
        if size == 3 or size > LONGEST:
            raise PacketError(f"a packet has the length {size}")
        self._at += 4
        self._count(4)
        return size - 4 if size > 3 else _MARKS[size]

    def _count(self, size: int) -> None:
        self._text += size
        if self._text > MOST_TEXT:
            raise PacketError(f"it holds more than {MOST_TEXT >> 20} MB that are no pack")

    def _take(self, size: int) -> bytes:
        if not self._has(size):
            raise CutOffError("a packet is cut off")
        self._at += size
        return self._chunk[self._at - size : self._at]

    def _piece(self, most: int) -> bytes:
        if self._at == len(self._chunk) and not self._more():
            raise CutOffError("the pack is cut off")
        piece = self._chunk[self._at : self._at + most]
        self._at += len(piece)
        return piece

    def _more(self) -> bool:
        self._chunk = self._read()
        self._at = 0
        return bool(self._chunk)

    def _has(self, size: int) -> bool:
        """Read on until this many bytes are here, or all that there are."""
        here = len(self._chunk) - self._at
        if here >= size:
            return True
        pieces = [self._chunk[self._at :]]
        while here < size and (more := self._read()):
            pieces.append(more)
            here += len(more)
        self._chunk = b"".join(pieces)
        self._at = 0
        return here >= size
