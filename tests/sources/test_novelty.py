"""What a commit adds, whatever it changes: counted by hand, path by path and parent by parent."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from leakscan.detect import Detector
from leakscan.git.raw_diff import Change
from leakscan.model import Kind, Location, Match
from leakscan.rules import load_rules, select_rules
from leakscan.sources.novelty import Novelty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gitrepo import GitRepo
    from leakscan.sources.sighting import Sighting

    NewToken = Callable[[], str]

DETECTOR = Detector(select_rules(load_rules(), ()))

Tree = dict[str, str]
"""Contents of files by their paths."""


@dataclass(frozen=True)
class Commits:
    """Commits that add to a repository, in which the test stands."""

    repo: GitRepo
    blobs: dict[str, str] = field(default_factory=dict)

    def blob(self, content: str) -> str:
        """Return the id of a blob, and make it if it is not there yet."""
        if content not in self.blobs:
            self.blobs[content] = self.repo.hash_object("blob", content.encode())
        return self.blobs[content]

    def compared(self, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
        """Return what git would say of two trees."""
        return [
            Change(
                path=path.encode(),
                before=self.blob(before[path]) if path in before else None,
                after=self.blob(after[path]) if path in after else None,
                is_new=path not in before,
                is_gone=path not in after,
                is_symlink=False,
                is_unmerged=False,
            )
            for path in sorted({*before, *after})
            if before.get(path) != after.get(path)
        ]

    def seen(self, after: Tree, *parents: Tree) -> list[Sighting]:
        """Look at a commit; what stood before is not known, and nobody else is told of it."""
        found = {self.blob(text): DETECTOR.search(text.encode()) for text in after.values()}
        novelty = Novelty(MappingProxyType(found), DETECTOR)
        comparisons = [self.compared(parent, after) for parent in parents]
        return list(novelty.sightings(comparisons, locate, "there"))

    def told(self, after: Tree, *parents: Tree) -> tuple[list[str], list[str]]:
        """Return where tokens stand that are added, and where those that are not."""
        added, known = [], []
        for sighting in self.seen(after, *parents):
            assert sighting.known in (None, "there")
            place = sighting.location.path or ""
            (known if sighting.known else added).append(place)
        return added, known


@pytest.fixture
def commits(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> Commits:
    monkeypatch.chdir(repo.path)
    return Commits(repo)


def locate(change: Change, match: Match, kind: Kind) -> Location:
    return Location(kind, "", path=change.path.decode(), line=match.line)


@pytest.mark.parametrize("parents", [1, 2, 3])
def test_one_place_more(commits: Commits, token: str, parents: int) -> None:
    same = [{"a": token, "b": ""} for _ in range(parents)]
    assert commits.told({"a": token, "b": ""}, *same) == ([], [])
    assert commits.told({"a": f"{token} edited", "b": ""}, *same) == ([], ["a"])
    assert commits.told({"b": token}, *same) == ([], ["b"])
    assert commits.told({"a": token, "b": token}, *same) == (["b"], [])
    assert commits.told({"a": f"{token}\n{token}", "b": ""}, *same) == (["a", "a"], [])
    assert commits.told({"a": f"{token} edited", "b": token}, *same) == (["b"], ["a"])
    assert commits.told({}, *same) == ([], [])


def test_names(commits: Commits, token: str) -> None:
    named = f"x/{token}"
    assert commits.told({named: "1"}, {}) == ([named], [])
    assert commits.told({named: "2"}, {named: "1"}) == ([], [named])
    assert commits.told({f"y/{token}": "1"}, {named: "1"}) == ([], [f"y/{token}"])
    assert commits.told({named: "1", f"y/{token}": "1"}, {named: "1"}) == ([f"y/{token}"], [])


def test_from_either_side_of_a_merge(commits: Commits, token: str) -> None:
    ours, theirs = {"a": "1", "b": "1"}, {"a": "2", "b": token}
    assert commits.told({"a": "1", "b": token}, ours, theirs) == ([], ["b"])
    assert commits.told({"a": token, "b": token}, ours, theirs) == (["a"], ["b"])
    assert commits.told({"a": token, "b": "1"}, ours, theirs) == ([], ["a"])


def test_from_both_sides_of_a_merge_in_different_files(commits: Commits, token: str) -> None:
    ours, theirs = {"a": token, "b": ""}, {"a": "", "b": token}
    assert commits.told({"a": token, "b": token}, ours, theirs) == ([], ["b"])
    assert commits.told({"a": token, "b": token, "c": token}, ours, theirs)[0] == ["c"]


def test_what_was_doubtful_is_new_once_it_is_beyond_doubt(commits: Commits, token: str) -> None:
    doubtful, sure = {"a": f"x{token}"}, {"a": f"x = {token}"}
    assert commits.told(sure, doubtful) == (["a"], [])
    assert commits.told(doubtful, sure) == ([], ["a"])
    assert commits.told({**sure, "b": doubtful["a"]}, sure) == (["b"], [])


@pytest.mark.parametrize("seed", range(30))
def test_a_token_that_is_nowhere_before_is_always_added(
    commits: Commits, new_token: NewToken, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same every time, on purpose
    old, new = [new_token() for _ in range(3)], [new_token() for _ in range(2)]

    def tree(tokens: list[str]) -> Tree:
        names = rng.sample("abcdef", rng.randrange(1, 6))
        return {name: "\n".join(rng.sample(tokens, rng.randrange(3))) for name in names}

    parents = [tree(old) for _ in range(rng.randrange(1, 4))]
    after = tree(old + new)
    seen: Counter[tuple[str, str]] = Counter()
    for sighting in commits.seen(after, *parents):
        secret = sighting.match.secret.reveal()
        if secret in new:
            assert sighting.known is None
            seen[sighting.location.path or "", secret] += 1
    text = {(path, token): content.count(token) for path, content in after.items() for token in new}
    assert seen == Counter({key: number for key, number in text.items() if number})
