"""An SMTP server that keeps what it gets, for as long as a block runs."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, Envelope, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage


class Sink:
    """Where the mails go.

    Attributes:
        mails: what came, in the order of arrival.
        port: where it listens on 127.0.0.1.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's name and signature
        """Take one mail."""
        content = envelope.content
        assert isinstance(content, bytes)  # noqa: S101 - aiosmtpd decodes nothing unless told to
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 OK, kept"


@contextlib.contextmanager
def running_sink(sink: Sink | None = None) -> Iterator[Sink]:
    """Serve in a thread of this process, on a free port of the loopback."""
    sink = sink or Sink()
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(sink, hostname="localhost", loop=loop), "127.0.0.1", 0)
    )
    sink.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="smtp-sink", daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
