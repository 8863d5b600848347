from __future__ import annotations

import bz2
import gzip
import io
import lzma
import mmap
import random
import sys
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opened import Held, cut_everywhere, drain, held, held_by, survives

from leakscan.containers.compressed import Bzip2, Gzip, Lzma, Xz, Zstd
from leakscan.containers.container import CHUNK, Budget, SpentError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leakscan.containers.container import Format


def _lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE, preset=0)


def _xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


FORMATS: list[tuple[Format, Callable[[bytes], bytes]]] = [
    (Gzip(), gzip.compress),
    (Bzip2(), bz2.compress),
    (Xz(), _xz),
    (Lzma(), _lzma_alone),
    (Zstd(), zstd.compress),
]
MANY = [pair for pair in FORMATS if pair[0].name != "LZMA"]
"""Those that may be several streams one after the other."""

every = pytest.mark.parametrize(
    ("container", "compress"), FORMATS, ids=[each.name for each, _ in FORMATS]
)
every_compressor = pytest.mark.parametrize(
    "compress", [each for _, each in FORMATS], ids=[each.name for each, _ in FORMATS]
)
every_compressor_of_many = pytest.mark.parametrize(
    "compress", [each for _, each in MANY], ids=[each.name for each, _ in MANY]
)
every_with_many = pytest.mark.parametrize(
    ("container", "compress"), MANY, ids=[each.name for each, _ in MANY]
)


def text(size: int) -> bytes:
    """Make something that is compressed to half its size or so."""
    return random.Random(size).randbytes(size // 2 + 1).hex().encode()[:size]  # noqa: S311 - made up, not secret


@every_compressor
@pytest.mark.parametrize("size", [100, 1000, CHUNK + 7])
def test_read_to_the_end(compress: Callable[[bytes], bytes], size: int) -> None:
    content = text(size)
    assert held(compress(content)) == [Held("", content)]


@every_compressor_of_many
def test_several_streams_are_one(compress: Callable[[bytes], bytes]) -> None:
    data = compress(b"one, ") + compress(b"") + compress(b"two, ") + compress(text(100_000))
    assert held(data) == [Held("", b"one, two, " + text(100_000))]


@every_compressor_of_many
def test_zeros_between_streams_and_what_follows_are_left_out(
    compress: Callable[[bytes], bytes],
) -> None:
    data = compress(b"one, ") + bytes(512) + compress(b"two") + bytes(20) + b"something else"
    assert held(data) == [Held("", b"one, two")]


@every_compressor
def test_cut_short_gives_what_there_is(compress: Callable[[bytes], bytes]) -> None:
    content = text(1_500_000)
    packed = compress(content)
    (member,) = held(packed[: len(packed) * 9 // 10])
    assert isinstance(member, Held)
    assert member.fault == "it is cut short"
    assert content.startswith(member.content)
    assert len(member.content) > len(content) * 0.4  # bzip2 gives blocks of 900 kB only


@pytest.mark.parametrize("compress", [gzip.compress, _xz], ids=["gzip", "xz"])
@pytest.mark.parametrize("size", [5000, 1_500_000])
def test_damaged_gives_what_stands_before(compress: Callable[[bytes], bytes], size: int) -> None:
    content = text(size)
    packed = bytearray(compress(content))
    packed[-5] ^= 0xFF  # in the size or the footer, behind all content
    (member,) = held(bytes(packed))
    assert isinstance(member, Held)
    assert member.fault == "it is damaged"
    assert content.startswith(member.content)
    assert len(content) - len(member.content) < 200


@every
def test_cut_anywhere(container: Format, compress: Callable[[bytes], bytes]) -> None:
    cut_everywhere(container, compress(text(700)) + compress(b"more"))


@every
@given(flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), max_size=4))
def test_flipped_bytes(
    container: Format,
    compress: Callable[[bytes], bytes],
    flips: list[tuple[int, int]],
) -> None:
    data = bytearray(compress(text(3000)))
    for at, mask in flips:
        data[at % len(data)] ^= mask
    survives(container, bytes(data))


@every
@given(tail=st.binary(max_size=300))
def test_anything_behind_a_beginning(
    container: Format, compress: Callable[[bytes], bytes], tail: bytes
) -> None:
    survives(container, compress(b"x")[:14] + tail)


@every
def test_a_bomb_stops_at_the_budget(container: Format, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(bytes(10 << 20))
    with pytest.raises(SpentError, match="more than 8 MiB"):
        held_by(container, bomb, Budget(8 << 20))


def test_ten_gigabytes_of_zeros_take_no_memory_and_no_time() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    mebibyte = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    bomb = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + mebibyte * 10_240
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(SpentError):
            drain(Gzip(), bomb, Budget(256 << 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20
    assert time.monotonic() - started < 20


@every_with_many
def test_two_hundred_megabytes_are_read_in_little_memory(
    container: Format, compress: Callable[[bytes], bytes]
) -> None:
    packed = compress(bytes(20_000_000)) * 10
    tracemalloc.start()
    try:
        size = drain(container, packed, Budget())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 200_000_000
    assert peak < 16 << 20


def test_millions_of_empty_streams_stop_at_the_budget() -> None:
    with pytest.raises(SpentError, match="more than 1,000 members"):
        held_by(Gzip(), gzip.compress(b"") * 5000, Budget(members=1000))


def test_gzip_gives_its_file_name_but_not_a_tars() -> None:
    def named(name: str) -> bytes:
        file = io.BytesIO()
        with gzip.GzipFile(name, "wb", fileobj=file) as packed:
            packed.write(b"content")
        return file.getvalue()

    assert held(named("app.env")) == [Held("app.env", b"content")]
    assert held(named("backup.tar")) == [Held("", b"content")]


def test_gzip_with_an_extra_field_before_the_name() -> None:
    plain = gzip.compress(b"content")
    extra = b"\x05\0abcde"
    data = plain[:3] + bytes((4 | 8,)) + plain[4:10] + extra + b"a\xff\x1b.env\0" + plain[10:]
    assert held(data) == [Held("a\\xff\x1b.env", b"content")]


def test_a_frame_of_zstd_that_is_to_be_skipped() -> None:
    skipped = b"\x53\x2a\x4d\x18\x07\0\0\0ignored"
    data = skipped + zstd.compress(b"one, ") + skipped + zstd.compress(b"two")
    assert held(data) == [Held("", b"one, two")]


def test_zstd_whose_window_takes_too_much_memory() -> None:
    # A frame header: no size, no check sum; a window of 2 GiB (RFC 8878, 3.1.1.1.2)
    data = b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x09\x00\x00x"
    assert held(data + bytes(8)) == [Held("", b"", "reading it takes more than 256 MiB of memory")]


def test_lzma_whose_window_takes_too_much_memory() -> None:
    data = bytearray(_lzma_alone(b"content"))
    data[1:5] = (1 << 31).to_bytes(4, "little")
    assert held(bytes(data)) == [Held("", b"", "reading it takes more than 256 MiB of memory")]


def test_zstd_compressed_with_a_dictionary() -> None:
    samples = [text(300 + n) for n in range(200)]
    dictionary = zstd.train_dict(samples, 4096)
    data = zstd.compress(samples[0], zstd_dict=dictionary)
    (member,) = held(data)
    assert isinstance(member, Held)
    assert member.fault == "it was compressed with a dictionary that is not in it"


@every_compressor
def test_a_mapped_file_is_let_go(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(compress(text(5000)))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert held(data) == [Held("", text(5000))]
