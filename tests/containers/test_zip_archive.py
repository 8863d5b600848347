from __future__ import annotations

import io
import mmap
import random
import struct
import time
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opened import Held, cut_everywhere, drain, held, held_by, survives

from leakscan.containers import recognise
from leakscan.containers.container import Budget, SpentError
from leakscan.containers.zip_archive import Zip
from leakscan.model import Unread

if TYPE_CHECKING:
    from pathlib import Path

TEXT = random.Random(6).randbytes(40_000).hex().encode()  # noqa: S311 - made up, not secret
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
MISSING = Unread("", "its directory is missing: it is cut short")


class _Pipe(io.RawIOBase):
    """A file in which nothing can be put right afterwards."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += data
        return len(data)


def zipped(
    members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False
) -> bytes:
    pipe, file = _Pipe(), io.BytesIO()
    with zipfile.ZipFile(pipe if streamed else file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return bytes(pipe.written) if streamed else file.getvalue()


def local(
    name: bytes, packed: bytes, size: int, crc: int, method: int = 8, flags: int = 0
) -> bytes:
    head = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, 0, crc, len(packed), size, len(name), 0
    )
    return head + name + packed


def directory_entry(
    name: bytes, packed: int, size: int, crc: int, at: int, method: int = 8, extra: bytes = b""
) -> bytes:
    return (
        struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            20,
            20,
            0,
            method,
            0,
            0,
            crc,
            packed,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            0,
            at,
        )
        + name
        + extra
    )


def ended(body: bytes, directory: bytes, count: int) -> bytes:
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(body), 0
    )
    return body + directory + end


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("streamed", [False, True])
def test_read_to_the_end(method: int, *, streamed: bool) -> None:
    members = {"a.txt": b"short", "inner/app.env": TEXT, "large": TEXT * 30, "empty": b""}
    data = zipped(members, method, streamed=streamed)
    assert held(data) == [Held(name, content) for name, content in members.items()]


@pytest.mark.parametrize("method", [93, 95], ids=["zstd", "xz"])
def test_newer_methods(method: int) -> None:
    import lzma

    from test_compressed import zstd

    packed = zstd.compress(TEXT) if method == 93 else lzma.compress(TEXT, preset=0)
    crc = zlib.crc32(TEXT)
    body = local(b"a", packed, len(TEXT), crc, method)
    data = ended(body, directory_entry(b"a", len(packed), len(TEXT), crc, 0, method), 1)
    assert held(data) == [Held("a", TEXT)]


def test_folders_have_a_name_only() -> None:
    assert held(zipped({"folder/": b"", "folder/a": b"content"})) == [
        Held("folder/", b""),
        Held("folder/a", b"content"),
    ]


def test_large_archives_have_their_numbers_elsewhere() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(TEXT)
    assert held(file.getvalue()) == [Held("a", TEXT)]

    body = local(b"a", TEXT, len(TEXT), zlib.crc32(TEXT), 0)
    numbers = struct.pack("<2H3Q", 1, 24, len(TEXT), len(TEXT), 0)
    absent = 0xFFFFFFFF
    entry = directory_entry(b"a", absent, absent, zlib.crc32(TEXT), absent, 0, numbers)
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), len(body))
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body + entry), 1)
    last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, absent, absent, 0)
    assert held(body + entry + end + locator + last) == [Held("a", TEXT)]


@pytest.mark.parametrize("program", [b"#!/usr/bin/env python3\n", b"MZ" + bytes(500)])
def test_a_program_that_unpacks_itself(program: bytes) -> None:
    assert held(program + zipped({"a": TEXT})) == [Held("a", TEXT)]


def test_a_comment_that_looks_like_the_end() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", TEXT)
        archive.comment = b"a comment"
    assert held(file.getvalue()) == [Held("a", TEXT)]


def test_the_directory_is_believed_rather_than_the_headers() -> None:
    packed, crc = deflated(TEXT), zlib.crc32(TEXT)
    body = local(b"another name", packed, 7, 1, 0).replace(
        struct.pack("<L", len(packed)), b"\xff\xff\0\0", 1
    )
    data = ended(body, directory_entry(b"a", len(packed), len(TEXT), crc, 0), 1)
    assert held(data) == [Held("a", TEXT)]


def test_encrypted() -> None:
    data = bytearray(zipped({"secret.txt": TEXT, "plain": b"content"}))
    data[data.index(b"PK\1\2") + 8] |= 1
    assert held(bytes(data)) == [Unread("secret.txt", "it is encrypted"), Held("plain", b"content")]


@pytest.mark.parametrize(("method", "called"), [(9, "deflate64"), (98, "PPMd"), (50, "method 50")])
def test_methods_that_nothing_here_undoes(method: int, called: str) -> None:
    data = bytearray(zipped({"a": TEXT}))
    data[data.index(b"PK\1\2") + 10] = method
    assert held(bytes(data)) == [Unread("a", f"it is packed with {called}")]


@pytest.mark.parametrize("streamed", [False, True])
def test_without_its_directory(*, streamed: bool) -> None:
    data = zipped({"a": TEXT, "b": TEXT[::-1]}, streamed=streamed)
    assert held(data[: data.index(b"PK\1\2")]) == [Held("a", TEXT), Held("b", TEXT[::-1]), MISSING]


def test_cut_short_within_a_member() -> None:
    data = zipped({"a": TEXT, "b": TEXT})
    first, second, missing = held(data[: data.index(b"PK\1\2") - 5000])
    assert first == Held("a", TEXT)
    assert missing == MISSING
    assert isinstance(second, Held)
    assert second.fault == "it is cut short"
    assert TEXT.startswith(second.content)
    assert len(second.content) > 60_000


def test_cut_short_behind_a_whole_zip_that_is_stored_in_it() -> None:
    inner = zipped({"inner": TEXT})
    data = zipped({"a": b"content", "inner.zip": inner, "b": TEXT}, zipfile.ZIP_STORED)
    cut = data[: data.index(inner) + len(inner)]
    assert held(cut) == [Held("a", b"content"), Held("inner.zip", inner), MISSING]


def test_a_wrong_check_sum() -> None:
    data = bytearray(zipped({"a": TEXT}))
    data[data.index(b"PK\1\2") + 16] ^= 1
    assert held(bytes(data)) == [Held("a", TEXT, "it is damaged: its check sum is wrong")]


def test_damaged_content_gives_what_stands_before() -> None:
    data = bytearray(zipped({"a": TEXT * 40, "b": b"content"}))
    data[1_000_000] ^= 0xFF
    first, second = held(bytes(data))
    assert second == Held("b", b"content")
    assert isinstance(first, Held)
    assert first.fault
    assert len(first.content) > 1_000_000


def test_sizes_and_offsets_that_lead_nowhere() -> None:
    packed, crc = deflated(TEXT), zlib.crc32(TEXT)
    body = local(b"a", packed, len(TEXT), crc)
    absent = 0xFFFFFFFF
    far = struct.pack("<2H3Q", 1, 24, 2**64 - 1, 2**64 - 1, 2**63)
    entries = [
        directory_entry(b"whole", len(packed), len(TEXT), crc, 0),
        directory_entry(b"no such place", len(packed), len(TEXT), crc, absent - 1),
        directory_entry(b"far", absent, absent, crc, absent, 8, far),
        directory_entry(b"claims much", absent - 1, absent - 1, crc, 0),
        directory_entry(b"stored much", absent - 1, absent - 1, crc, 0, 0),
        directory_entry(b"claims little", len(packed), 5, crc, 0),
    ]
    found = held(ended(body, b"".join(entries), len(entries)))
    assert found[:4] == [
        Held("whole", TEXT),
        Unread("no such place", "it is not where the directory says"),
        Unread("far", "it is not where the directory says"),
        Held("claims much", TEXT),
    ]
    assert isinstance(found[4], Held)
    assert found[4].fault == "it is cut short"
    assert found[5] == Held("claims little", TEXT)


def test_a_directory_that_ends_too_early() -> None:
    entry = directory_entry(b"a", 3, 3, zlib.crc32(b"abc"), 0, 0)
    data = ended(local(b"a", b"abc", 3, zlib.crc32(b"abc"), 0), entry, 5)
    assert held(data) == [Held("a", b"abc"), Unread("", "its directory is damaged")]


def test_names_of_any_kind() -> None:
    names = [b"../../etc/passwd", b"/absolute", b"a\0b", b"\xff\xfe", b"n" * 65_535, b"\x1b[31m"]
    body, entries = b"", b""
    for name in names:
        entries += directory_entry(name, 3, 3, zlib.crc32(b"abc"), len(body), 0)
        body += local(name, b"abc", 3, zlib.crc32(b"abc"), 0)
    found = held(ended(body, entries, len(names)))
    assert [each.name for each in found if isinstance(each, Held)] == [
        "../../etc/passwd",
        "/absolute",
        "a\0b",
        "\\xff\\xfe",
        "n" * 65_535,
        "\x1b[31m",
    ]


def test_entries_that_overlap_stop_at_the_budget() -> None:
    """All entries lead to the same megabyte, as in David Fifield's bomb."""
    packed = deflated(bytes(1 << 20))
    crc = zlib.crc32(bytes(1 << 20))
    entry = directory_entry(b"x", len(packed), 1 << 20, crc, 0)
    data = ended(local(b"x", packed, 1 << 20, crc), entry * 60_000, 60_000)
    with pytest.raises(SpentError, match="more than 64 MiB"):
        held_by(Zip(), data, Budget(64 << 20))


