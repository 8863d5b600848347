"""Mails to servers that hang up, hang, talk nonsense or answer with an error, at each step."""

from __future__ import annotations

import base64
import os
import resource
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from smtp_servers import DROP, HANG, FaultyServer

from leakscan.respond.mail import Delivered, Failed, Mailer, Refused
from servers import dripping, running_socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from leakscan.respond.mail import MailSettings, Outcome

    Settings = Callable[..., MailSettings]
    LetterTo = Callable[[str | None], EmailMessage]
    Send = Callable[..., list[Outcome]]

BEFORE_THE_MESSAGE = ["connect", "EHLO", "MAIL", "RCPT", "DATA"]
PASSWORD = "a wrong horse"  # noqa: S105 - of the servers of these tests


@pytest.fixture
def send(settings_for: Settings, letter_to: LetterTo) -> Send:
    """Send mails, one after the other, with one `Mailer`."""

    def run(server: FaultyServer, count: int = 1, **given: object) -> list[Outcome]:
        with Mailer(settings_for(server.port, **given)) as mailer:
            return [mailer.send(letter_to(f"ada{n}@example.com")) for n in range(count)]

    return run


@pytest.mark.parametrize("step", BEFORE_THE_MESSAGE)
def test_a_server_that_hangs_up(step: str, send: Send) -> None:
    with FaultyServer({step: DROP}) as server:
        (outcome,) = send(server)
    assert isinstance(outcome, Failed)
    assert outcome.answer.endswith("the server closed the connection")
    assert "accepted" not in outcome.answer
    assert server.contents == []
    # Connecting is tried three times; EHLO belongs to it.
    assert server.connections == (3 if step in ("connect", "EHLO") else 1)


@pytest.mark.parametrize("step", BEFORE_THE_MESSAGE)
def test_a_server_that_hangs(step: str, send: Send) -> None:
    with FaultyServer({step: HANG}) as server:
        (outcome,) = send(server, timeout=0.2)
    assert isinstance(outcome, Failed)
    assert outcome.answer.endswith("the server did not answer in time")
    assert server.connections == 1


@pytest.mark.parametrize(
    "nonsense", [b"hello there", b"\xff\xfe\x00\x1b[31m", b"", b"2", b"x" * 9000]
)
@pytest.mark.parametrize("step", BEFORE_THE_MESSAGE)
def test_a_server_that_talks_nonsense(step: str, nonsense: bytes, send: Send) -> None:
    with FaultyServer({step: nonsense, "HELO": nonsense}) as server:
        (outcome,) = send(server)
    assert isinstance(outcome, Failed)
    assert outcome.answer.isprintable()
    assert len(outcome.answer) <= 300
    assert server.contents == []


@pytest.mark.parametrize("end", [DROP, HANG, b"hello there", b"x" * 9000, b"354 go on"])
def test_silence_after_the_message_may_be_acceptance(end: bytes, send: Send) -> None:
    """It is not sent again, even over a connection that was kept."""
    with FaultyServer({"content": end}) as server:
        (outcome,) = send(server, timeout=3 if end == HANG else 10)
        assert isinstance(outcome, Failed)
        assert outcome.answer.endswith("may have been accepted")
        assert (len(server.contents), server.connections) == (1, 1)


def test_silence_after_the_second_message_is_no_reason_to_repeat_it(
    settings_for: Settings, letter_to: LetterTo
) -> None:
    with FaultyServer({}) as server, Mailer(settings_for(server.port)) as mailer:
        assert isinstance(mailer.send(letter_to("a@example.com")), Delivered)
        server.end_with(DROP)
        outcome = mailer.send(letter_to("b@example.com"))
        assert isinstance(outcome, Failed)
        assert outcome.answer.endswith("may have been accepted")
        assert (len(server.contents), server.connections) == (2, 1)


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("MAIL", b"451 later", Failed),
        ("MAIL", b"550 no such sender", Failed),
        ("RCPT", b"450 later", Failed),
        ("RCPT", b"550 no such user", Refused),
        ("RCPT", b"530 log in first", Failed),
        ("RCPT", b"503 bad sequence", Failed),
        ("DATA", b"451 later", Failed),
        ("DATA", b"554 no valid recipients", Refused),
        ("content", b"452 no room", Failed),
        ("content", b"554 looks like spam", Refused),
        ("content", b"421 going down", Failed),
    ],
)
def test_an_error_is_refused_or_failed(step: str, answer: bytes, kind: type, send: Send) -> None:
    with FaultyServer({step: answer}, {}) as server:
        first, _ = send(server, 2)
    assert isinstance(first, kind)
    assert first.answer.endswith(answer.decode())
    if b"421" not in answer:
        assert server.connections == 1, "the connection is kept"
        assert "RSET" in [command.upper() for command in server.commands]


@pytest.mark.parametrize("step", ["connect", "EHLO"])
def test_a_server_that_takes_nobody(step: str, send: Send) -> None:
    with FaultyServer({step: b"554 go away", "HELO": b"554 go away"}) as server:
        assert send(server) == [Failed("cannot connect: 554 go away")]
        assert server.contents == []


class Interrupted(BaseException):
    """What a signal raises in this test."""


