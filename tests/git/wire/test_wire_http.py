"""What HTTP servers do, well or badly, ends in one clear word."""

from __future__ import annotations

import base64
import email.utils
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from wire_stage import Stage, both_versions

from hub.backend import GitFault, GitServer
from leakscan.errors import UsageError
from leakscan.git.wire import Limits, Meter
from leakscan.trouble import Trouble, TroubleError
from servers import a_closed_port, running_socket

if TYPE_CHECKING:
    import socket
    from pathlib import Path


def failing(stage: Stage, url: str | None = None) -> TroubleError:
    """Ask for refs, which must fail; return the error."""
    with pytest.raises(TroubleError) as caught:
        stage.wire.refs(url or stage.url, stage.meter)
    return caught.value


# Statuses.


@pytest.mark.parametrize(
    ("status", "headers", "trouble", "wait"),
    [
        (401, {}, Trouble.REFUSED, None),
        (403, {}, Trouble.BARRED, None),
        (403, {"Retry-After": "7"}, Trouble.BUSY, 7),
        (404, {}, Trouble.GONE, None),
        (407, {}, Trouble.BARRED, None),
        (410, {}, Trouble.GONE, None),
        (418, {}, Trouble.BROKEN, None),
        (429, {}, Trouble.BUSY, None),
        (429, {"Retry-After": "120"}, Trouble.BUSY, 120),
        (451, {}, Trouble.BLOCKED, None),
        (500, {}, Trouble.BUSY, None),
        (502, {"Retry-After": "soon"}, Trouble.BUSY, None),
        (503, {"Retry-After": "-5"}, Trouble.BUSY, None),
    ],
)
def test_a_status_says_what_is_wrong(
    stage: Stage, status: int, headers: dict[str, str], trouble: Trouble, wait: float | None
) -> None:
    stage.server.faults = [GitFault(status=status, headers=headers)]
    error = failing(stage)
    assert (error.trouble, error.retry_after) == (trouble, wait)
    assert f"HTTP {status}" in str(error)


def test_a_date_to_come_back_is_by_the_clock_of_the_server(stage: Stage) -> None:
    then = email.utils.formatdate(time.time() + 30, usegmt=True)
    stage.server.faults = [GitFault(status=503, headers={"Retry-After": then})]
    wait = failing(stage).retry_after
    assert wait is not None
    assert 25 <= wait <= 31


def test_words_of_the_server_are_shown_on_one_safe_line(stage: Stage) -> None:
    body = b"Access \x1b[31mdenied\n  since today\n" + b"x" * 2000
    kind = {"Content-Type": "text/plain; charset=utf-8"}
    stage.server.faults = [GitFault(status=403, headers=kind, body=body)]
    error = failing(stage)
    assert error.trouble is Trouble.REFUSED  # for a reason of its own
    text = str(error)
    assert r"Access \\x1b[31mdenied since today" in text
    assert text.isprintable()
    assert len(text) < 600


def test_what_is_gone_on_a_known_server_costs_one_request(stage: Stage) -> None:
    stage.wire.refs(stage.url, Meter())
    with pytest.raises(TroubleError) as caught:
        stage.wire.refs(f"{stage.server.url}/acme/other.git", stage.meter)
    assert caught.value.trouble is Trouble.GONE
    assert stage.meter.requests == 1


# Redirects.


@both_versions
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_renamed_repository_is_followed(stage: Stage, status: int) -> None:
    stage.server.moved = {"/old/name.git": "/acme/app/.git"}
    stage.server.move_status = status
    refs = stage.wire.refs(f"{stage.server.url}/old/name.git", stage.meter)
    assert refs.by_name["refs/heads/main"].oid == stage.commits[9]
    assert refs.url == stage.url
    assert stage.meter.requests == len(stage.server.requests)


def test_a_push_to_a_renamed_repository_takes_two_requests(stage: Stage) -> None:
    stage.server.moved = {"/old/name.git": "/acme/app/.git"}
    url = f"{stage.server.url}/old/name.git"
    before, head = stage.commits[4], stage.commits[9]
    with stage.wire.fetch_push(url, before, head, Limits(), stage.meter) as arriving:
        pack = b"".join(arriving)
    assert stage.objects(pack) == stage.expected(f"{before}..{head}")
    assert stage.meter.requests == 2
    assert stage.server.connections == 1


def test_redirects_come_to_an_end(stage: Stage) -> None:
    stage.server.moved = {"/acme/app/.git": "/acme/app/.git"}
    error = failing(stage)
    assert error.trouble is Trouble.BROKEN
    assert "more than 5 times" in str(error)
    assert stage.meter.requests == 6


@pytest.mark.parametrize(
    ("location", "trouble", "words"),
    [
        ("/login?next=secret", Trouble.REFUSED, "/login, which is no repository"),
        ("https://127.0.0.1/login", Trouble.REFUSED, "no repository"),
        ("ftp://127.0.0.1/x/git-upload-pack", Trouble.BROKEN, "it must be https"),
        ("file:///x/git-upload-pack", Trouble.BROKEN, "it must be https"),
        ("http://127.0.0.1:99999/x/git-upload-pack", Trouble.BROKEN, "no URL"),
        ("http://:80/git-upload-pack", Trouble.BROKEN, "no URL"),
    ],
)
def test_some_redirects_are_not_followed(
    stage: Stage, location: str, trouble: Trouble, words: str
) -> None:
    stage.server.faults = [GitFault(status=302, headers={"Location": location})]
    error = failing(stage)
    assert error.trouble is trouble
    assert words in str(error)
    assert "secret" not in str(error)


# Credentials.


