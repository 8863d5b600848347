"""Archives of events: files, URLs and hours, whole and damaged."""

from __future__ import annotations

import gzip
import json
import random
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from event_samples import RECORDED, a_push
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakscan.crawl.feeds import archive_stream
from leakscan.crawl.feeds.archive import ArchiveFeed
from leakscan.crawl.feeds.archive_names import archive_files
from leakscan.crawl.feeds.archive_stream import archive_lines
from leakscan.errors import UsageError
from leakscan.trouble import Trouble, TroubleError
from servers import Reply, Request, a_closed_port, running_socket, running_web

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from leakscan.crawl.feeds.poll import Poll


def lines_of(documents: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def pushes(first: int, last: int) -> bytes:
    return lines_of(a_push(number) for number in range(first, last + 1))


def told(*polls: Poll) -> list[int]:
    return [event.repository_id - 1000 for poll in polls for event in poll.events]


def polled_to_the_end(feed: ArchiveFeed, cursor: str | None = None) -> list[Poll]:
    polls: list[Poll] = []
    while not polls or not polls[-1].is_over:
        polls.append(feed.poll(polls[-1].cursor if polls else cursor))
    return polls


def polled_to_trouble(feed: ArchiveFeed) -> tuple[list[Poll], TroubleError]:
    polls: list[Poll] = []
    try:
        while not polls or not polls[-1].is_over:
            polls.append(feed.poll(polls[-1].cursor if polls else None))
    except TroubleError as error:
        return polls, error
    raise AssertionError("it came to its end")


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    def write(content: bytes, name: str = "events.json.gz") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


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
    assert (given_up.gap, given_up.is_over) == (True, True)
    assert given_up.note


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
        cut = list(archive_stream._lines(pieces))
    assert cut == [line if len(line) <= longest else None for line in expected]


# Over HTTP.


def serving(files: dict[str, bytes], status: int = 200) -> Callable[[Request], Reply]:
    def reply(request: Request) -> Reply:
        content = files.get(request.path)
        return (404, {}, b"") if content is None else (status, {}, content)

    return reply


def test_hours_are_fetched() -> None:
    files = {
        "/2026-01-02-9.json.gz": gzip.compress(pushes(1, 2)),
        "/2026-01-02-10.json.gz": gzip.compress(pushes(3, 4)),
    }
    with running_web(serving(files)) as web:
        feed = ArchiveFeed("2026-01-02-{9..10}", base=web.url.removesuffix("/hook"))
        polls = polled_to_the_end(feed)
    assert told(*polls) == [1, 2, 3, 4]
    assert feed.name == "archive:2026-01-02-{9..10}"
    agents = {request.headers["user-agent"].partition("/")[0] for request in web.requests}
    assert agents == {"leakscan"}


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(404, Trouble.GONE), (403, Trouble.REFUSED), (429, Trouble.BUSY), (503, Trouble.BUSY),
     (451, Trouble.BLOCKED), (204, Trouble.BROKEN)],
)  # fmt: skip
def test_refusals(status: int, trouble: Trouble) -> None:
    with running_web(lambda _: (status, {"retry-after": "7"}, b"")) as web:
        feed = ArchiveFeed(web.url)
        with pytest.raises(TroubleError) as caught:
            feed.poll(None)
    assert (caught.value.trouble, caught.value.retry_after) == (trouble, 7)


def test_nobody_is_there() -> None:
    feed = ArchiveFeed(f"http://user:secret@127.0.0.1:{a_closed_port()}/x.json.gz?key=secret")
    with pytest.raises(TroubleError) as caught:
        feed.poll(None)
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert "secret" not in f"{caught.value} {feed.name}"


