"""The matrix of docs/detection.md: what is found, where, and with which confidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from corpus.builder import alone, mixed, names, pairs
from corpus.finding import by_row, in_file, in_stream, in_zip
from corpus.sample import Group, Sample
from corpus.surfaces import BRANCH_BLOB, COMMIT_MESSAGE, FILE_NAME, plant
from leakscan.model import Confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from corpus.finding import Found
    from corpus.surfaces import Surface
    from gitrepo import GitRepo

SEED = 1
NOT_POSSIBLE = "-"
OF_A_ROW = 2
"""Samples of a row that are planted in the repository."""

Level = Confidence | None
"""How surely something was found, if it was."""

Table = dict[str, dict[str, str]]
"""A cell by row and column."""


@dataclass(slots=True)
class _Cell:
    """What became of the samples of a cell."""

    levels: list[Level] = field(default_factory=list)

    def __str__(self) -> str:
        found = [level for level in self.levels if level is not None]
        if not self.levels:
            return NOT_POSSIBLE
        if not found:
            return "no"
        if len(found) < len(self.levels):
            return f"{len(found)} of {len(self.levels)}"
        return str(min(found, key=lambda level: level.rank))


@dataclass(slots=True)
class Matrix:
    """All tables of the page, each with a row for every encoding, spelling or container."""

    cells: dict[Group, dict[str, dict[str, _Cell]]] = field(default_factory=dict)

    def note(self, group: Group, row: str, column: str, *levels: Level) -> None:
        """Add what became of some samples."""
        columns = self.cells.setdefault(group, {}).setdefault(row, {})
        columns.setdefault(column, _Cell()).levels += levels

    def table(self, group: Group) -> str:
        """Write one table as Markdown."""
        rows = self.cells[group]
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        lines = [f"| | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
        for row, cells in rows.items():
            words = (str(cells.get(column, NOT_POSSIBLE)) for column in columns)
            lines.append(f"| {row.replace('|', chr(92) + '|')} | {' | '.join(words)} |")
        return "\n".join(lines)

    @property
    def gaps(self) -> list[str]:
        """List the cells in which something was not found."""
        return [
            f"{row}: {column}: {cell}"
            for rows in self.cells.values()
            for row, cells in rows.items()
            for column, cell in cells.items()
            if None in cell.levels
        ]


def level_of(found: Found) -> Level:
    """Return how surely it was found."""
    return found.match.confidence if found.match else None


def matrix(repo: GitRepo) -> Matrix:
    """Search everything there is, and fill in what is found.

    Args:
        repo: a repository to plant in.
    """
    made = Matrix()
    planted = plant(repo, repository_samples())
    seen = confidences(repo.path)
    for row, samples in by_row(alone(SEED)).items():
        group = samples[0].group
        note = _noting(made, group, row)
        note("a file", map(in_file, samples))
        note("a stream", map(in_stream, samples))
        note("in a zip", map(in_zip, samples))
        for surface in (BRANCH_BLOB, COMMIT_MESSAGE, FILE_NAME):
            if group is not Group.CONTAINER or surface is BRANCH_BLOB:
                levels = [
                    seen.get((one.sample.token, surface.kind))
                    for one in planted
                    if one.surface is surface and one.sample.row == row
                ]
                made.note(group, row, f"git: {surface.name}", *levels)
    for inner, outer, sample in pairs(SEED):
        level = level_of(in_file(sample))
        made.note(Group.ENCODING, inner.name, "in any other", level)
        made.note(Group.ENCODING, outer.name, "around any other", level)
    for _, container, sample in mixed(SEED):
        made.note(Group.CONTAINER, container.name, "with any encoding", level_of(in_file(sample)))
    return made


def _noting(made: Matrix, group: Group, row: str) -> Callable[[str, Iterable[Found]], None]:
    return lambda column, found: made.note(group, row, column, *map(level_of, found))


def repository_samples() -> list[tuple[Surface, Sample]]:
    """List what is planted in the repository, and where; with tokens that are nowhere else."""
    rows = by_row(alone(SEED + 1))
    short = [(FILE_NAME, sample) for _, sample in names(SEED)]
    some = [sample for samples in rows.values() for sample in samples[:OF_A_ROW]]
    texts = [one for one in by_row(alone(SEED + 2)).values() if one[0].group is not Group.CONTAINER]
    messages = [(COMMIT_MESSAGE, sample) for samples in texts for sample in samples[:OF_A_ROW]]
    return [*((BRANCH_BLOB, sample) for sample in some), *messages, *short]


def confidences(path: Path) -> dict[tuple[str, str], Confidence]:
    """Scan a repository; return how surely each secret was found on each kind of surface."""
    from scanning import scan

    return {
        (finding["secret"], location["kind"]): Confidence(finding["confidence"])
        for finding in scan(path, "--min-confidence", "low").report["findings"]
        for location in finding["locations"]
    }
