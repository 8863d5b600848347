"""ar, as its own program and Debian's write it."""

from __future__ import annotations

import io
import lzma
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opened import Held, cut_everywhere, held, survives

from leakscan.containers.ar import Ar
from leakscan.detect import Detector
from leakscan.glance import is_suspect
from leakscan.model import Unread
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXTS = {"a.txt": b"odd", "b": b"even", "a name that is longer than sixteen characters.txt": b"x\n"}


def entry(name: bytes, content: bytes) -> bytes:
    """Write one member by hand (ar(5))."""
    head = b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name, 0, 0, 0, 0o644, len(content))
    return head + content + b"\n" * (len(content) & 1)


def by_hand(*members: tuple[bytes, bytes]) -> bytes:
    return b"!<arch>\n" + b"".join(entry(*member) for member in members)


@pytest.mark.skipif(not shutil.which("ar"), reason="ar is not installed")
def test_what_ar_itself_writes(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_bytes(text)
    subprocess.run(["ar", "rc", "all.a", *TEXTS], cwd=tmp_path, check=True)
    found = held((tmp_path / "all.a").read_bytes())
    members = [one for one in found if isinstance(one, Held) and one.name]
    assert members == [Held(name, text) for name, text in TEXTS.items()]


def test_names_as_bsd_writes_them() -> None:
    data = by_hand((b"#1/8", b"long\0\0\0\0text"), (b"short", b"more"))
    assert held(data) == [Held("long", b"text"), Held("short", b"more")]


def test_a_token_in_a_debian_package(new_token: Callable[[], str]) -> None:
    token = new_token()
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        info = tarfile.TarInfo("./etc/app.conf")
        info.size = len(token) + 4
        archive.addfile(info, io.BytesIO(b"KEY=" + token.encode()))
    data = by_hand((b"debian-binary", b"2.0\n"), (b"data.tar.xz", lzma.compress(inner.getvalue())))
    (match,) = Detector(select_rules(load_rules(), ())).search_blob(data)
    assert match.secret.reveal() == token
    assert match.within == "data.tar.xz!/./etc/app.conf"


SAMPLE = by_hand((b"a", b"first"), (b"#1/4", b"namesecond"), (b"//", b"long/\n"), (b"/0", b"x"))


def test_cut_anywhere() -> None:
    cut_everywhere(Ar(), SAMPLE)
    assert held(SAMPLE[:-20]) == [
        Held("a", b"first"),
        Held("name", b"second"),
        Unread("", "it is cut short"),
    ]


@given(at=st.integers(8, len(SAMPLE) - 1), byte=st.integers(0, 255))
def test_changed_anywhere(at: int, byte: int) -> None:
    survives(Ar(), SAMPLE[:at] + bytes([byte]) + SAMPLE[at + 1 :])


UNREAD = {
    "RAR is not read": b"Rar!\x1a\x07\1\0",
    "a cabinet file is not read": b"MSCF\0\0\0\0",
    "RPM is not read": b"\xed\xab\xee\xdb",
    "LZ4 is not read": b"\x04\x22\x4d\x18\x64",
    "lzop is not read": b"\x89LZO\0\r\n\x1a\n",
    "lzip is not read": b"LZIP\1",
    "compress (.Z) is not read": b"\x1f\x9d\x90",
    "SquashFS is not read": b"hsqs" + bytes(24) + b"\4\0\0\0",
}


@pytest.mark.parametrize("why", UNREAD)
def test_what_nothing_here_reads_is_told(why: str) -> None:
    data = UNREAD[why] + bytes(range(100))
    assert Detector(select_rules(load_rules(), ())).search_blob(data) == [Unread("", why)]
    assert is_suspect(data)


@pytest.mark.parametrize("text", [b"Random words, many of them\n", b"hsqs is a word\n" * 9])
def test_what_only_begins_like_it_is_a_text(text: bytes) -> None:
    assert not Detector(select_rules(load_rules(), ())).search_blob(text)
