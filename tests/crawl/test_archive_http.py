"""Archives that are fetched, and what can go wrong on the way."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest
from archives import polled_to_the_end, polled_to_trouble, pushes, told

from leakscan.crawl.feeds import archive_stream
from leakscan.crawl.feeds.archive import ArchiveFeed
from leakscan.trouble import Trouble, TroubleError
from servers import Reply, Request, a_closed_port, running_socket, running_web

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


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


def test_another_process_asks_again_for_an_hour_that_was_not_there_yet() -> None:
    files = {f"/2026-01-02-{hour}.json.gz": pushes(hour, hour) for hour in (1, 3)}

    with running_web(serving(files)) as web:

        def opened() -> ArchiveFeed:
            return ArchiveFeed("2026-01-02-{1..3}", base=web.url.removesuffix("/hook"))

        feed = opened()
        first = feed.poll(None)
        with pytest.raises(TroubleError):
            feed.poll(first.cursor)
        polls = polled_to_the_end(feed, first.cursor)
        assert (told(*polls), polls[-1].has_lost) == ([3], True)
        over = feed.poll(polls[-1].cursor)
        assert (over.is_over, over.has_lost, over.events) == (True, True, ())

        files["/2026-01-02-2.json.gz"] = pushes(2, 2)
        later = polled_to_the_end(opened(), over.cursor)
        assert (told(*later), later[-1].has_lost) == ([2, 3], False)
        (end,) = polled_to_the_end(opened(), later[-1].cursor)
        assert (end.events, end.has_lost) == ((), False)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(404, Trouble.GONE), (403, Trouble.BUSY), (429, Trouble.BUSY), (503, Trouble.BUSY),
     (451, Trouble.BLOCKED), (204, Trouble.BROKEN)],
)  # fmt: skip
def test_refusals(status: int, trouble: Trouble) -> None:
    with running_web(lambda _: (status, {"retry-after": "7"}, b"")) as web:
        feed = ArchiveFeed(web.url)
        with pytest.raises(TroubleError) as caught:
            feed.poll(None)
    assert (caught.value.trouble, caught.value.retry_after) == (trouble, 7)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "ends too early"), (b"<html>Come back later</html>", "holds no event")],
)
def test_an_answer_that_is_no_archive(content: bytes, why: str) -> None:
    with running_web(serving({"/x.json.gz": content})) as web:
        address = web.url.replace("//", "//user:secret@").removesuffix("/hook")
        feed = ArchiveFeed(f"{address}/x.json.gz")
        polls, error = polled_to_trouble(feed)
    assert told(*polls) == []
    assert (error.trouble, why in str(error), "secret" in str(error)) == (
        Trouble.BROKEN, True, False,
    )  # fmt: skip


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
