"""Archives of events, whole and damaged."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from archives import lines_of, polled_to_the_end, polled_to_trouble, pushes, told
from event_samples import RECORDED, a_push, an_event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakscan.crawl.feeds import archive, archive_stream
from leakscan.crawl.feeds.archive import ArchiveFeed
from leakscan.crawl.feeds.archive_stream import archive_lines
from leakscan.crawl.feeds.events import scan_event
from leakscan.detect import Detector
from leakscan.rules import load_rules, select_rules
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("compress", [gzip.compress, bytes, lambda data: gzip.compress(data, 0)])
def test_a_file_compressed_or_not(
    written: Callable[..., str], compress: Callable[[bytes], bytes]
) -> None:
    feed = ArchiveFeed(written(compress(lines_of(RECORDED))))
    (poll,) = polled_to_the_end(feed)
    assert (poll.read, poll.fresh, poll.malformed) == (len(RECORDED), len(RECORDED), 0)
    assert [event.id for event in poll.events] == [event["id"] for event in RECORDED]
    assert {event.push.feed for event in poll.events if event.push} == {feed.name}
    assert {event.host for event in poll.events} == {"github.com"}


def test_several_streams_in_one_file(written: Callable[..., str]) -> None:
    both = gzip.compress(pushes(1, 3)) + gzip.compress(pushes(4, 5)) + b"\0" * 700
    assert told(*polled_to_the_end(ArchiveFeed(written(both)))) == [1, 2, 3, 4, 5]


def test_a_batch_a_poll_that_goes_on_after_a_crash(written: Callable[..., str]) -> None:
    name = written(gzip.compress(pushes(1, 10)))
    feed = ArchiveFeed(name, batch=4)
    polls = polled_to_the_end(feed)
    assert [told(poll) for poll in polls] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert {poll.wait for poll in polls} == {0}
    for place, poll in enumerate(polls[:-1], 1):
        rest = polled_to_the_end(ArchiveFeed(name, batch=100), poll.cursor)
        assert told(*rest) == list(range(4 * place + 1, 11))
    assert told(feed.poll(polls[0].cursor)) == [5, 6, 7, 8]  # the ledger failed, not we
    over = feed.poll(polls[-1].cursor)
    assert (over.is_over, over.events, over.cursor) == (True, (), polls[-1].cursor)


def test_damaged_lines_are_counted(written: Callable[..., str]) -> None:
    content = (
        pushes(1, 1)
        + b'{"id": \n\n\xff\xfe\n[1]\nnull\n{}\n'
        + b"[" * 100_000
        + b"\n"
        + b"9" * 5000
        + b"\n \n"
        + pushes(2, 2).rstrip(b"\n")
    )
    (poll,) = polled_to_the_end(ArchiveFeed(written(content)))
    assert (told(poll), poll.read, poll.malformed) == ([1, 2], 9, 7)


def test_a_token_in_a_line_that_is_no_event_is_found(
    written: Callable[..., str], new_token: Callable[[], str]
) -> None:
    cut, odd, bare, deep, private = (new_token() for _ in range(5))
    content = lines_of([a_push(1), {"type": "PushEvent", "repo": {"name": "ada/app"}, "new": odd}])
    content += f'{{"body": "cut off\\n{cut}\n'.encode()
    content += f'{bare}\xff\n{"[" * 100_000}"{deep}\n'.encode("latin-1")
    content += lines_of([{"public": False, "body": private}])
    (poll,) = polled_to_the_end(ArchiveFeed(written(content)))
    assert (told(poll), poll.read, poll.malformed) == ([1], 5, 4)
    detector = Detector(select_rules(load_rules(), ()))
    seen = [each for event in poll.events for each in scan_event(event, detector, Tally())]
    assert [each.match.secret.reveal() for each in seen] == [odd, cut, bare, deep]
    places = [(place.location.repository, place.location.path) for place in seen]
    assert places == [
        ("https://github.com/ada/app", "new of an event that could not be understood"),
        *[("https://github.com", "an event that could not be understood")] * 3,
    ]


NO_ARCHIVES = {
    "no byte": (b"", "is damaged, or ends too early"),
    "a blank": (b"\n", "holds no event"),
    "compressed nothing": (gzip.compress(b""), "holds no event"),
    "half a header": (b"\x1f", "holds no event"),
    "a page": (b"<html>\n<body>Come back later</body>\n</html>\n", "holds no event"),
    "JSON": (gzip.compress(b'{"message": "Not Found"}\n[]\n5\n'), "holds no event"),
}


@pytest.mark.parametrize("content", NO_ARCHIVES)
@pytest.mark.parametrize("batch", [1, 100])
def test_what_is_no_archive_is_not_read_whole(
    written: Callable[..., str], content: str, batch: int
) -> None:
    data, why = NO_ARCHIVES[content]
    name = written(data)
    feed = ArchiveFeed(name, batch=batch)
    polls, error = polled_to_trouble(feed)
    assert (error.trouble, str(error).startswith(f"{name} {why}: ")) == (Trouble.BROKEN, True)
    assert "fetch it again" in str(error)
    assert sum(poll.read for poll in polls) == sum(poll.malformed for poll in polls)
    cursor = polls[-1].cursor if polls else None
    with pytest.raises(TroubleError, match=why):  # nor by a process that reads on
        ArchiveFeed(name, batch=batch).poll(cursor)
    for _ in range(2):
        with pytest.raises(TroubleError, match=why):
            feed.poll(cursor)
    given_up = feed.poll(cursor)
    assert (given_up.gap, given_up.has_lost, given_up.is_over) == (True, True, True)
    written(pushes(1, 2))
    assert told(*polled_to_the_end(ArchiveFeed(name), given_up.cursor)) == [1, 2]


@pytest.mark.parametrize(
    "event", [an_event(), an_event() | {"public": False}, {"type": "PushEvent"}]
)
def test_one_event_of_any_kind_makes_an_archive(written: Callable[..., str], event: object) -> None:
    name = written(lines_of([event, 5, 5, 5]))
    polls = polled_to_the_end(ArchiveFeed(name, batch=2))
    assert sum(poll.malformed for poll in polls) >= 3
    assert not polls[-1].has_lost
    (rest,) = polled_to_the_end(ArchiveFeed(name), polls[0].cursor)  # after a crash
    assert (rest.read, rest.malformed) == (2, 2)


@pytest.mark.parametrize("compress", [gzip.compress, bytes])
def test_a_line_without_end_is_counted_and_never_held(
    written: Callable[..., str],
    compress: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive_stream, "LONGEST_LINE", 600_000)
    long = b'"' + b"x" * 2_000_000 + b'"\n'
    fits = b'"' + b"x" * 500_000 + b'"\n'
    name = written(compress(pushes(1, 1) + long + fits + pushes(2, 2) + long))
    (poll,) = polled_to_the_end(ArchiveFeed(name))
    assert (told(poll), poll.read, poll.malformed) == ([1, 2], 5, 3)
    assert [line if line is None else len(line) for line in archive_lines(name)][1::3] == [
        None, None,
    ]  # fmt: skip


def test_a_bomb_is_inflated_a_piece_at_a_time(written: Callable[..., str]) -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(200)) + packer.flush()
    with open(written(bomb), "rb") as file:  # noqa: PTH123 - as the feed opens it
        pieces = archive_stream._plain(iter([file.read()]), "bomb")
        sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 200 << 20
    assert max(sizes) <= 1 << 20


@pytest.mark.parametrize("cut", [1, 5, 30, 100, 1000])
def test_what_came_before_the_damage_counts(written: Callable[..., str], cut: int) -> None:
    rng = random.Random(1)  # noqa: S311
    documents = [a_push(n, head=f"{rng.getrandbits(160):040x}") for n in range(1, 101)]
    whole = gzip.compress(lines_of(documents))
    feed = ArchiveFeed(written(whole[:-cut]), batch=30)
    polls, error = polled_to_trouble(feed)
    assert error.trouble is Trouble.BROKEN
    assert "damaged" in str(error)
    numbers, cursor = told(*polls), polls[-1].cursor if polls else None
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 100 - cut  # a line has more than a byte
    for _ in range(2):
        with pytest.raises(TroubleError):
            feed.poll(cursor)
    given_up = feed.poll(cursor)
    assert (given_up.gap, given_up.has_lost, given_up.is_over) == (True, True, True)
    assert given_up.trouble
    assert str(given_up.trouble) == f"given up: {error}"


def test_the_next_file_follows_one_that_cannot_be_read(
    written: Callable[..., str], tmp_path: Path
) -> None:
    written(gzip.compress(pushes(1, 2)), "a-0.gz")
    written(gzip.compress(pushes(3, 4)), "a-1.gz")
    written(gzip.compress(pushes(5, 6)), "a-2.gz")
    feed = ArchiveFeed(str(tmp_path / "a-{0..2}.gz"))
    (tmp_path / "a-1.gz").unlink()
    first = feed.poll(None)
    with pytest.raises(TroubleError) as caught:
        feed.poll(first.cursor)
    assert caught.value.trouble is Trouble.GONE
    rest = polled_to_the_end(feed, first.cursor)
    assert [poll.gap for poll in rest] == [True, False]
    assert told(first, *rest) == [1, 2, 5, 6]
    for poll in rest:  # also in the last one, by which the archive is known to be read
        assert poll.trouble
        assert poll.trouble.trouble is Trouble.GONE
        assert "a-1.gz cannot be read (No such file or directory)" in str(poll.trouble)
    over = feed.poll(rest[-1].cursor)
    assert (over.is_over, str(over.trouble)) == (True, str(rest[0].trouble))
    written(gzip.compress(pushes(3, 4)), "a-1.gz")
    (later,) = polled_to_the_end(ArchiveFeed(str(tmp_path / "a-{0..2}.gz")), rest[0].cursor)
    assert told(later) == [5, 6]  # by another process
    assert later.trouble
    assert "given up by an earlier watch: " in str(later.trouble)
    assert "a-1.gz" in str(later.trouble)


def test_of_many_files_that_are_given_up_the_first_is_named(
    written: Callable[..., str], tmp_path: Path
) -> None:
    files = [Path(written(pushes(n, n), f"a-{n}")) for n in range(4)]
    feed, cursor = ArchiveFeed(str(tmp_path / "a-{0..3}")), None
    for file in files[:3]:
        file.unlink()
    for number in range(3):
        with pytest.raises(TroubleError):
            feed.poll(cursor)
        poll = feed.poll(cursor)
        cursor = poll.cursor
        more = f" (and {number} more of its files)" if number else ""
        assert poll.trouble
        assert poll.trouble.what.startswith(f"given up: {files[0]} ")
        assert poll.trouble.what.endswith(f"(No such file or directory){more}")


DEEP = 700
BOMBS = {
    "a long list far down": '{"abcdefghijklmnopqrstuvwxyzABCD":' * DEEP
    + f"[{'0,' * 100_000}0]"
    + "}" * DEEP,
    "texts far down": '{"abcdefghijklmnopqrstuvwxyzABCD":' * DEEP
    + json.dumps([f"{n:x}" for n in range(30_000)])
    + "}" * DEEP,
    "texts": json.dumps([f"{n:x}" for n in range(400_000)]),
    "numbers": f"[{'0,' * 3_000_000}0]",
    "lists": f"[{'[],' * 1_000_000}[]]",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_line_takes_little_more_memory_than_its_size(
    written: Callable[..., str], bomb: str
) -> None:
    line = BOMBS[bomb].encode() + b"\n"
    feed = ArchiveFeed(written(line + pushes(1, 1)))
    tracemalloc.start()
    try:
        (poll,) = polled_to_the_end(feed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (told(poll), poll.malformed) == ([1], 1)
    assert peak < 10 * len(line) + 16_000_000


def test_a_batch_holds_less_the_more_texts_there_are(
    written: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_BATCH_BYTES", 200_000)
    many = a_push(1) | {"new": [f"{n:x}" for n in range(300)]}
    polls = polled_to_the_end(ArchiveFeed(written(lines_of([many] * 20))))
    assert sum(poll.read for poll in polls) == 20
    assert max(poll.read for poll in polls) < 5


def test_a_line_that_has_no_end_is_given_up(
    written: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_stream, "LONGEST_LINE", 600_000)
    monkeypatch.setattr(archive_stream, "_LONGEST_SKIP", 4 << 20)
    polls, error = polled_to_trouble(ArchiveFeed(written(pushes(1, 1) + b"x" * (5 << 20))))
    assert told(*polls) == [1]
    assert error.trouble is Trouble.BROKEN
    assert "holds a line of more than 4 MiB" in str(error)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=3000), st.booleans(), st.integers(1, 50))
def test_any_bytes(written: Callable[..., str], content: bytes, packed: bool, batch: int) -> None:
    feed = ArchiveFeed(written(b"\x1f\x8b" + content if packed else content), batch=batch)
    cursor, read = None, 0
    for _ in range(4000):
        try:
            poll = feed.poll(cursor)
        except TroubleError:
            continue
        cursor, read = poll.cursor, read + poll.read
        assert poll.read == poll.malformed
        if poll.is_over:
            return
    pytest.fail("it came to no end")


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(1, 25))
def test_lines_are_cut_wherever_the_pieces_end(pieces: list[bytes], longest: int) -> None:
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    expected = expected if expected[-1] else expected[:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive_stream, "LONGEST_LINE", longest)
        cut = list(archive_stream._lines(pieces, "it"))
    assert cut == [line if len(line) <= longest else None for line in expected]


@pytest.mark.parametrize("cursor", ["", "x", "1", "0:-1", "9:1", "99999999:0"])
def test_odd_cursors(written: Callable[..., str], cursor: str) -> None:
    feed = ArchiveFeed(written(pushes(1, 2)))
    poll = feed.poll(cursor)
    assert told(poll) == ([] if cursor == "9:1" else [1, 2])
    assert poll.is_over
