from __future__ import annotations

import io
import mmap
import random
import struct
import sys
import tracemalloc
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opened import Held, cut_everywhere, drain, held, survives

from leakscan.containers.container import Budget, SpentError
from leakscan.containers.seven_zip import _MAX_DIRECTORY, SevenZip
from leakscan.model import Unread

if TYPE_CHECKING:
    from pathlib import Path

py7zr = pytest.importorskip("py7zr")

TEXT = random.Random(8).randbytes(20_000).hex().encode()  # noqa: S311 - made up, not secret
X86 = {"id": py7zr.FILTER_X86}
FILTERS: dict[str, list[dict[str, Any]]] = {
    "LZMA2": [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "LZMA": [{"id": py7zr.FILTER_LZMA}],
    "BCJ and LZMA": [X86, {"id": py7zr.FILTER_LZMA}],
    "BCJ and LZMA2": [X86, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "delta and LZMA2": [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "deflate64": [{"id": py7zr.properties.FILTER_DEFLATE64}],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "brotli": [{"id": py7zr.FILTER_BROTLI, "level": 3}],
    "copy": [{"id": py7zr.FILTER_COPY}],
}


def packed(
    members: dict[str, bytes],
    filters: list[dict[str, Any]] | None = None,
    password: str | None = None,
    *,
    encrypted_names: bool = False,
) -> bytes:
    file = io.BytesIO()
    with py7zr.SevenZipFile(
        file,
        "w",
        filters=filters or FILTERS["LZMA2"] if password is None else None,
        password=password,
        header_encryption=encrypted_names,
    ) as archive:
        for name, content in members.items():
            archive.writestr(content, name)
    return file.getvalue()


@cache
def _sound(name: str) -> bytes:
    return packed({"a": TEXT[:100], "b": b"b"}, FILTERS[name])


def with_directory(directory: bytes, blocks: bytes = b"") -> bytes:
    """Make an archive whose check sums are right, whatever the directory says."""
    where = struct.pack("<2QL", len(blocks), len(directory), zlib.crc32(directory))
    head = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(where)) + where
    return head + blocks + directory


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_read_to_the_end(filters: list[dict[str, Any]]) -> None:
    members = {"a.txt": b"short", "inner/app.env": TEXT, "large": TEXT * 30, "last": TEXT}
    assert held(packed(members, filters)) == [
        Held(name, content) for name, content in members.items()
    ]


def test_empty_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "empty").touch()
    (tmp_path / "folder" / "a").write_bytes(TEXT)
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive:
        archive.writeall(tmp_path / "folder", "folder")
    found = held(file.getvalue())
    assert {each.name: each.content for each in found if isinstance(each, Held)} == {
        "folder": b"",
        "folder/empty": b"",
        "folder/a": TEXT,
    }


def test_several_blocks() -> None:
    file = io.BytesIO(packed({"a": TEXT}))
    with py7zr.SevenZipFile(file, "a") as archive:
        archive.writestr(TEXT[::-1], "b")
    assert held(file.getvalue()) == [Held("a", TEXT), Held("b", TEXT[::-1])]


def test_encrypted() -> None:
    members = {"secret.txt": TEXT, "other": TEXT}
    assert held(packed(members, password="x")) == [  # noqa: S106 - protects nothing
        Unread("secret.txt", "it is encrypted"),
        Unread("other", "it is encrypted"),
    ]
    data = packed(members, password="x", encrypted_names=True)  # noqa: S106 - protects nothing
    assert held(data) == [Unread("", "it is encrypted")]


def test_ppmd_is_left_alone() -> None:
    data = packed({"a": TEXT}, [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 20}])
    assert held(data) == [Unread("a", "it is packed with PPMd")]


