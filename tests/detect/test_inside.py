"""Containers in streams and in one another: gathered, copied, named, and opened within a budget."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from corpus import archives
from leakscan.containers import recognise
from leakscan.containers.container import Budget, Member
from leakscan.detect import Detector
from leakscan.detect import inside as inside_module
from leakscan.detect.inside import CONTENT, MAX_NESTING, MOST_UNREAD, WHOLE, Inside
from leakscan.detect.looked import Looked
from leakscan.model import Match, Unread
from leakscan.rules import load_rules, select_rules
from sealing import sealed, zipped_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DETECTOR = Detector(select_rules(load_rules(), ()))

NOISE = random.Random(1).randbytes(300_000)  # noqa: S311 - the same every time
"""Cannot be compressed."""


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def ways(found: Iterable[Match | Unread]) -> list[tuple[str, str | None, int]]:
    """Return the secrets that were found, and where; nothing else must have been."""
    matches = [item for item in found if isinstance(item, Match)]
    return [(match.secret.reveal(), match.within, match.line) for match in matches]


def streamed(data: bytes, size: int) -> list[Match | Unread]:
    return list(Inside(DETECTOR).search_stream(pieces(data, size)))


def old_tar(content: bytes) -> bytes:
    """Return a tar without the magic number that came later."""
    made = bytearray(archives.tarred(content))
    made[257:265] = bytes(8)
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made[:512])
    return bytes(made)


@pytest.mark.parametrize(
    ("start", "size"), [(b"#!/bin/bash\nexec java -jar $0\n", 1 << 16), (b"MZ" + bytes(98), 700)]
)
def test_a_program_with_a_zip_at_its_end(token: str, start: bytes, size: int) -> None:
    packed = zipped_files({"filling": NOISE, archives.APP: f"\n{token}"})
    assert ways(streamed(start + packed, size)) == [(token, archives.APP, 2)]


@pytest.mark.parametrize("size", [1, 3, 100, 1000, 1 << 20])
@pytest.mark.parametrize(
    "pack",
    [archives.zipped, archives.tarred, old_tar, lambda c: archives.gzipped(archives.tarred(c))],
    ids=["zip", "tar", "old tar", "tar.gz"],
)
def test_pieces_of_any_size(token: str, pack: Callable[[bytes], bytes], size: int) -> None:
    assert ways(streamed(pack(f"\nKEY={token}\n".encode()), size)) == [(token, archives.APP, 2)]


def test_what_only_begins_like_a_container(token: str) -> None:
    for start in (b"#!/bin/sh\n", b"MZ\n", b"BZh\n", b"PK\3\4\n", b"\x7fELF\n"):
        data = start + b"\n" * 2000 + token.encode()
        assert ways(streamed(data, 300)) == [(token, None, 2002)]
    assert streamed(b"", 1) == []


def test_what_hides_nothing_is_not_copied(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No text, and nothing with a zero or a digit where a tar has its kind."""
    monkeypatch.delattr(tempfile, "TemporaryFile")
    for start in (b"import this\n", b'{\n"nbformat": 4}', bytes(1100), b"1" * 1100):
        assert [way[0] for way in ways(streamed(start + b"\n" + token.encode(), 50))] == [token]


@pytest.mark.parametrize("packed", [True, False])
def test_a_source_that_fails_keeps_what_was_found(token: str, packed: bool) -> None:
    """The error is the source's, and what was found before comes first."""

    def failing() -> Iterator[bytes]:
        yield b"#!/bin/sh\n" if packed else b"# text\n"
        yield token.encode() + b"\n" * 5000
        raise OSError(errno.EIO, "Input/output error")

    found: list[Match | Unread] = []
    with pytest.raises(OSError, match="Input/output"):
        found.extend(Inside(DETECTOR).search_stream(failing()))
    assert ways(found) == [(token, None, 2)]


def full_disk(**_options: object) -> object:
    """Open what has no room for anything, as a file on a full disk."""
    return Path("/dev/full").open("r+b", buffering=0)


