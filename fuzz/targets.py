"""What is fuzzed, each a function of bytes that raises where something is wrong.

Decoders and container formats are found where the detector finds them, so that a new one is fuzzed
without being named here.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from leakscan.containers.container import Format
    from leakscan.detect import Detector
    from leakscan.detect.decode.decoder import Decoder
    from leakscan.git.forest import Forest
    from leakscan.git.pack import Pack

UNPACKED = 16 << 20
"""Bytes that a container may unpack to here: an input that needs more is not a better one."""

MEMBERS = 2000
"""Members of a container that are looked at here."""

PIECE = 1000
"""Bytes of the pieces in which a stream comes."""

SHORT = 9
"""Bytes of the text that a decoder is asked the looks of."""

OFS_DELTA, REF_DELTA = 6, 7

TRUE = 128
"""The byte that claims the true size of an entry."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that takes bytes from strangers.

    Attributes:
        name: what it is called on the command line.
        check: gives it an input; raises where something is wrong.
        seeds: gives inputs to begin with.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]


class WrongError(Exception):
    """Something was done, but not as it has to be."""


def targets() -> dict[str, Target]:
    """Return everything that is fuzzed, by name."""
    found = [target for part in PARTS for target in part()]
    return {target.name: target for target in found}


def require(is_so: bool, why: str) -> None:
    """Raise unless something is so.

    Raises:
        WrongError: it is not.
    """
    if not is_so:
        raise WrongError(why)


# Decoders.


def _decoders() -> Iterator[Target]:
    import seeds

    from leakscan.detect.encodings import DECODERS

    for decoder in DECODERS:
        name = "decode-" + decoder.name.lower().replace(" ", "-")
        yield Target(name, functools.partial(_check_decoder, decoder), seeds.encoded)


def _check_decoder(decoder: Decoder, given: bytes) -> None:
    """Take apart an input: where to decode, in which window, then what."""
    head, data = given[:6], given[6:]
    at, low, size = (int.from_bytes(head[n : n + 2]) % (len(data) + 1) for n in (0, 2, 4))
    for form in decoder.forms((given + b"r8_")[:SHORT]):
        require(bool(form.literal), "a form without a literal")
    high = min(len(data), low + size)
    for anchor, first, last in ((at, 0, len(data)), (min(max(at, low), high), low, high)):
        decoded = decoder.decode(data, anchor, first, last)
        if decoded is None:
            continue
        origin = list(decoded.origin)
        require(len(origin) == len(decoded.text) + 1, "the origin is not of the text's length")
        # What is written backwards ends before its first byte.
        require(all(first - 1 <= place <= last for place in origin), "it looked beyond its window")


# Containers.


def _containers() -> Iterator[Target]:
    import seeds

    from leakscan.containers import recognise

    by_format: dict[str, list[bytes]] = {}
    for data in seeds.contained():
        kind = recognise(data)
        if kind is not None:
            by_format.setdefault(kind.name, []).append(data)
    for name, examples in by_format.items():
        label = "container-" + name.lower().replace(" ", "-")
        yield Target(label, _check_container, functools.partial(list, examples))


def _check_container(data: bytes) -> None:
    from leakscan.containers import recognise
    from leakscan.containers.container import Budget, SpentError

    kind = recognise(data)
    if kind is None:
        return
    try:
        size = _drained(kind, data, Budget(UNPACKED, MEMBERS))
    except SpentError:
        return
    require(size <= UNPACKED, "more was unpacked than the budget knows of")


def _drained(kind: Format, data: bytes, budget: object) -> int:
    """Read every member to its end; return how many bytes that were."""
    from leakscan.containers.container import CHUNK, Budget, Member, MemberError

    assert isinstance(budget, Budget)  # noqa: S101 - imported here only
    size = 0
    for member in kind.members(data, budget):
        if not isinstance(member, Member):
            require(bool(member.why), "a part is unread for no reason")
            continue
        require(isinstance(member.name, str), "a name is no text")
        try:
            for chunk in member.chunks:
                require(len(chunk) <= CHUNK, "a piece is too large")
                size += len(chunk)
        except MemberError as error:
            require(bool(str(error)), "a member breaks off for no reason")
    return size


# Packs.


def _packs() -> Iterator[Target]:
    import seeds

    yield Target("pack-arriving", _check_arrival, seeds.pack_bodies)
    yield Target("pack-of-entries", _check_entries, seeds.pack_entries)
    yield Target("pack-with-index", _check_pack, seeds.packs_with_index)


class _Silent:
    """Searches nothing, and reads all that it is given."""

    def prepare(self) -> None:
        """Do nothing."""

    def search_text(self, _data: bytes) -> Sequence[object]:
        """Find nothing."""
        return ()

    search_blob = search_message = search_names = search_known_file = search_text

    def search_file(self, data: bytes) -> tuple[Sequence[object], bool]:
        """Find nothing, and suspect half of all."""
        return (), self.suspects(data)

    def suspects(self, data: bytes) -> bool:
        """Suspect half of all."""
        return bool(len(data) & 1)

    brings_sign = suspects

    def sparing(self) -> _Silent:
        """Search many in the same way."""
        return self

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[object]:
        """Read all pieces."""
        for _ in chunks:
            pass
        yield from ()


