"""Resolve the objects of a pack in the order of its forest.

This loop is where a scan of a clean repository spends its time: about one microsecond of
Python an object around calls into libdeflate and into dulwich's Rust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dulwich.errors import ApplyDeltaError

from leakscan.git.damage import DamagedError
from leakscan.git.inflate import (
    INFLATE_ERRORS,
    TINY,
    inflate,
    inflate_chunks,
    inflate_tiny,
    inflate_upto,
    wrong_size,
)

try:
    # The Rust half of dulwich.pack alone: importing the whole takes as long as a small scan.
    from dulwich._pack import apply_delta
except ImportError:
    from dulwich.pack import apply_delta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.git.forest import Forest
    from leakscan.git.pack import Pack

LARGEST_IN_MEMORY = 512 << 20
"""Bytes of an object that is ever held whole: git makes no deltas of larger ones
(core.bigFileThreshold in git-config(1))."""

_WIDEST = 63
"""Bits of a size from which on no more are read: no size is near that."""

STREAMED = 16 << 20
"""Bytes from which blobs are read in pieces; all else is held whole, to be parsed."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """An object too large to hold; its pieces are inflated as they are asked for."""

    chunks: Iterator[bytes]
    size: int


@dataclass(frozen=True, slots=True)
class Broken:
    """An object that cannot be resolved.

    Attributes:
        why: the reason, for people.
        inherited: whether the fault lies in an object that it is built on.
    """

    why: str
    inherited: bool = False


Content = bytes | Streamed | Broken


def resolve(
    pack: Pack, forest: Forest, where: range, streamed: int = LARGEST_IN_MEMORY
) -> Iterator[tuple[int, Content, bytes | None]]:
    """Resolve the objects at a range of positions.

    Args:
        pack: the pack.
        forest: its forest.
        where: the positions.
        streamed: bytes from which an object that no delta needs is handed over in pieces.

    Yields:
        The position of each object, its content, and the delta that made it (``None`` for a
        root).  What is ``Streamed`` must be read before the next object is asked for.
    """
    low, high = where.start, where.stop
    chain = _bases(pack, forest, low)
    view, tiny, largest = pack.view, TINY, LARGEST_IN_MEMORY
    join = b"".join
    for position, start, stop, size, depth, last in zip(
        range(low, high),
        forest.start[low:high].tolist(),
        forest.stop[low:high].tolist(),
        forest.size[low:high].tolist(),
        forest.depth[low:high].tolist(),
        forest.last[low:high].tolist(),
        strict=True,
    ):
        delta = None
        content: Content
        try:
            if size > STREAMED:
                content = _large(pack, forest, position, chain, streamed)
            else:
                if stop - start <= tiny:
                    content = inflate_tiny(view[start:stop], 15, size)
                else:
                    content = bytes(inflate_upto(view[start:stop], size or 1))
                if len(content) != size:
                    raise DamagedError(wrong_size(len(content), size))
                if depth:
                    delta = content
                    base = chain[depth - 1]
                    if isinstance(base, bytes) and len(base) * size < largest:
                        content = join(apply_delta(base, delta))
                    else:
                        _room_for(chain, len(base) if isinstance(base, bytes) else 0)
                        content = _apply_carefully(base, delta)
        except _FAULTS as error:
            content = Broken(_reason(error))
        if depth and last:
            chain[depth - 1] = _RELEASED
        chain[depth:] = (content,)
        yield position, content, delta


_RELEASED = Broken("its base was released too early")

_FAULTS = (DamagedError, ApplyDeltaError, ValueError, *INFLATE_ERRORS)


def _bases(pack: Pack, forest: Forest, position: int) -> list[Content]:
    """Resolve the chain that the object at ``position`` is built on, root first."""
    chain: list[Content] = []
    for at in forest.ancestors(position):
        content: Content
        try:
            content = inflate(_compressed(pack, forest, at), _bounded(int(forest.size[at])))
            if chain:
                content = _apply_carefully(chain[-1], content)
                if forest.last[at]:
                    chain[-1] = _RELEASED
        except _FAULTS as error:
            content = Broken(_reason(error))
        chain.append(content)
    return chain


def _large(
    pack: Pack, forest: Forest, position: int, chain: list[Content], streamed: int
) -> Content:
    """Resolve an entry that is large or claims to be; stream it where that can be done.

    Raises:
        DamagedError: it cannot be read or is too large to hold.
    """
    size = int(forest.size[position])
    data = _compressed(pack, forest, position)
    if depth := int(forest.depth[position]):
        _room_for(chain, size)
        return _apply_carefully(chain[depth - 1], inflate(data, _bounded(size)))
    following = position + 1
    is_base = following < len(forest.parent) and forest.parent[following] == position
    if size > LARGEST_IN_MEMORY or (size > streamed and not is_base):
        return Streamed(inflate_chunks(data, size), size)
    return inflate(data, size)


def _room_for(chain: list[Content], size: int) -> None:
    """Refuse another large object where the bases that are alive fill memory already.

    Raises:
        DamagedError: they do.
    """
    held = sum(len(content) for content in chain if isinstance(content, bytes))
    if held + size > 2 * LARGEST_IN_MEMORY:
        raise DamagedError(f"it and its delta bases need more than {2 * LARGEST_IN_MEMORY} bytes")


def _compressed(pack: Pack, forest: Forest, position: int) -> memoryview:
    return pack.view[int(forest.start[position]) : int(forest.stop[position])]


def _apply_carefully(base: Content, delta: bytes) -> Content:
    """Apply a delta after looking at what it claims; name what is wrong with its base.

    Raises:
        DamagedError: the result would be too large, or the delta does not fit.
    """
    if isinstance(base, Broken):
        return Broken(base.why if base.inherited else f"its delta base: {base.why}", True)
    if isinstance(base, Streamed):
        return Broken("its delta base is too large to hold", True)
    return apply_bounded(base, delta)


def apply_bounded(base: bytes, delta: bytes) -> bytes:
    """Apply a delta whose result is not too large to hold.

    Raises:
        DamagedError: it is, or the delta does not fit its base.
    """
    # No instruction, of which each takes a byte at least, makes more than the base's size.
    if len(base) * len(delta) > LARGEST_IN_MEMORY:
        _bounded(delta_sizes(delta)[1])
    try:
        return b"".join(apply_delta(base, delta))
    except (ApplyDeltaError, ValueError, MemoryError) as error:
        raise DamagedError(f"its delta is corrupt: {error}") from error


def delta_sizes(delta: bytes) -> tuple[int, int, int]:
    """Parse the head of a delta: size of its base, size of its result, length of the head.

    Raises:
        DamagedError: the delta ends within its head, or that goes on without end.
    """
    sizes = []
    at = 0
    try:
        for _ in range(2):
            byte = delta[at]
            at += 1
            size, shift = byte & 0x7F, 7
            while byte > 0x7F and shift <= _WIDEST:
                byte = delta[at]
                at += 1
                size |= (byte & 0x7F) << shift
                shift += 7
            if byte > 0x7F:
                raise DamagedError("its delta names a size that nothing has")
            sizes.append(size)
    except IndexError:
        raise DamagedError("its delta is cut short") from None
    return sizes[0], sizes[1], at


def _bounded(size: int) -> int:
    if size > LARGEST_IN_MEMORY:
        raise DamagedError(f"it claims {size} bytes, more than the {LARGEST_IN_MEMORY} that fit")
    return size


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, DamagedError) else f"it is corrupt: {error}"
