"""What the tests of the git client share."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo
from hub.backend import pkt
from leakscan.git.wire import Limits, Meter, Wire
from leakscan.trouble import TroubleError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hub.backend import GitServer
    from leakscan.git.wire import Arriving

HEAD = pkt("packfile\n")
"""What an answer with a pack begins with."""

both_versions = pytest.mark.parametrize("stage", [2, 0], indirect=True, ids=["v2", "v0"])
"""Runs a test with servers that speak protocol version 2 and version 0."""


@dataclass
class Stage:
    """A repository with a history, a server for it, and a client."""

    repo: GitRepo
    server: GitServer
    wire: Wire
    commits: list[str]
    scratch: Path
    meter: Meter = field(default_factory=Meter)

    @property
    def url(self) -> str:
        """Where the repository is served."""
        return f"{self.server.url}/acme/app/.git"

    def push(
        self,
        before: str | None,
        head: str,
        limits: Limits | None = None,
        known: Sequence[str] = (),
    ) -> tuple[set[str], Arriving]:
        """Fetch a push; return the ids of its objects, as git reads the pack."""
        limits = limits or Limits()
        with self.wire.fetch_push(self.url, before, head, limits, self.meter, known) as arriving:
            pack = b"".join(arriving)
        return self.objects(pack, arriving.hash_size), arriving

    def objects(self, pack: bytes, hash_size: int = 20) -> set[str]:
        """Have git index a pack on its own, and return the ids of the objects in it."""
        name = hashlib.sha256(pack).hexdigest()[:12]
        kind = "sha256" if hash_size == 32 else "sha1"
        scratch = GitRepo.init(self.scratch / name, "--bare", f"--object-format={kind}")
        if pack[8:12] == b"\0\0\0\0":  # git indexes no empty pack
            return set()
        scratch.git("index-pack", "--stdin", stdin=pack)
        return set(
            scratch.git("cat-file", "--batch-check=%(objectname)", "--batch-all-objects").split()
        )

    def expected(self, *revisions: str) -> set[str]:
        """Return the ids of the objects that git itself would send."""
        listed = self.repo.git("rev-list", "--objects", "--no-object-names", *revisions)
        return set(listed.split())


def grow(repo: GitRepo, count: int, seed: int = 1) -> list[str]:
    """Add commits with content that does not compress; return their ids."""
    rng = random.Random(seed)  # noqa: S311 - the same every time, on purpose
    return [
        repo.add(f"src/{seed}/{number}.txt", rng.randbytes(300).hex(), f"Step {number}")
        for number in range(count)
    ]


def broken(stage: Stage, limits: Limits | None = None) -> TroubleError:
    """Fetch a push, which must fail; return the error."""
    with pytest.raises(TroubleError) as caught:
        stage.push(None, stage.commits[9], limits)
    return caught.value


def sound(stage: Stage) -> None:
    """Fetch a push, which must not fail."""
    objects, _ = stage.push(stage.commits[4], stage.commits[9])
    assert objects == stage.expected(f"{stage.commits[4]}..{stage.commits[9]}")