@both_versions
def test_credentials_are_shown_to_the_server(stage: Stage) -> None:
    stage.server.login = ("me@example.com", "pa:ss/word")
    with_login = stage.url.replace("//", "//me%40example.com:pa%3Ass%2Fword@")
    refs = stage.wire.refs(with_login, stage.meter)
    assert refs.by_name["HEAD"].oid == stage.commits[9]
    assert refs.url == with_login
    assert "pa:ss" not in repr(refs)
    assert "pa%3Ass" not in repr(refs)


def test_wrong_credentials_are_refused_and_not_shown(stage: Stage) -> None:
    stage.server.login = ("me", "right")
    error = failing(stage, stage.url.replace("//", "//me:wrong-one@"))
    assert error.trouble is Trouble.REFUSED
    assert "wrong-one" not in repr(error)
    assert "gone, private, or needs other credentials" in str(error)


def test_credentials_that_a_server_repeats_are_not_shown(stage: Stage) -> None:
    value = base64.b64encode(b"me:wrong-one").decode()
    for body in (b"no user wrong-one", f"denied: Basic {value}".encode()):
        kind = {"Content-Type": "text/plain"}
        stage.server.faults = [GitFault(status=403, headers=kind, body=body)]
        error = failing(stage, stage.url.replace("//", "//me:wrong-one@"))
        assert "wrong-one" not in repr(error)
        assert value not in repr(error)


def test_credentials_stay_with_their_host(stage: Stage, tmp_path: Path) -> None:
    with GitServer(tmp_path / "served") as other:
        stage.server.moved = {
            "/elsewhere.git": f"{other.url.replace('//', '//you:theirs@')}/acme/app/.git",
            "/here.git": "/acme/app/.git",
        }
        base = stage.server.url.replace("//", "//me:mine@")
        refs = stage.wire.refs(f"{base}/elsewhere.git", stage.meter)
        assert refs.url == f"{other.url}/acme/app/.git"
        assert "authorization" not in other.requests[0].headers
        refs = stage.wire.refs(f"{base}/here.git", stage.meter)
        assert refs.url == f"{base}/acme/app/.git"
        assert all("authorization" in request.headers for request in stage.server.requests)


# Connections.


@both_versions
def test_connections_are_used_again(stage: Stage) -> None:
    for number in range(5):
        stage.push(stage.commits[number], stage.commits[9])
        stage.push("8" * 40, stage.commits[9])
        stage.wire.refs(stage.url, stage.meter)
        failing(stage, f"{stage.server.url}/acme/gone.git")
    assert stage.server.connections == 1


def test_a_pack_that_is_not_read_to_its_end_ends_the_connection(stage: Stage) -> None:
    asked = stage.wire.fetch_push(stage.url, None, stage.commits[9], Limits(), stage.meter)
    with asked as arriving:
        next(iter(arriving))
    assert not arriving.is_whole
    stage.push(stage.commits[4], stage.commits[9])
    assert stage.server.connections == 2


@both_versions
def test_threads_do_not_disturb_each_other(stage: Stage) -> None:
    def look(number: int) -> bool:
        before, head = stage.commits[number % 9], stage.commits[9]
        meter = Meter()
        with stage.wire.fetch_push(stage.url, before, head, Limits(seconds=60), meter) as arriving:
            pack = b"".join(arriving)
        return len(pack) == sizes[number % 9] and meter.received > len(pack)

    sizes = []
    for before in stage.commits[:9]:
        with stage.wire.fetch_push(
            stage.url, before, stage.commits[9], Limits(), stage.meter
        ) as arriving:
            sizes.append(sum(map(len, arriving)))
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(look, range(64)))
    assert stage.server.connections <= 16


def test_a_server_that_cannot_be_reached_is_tried_three_times(stage: Stage) -> None:
    error = failing(stage, f"http://127.0.0.1:{a_closed_port()}/x.git")
    assert error.trouble is Trouble.UNREACHABLE
    assert "Connection refused" in str(error)
    assert stage.meter.requests == 3


EMPTY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-result\r\n"
    b"Content-Length: 4\r\n\r\n0000"
)


def test_a_connection_that_fails_before_the_answer_is_made_anew(stage: Stage) -> None:
    heard: list[bytes] = []

    def hang_up_twice(connection: socket.socket) -> None:
        heard.append(connection.recv(1 << 16))
        if len(heard) > 2:
            connection.sendall(EMPTY)

    with running_socket(hang_up_twice) as url:
        assert stage.wire.refs(url, stage.meter).refs == ()
    assert stage.meter.requests == len(heard) == 3


def test_a_connection_that_is_closed_while_idle_is_made_anew(stage: Stage) -> None:
    heard: list[bytes] = []

    def answer_once(connection: socket.socket) -> None:
        heard.append(connection.recv(1 << 16))
        connection.sendall(EMPTY)  # and close, though the answer does not say so

    with running_socket(answer_once) as url:
        for _ in range(3):
            assert stage.wire.refs(url, stage.meter).refs == ()
    assert len(heard) == 3


@pytest.mark.parametrize(
    "words", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 100, b"HTTP/1.1 abc\r\n\r\n"]
)
def test_what_does_not_speak_http_is_broken(stage: Stage, words: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(words)

    with running_socket(talk) as url:
        error = failing(stage, url)
    assert error.trouble is Trouble.BROKEN
    assert "does not speak HTTP" in str(error)


@pytest.mark.parametrize(
    "url",
    ["ssh://host/x", "host/x", "file:///x", "https:///x", "http://host:99999/x", "http://[x/"],
)
def test_only_http_is_spoken(stage: Stage, url: str) -> None:
    with pytest.raises(UsageError):
        stage.wire.refs(url, stage.meter)
