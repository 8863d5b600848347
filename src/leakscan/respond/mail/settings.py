"""How mail is sent, as one frozen value that cannot be unsafe."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.respond.mail.addresses import parse_mailbox
from leakscan.respond.mail.foreign import safe_link
from leakscan.respond.web import is_loopback

if TYPE_CHECKING:
    from email.headerregistry import Address
    from pathlib import Path

PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""The ways to secure a connection, and the usual port of each."""

TOKEN_PAGE = "https://replicate.com/account/api-tokens"  # noqa: S105 - the address of a page


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Which server sends the mails, who they come from, and what they point to.

    Attributes:
        security: ``starttls``, ``tls``, or ``none`` for a server on this machine.
        sender: an address, or ``Name <address>``; so is ``reply_to``.
        timeout: seconds to wait for each answer of the server.
        templates: folder whose templates come before ours.
        token_page: where owners create and look at tokens.
        support: whom to ask, in words; an address or a link of one's own.
        hostname: what to call oneself; by default the domain of ``sender``.
        ca_file: certificates to trust besides those of the system.
        allow_plain: accept ``none`` for another machine too, though never with a password.
        digest_window_seconds: how long findings are gathered into one mail to an owner.

    Raises:
        UsageError: a value makes no sense, or would send a password in the clear.
    """

    host: str
    sender: str
    port: int = PORTS["starttls"]
    security: str = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    reply_to: str | None = None
    timeout: float = 20
    templates: Path | None = None
    token_page: str = TOKEN_PAGE
    support: str | None = None
    hostname: str | None = None
    ca_file: Path | None = None
    allow_plain: bool = False
    digest_window_seconds: float = 600

    def __post_init__(self) -> None:
        self._check_server()
        self._check_login()
        for name, mailbox in (("sender", self.sender), ("reply_to", self.reply_to)):
            address = parse_mailbox(mailbox) if mailbox is not None else None
            if mailbox is not None and (address is None or not address.addr_spec.isascii()):
                raise UsageError(f"mail.{name}: no address", "write Name <name@example.com>")
        if safe_link(self.token_page) is None:
            raise UsageError("mail.token_page: no http or https address", "write it out")

    @property
    def sender_address(self) -> Address:
        """The sender, parsed."""
        address = parse_mailbox(self.sender)
        assert address is not None  # noqa: S101 - checked when the settings were made
        return address

    @property
    def own_name(self) -> str:
        """What this machine is called in the greeting of a server and in Message-IDs."""
        return self.hostname or self.sender_address.domain

    def _check_server(self) -> None:
        for name, text in (("host", self.host), ("hostname", self.hostname or "localhost")):
            if not text.isascii() or not text.isprintable() or not text or set(text) & set(" @/<>"):
                raise UsageError(f"mail.{name}: no name of a host", "write smtp.example.com")
        if self.security not in PORTS:
            raise UsageError("mail.security: unknown", f"use {', '.join(PORTS)}")
        if not 0 < self.port < 1 << 16:
            raise UsageError("mail.port: not from 1 to 65535", "use the server's port")
        if not self.timeout > 0:
            raise UsageError("mail.timeout: not more than 0 seconds", "use 20")
        if self.security != "none" or is_loopback(self.host):
            return
        if self.password is not None:
            raise UsageError(
                'mail.security: "none" would send the password unencrypted to another machine',
                'use "starttls" or "tls"',
            )
        if not self.allow_plain:
            raise UsageError(
                'mail.security: "none" sends mail unencrypted to another machine',
                'use "starttls" or "tls", or set allow_plain',
            )

    def _check_login(self) -> None:
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            raise UsageError(f"mail.{missing}: missing", "give both a username and a password")
        for name, text in (("username", self.username), ("password", self.password)):
            if text is not None and not (text.isascii() and text.isprintable() and text):
                # Python's smtplib can send no other, whatever the server takes.
                raise UsageError(f"mail.{name}: holds more than printable ASCII", "use another")


def tls_context(settings: MailSettings) -> ssl.SSLContext:
    """Make the context that verifies servers, by the system's certificates and ``ca_file``.

    Where no TLS is used, it trusts nobody: loading all certificates of the system takes long.

    Raises:
        UsageError: ``ca_file`` cannot be read or holds no certificate.
    """
    if settings.security == "none":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        _trust(context, settings.ca_file)
    return context


def check_ca_file(ca_file: Path) -> None:
    """Check that a file of certificates can be used.

    Raises:
        UsageError: it cannot be read or holds no certificate.
    """
    _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file)


def _trust(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise UsageError(f"{ca_file}: holds no certificate", "use a PEM file") from None
    except OSError as error:
        raise UsageError(
            f"{ca_file}: cannot read it: {error.strerror}", "check mail.ca_file"
        ) from None
