"""The ``[mail]`` table, and settings that would be unsafe."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from certificates import certificate
from leakscan.errors import UsageError
from leakscan.respond.mail import MailSettings, read_mail

if TYPE_CHECKING:
    from pathlib import Path

LEAST = {"host": "smtp.example.com", "sender": "security@example.com"}
PASSWORD = "a correct horse"  # noqa: S105 - of these tests


def test_what_is_not_set_is_safe(tmp_path: Path) -> None:
    settings = read_mail(LEAST, tmp_path / "c.toml", {})
    assert (settings.security, settings.port) == ("starttls", 587)
    assert (settings.timeout, settings.digest_window_seconds) == (20, 600)
    assert settings.token_page == "https://replicate.com/account/api-tokens"  # noqa: S105 - a page
    assert settings.allow_plain is False
    assert settings.own_name == "example.com"
    assert settings == MailSettings(**LEAST)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_usual_ports(security: str, port: int, tmp_path: Path) -> None:
    table = LEAST | {"host": "localhost", "security": security}
    assert read_mail(table, tmp_path / "c.toml", {}).port == port


def test_everything_set(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    certificate(tmp_path, "ca")
    table = LEAST | {
        "port": 2525,
        "security": "tls",
        "username": "user",
        "password_file": "password",
        "sender": '"Security, Acme" <security@example.com>',
        "reply_to": "Help <help@example.com>",
        "timeout": 3,
        "templates": "words",
        "token_page": "https://example.com/tokens",
        "support": "the help desk",
        "hostname": "scanner.example.com",
        "ca_file": "ca.pem",
        "allow_plain": True,
        "digest_window_seconds": 60,
    }
    settings = read_mail(table, tmp_path / "c.toml", {})
    assert settings.password == PASSWORD
    assert settings.templates == tmp_path / "words"
    assert settings.ca_file == tmp_path / "ca.pem"
    assert settings.sender_address.display_name == "Security Acme"
    assert settings.sender_address.addr_spec == "security@example.com"
    assert settings.own_name == "scanner.example.com"
    assert settings.digest_window_seconds == 60
    assert PASSWORD not in repr(settings)

    other = {"LEAKSCAN_MAIL_PASSWORD": "another"}
    assert read_mail(table, tmp_path / "c.toml", other).password == "another"  # noqa: S105 - of this test


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prot": 25}, "mail.prot: unknown key: use "),
        ({"host": None}, "mail.host: missing"),
        ({"sender": None}, "mail.sender: missing"),
        ({"port": "25"}, "mail.port: expected a whole number from 1 to 65535, not a text"),
        ({"port": 0}, "mail.port: expected a whole number from 1 to 65535, not 0"),
        ({"port": True}, "mail.port: expected a whole number from 1 to 65535, not true or false"),
        ({"security": "ssl"}, 'mail.security: expected "starttls" or "tls" or "none", not "ssl"'),
        ({"timeout": 0}, "mail.timeout: expected seconds, from 0.1 to 600, not 0"),
        ({"timeout": float("nan")}, "mail.timeout: expected seconds"),
        ({"sender": "nobody"}, "mail.sender: no address"),
        ({"sender": "jürgen@example.com"}, "mail.sender: no address"),
        ({"sender": "a@b.example, c@d.example"}, "mail.sender: no address"),
        ({"reply_to": "x\r\nBcc: <a@b.example>"}, "mail.reply_to: no address"),
        ({"token_page": "javascript:x"}, "mail.token_page: no http or https address"),
        ({"host": "smtp example"}, "mail.host: no name of a host"),
        ({"hostname": "a b"}, "mail.hostname: no name of a host"),
        ({"templates": "missing"}, "mail.templates: no such folder"),
        ({"password_file": "missing"}, "mail.password_file: cannot read it: No such file"),
        ({"password_file": "empty"}, "mail.password_file: is empty"),
        ({"password_file": "binary"}, "mail.password_file: not UTF-8 text"),
        ({"password_file": "password"}, "mail.username: missing"),
        ({"username": "user"}, "mail.password: missing"),
        ({"ca_file": "missing"}, "missing: cannot read it: No such file"),
        ({"ca_file": "empty"}, "empty: holds no certificate"),
        ({"allow_plain": "yes"}, "mail.allow_plain: expected true or false, not a text"),
        ({"security": "none"}, 'mail.security: "none" sends mail unencrypted'),
    ],
)
def test_a_wrong_table_names_file_and_key(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "password").write_text(PASSWORD)
    table = {key: value for key, value in (LEAST | change).items() if value is not None}
    with pytest.raises(UsageError) as caught:
        read_mail(table, tmp_path / "c.toml", {})
    assert str(caught.value).startswith(str(tmp_path / "c.toml") + ": ")
    assert message in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_file_of_certificates_is_checked_without_those_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(ssl.SSLContext, "load_default_certs")  # it takes long
    certificate(tmp_path, "ca")
    for security in ("tls", "none"):
        table = LEAST | {"host": "localhost", "security": security}
        assert read_mail(table, tmp_path / "c.toml", {}).ca_file is None
        assert read_mail(table | {"ca_file": "ca.pem"}, tmp_path / "c.toml", {}).ca_file
        with pytest.raises(UsageError, match="cannot read it"):
            read_mail(table | {"ca_file": "missing"}, tmp_path / "c.toml", {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_plain_to_this_machine(host: str) -> None:
    login = {"username": "user", "password": PASSWORD}
    assert MailSettings(**(LEAST | {"host": host}), security="none", **login).host == host


@pytest.mark.parametrize("host", ["192.0.2.1", "localhost.example.com", "127.0.0.1.example.com"])
def test_plain_to_another_machine(host: str) -> None:
    given = LEAST | {"host": host, "security": "none"}
    with pytest.raises(UsageError, match="sends mail unencrypted"):
        MailSettings(**given)
    assert MailSettings(**given, allow_plain=True).host == host
    with pytest.raises(UsageError, match="would send the password unencrypted"):
        MailSettings(**given, allow_plain=True, username="user", password=PASSWORD)


@pytest.mark.parametrize("password", ["pässword", "two\nlines", "", "nul\0"])
def test_a_password_that_cannot_be_sent(password: str) -> None:
    with pytest.raises(UsageError, match="holds more than printable ASCII") as caught:
        MailSettings(**LEAST, username="user", password=password)
    assert not password or password not in str(caught.value)
