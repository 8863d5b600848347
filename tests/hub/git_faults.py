"""What the git server does wrong when a test wants it to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RESULT = "application/x-git-upload-pack-result"
ADVERTISEMENT = "application/x-git-upload-pack-advertisement"


def pkt(payload: bytes | str) -> bytes:
    """Return a packet that holds this."""
    raw = payload.encode() if isinstance(payload, str) else payload
    return b"%04x%b" % (len(raw) + 4, raw)


@dataclass
class GitFault:
    """One thing that the server does wrong, or otherwise, for some requests.

    Attributes:
        pattern: searched for in ``METHOD /path?query``.
        times: how often it happens; ``None`` for ever.
        status, headers, body: what is answered if ``status`` is set, without running git.
        rewrite: changes the body of the answer, which is then sent as one.
        delay: seconds to wait first.
        cut_after: bytes of the body after which the connection is closed.
        drip: seconds to wait after each byte of the body from ``drip_after`` on.
        endless: the body's last byte is followed by this, again and again.
    """

    pattern: str = ""
    times: int | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    rewrite: Callable[[bytes], bytes] | None = None
    delay: float = 0.0
    cut_after: int | None = None
    drip: float = 0.0
    drip_after: int = 0
    endless: bytes = b""

    @classmethod
    def result(cls, body: bytes, pattern: str = "POST", times: int | None = None) -> GitFault:
        """Answer a POST with this instead of git's own words."""
        return cls(pattern, times, 200, {"Content-Type": RESULT}, body)