def _check_arrival(body: bytes) -> None:
    """Let a pack arrive; its check sum is right, since whoever makes one computes it."""
    from leakscan.git.arrival import Arrived, receive
    from leakscan.git.census import Closure
    from leakscan.git.damage import DamagedError
    from leakscan.git.forest import plant
    from leakscan.git.indexing import numbered_index, true_index
    from leakscan.git.pack import Pack
    from leakscan.git.spool import Spool

    data = body + hashlib.sha1(body, usedforsecurity=False).digest()
    arrived: Arrived[object] = Arrived(20, Closure)
    pieces = (data[at : at + PIECE] for at in range(0, len(data), PIECE))
    try:
        with Spool(_no_file, in_memory=len(data) + 1) as spool:
            receive(pieces, spool, _Silent(), arrived)
        if not arrived.offsets or arrived.has_named_bases:
            return
        pack = Pack(arrived.data, numbered_index(arrived.offsets, arrived.data, 20), 20)
        forest = plant(pack)
        _resolved(pack, forest)
        true_index(pack, forest, 1)
    except DamagedError:
        return


def _check_entries(given: bytes) -> None:
    """Let a pack of arbitrary entries arrive: deltas, which are compressed, are reached so.

    Each entry is described by its type, what it claims of its size beside the truth, how many
    entries before it the base of a delta is, and the length of its content.
    """
    from packs import entry, offset_field

    body, starts, at = b"", [], 0
    while at + 5 <= len(given):
        kind, lie, back = given[at] % 8, given[at + 1], given[at + 2]
        size = int.from_bytes(given[at + 3 : at + 5])
        content = given[at + 5 : at + 5 + size]
        at += 5 + size
        starts.append(12 + len(body))
        base = b""
        if kind == OFS_DELTA:
            base = offset_field(starts[-1] - starts[max(0, len(starts) - 1 - back)])
        elif kind == REF_DELTA:
            base = bytes((back,)) * 20
        body += entry(kind, content, size=max(0, len(content) + lie - TRUE), base=base)
    _check_arrival(b"PACK" + struct.pack(">II", 2, len(starts)) + body)


def _no_file() -> Path:
    raise WrongError("it did not stay in memory")


def _check_pack(given: bytes) -> None:
    """Read a pack with an index; the first four bytes say how long the pack is."""
    from leakscan.git.damage import DamagedError
    from leakscan.git.forest import plant_plainly
    from leakscan.git.forest_vector import plant_vectorised
    from leakscan.git.pack import Pack

    size = int.from_bytes(given[:4])
    try:
        pack = Pack(given[4 : 4 + size], given[4 + size :], 20)
        if pack.count > MEMBERS:
            return
        for plant in (plant_plainly, plant_vectorised):
            _resolved(pack, plant(pack))
    except DamagedError:
        return


def _resolved(pack: Pack, forest: Forest) -> None:
    """Resolve and search every object; in pieces where they are large."""
    from leakscan.git.damage import DamagedError
    from leakscan.git.versions import version_search
    from leakscan.git.walk import Streamed, resolve

    for task in forest.tasks():
        search = version_search(pack, forest, task, _Silent())
        for _, content, delta in resolve(pack, forest, task[1], PIECE):
            search(content, delta)
            if isinstance(content, Streamed):
                try:
                    for _ in content.chunks:
                        pass
                except DamagedError:
                    continue


# All of it.


def _detectors() -> Iterator[Target]:
    import seeds

    yield Target("detector", _check_detector, seeds.everything)


@functools.cache
def detector() -> Detector:
    """Return a detector of the shipped rules, made once."""
    from leakscan.detect import Detector
    from leakscan.rules import load_rules, select_rules

    return Detector(select_rules(load_rules(), ()))


def _check_detector(data: bytes) -> None:
    from leakscan.model import Unread

    shipped, sparing = detector(), detector().sparing()
    in_pieces = (data[at : at + PIECE] for at in range(0, len(data), PIECE))
    texts = (*shipped.search_text(data), *sparing.search_message(data), *sparing.search_names(data))
    files = (
        *shipped.search_blob(data),
        *sparing.search_file(data)[0],
        *sparing.search_known_file(data),
    )
    sparing.suspects(data)
    sparing.brings_sign(data)
    require(not shipped.search_text(b""), "what was not read is told of another text")
    for match in (*files, *texts, *shipped.search_stream(in_pieces)):
        if isinstance(match, Unread):
            require(bool(match.why), "a part is unread for no reason")
            continue
        require(match.length > 0 and match.line > 0 and match.column > 0, "a match is nowhere")
        if match.within is None:
            require(0 <= match.start <= len(data) - match.length, "a match is beyond the end")


PARTS = (_decoders, _containers, _packs, _detectors)
"""What lists the targets of each kind."""
