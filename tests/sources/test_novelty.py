"""What a commit adds, whatever it changes: counted by hand, path by path and parent by parent."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from leakscan.detect import Detector
from leakscan.git.raw_diff import Change
from leakscan.model import Kind, Location, Match
from leakscan.rules import load_rules, select_rules
from leakscan.sources.novelty import Novelty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    NewToken = Callable[[], str]

DETECTOR = Detector(select_rules(load_rules(), ()))

Tree = dict[str, str]
"""Contents of files by their paths."""


def compared(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return what git would say of two trees; the id of a blob is its content here."""
    return [
        Change(
            path=path.encode(),
            before=before.get(path),
            after=after.get(path),
            is_new=path not in before,
            is_gone=path not in after,
            is_symlink=False,
            is_unmerged=False,
        )
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    ]


def locate(change: Change, match: Match, kind: Kind) -> Location:
    return Location(kind, "", path=change.path.decode(), line=match.line)


def told(after: Tree, *parents: Tree) -> tuple[list[str], list[str]]:
    """Return where tokens stand that are added, and where those that are not."""
    trees = (after, *parents)
    blobs = {text: DETECTOR.search(text.encode()) for tree in trees for text in tree.values()}
    comparisons = [compared(parent, after) for parent in parents]
    added, known = [], []
    for sighting in Novelty(blobs, DETECTOR).sightings(comparisons, locate, "there"):
        assert sighting.known in (None, "there")
        place = sighting.location.path or ""
        (known if sighting.known else added).append(place)
    return added, known


@pytest.mark.parametrize("parents", [1, 2, 3])
def test_one_place_more(token: str, parents: int) -> None:
    same = [{"a": token, "b": ""} for _ in range(parents)]
    assert told({"a": token, "b": ""}, *same) == ([], [])
    assert told({"a": f"{token} edited", "b": ""}, *same) == ([], ["a"])
    assert told({"b": token}, *same) == ([], ["b"])
    assert told({"a": token, "b": token}, *same) == (["b"], [])
    assert told({"a": f"{token}\n{token}", "b": ""}, *same) == (["a", "a"], [])
    assert told({"a": f"{token} edited", "b": token}, *same) == (["b"], ["a"])
    assert told({}, *same) == ([], [])


def test_names(token: str) -> None:
    named = f"x/{token}"
    assert told({named: "1"}, {}) == ([named], [])
    assert told({named: "2"}, {named: "1"}) == ([], [named])
    assert told({f"y/{token}": "1"}, {named: "1"}) == ([], [f"y/{token}"])
    assert told({named: "1", f"y/{token}": "1"}, {named: "1"}) == ([f"y/{token}"], [])


def test_from_either_side_of_a_merge(token: str) -> None:
    ours, theirs = {"a": "1", "b": "1"}, {"a": "2", "b": token}
    assert told({"a": "1", "b": token}, ours, theirs) == ([], ["b"])
    assert told({"a": token, "b": token}, ours, theirs) == (["a"], ["b"])
    assert told({"a": token, "b": "1"}, ours, theirs) == ([], ["a"])


def test_from_both_sides_of_a_merge_in_different_files(token: str) -> None:
    ours, theirs = {"a": token, "b": ""}, {"a": "", "b": token}
    assert told({"a": token, "b": token}, ours, theirs) == ([], ["b"])
    assert told({"a": token, "b": token, "c": token}, ours, theirs)[0] == ["c"]


@pytest.mark.parametrize("seed", range(30))
def test_a_token_that_is_nowhere_before_is_always_added(new_token: NewToken, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same every time, on purpose
    old, new = [new_token() for _ in range(3)], [new_token() for _ in range(2)]

    def tree(tokens: list[str]) -> Tree:
        names = rng.sample("abcdef", rng.randrange(1, 6))
        return {name: "\n".join(rng.sample(tokens, rng.randrange(3))) for name in names}

    parents = [tree(old) for _ in range(rng.randrange(1, 4))]
    after = tree(old + new)
    blobs = {text: DETECTOR.search(text.encode()) for t in (after, *parents) for text in t.values()}
    comparisons = [compared(parent, after) for parent in parents]
    seen: Counter[tuple[str, str]] = Counter()
    for sighting in Novelty(blobs, DETECTOR).sightings(comparisons, locate, "there"):
        secret = sighting.match.secret.reveal()
        if secret in new:
            assert sighting.known is None
            seen[sighting.location.path or "", secret] += 1
    text = {(path, token): content.count(token) for path, content in after.items() for token in new}
    assert seen == Counter({key: number for key, number in text.items() if number})
