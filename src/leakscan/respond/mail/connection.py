"""A verified, logged-in connection to the operator's SMTP server."""

from __future__ import annotations

import smtplib
import socket
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

if TYPE_CHECKING:
    import ssl

    from leakscan.respond.mail.settings import MailSettings

TRIES = 3


def connect(settings: MailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
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
    return tries(_connect_once, settings, context)


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


def _connect_once(settings: MailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    where = (settings.host, settings.port, settings.own_name)
    server: smtplib.SMTP
    if settings.security == "tls":
        server = smtplib.SMTP_SSL(*where, timeout=settings.timeout, context=context)
    else:
        server = smtplib.SMTP(*where, timeout=settings.timeout)
    try:
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


def _may_pass(error: BaseException) -> bool:
    """Whether to try at once again: not a wrong password or certificate, nor a long wait."""
    passing = (
        ConnectionError,
        socket.gaierror,
        smtplib.SMTPConnectError,
        smtplib.SMTPServerDisconnected,
    )
    return isinstance(error, passing) and not is_timeout(error)