def no_folder(**_options: object) -> object:
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


@pytest.mark.parametrize(("opened", "why"), [(full_disk, errno.ENOSPC), (no_folder, errno.ENOENT)])
def test_without_room_its_bytes_are_searched(
    token: str, monkeypatch: pytest.MonkeyPatch, opened: Callable[..., object], why: int
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", opened)
    data = archives.zipped(token.encode(), stored=True)
    match, unread = streamed(data, 50)
    assert isinstance(match, Match)
    assert (match.secret.reveal(), match.within) == (token, None)
    assert unread == Unread("", f"there is no room to open it: {os.strerror(why)}")


def test_a_piece_that_fits_in_part(token: str) -> None:
    """A disk takes what it has room for before it says that it is full."""
    import resource

    data = zipped_files({"filling": NOISE, "b": token})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(data) - 1000, hard))
    try:
        found = streamed(data, len(data))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert found == [Unread("", f"there is no room to open it: {os.strerror(errno.EFBIG)}")]


def test_a_copy_that_did_not_fit_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is closed as soon as something cannot be written, not at the end."""
    opened = full_disk()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_options: opened)

    def source() -> Iterator[bytes]:
        yield b"#!/bin/sh\n" * 300
        yield b"more"
        assert opened.closed  # type: ignore[attr-defined]  # an open file
        yield b"and more"

    assert [type(item) for item in Inside(DETECTOR).search_stream(source())] == [Unread]


@pytest.mark.parametrize(
    "compress", [gzip.compress, bz2.compress, lzma.compress, archives.zstd, archives.gzipped]
)
@pytest.mark.parametrize("search", [DETECTOR.search_blob, lambda data: streamed(data, 50)])
def test_what_has_no_name(
    token: str,
    compress: Callable[[bytes], bytes],
    search: Callable[[bytes], Iterable[Match | Unread]],
) -> None:
    content = f"\n\n{token}".encode()
    assert ways(search(compress(content))) == [(token, CONTENT, 3)]
    assert ways(search(compress(compress(content)))) == [(token, CONTENT, 3)]
    assert ways(search(compress(archives.tarred(content)))) == [(token, archives.APP, 3)]
    in_zip = archives.zipped(compress(content), "app.env.gz")
    assert ways(search(in_zip)) == [(token, f"app.env.gz!/{CONTENT}", 3)]


def test_what_has_no_name_and_is_damaged(token: str) -> None:
    """What was read of it is inside of it; what is wrong is told of the file itself."""
    packed = gzip.compress(token.encode() + b"\n" + NOISE)[:200_000]
    match, unread = DETECTOR.search_blob(packed)
    assert match.within == CONTENT
    assert isinstance(unread, Unread)
    assert unread.within == ""


def test_what_stands_in_no_member_of_a_compressed_tar(token: str) -> None:
    """It is told by its line in the tar, and thus must not seem to be one in the file."""
    data = gzip.compress(archives.tarred(b"a\n") + b"\n" + token.encode())
    assert [way[:2] for way in ways(DETECTOR.search_blob(data))] == [(token, CONTENT)]


def test_open_within(token: str) -> None:
    inside = Inside(DETECTOR)
    assert inside.open_within(b"no container") is None
    assert inside.open_within(b"") is None
    found = inside.open_within(archives.zipped(token.encode()))
    assert found
    assert (found[0], ways(found[1])) == ("zip", [(token, archives.APP, 1)])
    found = inside.open_within(sealed())
    assert found
    assert found[1] == [Unread("secret.txt", "it is encrypted")]


def test_open_within_leaves_what_hides_nothing(token: str) -> None:
    from corpus import documents

    notebook = documents.notebook(source=token)
    assert recognise(notebook)
    assert Inside(DETECTOR).open_within(notebook) is None


class Within:
    """Opens some data again whenever it searches something, as if they were written in it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.inside = Inside(self)
        self.opened: list[Match | Unread] = []
        self.depth = 0
        self.deepest = 0

    def search(self, data: bytes) -> list[Match]:
        if data != b"inner":
            return []
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        found = self.inside.open_within(self.data)
        assert found
        self.opened += found[1]
        self.depth -= 1
        return []

    def look(self, data: bytes) -> Looked:
        return Looked(self.search(data))

    def search_bytes(self, chunks: Iterable[bytes]) -> Iterator[Match]:
        yield from self.search(b"".join(chunks))

    def run(self) -> list[Match | Unread]:
        container = recognise(self.data)
        assert container
        return list(self.inside.open(self.data, container, ()))


