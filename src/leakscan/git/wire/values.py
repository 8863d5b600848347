"""What is asked of a git server, what it answers, and what that may cost."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from leakscan.trouble import Trouble, TroubleError


@dataclass(slots=True)
class Meter:
    """What one look costs the network, added to while it goes on.

    Attributes:
        requests: HTTP requests that were sent, redirects and repetitions included.
        received: bytes of the bodies of their answers.
    """

    requests: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a fetch may cost.

    Attributes:
        bytes: of pack; 0 for no limit.
        seconds: from the first request to the last byte, with the time that whoever reads the
            pack takes in between; 0 for no limit.
        blob_bytes: the server is asked to leave blobs of this size and more out; 0 for all.
        depth: commits to go back where it is not known what is new.
    """

    bytes: int = 0
    seconds: float = 0.0
    blob_bytes: int = 0
    depth: int = 50


@dataclass(frozen=True, slots=True)
class Fetch:
    """What to fetch.

    Attributes:
        wants: hex ids of commits or tags whose history is wanted.
        haves: hex ids of commits whose history is not; they need not be here, since no pack is
            asked for that builds on objects which are not in it.
        depth: commits to go back from each; ``None`` for all.
        commits_only: the server is asked to leave out all trees and blobs.
    """

    wants: tuple[str, ...]
    haves: tuple[str, ...] = ()
    depth: int | None = None
    commits_only: bool = False


@dataclass(frozen=True, slots=True)
class RemoteRef:
    """A ref of a server.

    Attributes:
        name: full name; bytes, since git allows nearly anything in it.
        oid: hex id of the object that it points to.
        target: name of the ref that it stands for, of a symbolic one.
        peeled: hex id of what an annotated tag points to.
    """

    name: bytes
    oid: str
    target: bytes | None = None
    peeled: str | None = None


@dataclass(frozen=True)
class Refs:
    """The refs of a server.

    Attributes:
        hash_size: bytes of an object id.
        head: the branch that HEAD stands for, which may not be born yet; ``None`` where HEAD was
            not asked for, is detached, or the server does not say.
        url: where the repository is now, which a redirect may have changed; it holds the
            credentials of the address if they are valid there.
    """

    refs: tuple[RemoteRef, ...] = ()
    hash_size: int = 20
    head: str | None = None
    url: str = field(default="", repr=False)

    @functools.cached_property
    def by_name(self) -> dict[str, RemoteRef]:
        """The refs by their names, in which bytes that are no UTF-8 are surrogates."""
        return {ref.name.decode("utf-8", "surrogateescape"): ref for ref in self.refs}


class NotSmartError(TroubleError):
    """The server holds the files of a repository, but does not speak git's smart protocol.

    The git program can clone from such a server.
    """

    def __init__(self, what: str) -> None:
        super().__init__(Trouble.BROKEN, what, "clone it with git, and scan the clone")
