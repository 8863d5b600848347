"""What the survey reads must be what git reads, object by object."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from histories import Commit, deep_repository, histories, objects_of, write_history
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searchers import Searching

from leakscan.git import forest as forests
from leakscan.git.forest import plant_plainly
from leakscan.git.forest_vector import plant_vectorised
from leakscan.git.layout import find_layout
from leakscan.git.pack import TYPE_NAMES
from leakscan.git.store import ObjectStore
from leakscan.git.survey import Survey

if TYPE_CHECKING:
    from gitrepo import GitRepo

PACKINGS = (
    (),
    ("repack", "-adfq", "--window=50", "--depth=50"),
    ("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=4"),
    ("-c", "pack.compression=0", "repack", "-adq"),
    ("-c", "core.bigFileThreshold=100", "repack", "-adfq"),
)


class Keeper(Searching):
    """Finds everything: each object is its own match."""

    def search_text(self, data):
        return (data,)


def surveyed(path: Path, jobs: int = 1) -> dict[bytes, tuple[str, bytes]]:
    layout = find_layout(path)
    assert layout
    with ObjectStore(layout) as store:
        portion = Survey(store, Keeper(), jobs=jobs).run()
    assert not portion.broken
    assert not portion.missing
    found = {hit.oid: (TYPE_NAMES[hit.type], hit.found[0]) for hit in portion.hits}
    assert len(found) == portion.objects
    assert sum(len(content) for _, content in found.values()) == portion.size
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, st.sampled_from(PACKINGS), st.booleans(), st.integers(0, 14))
def test_survey_reads_what_git_reads(
    history: list[Commit], packing: tuple[str, ...], sha256: bool, early: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = ["--object-format=sha256"] if sha256 else []
        repo = write_history(Path(folder) / "r", history[:early] or history, *options)
        if packing:
            repo.run(*packing)
        if early < len(history):  # a second pack, or loose objects, that build on the first
            write_history(repo.path, history)
        assert surveyed(repo.path) == objects_of(repo)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("threshold", [0, 1 << 30], ids=["vectorised", "plain"])
def test_survey_of_a_larger_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, threshold: int
) -> None:
    """Deep chains, several slices, both ways to plant a forest, with and without forking."""
    monkeypatch.setattr(forests, "VECTOR_THRESHOLD", threshold)
    monkeypatch.setattr("leakscan.git.presence.VECTOR_THRESHOLD", threshold)
    monkeypatch.setattr("leakscan.git.survey._SLICE", 100)
    monkeypatch.setattr("leakscan.git.survey._FORKED", 0)
    monkeypatch.setattr("leakscan.git.survey._FORKED_BYTES", 0)
    repo = deep_repository(tmp_path)
    assert surveyed(repo.path, jobs) == objects_of(repo)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, st.sampled_from(PACKINGS[1:]))
def test_both_ways_to_plant_a_forest_agree(history: list[Commit], packing: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = write_history(Path(folder) / "r", history)
        repo.run(*packing)
        layout = find_layout(repo.path)
        assert layout
        with ObjectStore(layout) as store:
            for planted in store.packs:
                plain, vector = plant_plainly(planted.pack), plant_vectorised(planted.pack)
                for column in ("start", "stop", "size", "depth", "parent", "last", "rank"):
                    assert getattr(plain, column).tolist() == getattr(vector, column).tolist()
                assert plain.segments == vector.segments
                assert list(plain.orphans) == list(vector.orphans) == []


def test_few_ancestors_are_alive_at_a_time(tmp_path: Path) -> None:
    """Smaller subtrees first and early release keep the live chain logarithmic."""
    layout = find_layout(deep_repository(tmp_path).path)
    assert layout
    with ObjectStore(layout) as store:
        (planted,) = store.packs
        forest = planted.forest
        assert max(forest.depth.tolist()) > 50
        alive: list[bool] = []
        most = 0
        for depth, last in zip(forest.depth.tolist(), forest.last.tolist(), strict=True):
            if depth and last:
                alive[depth - 1] = False
            alive[depth:] = [True]
            most = max(most, sum(alive))
        assert most <= len(forest.depth).bit_length() + 1


def test_what_was_packed_meanwhile_is_read(repo: GitRepo) -> None:
    repo.add("late.txt", "late\n")
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        survey = Survey(store, Keeper(), jobs=1)
        repo.run("repack", "-adq")
        repo.run("prune-packed")
        found = {hit.oid for hit in survey.run().hits}
    assert found == set(objects_of(repo))


def test_missing_objects_are_named(repo: GitRepo) -> None:
    repo.add("gone.txt", "gone\n")
    oid = repo.git("rev-parse", "HEAD:gone.txt")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        portion = Survey(store, Keeper(), jobs=1).run()
    assert {k.hex(): (n.hex(), TYPE_NAMES[t]) for k, (n, t) in portion.missing.items()} == {
        oid: (tree, "tree")
    }


def test_an_object_that_appears_meanwhile_is_read_once(repo: GitRepo) -> None:
    """Looking again ends, and what is new is read."""
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        survey = Survey(store, Keeper(), jobs=1)
        late = repo.hash_object("blob", b"late")
        portion = survey.run()
        found = [hit.oid.hex() for hit in portion.hits]
    assert late in found
    assert len(found) == len(set(found)) == len(objects_of(repo))


class Sorter(Searching):
    """Finds everything, and says as what it was searched."""

    def search_text(self, _data):
        return ("text",)

    def search_blob(self, _data, **_how):
        return ("file",)

    def search_stream(self, chunks):
        return ("stream",) if list(chunks) else ()


def test_only_what_files_hold_is_searched_as_such(repo: GitRepo) -> None:
    repo.add("a.txt", "a" * 1000)
    repo.git("tag", "-a", "-m", "one", "one")
    for pack in (lambda: None, repo.pack):
        pack()
        layout = find_layout(repo.path)
        assert layout
        with ObjectStore(layout) as store:
            hits = Survey(store, Sorter(), jobs=1).run().hits
        kinds = {(TYPE_NAMES[hit.type], hit.found) for hit in hits}
        assert kinds == {
            ("blob", ("file",)), ("commit", ("text",)), ("tag", ("text",)), ("tree", ("text",)),
        }  # fmt: skip
