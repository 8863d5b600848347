"""A repository, what it is pushed to, and what the guard sees of a push."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitrepo import GitRepo
from leakscan.detect import Detector
from leakscan.git.remotes import find_remote
from leakscan.rules import load_rules, select_rules
from leakscan.sources.brought import OtherSide
from leakscan.sources.outgoing import scan_outgoing
from leakscan.sources.ref_updates import RefUpdate
from leakscan.sources.sighting import Tally

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from leakscan.model import Location
    from leakscan.sources.sighting import Sighting

DETECTOR = Detector(select_rules(load_rules(), ()))

KNOWN = "on the remote already"


@dataclass
class Leaving:
    """A repository that is pushed from, in which the test stands.

    Attributes:
        repo: the repository.
        server: its remote ``origin``.
        tally: of the last look.
        known: what the last look saw that does not block.
    """

    repo: GitRepo
    server: GitRepo
    tally: Tally = field(default_factory=Tally)
    known: list[tuple[str, Location]] = field(default_factory=list)

    @classmethod
    def made(cls, tmp_path: Path, patch: pytest.MonkeyPatch, *options: str) -> Leaving:
        """Make both, with one commit that both have; options are those of ``git init``."""
        server = GitRepo.init(tmp_path / "server.git", "--bare", *options)
        repo = GitRepo.init(tmp_path / "work", *options)
        repo.git("remote", "add", "origin", str(server.path))
        repo.add("README.md", "Nothing to see here.\n", "Begin")
        repo.git("push", "-q", "origin", "main")
        patch.chdir(repo.path)
        return cls(repo, server)

    def push(self, *refspecs: str) -> None:
        """Push unseen."""
        self.repo.git("push", "-q", "origin", *refspecs)

    def look(self, *refs: str, remote: str = "origin", url: str = "") -> list[tuple[str, Location]]:
        """See what blocks a push of refs, each ``WHAT`` or ``WHAT:REF``; without ``WHAT`` it goes.

        The server's refs are what they are.
        """
        updates = []
        for ref in refs:
            what, _, name = ref.partition(":")
            name = name or f"refs/heads/{what}"
            there = self.server.git("for-each-ref", "--format=%(objectname)", name)
            updates.append(RefUpdate(name, there or None, self.repo.tip(what) if what else None))
        found = find_remote(remote, url, {update.name: update.before for update in updates})
        there = OtherSide(KNOWN, found.tracked, found.oids, found.promises)
        return self.see(updates, there)

    def see(self, updates: list[RefUpdate], there: OtherSide) -> list[tuple[str, Location]]:
        """See what blocks updates of refs."""
        self.tally = Tally()
        seen = list(scan_outgoing(updates, there, "work", DETECTOR, self.tally))
        self.known = [told(sighting) for sighting in seen if sighting.known is not None]
        assert {s.known for s in seen} <= {None, there.known}
        return [told(sighting) for sighting in seen if sighting.known is None]


def told(sighting: Sighting) -> tuple[str, Location]:
    """Return what a sighting says, for the tests to compare."""
    return sighting.match.secret.reveal(), sighting.location
