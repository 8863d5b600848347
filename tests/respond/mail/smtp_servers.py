"""SMTP servers for tests: an honest one, and one that fails wherever it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, BinaryIO, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

if TYPE_CHECKING:
    import ssl
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope, Session

DROP, HANG = b"drop", b"hang"


@dataclass
class Mailbox:
    """An aiosmtpd handler that keeps what it accepts and refuses two addresses."""

    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address.startswith("gone@"):
            return "550 5.1.1 no such user"
        if address.startswith("busy@"):
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return f"250 queued as {len(self.envelopes)}"

    @property
    def messages(self) -> list[EmailMessage]:
        contents = [envelope.original_content for envelope in self.envelopes]
        return [message_from_bytes(content, policy=policy.default) for content in contents]


class HonestServer(Controller):
    """An aiosmtpd server on a free port of 127.0.0.1; ``user`` logs in with ``password``."""

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        password: str | None = None,
        utf8: bool = True,
    ) -> None:
        self._starttls, self._password, self._utf8 = starttls, password, utf8
        super().__init__(mailbox, hostname="127.0.0.1", port=0, ssl_context=tls)

    def factory(self) -> SMTP:
        return SMTP(
            self.handler,
            hostname="mail.example",
            enable_SMTPUTF8=self._utf8,
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            authenticator=self._authenticate if self._password else None,
            auth_required=self._password is not None and self._starttls is not None,
            auth_require_tls=self._starttls is not None,
            loop=self.loop,
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object
    ) -> AuthResult:
        right = (b"user", str(self._password).encode())
        return AuthResult(success=(login.login, login.password) == right, handled=False)

    def _trigger_server(self) -> None:
        """Learn which port it got before `Controller` connects to it."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(no_assert=True)


HONEST = {
    "connect": b"220 mail.example",
    "EHLO": b"250-mail.example\r\n250 SMTPUTF8",
    "MAIL": b"250 OK",
    "RCPT": b"250 OK",
    "DATA": b"354 go on",
    "content": b"250 queued",
    "RSET": b"250 OK",
    "QUIT": b"221 bye",
}


class FaultyServer:
    """A server that answers each step as told: bytes, `DROP` or `HANG`.

    Args:
        faults: by connection, the answers that are not `HONEST`; the last goes for all later.
    """

    def __init__(self, *faults: dict[str, bytes]) -> None:
        self.connections = 0
        self.contents: list[bytes] = []
        self.commands: list[str] = []
        self.got_content = threading.Event()
        self._faults = faults
        self._content: bytes | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._sessions: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        self._listener.close()
        for session in self._sessions:
            session.join()

    def end_with(self, answer: bytes) -> None:
        """From now on, answer so to whatever message comes."""
        self._content = answer

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            faults = self._faults[min(self.connections, len(self._faults) - 1)]
            answers = HONEST | faults
            self.connections += 1
            session = threading.Thread(target=self._talk, args=(connection, answers))
            self._sessions.append(session)
            session.start()

    def _talk(self, connection: socket.socket, answers: dict[str, bytes]) -> None:
        # Whatever the client does, such as to give up, ends the session.
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            step = "connect"
            while (reply := self._reply(step, answers)) != DROP:
                if reply == HANG:  # listen until the client goes, without a word
                    self.commands += [line.decode().strip() for line in lines]
                    return
                connection.sendall(reply + b"\r\n")
                if step == "DATA" and answers[step].startswith(b"354"):
                    self.contents.append(_until_dot(lines))
                    self.got_content.set()
                    step = "content"
                    continue
                if step == "content" and answers.get("idle"):
                    if answers["idle"] != DROP:
                        connection.sendall(answers["idle"] + b"\r\n")
                    return
                line = lines.readline().decode()
                if not line:
                    return
                self.commands.append(line.strip())
                step = line.split()[0].upper()

    def _reply(self, step: str, answers: dict[str, bytes]) -> bytes:
        if step == "content" and self._content is not None:
            return self._content
        return answers.get(step, b"250 OK")


def _until_dot(lines: BinaryIO) -> bytes:
    content = []
    for line in lines:
        if line == b".\r\n":
            return b"".join(content)
        content.append(line)
    raise ConnectionError("the client went away in the middle of a message")
