"""Introductions must be those that comparing every tree of every commit gives."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from histories import Commit, histories, objects_of, write_history
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakscan.detect import Detector
from leakscan.git import raw_trees
from leakscan.git.history import Graph, find_holders
from leakscan.git.introduction import Introductions, Standing
from leakscan.git.layout import find_layout
from leakscan.git.shelf import TreeShelf
from leakscan.git.store import ObjectStore
from leakscan.git.survey import Survey
from leakscan.git.tree import tree_entries
from leakscan.rules import load_rules

if TYPE_CHECKING:
    import pytest

    from gitrepo import GitRepo

PACKINGS = ((), ("repack", "-adfq", "--window=50", "--depth=50"))


def files_of(repo: GitRepo, commit: str) -> dict[bytes, bytes]:
    """Return path and blob id of every file in a commit, as git lists them."""
    raw = repo.run("ls-tree", "-r", "-z", "--full-tree", commit)
    rows = (row.split(b"\t", 1) for row in raw.split(b"\0") if row)
    return {path: bytes.fromhex(meta.split()[2].decode()) for meta, path in rows}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, st.sampled_from(PACKINGS), st.data())
def test_introductions_are_those_of_a_plain_comparison(
    history: list[Commit], packing: tuple[str, ...], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = write_history(Path(folder) / "r", history)
        if packing:
            repo.run(*packing)
        blobs = sorted(oid for oid, (kind, _) in objects_of(repo).items() if kind == "blob")
        if not blobs:
            return
        wanted = set(data.draw(st.lists(st.sampled_from(blobs), min_size=1, max_size=4)))
        # Two blobs that bear the same mark are versions of a file with the same secret.
        mark_of = {oid: data.draw(st.sampled_from("xy")) for oid in sorted(wanted)}
        assert introduced(repo, wanted, mark_of) == compared(repo, mark_of)


def introduced(
    repo: GitRepo, wanted: set[bytes], mark_of: dict[bytes, str]
) -> dict[Standing[str], set[str]]:
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        survey = Survey(store, Detector(load_rules()), jobs=1)
        graph = Graph(survey.run().lineages or ())
        holders, all_found = find_holders(TreeShelf(store, 1).naming, wanted)
        assert all_found
        marks = Introductions(
            graph, holders, lambda _tree, e: {mark_of[e.oid]} if e.oid in mark_of else set()
        )
        found: dict[Standing[str], set[str]] = defaultdict(set)
        for commit in graph.tree_of:
            for standing, _ in marks.of_commit(commit):
                found[standing].add(commit.hex())
        return dict(found)


def compared(repo: GitRepo, mark_of: dict[bytes, str]) -> dict[Standing[str], set[str]]:
    found: dict[Standing[str], set[str]] = defaultdict(set)
    for line in repo.git("rev-list", "--all", "--parents").splitlines():
        commit, *parents = line.split()
        before = [files_of(repo, parent) for parent in parents]
        for path, oid in files_of(repo, commit).items():
            mark = mark_of.get(oid)
            if mark and not any(mark_of.get(b.get(path, b"")) == mark for b in before):
                found[Standing(mark, path)].add(commit)
    return dict(found)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, st.sampled_from(PACKINGS), st.booleans())
def test_the_shelf_finds_every_tree_that_names_an_object(
    history: list[Commit], packing: tuple[str, ...], sha256: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = ["--object-format=sha256"] if sha256 else []
        repo = write_history(Path(folder) / "r", history, *options)
        if packing:
            repo.run(*packing)
        size = 32 if sha256 else 20
        naming = defaultdict(set)
        for tree, (kind, content) in objects_of(repo).items():
            for entry in tree_entries(content, size) if kind == "tree" else ():
                naming[entry.oid].add((tree, entry))
        layout = find_layout(repo.path)
        assert layout
        with ObjectStore(layout) as store:
            shelf = TreeShelf(store, 1)
            for oid, expected in naming.items():
                for naming in (shelf.naming, shelf.naming_exactly):
                    found = {(tree, e) for tree, entries in naming({oid}) for e in entries}
                    assert found == expected


def test_a_shelf_too_large_for_memory_lies_on_disk(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_trees, "IN_MEMORY", 10)
    repo.add("deep/file.txt", "x\n")
    repo.run("repack", "-adq")
    oid = bytes.fromhex(repo.git("rev-parse", "HEAD:deep/file.txt"))
    layout = find_layout(repo.path)
    assert layout
    with ObjectStore(layout) as store:
        trees = {tree.hex() for tree, _ in TreeShelf(store, 1).naming({oid})}
    assert trees == {repo.git("rev-parse", "HEAD:deep")}
