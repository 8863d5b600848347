"""Which commits of a branch are new, where nobody says on what it was built.

A new branch is compared with the default branch.  But that may have taken its commits in
meanwhile: then the difference is nothing, and yet the commits are new.  So the dates decide, which
takes one request more, for the commits alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.git.census import Heads
from leakscan.git.ids import object_id
from leakscan.git.links import Links
from leakscan.git.pack import COMMIT
from leakscan.git.texts import signature
from leakscan.git.wire import Fetch
from leakscan.sources.reception import Reception

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from leakscan.git.wire import Limits, Meter, Wire
    from leakscan.model import Match

RECENT = timedelta(days=7)
"""How long before a push its commits were made, at the most, where nothing else tells them from
those that were there before."""


class _Commits:
    """Finds nothing, and keeps the commits that it is shown."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []

    def prepare(self) -> None:
        """Do nothing."""

    def search_text(self, data: bytes) -> Sequence[Match]:
        """Keep a commit."""
        if data.startswith(b"tree "):
            self.texts.append(data)
        return ()

    def search_blob(self, _data: bytes) -> Sequence[Match]:
        """Pass over what is no commit."""
        return ()

    search_message = search_text
    search_names = search_known_file = search_blob

    def search_file(self, _data: bytes) -> tuple[Sequence[Match], bool]:
        """Pass over what is no commit."""
        return (), False

    def suspects(self, _data: bytes) -> bool:
        """Suspect nothing."""
        return False

    brings_sign = suspects

    def sparing(self) -> _Commits:
        """Search many in the same way."""
        return self

    def search_stream(self, chunks: Iterable[bytes]) -> Iterable[Match]:
        """Pass over what is too large to be a commit."""
        for _ in chunks:
            pass
        return ()


def built_on(
    url: str, head: str, since: datetime, wire: Wire, limits: Limits, meter: Meter
) -> tuple[str, ...] | None:
    """Find what the commits of a branch that were made since a time are built on.

    Args:
        url: address of the repository.
        head: hex id of the branch's tip.
        since: the time; of the last ``limits.depth`` commits, those made later count.
        wire: what fetches.
        limits: what it may cost.
        meter: told what it costs.

    Returns:
        Hex ids of commits, none for the beginning of the history; ``None`` if no commit is so new.

    Raises:
        TroubleError: the server does not give them.
        DamagedError: what it gives cannot be read.
        TargetError: the disk is full.
    """
    commits = _Commits()
    wanted = Fetch((head,), depth=limits.depth, commits_only=True)
    with (
        wire.fetch(url, wanted, limits, meter) as arriving,
        Reception(commits, Heads, arriving.hash_size, jobs=1) as reception,
    ):
        reception.take(arriving)
        reception.is_clean(set())
    links = Links(arriving.hash_size)
    new: set[bytes] = set()
    parents: set[bytes] = set()
    for text in commits.texts:
        committer = signature(text, b"committer")
        if committer and committer.date and committer.date >= since:
            new.add(object_id(COMMIT, text, arriving.hash_size))
            parents.update(links.split(links.of_commit(text))[1:])
    return tuple(sorted(oid.hex() for oid in parents - new)) if new else None
