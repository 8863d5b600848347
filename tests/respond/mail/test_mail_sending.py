"""Mails to an honest server: TLS, login, refusals, addresses of all kinds."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from smtp_servers import HonestServer, Mailbox

from certificates import certificate
from leakscan.errors import UsageError
from leakscan.respond.mail import Delivered, Failed, Mailer, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    from leakscan.respond.mail import MailSettings

    Settings = Callable[..., MailSettings]
    LetterTo = Callable[[str | None], EmailMessage]
    Tls = tuple[ssl.SSLContext, Path]

PASSWORD, WRONG = "a correct horse", "another horse"


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return certificate(tmp_path)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_connection_and_a_login(
    security: str, tls: Tls, settings_for: Settings, letter_to: LetterTo
) -> None:
    context, trusted = tls
    mailbox = Mailbox()
    with HonestServer(mailbox, password=PASSWORD, **{security: context}) as server:
        settings = settings_for(
            server.port, security=security, ca_file=trusted, username="user", password=PASSWORD
        )
        with Mailer(settings) as mailer:
            outcomes = [mailer.send(letter_to(f"ada{n}@example.com")) for n in range(2)]
    assert outcomes == [Delivered("250 queued as 1"), Delivered("250 queued as 2")]
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [
        ["ada0@example.com"],
        ["ada1@example.com"],
    ]
    assert mailbox.envelopes[0].mail_from == "security@replicate.example"
    assert mailbox.sessions[0].authenticated
    assert mailbox.sessions[0].host_name == "replicate.example"
    assert mailbox.sessions[0] is mailbox.sessions[1], "one connection is kept"
    assert mailbox.messages[0]["To"] == "Ada <ada0@example.com>"


@pytest.mark.parametrize(("security", "times"), [("starttls", 1), ("tls", 1), ("none", 0)])
def test_the_systems_certificates_are_loaded_once_where_they_are_needed(
    security: str,
    times: int,
    tls: Tls,
    settings_for: Settings,
    letter_to: LetterTo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load, loaded = ssl.SSLContext.load_default_certs, []

    def counted(context: ssl.SSLContext, purpose: ssl.Purpose) -> None:
        loaded.append(purpose)
        load(context, purpose)

    own = {} if security == "none" else {security: tls[0]}
    with HonestServer(Mailbox(), **own) as server:
        monkeypatch.setattr(ssl.SSLContext, "load_default_certs", counted)
        settings = settings_for(server.port, security=security, ca_file=tls[1])
        with Mailer(settings):
            assert loaded == []  # there may be nothing to send
        with Mailer(settings) as mailer:
            outcomes = [mailer.send(letter_to(f"ada{n}@example.com")) for n in range(2)]
    assert [type(outcome) for outcome in outcomes] == [Delivered] * 2
    assert loaded == [ssl.Purpose.SERVER_AUTH] * times


def test_certificates_that_have_gone_are_said(
    tls: Tls, settings_for: Settings, letter_to: LetterTo
) -> None:
    with HonestServer(Mailbox(), starttls=tls[0]) as server:
        settings = settings_for(server.port, security="starttls", ca_file=tls[1])
        tls[1].unlink()
        with Mailer(settings) as mailer, pytest.raises(UsageError, match="cannot read it"):
            mailer.send(letter_to("ada@example.com"))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_nobody_vouches_for_gets_nothing(
    security: str,
    tls: Tls,
    tmp_path: Path,
    settings_for: Settings,
    letter_to: LetterTo,
) -> None:
    mailbox = Mailbox()
    other = certificate(tmp_path, "other")[1]
    with HonestServer(mailbox, **{security: tls[0]}) as server:
        for ca_file in (None, other):
            settings = settings_for(server.port, security=security, ca_file=ca_file)
            with Mailer(settings) as mailer:
                outcome = mailer.send(letter_to("ada@example.com"))
            assert isinstance(outcome, Failed)
            assert "certificate verify failed" in outcome.answer
    assert mailbox.envelopes == []


def test_a_certificate_for_another_host_is_refused(
    tls: Tls, settings_for: Settings, letter_to: LetterTo
) -> None:
    mailbox = Mailbox()
    with HonestServer(mailbox, starttls=tls[0]) as server:
        settings = settings_for(server.port, host="localhost", security="starttls", ca_file=tls[1])
        with Mailer(settings) as mailer:
            outcome = mailer.send(letter_to("ada@example.com"))
    assert isinstance(outcome, Failed)
    assert "localhost" in outcome.answer
    assert mailbox.envelopes == []


def test_without_starttls_nothing_is_sent(settings_for: Settings, letter_to: LetterTo) -> None:
    mailbox = Mailbox()
    with (
        HonestServer(mailbox) as server,
        Mailer(settings_for(server.port, security="starttls")) as mailer,
    ):
        outcome = mailer.send(letter_to("ada@example.com"))
    assert isinstance(outcome, Failed)
    assert "STARTTLS" in outcome.answer
    assert mailbox.envelopes == []


def test_tls_to_a_server_without_it_fails(settings_for: Settings, letter_to: LetterTo) -> None:
    with (
        HonestServer(Mailbox()) as server,
        Mailer(settings_for(server.port, security="tls")) as mailer,
    ):
        outcome = mailer.send(letter_to("ada@example.com"))
    assert isinstance(outcome, Failed)
    assert outcome.answer.startswith("cannot connect: ")


def test_a_wrong_password_fails_and_is_not_shown(
    tls: Tls, settings_for: Settings, letter_to: LetterTo
) -> None:
    with HonestServer(Mailbox(), starttls=tls[0], password=PASSWORD) as server:
        settings = settings_for(
            server.port, security="starttls", ca_file=tls[1], username="user", password=WRONG
        )
        with Mailer(settings) as mailer:
            outcome = mailer.send(letter_to("ada@example.com"))
    assert isinstance(outcome, Failed)
    assert outcome.answer.startswith("cannot connect: 535 ")
    assert WRONG not in outcome.answer


def test_a_missing_login_is_not_the_owners_fault(
    tls: Tls, settings_for: Settings, letter_to: LetterTo
) -> None:
    with HonestServer(Mailbox(), starttls=tls[0], password=PASSWORD) as server:
        settings = settings_for(server.port, security="starttls", ca_file=tls[1])
        with Mailer(settings) as mailer:
            outcome = mailer.send(letter_to("ada@example.com"))
    assert isinstance(outcome, Failed)
    assert "530" in outcome.answer


def test_a_refused_address_does_not_spoil_the_next(
    settings_for: Settings, letter_to: LetterTo
) -> None:
    mailbox = Mailbox()
    with HonestServer(mailbox) as server, Mailer(settings_for(server.port)) as mailer:
        addresses = ["one@example.com", "gone@example.com", "busy@example.com", "two@example.com"]
        outcomes = [mailer.send(letter_to(address)) for address in addresses]
    assert outcomes == [
        Delivered("250 queued as 1"),
        Refused("550 5.1.1 no such user"),
        Failed("451 4.7.1 greylisted, come back later"),
        Delivered("250 queued as 2"),
    ]
    assert mailbox.sessions[0] is mailbox.sessions[1]
    assert mailbox.envelopes[1].rcpt_tos == ["two@example.com"]


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        " ",
        "ada",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "ada@example.com\r\nBcc: eve@evil.example",
        "ada@example.com\x00",
        "ada@exam\u202eple.com",
        "ada@example.com, eve@evil.example",
        "Ada <ada@example.com>",
        "ada@example.com> SIZE=1",
        "a b@example.com",
        "ada.@example.com",
        "ada@-example.com",
        "ada@[127.0.0.1]",
        "=?utf-8?q?eve=40evil.example?=@example.com",
        "a\u3000b@example.com",
        f"{'a' * 65}@example.com",
        f"ada@{'.'.join(['a' * 60] * 5)}",
        "ada@ex\udcffmple.com",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(
    address: str | None, settings_for: Settings, letter_to: LetterTo
) -> None:
    """Nobody listens at that port, so that an attempt to connect would be `Failed`."""
    with Mailer(settings_for(9)) as mailer:
        outcome = mailer.send(letter_to(address))
    assert outcome == Refused("the owner has no address that mail can be sent to")


def test_a_local_part_that_is_not_ascii(settings_for: Settings, letter_to: LetterTo) -> None:
    mailbox = Mailbox()
    letter = letter_to("jürgen@example.com")
    with HonestServer(mailbox, utf8=True) as server, Mailer(settings_for(server.port)) as mailer:
        assert mailer.send(letter) == Delivered("250 queued as 1")
        assert mailer.send(letter_to("ada@example.com")) == Delivered("250 queued as 2")
    assert mailbox.envelopes[0].rcpt_tos == ["jürgen@example.com"]
    assert "To: Ada <jürgen@example.com>\r\n".encode() in mailbox.envelopes[0].original_content

    with HonestServer(mailbox, utf8=False) as server, Mailer(settings_for(server.port)) as mailer:
        outcome = mailer.send(letter)
        assert outcome == Refused(
            "the address is not ASCII, and the server does not offer SMTPUTF8"
        )
        assert isinstance(mailer.send(letter_to("ada@example.com")), Delivered)


def test_a_domain_that_is_not_ascii_needs_no_support(
    settings_for: Settings, letter_to: LetterTo
) -> None:
    mailbox = Mailbox()
    with HonestServer(mailbox, utf8=False) as server, Mailer(settings_for(server.port)) as mailer:
        assert isinstance(mailer.send(letter_to("ada@Bücher.example")), Delivered)
        # In the older of two standards this would be fass.example: somebody else's.
        assert isinstance(mailer.send(letter_to("ada@faß.example")), Refused)
    assert mailbox.envelopes[0].rcpt_tos == ["ada@xn--bcher-kva.example"]
