"""A pack on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.git.wire.packets import PacketError, SaidError
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.git.wire.exchange import Exchange
    from leakscan.git.wire.packets import Packets
    from leakscan.git.wire.questions import Reply
    from leakscan.git.wire.transport import Answer

_HEAD = 12
"""Bytes with which a pack begins: a sign, its version, and the number of objects."""


class Arriving:
    """The bytes of a pack, as they arrive.  Iterate over it once.

    Args:
        exchange: what it belongs to.
        answer: what it is read from.
        packets: the same, past the head.
        reply: the head.
        most: bytes that the pack may have; 0 for no limit.

    Attributes:
        url: of the repository, without credentials; where it was redirected to, if it was.
        shallow: commits in it whose parents were left out, as hex.
        known: commits that it builds on, of those that were said to be here, as hex; as far as
            the server says: if all is asked for at once, it says nothing.
        is_filtered: whether large blobs were left out.
        hash_size: bytes of an object id.
        size: bytes that have come so far.
        is_whole: whether its end has come.
    """

    def __init__(
        self, exchange: Exchange, answer: Answer, packets: Packets, reply: Reply, most: int
    ) -> None:
        self.url = exchange.base
        self.shallow = reply.shallow
        self.known = reply.known
        self.is_filtered = reply.is_filtered
        self.hash_size = 32 if exchange.object_format == "sha256" else 20
        self.size = 0
        self.is_whole = False
        self._head = b""
        self._exchange = exchange
        self._answer = answer
        self._most = most
        self._pieces = packets.pack() if reply.in_bands else packets.rest()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pack piece by piece; no piece is empty.

        Raises:
            TroubleError: it is cut off, too large, or takes too long; or the server gave up.
        """
        exchange = self._exchange
        try:
            for piece in self._pieces:
                self.size += len(piece)
                self._head += piece[: max(0, _HEAD - len(self._head))]
                if self._most and self.size > self._most:
                    raise exchange.trouble(Trouble.TOO_LARGE, self._too_large(), "allow it more")
                yield piece
        except PacketError as error:
            raise exchange.trouble(Trouble.BROKEN, str(error), "try again later") from None
        except SaidError as error:
            why = f"the server said {exchange.quoted(error.message)!r}"
            raise exchange.trouble(Trouble.BROKEN, why, "try again later") from None
        self.is_whole = True

    def _too_large(self) -> str:
        count = int.from_bytes(self._head[8:])
        plural = "" if count == 1 else "s"
        objects = f" of {count:,} object{plural}" if len(self._head) == _HEAD else ""
        return f"its pack{objects} is larger than {self._most:,} bytes"

    def close(self) -> None:
        """Give the connection back after a whole pack, else end it."""
        if self.is_whole:
            self._answer.finish()
        else:
            self._answer.abandon()