def test_a_connection_that_breaks_is_taken_up_where_it_broke() -> None:
    content = pushes(1, 200)
    served: list[int] = []

    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n"
        served.append(len(content) if served else len(content) // 2)
        connection.sendall(head.encode() + content[: served[-1]])

    with running_socket(behave) as url:
        feed = ArchiveFeed(url, batch=50)
        polls, error = polled_to_trouble(feed)
        assert error.trouble is Trouble.UNREACHABLE
        polls += polled_to_the_end(feed, polls[-1].cursor)
    assert told(*polls) == list(range(1, 201))
    assert len(served) == 2


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b"", b"5\r\nab", b"zz\r\n"])
def test_a_body_in_chunks(end: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for number in (1, 2):
            line = pushes(number, number)
            connection.sendall(b"%x\r\n%b\r\n" % (len(line), line))
        connection.sendall(end)

    with running_socket(behave) as url:
        feed = ArchiveFeed(url)
        if end.startswith(b"0"):
            assert told(*polled_to_the_end(feed)) == [1, 2]
            return
        polls, error = polled_to_trouble(feed)
    assert told(*polls) == [1, 2]
    assert error.trouble is Trouble.UNREACHABLE


def test_a_server_that_sends_a_byte_now_and_then_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_stream, "_PATIENCE", (1.0, 0.4))
    head = b"HTTP/1.1 200 OK\r\n\r\n"

    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(head + pushes(1, 1))
        while True:
            connection.sendall(b" ")
            time.sleep(0.02)

    with running_socket(behave) as url:
        polls, error = polled_to_trouble(ArchiveFeed(url))
    assert told(*polls) == [1]
    assert error.trouble is Trouble.UNREACHABLE


def test_a_server_that_compresses_what_is_plain_is_asked_not_to() -> None:
    with running_web(
        lambda _: (200, {"content-encoding": "gzip"}, gzip.compress(pushes(1, 2)))
    ) as web:
        assert told(*polled_to_the_end(ArchiveFeed(web.url))) == [1, 2]
    assert web.requests[0].headers["accept-encoding"] == "identity"


# Names.


def test_a_day_has_24_hours_that_are_not_padded() -> None:
    files = archive_files("2026-01-02", "https://archive.example")
    assert len(files) == 24
    assert files[3] == "https://archive.example/2026-01-02-3.json.gz"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("2026-01-02-3", ["2026-01-02-3"]),
        ("2026-01-02-03", ["2026-01-02-3"]),
        ("2026-01-02-{0..2}", ["2026-01-02-0", "2026-01-02-1", "2026-01-02-2"]),
        ("2026-01-02-{2..0}", ["2026-01-02-2", "2026-01-02-1", "2026-01-02-0"]),
        ("2026-01-{09..10}-{5..5}", ["2026-01-09-5", "2026-01-10-5"]),
    ],
)
def test_hours_and_ranges(wanted: str, names: list[str]) -> None:
    assert list(archive_files(wanted, "x:")) == [f"x:/{name}.json.gz" for name in names]


def test_ranges_in_addresses() -> None:
    assert archive_files("https://a.example/{8..9}.gz") == (
        "https://a.example/8.gz", "https://a.example/9.gz",
    )  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    ["", "x", "2026-13-01", "2026-02-30-5", "2026-01-02-24", "2026-01-02-{0..24}", "2026-1-2",
     "{0..9999}", "{0..99}{0..99}{0..99}", "2026-01-02-{a..b}", "a\0b", "x" * 3000, "/", "\x1b[2J"],
)  # fmt: skip
def test_names_that_are_none(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        archive_files(wanted)
    assert str(caught.value).isprintable()


def test_too_many_hours() -> None:
    with pytest.raises(UsageError, match="more than"):
        archive_files("{2025..2026}-{01..12}-{01..28}")


def test_long_names_stay_apart(tmp_path: Path) -> None:
    names = set()
    for last in "ab":
        path = tmp_path / ("x" * 100 + last)
        path.write_bytes(b"")
        names.add(ArchiveFeed(str(path)).name)
    assert len(names) == 2
    assert all(len(name) < 80 for name in names)


@pytest.mark.parametrize("cursor", ["", "x", "1", "0:-1", "9:1", "99999999:0"])
def test_odd_cursors(written: Callable[..., str], cursor: str) -> None:
    feed = ArchiveFeed(written(pushes(1, 2)))
    poll = feed.poll(cursor)
    assert told(poll) == ([] if cursor == "9:1" else [1, 2])
    assert poll.is_over
