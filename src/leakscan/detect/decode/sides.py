"""What stands on either side of a literal wherever something is written so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leakscan.surroundings import Then


class Sides(NamedTuple):
    """What is known of it.

    Attributes:
        before, behind: bytes of which one stands there; empty if any may.
        then: how what follows begins; ``None`` if it may be anything.
    """

    before: bytes = b""
    behind: bytes = b""
    then: Then | None = None


class _Form(Protocol):
    @property
    def literal(self) -> bytes: ...
    @property
    def before(self) -> bytes: ...
    @property
    def behind(self) -> bytes: ...
    @property
    def then(self) -> Then | None: ...


def sides(form: _Form, literal: bytes) -> Sides:
    """Return what stands beside a literal that is part of a form's."""
    before, _, rest = form.literal.partition(literal)
    then: Then | None = (b"", (rest,)) if rest else None
    if form.then and not rest.strip(form.then[0]):
        then = form.then
    return Sides(before[-1:] or form.before, rest[:1] or form.behind, then)


def either(known: Iterable[Sides]) -> Sides:
    """Return what stands beside a literal that may be part of any of several forms."""
    each = list(known)
    return Sides(
        _either_byte([one.before for one in each]),
        _either_byte([one.behind for one in each]),
        _either_start([one.then for one in each]),
    )


def _either_byte(known: Sequence[bytes]) -> bytes:
    return bytes(sorted(set(b"".join(known)))) if all(known) else b""


def _either_start(known: Sequence[Then | None]) -> Then | None:
    sure = [one for one in known if one]
    if not sure or len(sure) < len(known):
        return None
    starts = tuple(dict.fromkeys(start for _, starts in sure for start in starts))
    skipped = bytes(sorted({byte for skipped, _ in sure for byte in skipped}))
    # What is passed over in the place of one must not be what another begins with.
    return None if any(start[0] in skipped for start in starts) else (skipped, starts)
