"""A push to a repository of a hosting site, and what became of looking at it."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from leakscan.model import Skip
    from leakscan.trouble import Trouble


class PushKind(enum.StrEnum):
    """What happened to a repository."""

    PUSH = "push"
    BRANCH = "branch"
    TAG = "tag"
    PUBLIC = "public"


class PushState(enum.StrEnum):
    """How far a push has got."""

    SEEN = "seen"
    SCANNING = "scanning"
    SCANNED = "scanned"
    SKIPPED = "skipped"
    FAILED = "failed"
    GAVE_UP = "gave-up"


@dataclass(frozen=True, slots=True)
class Push:
    """What one push, new branch or tag, or publication brought: commits to look at.

    Attributes:
        host: name of the hosting site, such as ``github.com``.
        repository_id: the site's number of the repository, which survives renaming; 0 where
            it is not known.
        repository: ``owner/name`` when it happened.
        ref: full name of the ref, such as ``refs/heads/main``; empty for all of them.
        before: hex id of the commit on which the ref stood; ``None`` where it is new or unknown.
        head: hex id of the commit on which it stands; ``None`` where the event does not say.
        happened_at: when, by the site's clock.
        feed: which feed told of it, such as ``events`` or ``org:acme``.
        default_branch: full name of the repository's default branch, if the event says.
    """

    kind: PushKind
    host: str
    repository_id: int
    repository: str
    ref: str
    before: str | None
    head: str | None
    happened_at: datetime
    feed: str
    default_branch: str | None = None

    @property
    def identity(self) -> str:
        """What it has in common with other events of the same push: 32 hexadecimal digits.

        Ids of events will not do: they have collided.  Where the head is not known, the time
        tells a ref that was deleted and made anew.
        """
        told_apart = self.head or self.happened_at.isoformat()
        parts = (self.host, self.repository_id or self.repository.lower(), self.ref, told_apart)
        text = "\0".join(map(str, parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Look:
    """What became of one look at a push.

    Attributes:
        state: scanned, skipped or failed.
        trouble: why it was skipped or failed, or why it was not read to its end.
        why: the same in a sentence.
        retry_after: seconds after which the server asks to be asked again.
        via: ``git`` or ``api``.
        objects, bytes: how much was read, after decompression.
        received: bytes that came over the network for it.
        git_requests, api_requests: how often servers were asked.
        skipped: what of it was not read; scanned without any is complete.
        is_elsewhere: whether the trouble says nothing of the server of ``via``.
    """

    state: PushState
    trouble: Trouble | None = None
    why: str | None = None
    retry_after: float | None = None
    via: str = "git"
    objects: int = 0
    bytes: int = 0
    received: int = 0
    git_requests: int = 0
    api_requests: int = 0
    skipped: tuple[Skip, ...] = ()
    is_elsewhere: bool = False