def test_open_within_is_as_deep_as_what_is_open() -> None:
    within = Within(archives.zipped(b"inner"))
    within.run()
    assert within.deepest == MAX_NESTING
    assert [item.why for item in within.opened if isinstance(item, Unread)] == [
        f"it lies in {MAX_NESTING} containers, one in another"
    ]


class Odd:
    """A format that meets what it was not made for, in a member or behind it."""

    name = "odd"
    hides = True

    def __init__(self, *, in_member: bool) -> None:
        self.in_member = in_member

    def members(self, data: bytes, _budget: Budget) -> Iterator[Member]:
        yield Member("first", iter([data]))
        if not self.in_member:
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "odd")
        yield Member("second", self.chunks(data))
        yield Member("third", iter([data]))

    def chunks(self, data: bytes) -> Iterator[bytes]:
        yield data
        raise IndexError("odd")


@pytest.mark.parametrize("in_member", [True, False])
def test_what_no_format_foresees_is_told_and_ends_nothing(token: str, in_member: bool) -> None:
    inside = Inside(DETECTOR)
    items = list(inside.open(f"KEY={token}\n".encode(), Odd(in_member=in_member), ()))
    found = [item.within for item in items if isinstance(item, Match)]
    (unread,) = (item for item in items if isinstance(item, Unread))
    assert found == (["first", "second", "third"] if in_member else ["first"])
    assert unread.within == ("second" if in_member else "")
    assert "nothing that leakscan knows" in unread.why


def test_open_within_shares_the_budget() -> None:
    """What it spends is missing outside, where it is told that nothing is left."""
    within = Within(archives.zipped(b"inner"))
    within.inside._budget = Budget(members=3)  # the real one takes long to spend
    (unread,) = within.run()
    assert unread == Unread("", "it has more than 3 members")
    assert (within.opened, within.deepest) == ([], 3)
    found = within.inside.open_within(within.data)  # and nothing is open now that could tell
    assert found == ("zip", [Unread("", "it has more than 3 members")])


def test_an_exhausted_budget_keeps_what_a_long_member_showed(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its beginning was searched before, and the member is copied, since it may be a container."""
    monkeypatch.setattr(inside_module, "WHOLE", 1 << 20)
    data = zipped_files({"a": b"#!/bin/sh\n" + token.encode() + bytes(WHOLE)})
    inside = Inside(DETECTOR)
    inside._budget = Budget(size=3 << 20)  # the real one takes long to spend
    container = recognise(data)
    assert container
    found = list(inside.open(data, container, ()))
    assert ways(found) == [(token, "a", 2)]
    assert [item.why for item in found if isinstance(item, Unread)] == [
        "it unpacks to more than 3 MiB"
    ]


def test_all_that_cannot_be_read_is_counted() -> None:
    """Also what is deeper down, of which no more is named then."""
    count = MOST_UNREAD + 20
    names = {f"{number}.zip": sealed() for number in range(count)}
    unread = list(DETECTOR.search_blob(archives.zipped(zipped_files(names), "a.zip")))
    assert len(unread) == MOST_UNREAD + 1
    assert unread[-1] == Unread("", "20 more of its members cannot be read")
    assert unread[0] == Unread("a.zip!/0.zip!/secret.txt", "it is encrypted")