def test_entries_that_lead_to_the_same_nothing_stop_at_the_budget() -> None:
    """Empty blocks of deflate take time and give nothing."""
    packed = b"\0\0\0\xff\xff" * 1_000_000
    entry = directory_entry(b"x", len(packed), 5_000_000, 0, 0)
    data = ended(local(b"x", packed, 5_000_000, 0), entry * 60_000, 60_000)
    started = time.monotonic()
    with pytest.raises(SpentError):
        held_by(Zip(), data, Budget(64 << 20))
    assert time.monotonic() - started < 20


def test_ten_gigabytes_of_zeros_take_no_memory_and_no_time() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    mebibyte = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = mebibyte * 10_240
    entry = directory_entry(b"x", len(packed), 0xFFFFFFFE, 0, 0)
    bomb = ended(local(b"x", packed, 0xFFFFFFFE, 0), entry, 1)
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(SpentError):
            drain(Zip(), bomb, Budget(256 << 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20
    assert time.monotonic() - started < 20


def test_a_million_entries_stop_at_the_budget() -> None:
    entry = directory_entry(b"x", 0, 0, 0, 0, 0)
    data = ended(local(b"x", b"", 0, 0, 0), entry * 1_000_000, 1_000_000)
    started = time.monotonic()
    with pytest.raises(SpentError, match="more than 100,000 members"):
        for _ in Zip().members(data, Budget()):
            pass
    assert time.monotonic() - started < 10


def test_cut_anywhere() -> None:
    cut_everywhere(Zip(), zipped({"a": TEXT[:100], "b": b"b"}))
    cut_everywhere(Zip(), zipped({"a": TEXT[:100], "b": b"b"}, zipfile.ZIP_LZMA, streamed=True))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@given(flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), max_size=4))
def test_flipped_bytes(method: int, flips: list[tuple[int, int]]) -> None:
    data = bytearray(zipped({"a": TEXT[:200], "b/c": b"b" * 40, "d": TEXT[:300]}, method))
    for at, mask in flips:
        data[-1 - at % len(data)] ^= mask
    survives(Zip(), bytes(data))


@given(st.binary(max_size=200))
def test_anything_in_place_of_a_directory(noise: bytes) -> None:
    survives(
        Zip(),
        ended(local(b"a", b"abc", 3, 0, 0), directory_entry(noise[:9], 3, 3, 0, 0) + noise, 2),
    )
    survives(Zip(), local(b"a", b"abc", 3, 0, 0) + b"PK\3\4" + noise + b"PK\5\6" + noise)


def test_a_mapped_file_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(zipped({"a": TEXT, "b": b""}))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert held(data) == [Held("a", TEXT), Held("b", b"")]


def test_a_text_that_begins_like_one_is_none() -> None:
    assert recognise(b"PK\3\4 is how a zip begins, and this is none of them") is None
    assert recognise(b"PKZIP was written by Phil Katz.\n") is None
    assert recognise(b"#!/bin/sh\necho PK\5\6" + b"x" * 18) is None