def test_an_interrupted_mailer_says_nothing_more(
    settings_for: Settings, letter_to: LetterTo
) -> None:
    """In the middle of a message, QUIT would be a part of it, and wait for an answer."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    def when_sent(server: FaultyServer) -> None:
        server.got_content.wait()
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with FaultyServer({"content": HANG}) as server:
            thread = threading.Thread(target=when_sent, args=(server,))
            thread.start()
            with pytest.raises(Interrupted), Mailer(settings_for(server.port)) as mailer:
                mailer.send(letter_to("ada@example.com"))
            thread.join()
        assert "QUIT" not in [command.upper() for command in server.commands]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_server_that_is_not_there(settings_for: Settings, letter_to: LetterTo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Mailer(settings_for(port)) as mailer:
        assert mailer.send(letter_to("ada@example.com")) == Failed(
            "cannot connect: Connection refused"
        )


@pytest.mark.parametrize("fault", [DROP, b"421 busy"])
def test_connecting_is_tried_again(fault: bytes, send: Send) -> None:
    with FaultyServer({"connect": fault}, {"connect": fault}, {}) as server:
        assert send(server) == [Delivered("250 queued")]
        assert server.connections == 3


@pytest.mark.parametrize("idle", [DROP, b"421 4.4.2 timeout exceeded"])
def test_a_connection_that_was_dropped_while_idle_is_made_anew(idle: bytes, send: Send) -> None:
    with FaultyServer({"idle": idle}, {}) as server:
        assert send(server, 3) == [Delivered("250 queued")] * 3
        assert server.connections == 2
        assert len(server.contents) == 3


def test_a_kept_connection_is_made_anew_only_once(send: Send) -> None:
    with FaultyServer({"idle": DROP}, {"MAIL": DROP}) as server:
        first, second = send(server, 2)
        assert isinstance(first, Delivered)
        assert second == Failed("the server closed the connection")
        assert server.connections == 2


def test_a_failure_does_not_spoil_the_next(send: Send) -> None:
    with FaultyServer({"RCPT": DROP}, {}) as server:
        assert send(server, 2) == [
            Failed("the server closed the connection"),
            Delivered("250 queued"),
        ]


@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN"])
def test_a_server_that_quotes_the_password(mechanism: bytes, send: Send) -> None:
    plain = base64.b64encode(f"\0user\0{PASSWORD}".encode())
    alone = base64.b64encode(PASSWORD.encode())
    quote = b"535 bad: " + b" ".join([plain, alone, PASSWORD.encode(), b"\x1b[2J", b"x" * 400])
    ehlo = b"250-mail.example\r\n250 AUTH " + mechanism
    with FaultyServer({"EHLO": ehlo, "AUTH": quote}) as server:
        (outcome,) = send(server, username="user", password=PASSWORD)
    assert isinstance(outcome, Failed)
    assert outcome.answer.startswith(
        r"cannot connect: 535 bad: [password] [password] [password] \x1b[2J xxx"
    )
    assert len(outcome.answer) == 300
    assert server.connections == 1, "a wrong password is not tried again"


def test_a_server_without_login_gets_no_password(send: Send) -> None:
    with FaultyServer({}) as server:
        (outcome,) = send(server, username="user", password=PASSWORD)
        assert isinstance(outcome, Failed)
        assert "AUTH" in outcome.answer
        assert not any("AUTH" in command for command in server.commands)


def test_a_challenge_that_makes_no_sense(send: Send) -> None:
    ehlo = b"250-mail.example\r\n250 AUTH CRAM-MD5"
    with FaultyServer({"EHLO": ehlo, "AUTH": b"334 \xff!"}) as server:
        (outcome,) = send(server, username="user", password=PASSWORD)
    assert isinstance(outcome, Failed)


def test_lines_that_begin_with_a_dot_arrive(settings_for: Settings, tmp_path: object) -> None:
    from leakscan.respond.mail import compose
    from leakscan.respond.mail.example import EXAMPLE, EXAMPLE_OWNER

    (tmp_path / "leak.txt").write_text("one\n.\n..two\n")
    with FaultyServer({}) as server:
        settings = settings_for(server.port, templates=tmp_path)
        with Mailer(settings) as mailer:
            letter = compose(EXAMPLE_OWNER, [EXAMPLE], settings, "<id@leakscan.example>")
            assert isinstance(mailer.send(letter), Delivered)
    assert b"one\r\n..\r\n...two\r\n" in server.contents[0]


def test_a_server_that_sends_a_byte_now_and_then_is_left_in_time(
    settings_for: Settings, letter_to: LetterTo
) -> None:
    with running_socket(dripping(b"220-welcome to a server that never ends\r\n")) as url:
        started = time.monotonic()
        with Mailer(settings_for(int(url.split(":")[2].split("/")[0]), timeout=0.3)) as mailer:
            outcome = mailer.send(letter_to("ada@example.com"))
        assert time.monotonic() - started < 10
    assert isinstance(outcome, Failed)


def test_an_answer_without_end_takes_no_memory(settings_for: Settings, letter_to: LetterTo) -> None:
    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220-welcome\r\n" * 5000)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        running_socket(flood) as url,
        Mailer(settings_for(int(url.split(":")[2].split("/")[0]), timeout=2)) as mailer,
    ):
        outcome = mailer.send(letter_to("ada@example.com"))
    assert isinstance(outcome, Failed)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