def test_without_py7zr(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({"a": TEXT})
    monkeypatch.setitem(sys.modules, "py7zr", None)
    assert held(data) == [Unread("", "reading it needs more: pip install 'leakscan[7z]'")]


def test_a_damaged_block_gives_what_stands_before() -> None:
    large = random.Random(9).randbytes(300_000).hex().encode()  # noqa: S311 - made up, not secret
    data = bytearray(packed({"a": TEXT, "b": large, "c": b"content"}))
    data[200_000] ^= 0xFF
    first, second, third = held(bytes(data))
    assert first == Held("a", TEXT)
    assert isinstance(second, Held)
    assert second.fault == "it is damaged"
    assert second.content[:300_000] == large[:300_000]
    assert third == Unread("c", "it is damaged")


def test_a_wrong_check_sum() -> None:
    data = bytearray(packed({"a": TEXT, "b": b"content"}, FILTERS["copy"]))
    data[32 + 100] ^= 1
    first, second = held(bytes(data))
    assert isinstance(first, Held)
    assert first.fault == "it is damaged: its check sum is wrong"
    assert second == Held("b", b"content")


def test_whoever_gives_up_a_member_gets_the_next() -> None:
    data = packed({"a": TEXT * 60, "b": b"content"})
    members = SevenZip().members(data, Budget())
    first = next(members)
    assert not isinstance(first, Unread)
    next(iter(first.chunks))
    second = next(members)
    assert not isinstance(second, Unread)
    assert b"".join(second.chunks) == b"content"


def test_cut_short() -> None:
    data = packed({"a": TEXT})
    assert held(data[:-5]) == [Unread("", "it is cut short")]
    assert held(data[:32]) == [Unread("", "it is cut short")]


@pytest.mark.parametrize("name", FILTERS)
def test_a_bomb_stops_at_the_budget(name: str) -> None:
    bomb = packed({"a": bytes(40 << 20)}, FILTERS[name])
    tracemalloc.start()
    try:
        with pytest.raises(SpentError):
            drain(SevenZip(), bomb, Budget(16 << 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


@pytest.mark.parametrize(
    ("coder", "why"),
    [
        (b"\x23\3\1\1\5\x5d\xff\xff\xff\xff", "reading it takes more than 256 MiB of memory"),
        (b"\x21\x21\1\x28", "reading it takes more than 256 MiB of memory"),
        (b"\x23\3\4\1\5\6\xff\xff\xff\xff", "it is packed with PPMd"),
        (b"\x04\x04\xf7\x11\x01", "it is packed in a way that cannot be read here"),
        (b"\x04\x06\xf1\x07\x01", "it is encrypted"),
    ],
    ids=["LZMA", "LZMA2", "PPMd", "zstd", "AES"],
)
def test_a_directory_that_takes_too_much(coder: bytes, why: str) -> None:
    directory = (
        b"\x17\x06\0\1\x09\x0a\0"  # packed: one stream of ten bytes at the beginning
        b"\x07\x0b\1\0\1" + coder + b"\x0c\x40\0\0"  # one block of one coder
    )
    assert held(with_directory(directory, bytes(10))) == [Unread("", why)]


def test_a_directory_that_claims_to_be_long() -> None:
    directory = b"\x17\x06\0\1\x09\x0a\0\x07\x0b\1\0\1\x21\x21\1\x10\x0c\xf0\xff\xff\xff\x7f\0\0"
    assert held(with_directory(directory, bytes(10))) == [Unread("", "its directory is too long")]
    assert held(with_directory(bytes(2 << 20))) == [Unread("", "its directory is too long")]


def test_a_directory_of_the_most_objects() -> None:
    count = _MAX_DIRECTORY // 8 * 7
    files = b"\x05\xe0" + count.to_bytes(3, "little")
    empty = b"\x0e\xe0" + (count // 8).to_bytes(3, "little") + b"\xff" * (count // 8) + b"\0\0"
    room = _MAX_DIRECTORY - len(files + empty) - 1
    with pytest.raises(SpentError, match="more than 100,000 members"):
        held(with_directory(b"\x01" + files + empty + bytes(room)))


def test_cut_anywhere() -> None:
    cut_everywhere(SevenZip(), packed({"a": TEXT[:100], "b": b"b"}))


@pytest.mark.parametrize("name", ["LZMA2", "copy", "zstd"])
@given(flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), max_size=4))
def test_flipped_bytes(name: str, flips: list[tuple[int, int]]) -> None:
    data = bytearray(_sound(name))
    for at, mask in flips:
        data[12 + at % (len(data) - 12)] ^= mask
    survives(SevenZip(), bytes(data))


@given(flips=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 255)), min_size=1, max_size=3))
@example(flips=[(4, 32)])
def test_flipped_bytes_in_a_directory_with_the_right_check_sum(
    flips: list[tuple[int, int]],
) -> None:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", filters=FILTERS["LZMA2"]) as archive:
        archive.encoded_header_mode = False
        archive.writestr(TEXT[:100], "a")
        archive.writestr(b"b", "b")
    data = file.getvalue()
    offset, size = struct.unpack_from("<2Q", data, 12)
    directory = bytearray(data[32 + offset : 32 + offset + size])
    for at, mask in flips:
        directory[at % len(directory)] ^= mask
    survives(SevenZip(), with_directory(bytes(directory), data[32 : 32 + offset]))


@given(st.binary(max_size=200))
def test_any_directory(noise: bytes) -> None:
    for kind in (
        b"",
        b"\x01",
        b"\x17",
        b"\x01\x05",
        b"\x01\x04\x06",
        b"\x17\x06\0\1\x09\x0a\0\x07\x0b\1\0",
    ):
        survives(SevenZip(), with_directory(kind + noise, bytes(10)))


def test_a_mapped_file_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(packed({"a": TEXT}))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert held(data) == [Held("a", TEXT)]
