from __future__ import annotations

import gzip
import hashlib
import io
import json
import mmap
import random
import tarfile
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opened import Held, cut_everywhere, held, held_by, survives, ways

from leakscan.containers import recognise
from leakscan.containers.container import CHUNK, Budget, SpentError
from leakscan.containers.tar import Tar
from leakscan.model import Unread

if TYPE_CHECKING:
    from pathlib import Path

TEXT = random.Random(7).randbytes(3000).hex().encode()  # noqa: S311 - made up, not secret
FORMATS = {
    "ustar": tarfile.USTAR_FORMAT,
    "GNU": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}


def tarred(members: dict[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def with_sum(header: bytearray) -> bytes:
    """Put the right check sum into a header."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def header(name: bytes, size: bytes, kind: bytes = b"0", *, magic: bytes = b"ustar\x0000") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[257 : 257 + len(magic)] = magic
    return with_sum(block)


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_read_to_the_end(format: int) -> None:
    members = {
        "a.txt": b"short",
        "inner/app.env": TEXT,
        "large": bytes(CHUNK + 5),
        "empty": b"",
        "d/" * 60 + "long": b"in a deep folder",
        "caf\u00e9": b"whole block".ljust(512),
    }
    assert held(tarred(members, format)) == [
        Held(name, content) for name, content in members.items()
    ]


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=["GNU", "pax"])
def test_names_of_any_length(format: int) -> None:
    name = "n" * 65_535
    assert held(tarred({name: b"content", "b": b"b"}, format)) == [
        Held(name, b"content"),
        Held("b", b"b"),
    ]


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_links_give_where_they_lead(format: int) -> None:
    file = io.BytesIO()
    target = "t/" * 49 + "x" if format == tarfile.USTAR_FORMAT else "t/" * 200 + "x"
    with tarfile.open(fileobj=file, mode="w", format=format) as archive:
        for name, kind in (
            ("soft", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("d", tarfile.DIRTYPE),
            ("p", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target if kind in b"12" else ""
            archive.addfile(info)
    assert held(file.getvalue()) == [
        Held("soft", target.encode()),
        Held("hard", target.encode()),
        Held("d/", b""),
        Held("p", b""),
    ]


def test_the_old_format_without_a_magic_number() -> None:
    data = (
        header(b"old", b"0000007\0", b"\0", magic=b"") + b"content".ljust(512, b"\0") + bytes(1024)
    )
    assert held(data) == [Held("old", b"content")]


def test_a_check_sum_of_signed_bytes() -> None:
    block = bytearray(header("caf\u00e9".encode(), b"7 "))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(byte - 256 if byte > 127 else byte for byte in block)
    assert held(bytes(block) + b"content".ljust(512, b"\0")) == [Held("caf\u00e9", b"content")]


def test_sizes_in_binary_and_in_keywords() -> None:
    binary = header(b"a", b"\x80" + bytes(10) + b"\x07") + b"content".ljust(512, b"\0")
    keyword = b"10 size=7\n"
    pax = header(b"x", b"%o" % len(keyword), b"x") + keyword.ljust(512, b"\0")
    assert held(binary + pax + header(b"b", b"0") + b"content".ljust(512, b"\0")) == [
        Held("a", b"content"),
        Held("b", b"content"),
    ]


def test_sparse_files_are_given_as_they_are_stored() -> None:
    block = bytearray(header(b"sparse", b"6", b"S", magic=b"ustar  \0"))
    block[482] = 1
    more = bytearray(512)
    more[504] = 1
    data = with_sum(block) + bytes(more) + bytes(512) + b"stored".ljust(512, b"\0")
    assert held(data + header(b"b", b"0")) == [Held("sparse", b"stored"), Held("b", b"")]


def test_tars_one_after_the_other() -> None:
    data = tarred({"a": TEXT}) + tarred({"b": TEXT}) + b"and no more".ljust(512)
    assert held(data) == [Held("a", TEXT), Held("b", TEXT)]


def test_a_damaged_header_loses_one_member() -> None:
    data = bytearray(tarred({"a": TEXT, "b": TEXT, "c": TEXT}, tarfile.USTAR_FORMAT))
    second = 512 + -(-len(TEXT) // 512) * 512
    data[second : second + 40] = b"?" * 40
    assert held(bytes(data)) == [
        Held("a", TEXT),
        Unread("", f"it is damaged from byte {second:,} on"),
        Held("c", TEXT),
    ]


def test_cut_short() -> None:
    data = tarred({"a": TEXT, "b": TEXT}, tarfile.USTAR_FORMAT)
    second = 512 + -(-len(TEXT) // 512) * 512
    assert held(data[: second + 512 + 100]) == [
        Held("a", TEXT),
        Held("b", TEXT[:100], "it is cut short"),
    ]
    assert held(data[: second + 100]) == [Held("a", TEXT), Unread("", "it is cut short")]


@pytest.mark.parametrize(
    "size",
    [
        b"77777777777",
        b"\x80" + b"\xff" * 11,
        b"\x8f" + b"\xff" * 11,
        b"\xff" * 12,
        b"99999",
        b"-1",
        b"1_0",
    ],
)
def test_absurd_sizes(size: bytes) -> None:
    survives(Tar(), header(b"a", b"1") + b"a".ljust(512, b"\0") + header(b"b", size) + TEXT)
    survives(Tar(), header(b"b", size) + TEXT)
    pax = b"30 size=99999999999999999999\n "
    survives(Tar(), header(b"x", b"%o" % len(pax), b"x") + pax.ljust(512) + header(b"b", b"1"))


@given(st.binary(max_size=600))
def test_anything_as_keywords(noise: bytes) -> None:
    pax = header(b"x", b"%o" % len(noise), b"x") + noise.ljust(-(-len(noise) // 512) * 512, b"\0")
    survives(Tar(), pax + header(b"b", b"1") + bytes(512))


def test_names_of_any_kind() -> None:
    names = [b"../../etc/passwd", b"/absolute", b"\xff\xfe", b"\x1b[31m"]
    data = b"".join(header(name, b"0") for name in names)
    assert [each.name for each in held(data) if isinstance(each, Held)] == [
        "../../etc/passwd",
        "/absolute",
        "\\xff\\xfe",
        "\x1b[31m",
    ]


def test_cut_anywhere() -> None:
    data = tarred({"a": b"abc", "n" * 120: b"b"})
    cut_everywhere(Tar(), data[: data.rindex(b"b") + 600])


@given(flips=st.lists(st.tuples(st.integers(0, 6000), st.integers(1, 255)), max_size=4))
def test_flipped_bytes(flips: list[tuple[int, int]]) -> None:
    data = bytearray(tarred({"a": b"abc", "n" * 120: b"b", "c": TEXT[:600]}))
    for at, mask in flips:
        data[at % len(data)] ^= mask
    survives(Tar(), bytes(data))


def test_a_million_members_stop_at_the_budget() -> None:
    data = header(b"x", b"0") * 200_000
    started = time.monotonic()
    with pytest.raises(SpentError, match="more than 100,000 members"):
        held_by(Tar(), data, Budget())
    assert time.monotonic() - started < 10


def test_a_bomb_stops_at_the_budget() -> None:
    with pytest.raises(SpentError):
        held_by(Tar(), tarred({"a": bytes(10 << 20)}), Budget(8 << 20))


@pytest.mark.parametrize("filler", [b"\0", b"ustar", b"ustar\0" + b"x" * 506, b"\0" * 511 + b"x"])
def test_megabytes_of_nothing_sensible_take_no_time(filler: bytes) -> None:
    data = header(b"a", b"0") + b"?" * 512 + (filler * (20_000_000 // len(filler) + 1))[:20_000_000]
    started = time.monotonic()
    survives(Tar(), data)
    assert time.monotonic() - started < 5


def test_images_of_docker_lead_to_layer_and_path() -> None:
    layer = tarred({"etc/app.env": b"KEY=value\n", "etc/other": TEXT})
    manifest = json.dumps([{"Layers": ["abc/layer.tar"]}]).encode()
    image = tarred({"manifest.json": manifest, "abc/layer.tar": layer})
    assert dict(ways(image, "image.tar")) == {
        "image.tar!/manifest.json": manifest,
        "image.tar!/abc/layer.tar!/etc/app.env": b"KEY=value\n",
        "image.tar!/abc/layer.tar!/etc/other": TEXT,
    }


def test_oci_images_lead_to_digest_and_path() -> None:
    layer = gzip.compress(tarred({"etc/app.env": b"KEY=value\n"}))
    blob = f"blobs/sha256/{hashlib.sha256(layer).hexdigest()}"
    image = tarred({"oci-layout": b"none\n", blob: layer})
    assert dict(ways(image, "image.tar")) == {
        "image.tar!/oci-layout": b"none\n",
        f"image.tar!/{blob}!/etc/app.env": b"KEY=value\n",
    }


def test_a_mapped_file_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(tarred({"a": TEXT, "b": b""}))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert held(data) == [Held("a", TEXT), Held("b", b"")]


def test_what_only_has_its_magic_number_is_none() -> None:
    assert recognise(b"x" * 257 + b"ustar" + b"x" * 800) is None
    assert recognise(b"x" * 1024) is None
    assert recognise(bytes(10240)) is None
