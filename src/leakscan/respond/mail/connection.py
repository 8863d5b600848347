"""A verified, logged-in connection to the operator's SMTP server."""

from __future__ import annotations

import smtplib
import socket
from typing import IO, TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

if TYPE_CHECKING:
    import ssl

    from leakscan.respond.deadline import Deadline
    from leakscan.respond.mail.settings import MailSettings

TRIES = 3

LONGEST_ANSWER = 64 * 1024
"""Bytes of one answer of a server; no honest one comes near."""

_READY = 220


def connect(settings: MailSettings, context: ssl.SSLContext, deadline: Deadline) -> smtplib.SMTP:
    """Connect, secure and log in; try again, shortly, where that may help.

    Raises:
        OSError: it did not work; smtplib's errors are such, too.
        ValueError: the server said what makes no sense.
    """
    tries = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(multiplier=0.25, max=1),
        retry=retry_if_exception(_may_pass),
        reraise=True,
    )
    return tries(_connect_once, settings, context, deadline)


def explain(error: OSError | ValueError) -> str:
    """Say in words what went wrong with a server."""
    if is_timeout(error):
        return "the server did not answer in time"
    if isinstance(error, smtplib.SMTPResponseException):
        return answer(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server closed the connection"
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return error.strerror or str(error)
    return str(error)


def answer(code: int, text: bytes | str) -> str:
    """Write a server's answer as it came; smtplib has the code -1 for one that is none."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {words}" if code > 0 else f"the server does not speak SMTP: {words}"


def is_timeout(error: BaseException) -> bool:
    """Whether a server did not answer in time, which smtplib calls disconnected."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _connect_once(
    settings: MailSettings, context: ssl.SSLContext, deadline: Deadline
) -> smtplib.SMTP:
    server = _Watched(deadline, settings, context)
    try:
        code, text = server.connect(settings.host, settings.port)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, text)
        server.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
        if settings.username is not None and settings.password is not None:
            server.login(settings.username, settings.password)
    except BaseException:
        server.close()
        raise
    return server


class _Bounded:
    """Reads lines until there were too many; smtplib would keep them all."""

    def __init__(self, file: IO[bytes]) -> None:
        self.left = LONGEST_ANSWER
        self._file = file

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("its answer is too long")
        return line

    def close(self) -> None:
        self._file.close()


class _Watched(smtplib.SMTP):
    """A client whose connection a deadline sees before anything is said on it."""

    def __init__(self, deadline: Deadline, settings: MailSettings, context: ssl.SSLContext) -> None:
        self.file: Any = None
        self._deadline = deadline
        self._tls = context if settings.security == "tls" else None
        super().__init__(local_hostname=settings.own_name, timeout=settings.timeout)
        self._host = settings.host  # what STARTTLS verifies the certificate against

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer, no longer than an honest server's."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        if isinstance(self.file, _Bounded):
            self.file.left = LONGEST_ANSWER
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        self._deadline.see(connection)
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_hostname=host)


def _may_pass(error: BaseException) -> bool:
    """Whether to try at once again: not a wrong password or certificate, nor a long wait."""
    passing = (
        ConnectionError,
        socket.gaierror,
        smtplib.SMTPConnectError,
        smtplib.SMTPServerDisconnected,
    )
    return isinstance(error, passing) and not is_timeout(error)
