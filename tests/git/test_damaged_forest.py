"""Both ways to plant a forest make the same of a pack that is damaged."""

from __future__ import annotations

import hashlib
import struct
import zlib

from hypothesis import example, given
from hypothesis import strategies as st

from leakscan.git.damage import DamagedError
from leakscan.git.forest import Forest, plant_plainly
from leakscan.git.forest_vector import plant_vectorised
from leakscan.git.indexing import numbered_index
from leakscan.git.pack import REF_DELTA, Pack

COLUMNS = ("start", "stop", "size", "depth", "parent", "last", "rank")
ENDLESS = b"\xff" * 30
BYTES = st.lists(st.sampled_from(b"\x00\x05\x10\x30\x35\x60\x65\x73\x80\x81\xb0\xe4\xf5\xff"))
CONTENTS = st.sampled_from([b"", zlib.compress(b"12345")])
ENTRIES = st.builds(lambda head, content: bytes(head) + content, BYTES, CONTENTS)


def planted(entries: list[bytes], cut: int) -> list[Forest | str]:
    """Plant the forest of a pack in both ways; the pack lacks its last bytes."""
    data = b"PACK" + struct.pack(">II", 2, len(entries))
    offsets = []
    for entry in entries:
        offsets.append(len(data))
        data += entry
    data += hashlib.sha1(data, usedforsecurity=False).digest()
    data = data[: max(32, len(data) - cut)]
    pack = Pack(data, numbered_index(offsets, data, 20), 20)
    forests: list[Forest | str] = []
    for plant in (plant_plainly, plant_vectorised):
        try:
            forests.append(plant(pack))
        except DamagedError as error:
            forests.append(str(error))
    return forests


def columns(forest: Forest | str) -> object:
    if isinstance(forest, str):
        return forest
    held = [getattr(forest, name).tolist() for name in COLUMNS]
    return held, forest.segments, sorted(forest.orphans)


@given(st.lists(ENTRIES, min_size=1, max_size=8), st.integers(0, 60))
@example([bytes([REF_DELTA << 4 | 0x80, 3])], 20)  # the name of its base is missing
@example([b"\xb0" + b"\x80" * 8 + b"\x10" + zlib.compress(b"")], 0)  # a size of 2 to the 64th
@example([b"\xb0" + ENDLESS], 0)
@example([b"\x35" + zlib.compress(b"12345"), b"\x65" + ENDLESS], 0)
def test_both_ways_agree_on_what_is_damaged(entries: list[bytes], cut: int) -> None:
    plain, vectorised = planted(entries, cut)
    assert columns(plain) == columns(vectorised)
