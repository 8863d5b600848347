"""Hand messages to an SMTP server over one connection that is kept."""

from __future__ import annotations

import contextlib
import re
from email import policy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from leakscan.respond.deadline import Deadline
from leakscan.respond.mail.connection import answer, connect, explain
from leakscan.respond.mail.outcome import Delivered, Failed, Refused, presentable_answer
from leakscan.respond.mail.settings import tls_context

if TYPE_CHECKING:
    import smtplib
    import ssl
    from email.headerregistry import Address
    from email.message import EmailMessage
    from types import TracebackType

    from leakscan.respond.mail.outcome import Outcome
    from leakscan.respond.mail.settings import MailSettings

# These say that the conversation went wrong or a login is missing, nothing of a message.
_OF_THE_CONVERSATION = frozenset({500, 502, 503, 530, 534, 535, 538})

_ANSWERS = 6
"""So many times as long as one answer may take, sending a message may: it has about as many."""

MAYBE_ACCEPTED = "it may have been accepted"

_POLICY = policy.SMTP.clone(cte_type="7bit")


class _Broken(Exception):  # noqa: N818 - not an error of the caller's; it never leaves this file
    """The connection cannot be used any more, and the message was surely not accepted."""


class Mailer:
    """Sends messages, one after the other, and never raises for what a server does.

    It connects at the first message and again when the connection broke.  Use it as a context
    manager, or `close` it; one thread only.
    """

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> Outcome:
        """Send one message, as `compose` makes it, to the address of its ``To`` header.

        Returns:
            `Delivered`, `Refused` if trying again is no use, else `Failed`.

        Raises:
            UsageError: the file of certificates cannot be used any more.
        """
        to: Any = message["To"]
        recipients: tuple[Address, ...] = to.addresses if to is not None else ()
        if len(recipients) != 1:
            return Refused("the owner has no address that mail can be sent to")
        address = recipients[0].addr_spec
        content = message.as_bytes(policy=_POLICY.clone(utf8=not address.isascii()))
        try:
            with Deadline(self._settings.timeout * _ANSWERS) as deadline:
                outcome = self._send(address, content, deadline)
        except BaseException:  # such as a signal's: in the middle of a command, no other can follow
            self._drop()
            raise
        return type(outcome)(presentable_answer(outcome.answer, self._settings))

    def close(self) -> None:
        """Say goodbye to the server, if there is one."""
        if self._server is not None:
            with contextlib.suppress(OSError, ValueError):
                self._server.quit()
        self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """What verifies servers; made when it is needed, for that takes long."""
        return tls_context(self._settings)

    def _send(self, address: str, content: bytes, deadline: Deadline) -> Outcome:
        """Send over the kept connection; if that is dead, once more over a new one."""
        was_kept = self._server is not None
        if self._server is not None and self._server.sock is not None:
            deadline.see(self._server.sock)
        try:
            return self._try(address, content, deadline)
        except _Broken as broken:
            self._drop()
            if not was_kept:
                return Failed(str(broken))
        try:
            return self._try(address, content, deadline)
        except _Broken as broken:
            self._drop()
            return Failed(str(broken))

    def _try(self, address: str, content: bytes, deadline: Deadline) -> Outcome:
        """Connect if need be and send.

        Raises:
            _Broken: the connection broke before the message can have been accepted.
        """
        if self._server is None:
            try:
                self._server = connect(self._settings, self._context, deadline)
            except (OSError, ValueError) as error:
                return Failed(f"cannot connect: {explain(error)}")
        try:
            return self._envelope(self._server, address, content)
        except (OSError, ValueError) as error:
            raise _Broken(explain(error)) from None

    def _envelope(self, server: smtplib.SMTP, address: str, content: bytes) -> Outcome:
        """Say from whom and to whom, then what; free the connection for the next message."""
        needs_utf8 = not address.isascii()
        if needs_utf8 and not server.has_extn("smtputf8"):
            return Refused("the address is not ASCII, and the server does not offer SMTPUTF8")
        options = ["SMTPUTF8", "BODY=8BITMIME"] if needs_utf8 else []
        code, text = server.mail(self._settings.sender_address.addr_spec, options)
        if _is_good(code):
            code, text = server.rcpt(address)
            if _is_good(code):
                return self._content(server, content)
            outcome = _not_accepted(code, text)
        else:
            outcome = Failed(f"the sender was not accepted: {answer(code, text)}")
        return self._reset(server, code, outcome)

    def _content(self, server: smtplib.SMTP, content: bytes) -> Outcome:
        """Send what is in the message; from its last dot on, silence may mean acceptance."""
        server.putcmd("DATA")
        code, text = server.getreply()
        if code != 354:
            return self._reset(server, code, _not_accepted(code, text))
        server.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        try:
            code, text = server.getreply()
        except (OSError, ValueError) as error:
            self._drop()
            return Failed(f"{explain(error)} after the message was sent: {MAYBE_ACCEPTED}")
        if _is_good(code):
            return Delivered(answer(code, text))
        if 400 <= code < 600:
            return self._reset(server, code, _not_accepted(code, text))
        self._drop()
        return Failed(f"{answer(code, text)} after the message was sent: {MAYBE_ACCEPTED}")

    def _reset(self, server: smtplib.SMTP, code: int, outcome: Outcome) -> Outcome:
        """Make the connection ready for another message, or give it up.

        Raises:
            _Broken: the server was about to close it (421), as it does after an idle while.
        """
        if code == 421:
            raise _Broken(outcome.answer)
        try:
            is_ready = code > 0 and _is_good(server.rset()[0])
        except (OSError, ValueError):
            is_ready = False
        if not is_ready:
            self._drop()
        return outcome

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


def _is_good(code: int) -> bool:
    return 200 <= code < 300


def _not_accepted(code: int, text: bytes) -> Refused | Failed:
    is_final = 500 <= code < 600 and code not in _OF_THE_CONVERSATION
    return (Refused if is_final else Failed)(answer(code, text))
