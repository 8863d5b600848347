"""A pack that is read while it arrives: all of it is searched, and nothing else is believed."""

from __future__ import annotations

import hashlib
import struct
import tempfile
from pathlib import Path

import pytest
from histories import Commit, deep_repository, histories, objects_of, write_history
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searchers import Searching

from leakscan.errors import TargetError
from leakscan.git import forest as forests
from leakscan.git.arrival import Arrived, receive
from leakscan.git.census import Closure, Heads
from leakscan.git.damage import DamagedError
from leakscan.git.forest import plant_plainly
from leakscan.git.forest_vector import plant_vectorised
from leakscan.git.indexing import numbered_index, true_index
from leakscan.git.pack import COMMIT, TREE, TYPE_NAMES, Pack
from leakscan.git.sift import sift
from leakscan.git.spool import Spool
from leakscan.git.walk import STREAMED
from packs import (
    BLOB,
    OFS_DELTA,
    REF_DELTA,
    bomb,
    copy_all,
    entry,
    entry_header,
    object_id,
    offset_field,
)

PACKINGS = (
    ("repack", "-adfq", "--window=50", "--depth=50"),
    ("-c", "pack.compression=0", "repack", "-adq"),
    ("-c", "core.bigFileThreshold=100", "repack", "-adfq"),
)


class Listener(Searching):
    """Searches nothing, and remembers all that it was shown."""

    def __init__(self, found: tuple[str, ...] = ()) -> None:
        self.heard: list[bytes] = []
        self.found = found

    def search_text(self, data):
        self.heard.append(data)
        return self.found


