"""What leakscan makes of samples: searched by its detector, and scanned in a repository."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.archives import zipped
from corpus.sample import Group
from leakscan.detect import Detector
from leakscan.model import Confidence, Match
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corpus.sample import Sample

PIECE = 700
"""Bytes of the pieces of a stream: a token stands in two of them now and then."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one sample.

    Attributes:
        match: the best match of its token; ``None`` without any.
        others: what else was found at medium confidence or better.
    """

    sample: Sample
    match: Match | None
    others: tuple[Match, ...]

    @property
    def faults(self) -> list[str]:
        """Say what is wrong with it."""
        if self.match is None:
            return [f"{self.sample.row}: not found"]
        faults = [f"{self.sample.row}: {len(self.others)} more were found"] if self.others else []
        line, where = self.match.line, self.match.within or None
        if self.sample.line is not None and not self._fits(line):
            faults.append(f"{self.sample.row}: on line {line}, not {self.sample.line}")
        if self.sample.where not in (None, where):
            faults.append(f"{self.sample.row}: in {where}, not {self.sample.where}")
        return faults

    def _fits(self, line: int) -> bool:
        """Tell whether a line is that of the token; of two encodings, one may break a character."""
        return self.sample.line in (line, line + (self.sample.group is Group.PAIR))


@functools.cache
def detector() -> Detector:
    """Return a detector of the shipped rules."""
    return Detector(select_rules(load_rules(), ()))


def in_file(sample: Sample) -> Found:
    """Search a sample as a file."""
    return _found(sample, detector().search_blob(sample.data))


def in_stream(sample: Sample) -> Found:
    """Search a sample as a stream that comes in small pieces."""
    pieces = (sample.data[at : at + PIECE] for at in range(0, len(sample.data), PIECE))
    return _found(sample, detector().search_stream(pieces))


def in_zip(sample: Sample) -> Found:
    """Search a zip archive with a sample in it."""
    return _found(sample, detector().search_blob(zipped(sample.data)))


def _found(sample: Sample, found: Iterable[object]) -> Found:
    matches = [match for match in found if isinstance(match, Match)]
    own = [match for match in matches if match.secret.reveal() == sample.token]
    best = max(own, key=lambda match: match.confidence.rank, default=None)
    others = (match for match in matches if match.secret.reveal() != sample.token)
    worse = tuple(match for match in others if match.confidence is not Confidence.LOW)
    return Found(sample, best, worse)


def by_row(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Group samples by their rows."""
    rows: dict[str, list[Sample]] = {}
    for sample in samples:
        rows.setdefault(sample.row, []).append(sample)
    return rows


def fault_lines(found: Iterable[Found]) -> Iterator[str]:
    """Yield what is wrong with any of these."""
    for one in found:
        yield from one.faults
