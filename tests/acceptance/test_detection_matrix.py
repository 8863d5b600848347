"""Every encoding, spelling and container is seen through, alone and in others, and placed."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scanning import Scan, scan

from corpus.builder import alone, mixed, names, pairs
from corpus.containing import CONTAINERS
from corpus.encodings import ENCODINGS
from corpus.finding import by_row, fault_lines, in_file, in_stream, in_zip
from corpus.matrix import matrix
from corpus.sample import Group
from corpus.surfaces import SURFACES, Planted, plant
from gitrepo import GitRepo

if TYPE_CHECKING:
    from corpus.sample import Sample
    from corpus.surfaces import Surface

SEED = 1
ROOT = Path(__file__).parents[2]
SIMPLE = [way.name for way in ENCODINGS if way.nests]


@functools.cache
def rows() -> dict[str, list[Sample]]:
    return by_row(alone(SEED))


ROWS = sorted(rows())

SHOWN = ("notebook",)
"""What shows all that it holds, and is not opened where it is too long to be held."""


def faults(found) -> str:
    """Say what is wrong, one to a line; nothing if nothing is."""
    return "\n".join(fault_lines(found))


@pytest.mark.parametrize("row", ROWS)
def test_found_and_placed(row: str) -> None:
    assert not faults(map(in_file, rows()[row]))


@pytest.mark.parametrize("row", [row for row in ROWS if not row.startswith(SHOWN)])
def test_found_and_placed_in_a_stream(row: str) -> None:
    assert not faults(map(in_stream, rows()[row]))


@pytest.mark.parametrize("row", ROWS)
def test_found_in_a_zip(row: str) -> None:
    for sample in rows()[row]:
        found = in_zip(sample)
        assert found.match, row
        assert (found.match.within or "").startswith("inner/app.env"), row


@functools.cache
def pairs_by_inner() -> dict[str, list[Sample]]:
    by_inner: dict[str, list[Sample]] = {}
    for inner, _, sample in pairs(SEED):
        by_inner.setdefault(inner.name, []).append(sample)
    return by_inner


@pytest.mark.parametrize("inner", SIMPLE)
def test_found_two_deep(inner: str) -> None:
    samples = pairs_by_inner()[inner]
    assert len(samples) >= len(SIMPLE) - 3
    assert not faults(map(in_file, samples))


@functools.cache
def mixed_by_container() -> dict[str, list[Sample]]:
    by_container: dict[str, list[Sample]] = {}
    for _, container, sample in mixed(SEED):
        by_container.setdefault(container.name, []).append(sample)
    return by_container


@pytest.mark.parametrize("container", [container.name for container in CONTAINERS])
def test_encoding_found_in_a_container(container: str) -> None:
    assert not faults(map(in_file, mixed_by_container()[container]))


@pytest.mark.parametrize("row", [way.name for way in ENCODINGS])
def test_no_token_stands_there_plainly(row: str) -> None:
    # Otherwise nothing of the above says anything.
    for sample in (*rows()[row], *pairs_by_inner().get(row, ())):
        plain = sample.token.encode() in sample.data
        assert not plain


# The whole program.


def everywhere() -> list[tuple[Surface, Sample]]:
    """List one sample of each row for each surface; a token of its own for each."""
    wanted: list[tuple[Surface, Sample]] = []
    for number, surface in enumerate(SURFACES, 100):
        if surface.is_name:
            wanted += [(surface, sample) for _, sample in names(number)]
        else:
            one_each = {sample.row: sample for sample in alone(number)}
            wanted += [
                (surface, sample)
                for sample in one_each.values()
                if surface.is_file or sample.group is not Group.CONTAINER
            ]
    return wanted


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Planted], Scan]:
    repo = GitRepo.init(tmp_path_factory.mktemp("matrix") / "repo")
    repo.add("README.md", "Nothing to see here.\n", "Begin")
    planted = plant(repo, everywhere())
    return planted, scan(repo.path, "--min-confidence", "low")


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_found_in_a_repository(planted, surface) -> None:
    all_planted, answer = planted
    here = [one for one in all_planted if one.surface is surface]
    assert len(here) > 20, "hardly any fits"
    missed = [one.sample.row for one in here if not located(answer, one)]
    assert not missed


def located(answer: Scan, one: Planted) -> bool:
    """Tell whether a scan says of a token that it stands where it was planted."""
    sample, kind = one.sample, one.surface.kind
    for place in answer.locations(sample.token, kind):
        path, _, where = (place["path"] or "").partition("!/")
        if one.path and (path != one.path or sample.where not in (None, where)):
            continue
        if one.path and sample.line not in (None, place["line"]):
            continue
        return True
    return False


def test_repository_is_read_completely(planted) -> None:
    _, answer = planted
    assert answer.skipped == []
    assert answer.report["coverage"]["complete"] is True


# The page.


def test_page_is_up_to_date(repo: GitRepo) -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from matrix import PAGE, filled
    finally:
        sys.path.remove(str(ROOT / "docs"))
    made = matrix(repo)
    assert made.gaps == []
    page = PAGE.read_text()
    assert filled(page, made) == page, "run: python docs/matrix.py"
