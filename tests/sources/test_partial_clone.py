"""What a push from a partial clone brings: for the look, nothing is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from leaving import Leaving

from gitrepo import GitRepo
from leakscan.sources.brought import filtered_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


PERSON = "A <a> 1 +0000"


@dataclass(frozen=True)
class Partial:
    """A clone without most blobs, in which the test stands; perhaps without most trees either.

    Attributes:
        clone: the repository.  Its branch ``back`` brings back what was never fetched, its branch
            ``edited`` edits it.
        there: what the clone is of.
        old: the token that was never fetched.
        tree: id of the tree of ``edited``.
        has_trees: whether the trees were fetched.
    """

    clone: GitRepo
    there: Leaving
    old: str
    tree: str
    has_trees: bool

    def missing(self) -> str:
        """Tell what is not there."""
        listed = self.clone.git("rev-list", "--objects", "--all", "--missing=print")
        return "\n".join(line for line in listed.split("\n") if line.startswith("?"))


@pytest.fixture(params=["blob:none", "tree:0"])
def partial(
    request: pytest.FixtureRequest,
    leaving: Leaving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
) -> Iterator[Partial]:
    """Clone a server in part; whatever the test does there, nothing may be fetched for it."""
    repo, server = leaving.repo, leaving.server
    repo.add("a/a.txt", "a")
    repo.add("b/b.env", f"{token}\n")
    repo.add("c/c.txt", "c")
    repo.remove("c/c.txt")
    leaving.push("main")
    server.git("config", "uploadpack.allowFilter", "true")
    server.git("config", "uploadpack.allowAnySHA1InWant", "true")
    options = ("--no-checkout", f"--filter={request.param}")
    clone = server.clone(tmp_path / "partial", *options, url=f"file://{server.path}")
    clone.git("sparse-checkout", "set", "a")
    clone.git("checkout", "-q", "main")
    blob = clone.hash_object("blob", f"A = 1\n{token}\n".encode())
    index = clone.git_dir / "index"
    kept = index.read_bytes()
    clone.git("update-index", "--cacheinfo", f"100644,{blob},b/b.env")
    edited = clone.git("write-tree", "--missing-ok")
    index.write_bytes(kept)  # `git reset` would fetch
    for name, tree in (("back", repo.tip("HEAD~^{tree}")), ("edited", edited)):
        text = f"tree {tree}\nparent {clone.tip()}\nauthor {PERSON}\ncommitter {PERSON}\n\nMade\n"
        clone.git("update-ref", f"refs/heads/{name}", clone.hash_object("commit", text.encode()))
    monkeypatch.chdir(clone.path)
    has_trees = request.param == "blob:none"
    made = Partial(clone, Leaving(clone, server), token, edited, has_trees)
    before = made.missing()
    assert before
    yield made
    assert made.missing() == before


def test_what_a_partial_clone_leaves_out(partial: Partial) -> None:
    """What the remote promises, it has."""
    there = partial.there
    assert there.look("back") == []
    assert (there.tally.objects, there.tally.skipped) == (3 if partial.has_trees else 1, [])
    # What an old token stood in is not here, and is not fetched: so it counts as new.
    assert [secret for secret, _ in there.look("edited")] == [partial.old]


def test_a_new_token(partial: Partial, new_token: Callable[[], str]) -> None:
    new = new_token()
    commit = partial.clone.add("a/new.txt", new)
    [(secret, place)] = partial.there.look("main")
    assert (secret, place.commit) == (new, commit)
    assert partial.there.tally.skipped == []


def test_another_remote(partial: Partial, tmp_path: Path) -> None:
    """It promises nothing: what is not here could hold anything."""
    there = partial.there
    there.server = GitRepo.init(tmp_path / "other.git", "--bare")
    there.look("back", remote="other")
    why = [skip.why for skip in there.tally.skipped if skip.what.startswith("object ")]
    assert why
    assert all("git fetch" in reason for reason in why)


def test_what_is_lost_is_not_what_was_left_out(partial: Partial) -> None:
    edited = partial.clone.tip("edited")
    assert filtered_out([edited])
    lost = partial.clone.loose_path(partial.tree)
    kept = lost.rename(lost.with_name("kept"))
    assert not filtered_out([edited])
    kept.rename(lost)