def take(
    data: bytes, folder: Path, searcher: Listener, *, step: int = 1000, hash_size: int = 20
) -> Arrived[str]:
    """Let a pack arrive in pieces of a size; half of it fits memory."""
    arrived: Arrived[str] = Arrived(hash_size, Closure)
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    with Spool(lambda: folder / "spooled", in_memory=len(data) // 2) as spool:
        receive(pieces, spool, searcher, arrived)
    return arrived


def pack_of(*entries: bytes, count: int | None = None) -> bytes:
    body = b"PACK" + struct.pack(">II", 2, len(entries) if count is None else count)
    body += b"".join(entries)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def numbered(arrived: Arrived[str]) -> Pack:
    index = numbered_index(arrived.offsets, arrived.data, arrived.hash_size)
    return Pack(arrived.data, index, arrived.hash_size)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    histories, st.sampled_from(PACKINGS), st.booleans(), st.booleans(), st.sampled_from([1, 9, 999])
)
def test_all_of_a_pack_is_searched_and_indexed_as_git_does(
    history: list[Commit], packing: tuple[str, ...], sha256: bool, vectorised: bool, step: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(forests, "VECTOR_THRESHOLD", 0 if vectorised else 1 << 30)
        options = ["--object-format=sha256"] if sha256 else []
        repo = write_history(Path(folder, "r"), history, *options)
        repo.run(*packing)
        [path] = repo.packs()
        listener = Listener()
        data, hash_size = path.read_bytes(), 32 if sha256 else 20
        arrived = take(data, Path(folder), listener, step=step, hash_size=hash_size)
        pack = numbered(arrived)
        forest = (plant_vectorised if vectorised else plant_plainly)(pack)
        sifted = sift(pack, forest, listener, arrived.census, jobs=1)

        contents = sorted(content for _, content in objects_of(repo).values())
        assert sorted(listener.heard) == contents
        assert sifted.is_plain
        assert arrived.objects + sifted.objects == len(contents)
        assert arrived.size + sifted.size == sum(map(len, contents))
        tips = {bytes.fromhex(oid) for oid in repo.git("rev-parse", "--all").split()}
        assert arrived.census.is_whole(tips)
        assert not arrived.census.is_whole({*tips, bytes(hash_size)})

        own = Pack(arrived.data, true_index(pack, forest, jobs=1), hash_size)
        gits = Pack.open(path, path.with_suffix(".idx"), hash_size)
        assert own.offsets() == gits.offsets()
        assert [own.oid(at) for at in range(own.count)] == [gits.oid(at) for at in range(own.count)]


def test_heads_are_looked_for_in_whole_objects_and_in_deltas(tmp_path: Path) -> None:
    repo = deep_repository(tmp_path)
    [path] = repo.packs()
    commits = {bytes.fromhex(oid) for oid in repo.git("rev-list", "--all").split()}
    arrived: Arrived[str] = Arrived(20, Heads)
    with Spool(lambda: tmp_path / "spooled") as spool:
        receive([path.read_bytes()], spool, Listener(), arrived)
        pack = numbered(arrived)
    sift(pack, plant_plainly(pack), Listener(), arrived.census, jobs=2)
    assert arrived.census.is_whole(commits)
    assert not arrived.census.is_whole({*commits, bytes(20)})


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, st.data())
def test_any_object_that_is_left_out_is_missed(history: list[Commit], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = write_history(Path(folder, "r"), history)
        objects = objects_of(repo)
        left_out = data.draw(st.sampled_from([None, *sorted(objects)]))
        kinds = {name: kind for kind, name in TYPE_NAMES.items()}
        entries = [
            entry(kinds[kind], content)
            for oid, (kind, content) in objects.items()
            if oid != left_out
        ]
        census = take(pack_of(*entries), Path(folder), Listener()).census
        tips = {bytes.fromhex(oid) for oid in repo.git("rev-parse", "--all").split()}
        assert census.is_whole(tips) is (left_out is None)


def test_of_a_large_pack_only_commits_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.git.census.LARGE", 0)
    repo = deep_repository(tmp_path)
    tips = {bytes.fromhex(repo.tip())}
    kinds = {name: kind for kind, name in TYPE_NAMES.items()}
    objects = objects_of(repo)
    for left_out in ("", "tree", "blob", "commit"):
        lost = next((oid for oid, (kind, _) in objects.items() if kind == left_out), b"")
        kept = [entry(kinds[k], content) for oid, (k, content) in objects.items() if oid != lost]
        census = take(pack_of(*kept), tmp_path, Listener()).census
        assert census.is_whole(tips) is (left_out != "commit")


def test_many_ids_are_counted_as_few_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = deep_repository(tmp_path)
    [path] = repo.packs()
    tips = {bytes.fromhex(repo.tip())}
    data = path.read_bytes()
    for threshold in (1 << 30, 0):
        monkeypatch.setattr("leakscan.git.census.VECTOR_THRESHOLD", threshold)
        monkeypatch.setattr("leakscan.git.census._PENDING", 1000)
        arrived = take(data, tmp_path, Listener())
        pack = numbered(arrived)
        sift(pack, plant_plainly(pack), Listener(), arrived.census, jobs=1)
        assert arrived.census.is_whole(tips)
        assert not arrived.census.is_whole({*tips, bytes(20)})


def test_git_reads_a_pack_through_our_index(tmp_path: Path) -> None:
    repo = deep_repository(tmp_path)
    [path] = repo.packs()
    known = objects_of(repo)
    pack = numbered(take(path.read_bytes(), tmp_path, Listener()))
    ours = true_index(pack, plant_plainly(pack), jobs=2)
    path.with_suffix(".idx").unlink()
    path.with_suffix(".rev").unlink(missing_ok=True)
    path.with_suffix(".idx").write_bytes(ours)
    assert objects_of(repo) == known


def test_workers_search_every_delta(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakscan.git.sift.FORKED", 0)
    monkeypatch.setattr("leakscan.git.forest._PIECE", 50)
    repo = deep_repository(tmp_path)
    [path] = repo.packs()
    deltas = (content for _, content in objects_of(repo).values() if b"399 changed" in content)
    last = max(deltas, key=len)

    class Finder(Listener):
        def search_text(self, data):
            return ("found",) if data == last else ()

    pack = numbered(take(path.read_bytes(), tmp_path, Listener()))
    forest = plant_plainly(pack)
    counted = sift(pack, forest, Listener(), Closure(20, 0), jobs=2)
    assert counted.is_plain
    assert counted.objects == sum(depth > 0 for depth in forest.depth)
    assert (
        sift(pack, forest.families(), Listener(), Closure(20, 0), jobs=2).objects == counted.objects
    )
    found_whole = take(path.read_bytes(), tmp_path, Finder()).hits
    assert bool(found_whole) is sift(pack, forest, Finder(), Closure(20, 0), jobs=2).is_plain


def test_only_what_files_hold_is_searched_as_such(tmp_path: Path) -> None:
    kinds = []

    class Telling(Listener):
        def search_text(self, data):
            kinds.append(("text", bytes(data)))
            return ()

        def search_blob(self, data, **_how):
            kinds.append(("file", bytes(data)))
            return ()

    take(pack_of(entry(BLOB, b"a"), entry(COMMIT, b"b"), entry(TREE, b"")), tmp_path, Telling())
    assert kinds == [("file", b"a"), ("text", b"b"), ("text", b"")]


def test_a_match_is_told_with_the_id_of_its_object(tmp_path: Path) -> None:
    data = pack_of(entry(BLOB, b"small"), entry(BLOB, bytes(STREAMED + 1)))
    [small, large] = take(data, tmp_path, Listener(("found",)), step=1 << 16).hits
    assert small.oid.hex() == object_id("blob", b"small")
    assert large.oid.hex() == object_id("blob", bytes(STREAMED + 1))
    assert small.found == large.found == ("found",)


def test_a_match_is_told_while_the_rest_has_not_arrived(tmp_path: Path) -> None:
    heard: list[object] = []
    data = pack_of(entry(BLOB, b"a token"), entry(BLOB, bytes(5000)))

    def pieces():
        yield data[:100]
        assert heard
        yield data[100:]

    arrived: Arrived[str] = Arrived(20, Closure)
    with Spool(lambda: tmp_path / "spooled") as spool:
        receive(pieces(), spool, Listener(("found",)), arrived, heard.append)
    assert heard == arrived.hits


@pytest.mark.parametrize("step", [1, 50, 1 << 20])
def test_a_pack_cut_short_anywhere_is_refused(tmp_path: Path, step: int) -> None:
    content = bytes(range(256)) * 3
    data = pack_of(entry(BLOB, content), entry(BLOB, b""), entry(BLOB, b"x"))
    assert take(data, tmp_path, Listener(), step=step).objects == 3
    for end in range(len(data)):
        with pytest.raises(DamagedError):
            take(data[:end], tmp_path, Listener(), step=step)


def test_what_follows_a_pack_is_refused(tmp_path: Path) -> None:
    data = pack_of(entry(BLOB, b"x"))
    for step in (1, len(data), len(data) + 1):
        with pytest.raises(DamagedError, match="more follows"):
            take(data + b"\0", tmp_path, Listener(), step=step)


def test_a_changed_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    data = bytearray(pack_of(entry(BLOB, b"some content"), entry(BLOB, b"other content")))
    for at in range(len(data)):
        data[at] ^= 0x41
        with pytest.raises(DamagedError):
            take(bytes(data), tmp_path, Listener())
        data[at] ^= 0x41


@pytest.mark.parametrize("claimed", [0, 4, 6, 1 << 40])
def test_an_entry_that_lies_about_its_size_is_refused(tmp_path: Path, claimed: int) -> None:
    data = pack_of(entry(BLOB, b"12345", size=claimed))
    with pytest.raises(DamagedError):
        take(data, tmp_path, Listener())


def test_an_entry_grows_no_larger_than_it_claims(tmp_path: Path) -> None:
    """A hundred megabytes out of a hundred kilobytes, where 10 bytes were claimed."""
    for claimed in (10, STREAMED + 1):
        data = pack_of(entry_header(BLOB, claimed) + bomb(100 << 20))
        with pytest.raises(DamagedError, match="it inflates to"):
            take(data, tmp_path, Listener(), step=1 << 20)


@pytest.mark.parametrize("header", [b"\x00", b"\x50", b"\xbf" + b"\xff" * 80 + b"\x01"])
def test_a_header_of_no_type_is_refused(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(DamagedError):
        take(pack_of(header + entry(BLOB, b"x" * 100)), tmp_path, Listener())


@pytest.mark.parametrize(
    "start", [b"", b"PACK", b"PUCK" + struct.pack(">II", 2, 1), b"PACK" + struct.pack(">II", 9, 1)]
)
def test_what_is_no_pack_is_refused(tmp_path: Path, start: bytes) -> None:
    with pytest.raises(DamagedError):
        take(start + bytes(40), tmp_path, Listener())


def test_a_pack_that_promises_more_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedError):
        take(pack_of(entry(BLOB, b"x"), count=0xFFFFFFFF), tmp_path, Listener())


def test_a_base_that_is_named_by_id_is_not_guessed(tmp_path: Path) -> None:
    """Such an id could be one of the numbers that stand for ids that nobody knows."""
    base, delta = entry(BLOB, b"base"), copy_all(4, b"more")
    data = pack_of(base, entry(REF_DELTA, delta, base=bytes(20)))
    assert take(data, tmp_path, Listener()).has_named_bases


def test_a_delta_without_its_base_is_not_plain(tmp_path: Path) -> None:
    base, delta = entry(BLOB, b"base"), copy_all(4, b"more")
    for distance, is_plain in ((len(base), True), (len(base) - 1, False), (0, False)):
        data = pack_of(base, entry(OFS_DELTA, delta, base=offset_field(distance)))
        pack = numbered(take(data, tmp_path, Listener()))
        forest = plant_plainly(pack)
        assert sift(pack, forest, Listener(), Closure(20, 0), jobs=1).is_plain is is_plain
        if not is_plain:
            with pytest.raises(DamagedError):
                true_index(pack, forest, jobs=1)


@pytest.mark.parametrize("held", [b"a token", b"nothing"])
def test_a_large_delta_is_searched_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bytes
) -> None:
    base = entry(BLOB, b"base" * 9)
    # Of the delta nothing else is known than what it makes: it is too large to be handed over.
    addition = (held + b" " * 127)[:127]
    delta = entry(OFS_DELTA, copy_all(36, addition), base=offset_field(len(base)))
    monkeypatch.setattr("leakscan.git.walk.STREAMED", 100)

    class Finder(Listener):
        def search_text(self, data):
            super().search_text(data)
            return ("found",) if b"token" in data else ()

    arrived = take(pack_of(base, delta), tmp_path, Finder())
    assert not arrived.hits
    pack, searcher = numbered(arrived), Finder()
    sifted = sift(pack, plant_plainly(pack), searcher, Closure(20, 0), jobs=1)
    assert searcher.heard == [b"base" * 9 + addition]
    assert sifted.is_plain is (held == b"nothing")
    assert sifted.objects == (held == b"nothing")


def test_an_empty_pack_is_a_pack(tmp_path: Path) -> None:
    assert not take(pack_of(), tmp_path, Listener()).offsets


def test_a_full_disk_is_told_in_one_line() -> None:
    with (
        Spool(lambda: Path("/dev/full"), in_memory=0) as spool,
        pytest.raises(TargetError, match="No space left"),
    ):
        spool.write(bytes(1 << 20))
