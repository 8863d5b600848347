"""A small client for git's smart HTTP protocol.

It reads refs and packs, and nothing else, in as few requests as there can be; nothing that comes is
trusted.  Importing it takes 0.15 s: only what speaks with servers should.
"""

from __future__ import annotations

from leakscan.git.wire.arriving import Arriving
from leakscan.git.wire.client import Wire
from leakscan.git.wire.exchange import StatusError
from leakscan.git.wire.values import Fetch, Limits, Meter, NotSmartError, Refs, RemoteRef

__all__ = [
    "Arriving",
    "Fetch",
    "Limits",
    "Meter",
    "NotSmartError",
    "Refs",
    "RemoteRef",
    "StatusError",
    "Wire",
]
