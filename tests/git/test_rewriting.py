"""How to have commits changed that a push must not bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.git.rewriting import MOST_REFS, rewritings

if TYPE_CHECKING:
    import pytest

    from gitrepo import GitRepo


def test_of_very_many_branches_the_first_are_told_of(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes some git commands, and nobody reads more."""
    begun = repo.tip()
    names = [f"topic{number:02}" for number in range(MOST_REFS + 5)]
    commits = []
    for name in names:
        repo.git("switch", "-q", "-c", name, begun)
        commits.append(repo.commit(name))
    monkeypatch.chdir(repo.path)
    pushed = [(f"refs/heads/{name}", tip) for name, tip in zip(names, commits, strict=True)]
    for is_here in (True, False):
        told = rewritings(commits, pushed, is_here=is_here)
        assert {rewriting.branch for rewriting in told} == {*names[:MOST_REFS]}
