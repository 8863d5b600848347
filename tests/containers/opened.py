"""Reads containers to the end, as the detector does, and says what came of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.containers import recognise
from leakscan.containers.container import CHUNK, Budget, MemberError, SpentError
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Buffer, Format

SMALL = 1 << 26
"""Bytes that a hostile container may unpack to in tests."""


@dataclass(frozen=True)
class Held:
    """A member that was read; ``fault`` says why not to its end."""

    name: str
    content: bytes
    fault: str | None = None


def held(data: Buffer, budget: Budget | None = None) -> list[Held | Unread]:
    """Return all that a container holds."""
    found = recognise(data)
    assert found, "it is not recognised"
    return held_by(found, data, budget)


def held_by(container: Format, data: Buffer, budget: Budget | None = None) -> list[Held | Unread]:
    """Return all that a container of a known format holds."""
    result: list[Held | Unread] = []
    for member in container.members(data, budget or Budget()):
        if isinstance(member, Unread):
            result.append(member)
            continue
        pieces, fault = [], None
        try:
            pieces.extend(member.chunks)
        except MemberError as error:
            fault = str(error)
        result.append(Held(member.name, b"".join(pieces), fault))
    return result


def drain(container: Format, data: Buffer, budget: Budget) -> int:
    """Read all and keep nothing of it; return how many bytes it is."""
    size = 0
    for member in container.members(data, budget):
        assert not isinstance(member, Unread)
        for piece in member.chunks:
            assert len(piece) <= CHUNK
            size += len(piece)
    return size


def survives(container: Format, data: Buffer) -> None:
    """Read whatever it is; anything but an exhausted budget is an error."""
    with suppress(SpentError):
        for member in container.members(data, Budget(SMALL, 1000)):
            if isinstance(member, Unread):
                assert member.why
                continue
            with suppress(MemberError):
                for piece in member.chunks:
                    assert isinstance(piece, bytes)


def cut_everywhere(container: Format, data: bytes) -> None:
    """Read each of its beginnings."""
    for length in range(len(data)):
        survives(container, data[:length])


def ways(data: Buffer, so_far: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the way to each thing that is no container itself, with its content."""
    found = recognise(data)
    if found is None:
        yield so_far, bytes(data)
        return
    for member in held_by(found, data):
        assert isinstance(member, Held), member
        assert member.fault is None
        yield from ways(member.content, "!/".join(filter(None, (so_far, member.name))))
