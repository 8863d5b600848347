"""End a conversation in time, whatever the other side does.

The time limits of a socket start anew with each byte, so that a server which sends one now and then
could hold a conversation for ever.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Result = TypeVar("Result")


def within(seconds: float, function: Callable[[], Result]) -> Result:
    """Call a function in a thread that is left behind when the time is over.

    Looking up a name, connecting to many addresses, or a stranger's code cannot be ended.

    Raises:
        TimeoutError: it did not return in time.
        BaseException: what the function raised.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again below, where it is waited for
            errors.append(error)

    thread = threading.Thread(target=call, name="leakscan-within", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]


class Deadline:
    """Shuts the sockets that it has seen when the time is over.  Use it as a context manager.

    Attributes:
        seconds: how long the conversation may take, from entering the context on.
        is_over: whether it took longer; what was read at the end may then be cut off.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self.end)
        self._timer.daemon = True

    def see(self, connection: socket.socket) -> None:
        """Shut this one, too, when the time is over."""
        # A copy, since encryption takes the socket from its first owner, and cannot copy itself.
        copy = socket.socket(fileno=os.dup(connection.fileno()))
        self._sockets.append(copy)
        if self.is_over:
            self.end()
            copy.close()

    def end(self) -> None:
        """End the conversation, now and for connections that are still being made."""
        self.is_over = True
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        for connection in self._sockets:
            connection.close()
