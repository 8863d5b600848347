"""Every sample: each encoding, spelling and container alone, and their combinations."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from corpus.concatenation import CONCATENATIONS
from corpus.containing import CONTAINERS, DOCUMENTS
from corpus.encodings import ENCODINGS, Encoding, encoded, possible
from corpus.sample import (
    SETTINGS_LINE,
    Group,
    Sample,
    Text,
    long_settings,
    mint,
    settings,
)
from corpus.spellings import SPELLING_LINE, SPELLINGS, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus.containing import Container

LENGTH = 40
"""Characters of a token."""

SPLITS = range(1, LENGTH)
"""Every way to cut one in two."""


def alone(seed: int) -> Iterator[Sample]:
    """Yield each encoding, spelling, container and document alone."""
    rng = _rng(seed, "alone")
    for way in ENCODINGS:
        for shift in range(way.period):
            text = settings(mint(rng))
            text = Text(b" " * shift + text.before, text.token, text.after)
            yield encoded_sample(way.name, Group.ENCODING, text, way)
    yield from spellings(rng)
    for container in CONTAINERS:
        text = long_settings(mint(rng))
        row, group = container.name, Group.CONTAINER
        yield contained(row, group, container, text.plain, text, SETTINGS_LINE)
    for document in DOCUMENTS:
        token = mint(rng)
        data, where, line = document.write(token)
        yield Sample(document.name, Group.CONTAINER, document.file, data, token, line, where)


def spellings(rng: random.Random) -> Iterator[Sample]:
    """Yield every spelling: where the position matters, at some or, where it is cut, at each."""
    for spelling in SPELLINGS:
        for at in sorted(rng.sample(SPLITS, 8)) if spelling.by_position else (0,):
            token = mint(rng)
            data = spelled(spelling, token, at)
            yield Sample(spelling.name, Group.SPELLING, "app.txt", data, token, SPELLING_LINE)
    for language in CONCATENATIONS:
        for at in SPLITS:
            token = mint(rng)
            data = language.data(token, at)
            yield Sample(language.name, Group.SPELLING, "app.txt", data, token, language.line)


def pairs(seed: int) -> Iterator[tuple[Encoding, Encoding, Sample]]:
    """Yield each pair of encodings that is possible, the inner one first, and a sample of it."""
    rng = _rng(seed, "pairs")
    simple = [way for way in ENCODINGS if way.nests]
    for inner in simple:
        for outer in simple:
            text = settings(mint(rng))
            if possible(inner, outer):
                row = f"{inner.name} in {outer.name}"
                yield inner, outer, encoded_sample(row, Group.PAIR, text, inner, outer)


def mixed(seed: int) -> Iterator[tuple[Encoding, Container, Sample]]:
    """Yield each encoding in each container, and a sample of it."""
    rng = _rng(seed, "mixed")
    for way in ENCODINGS:
        for container in CONTAINERS:
            if way.is_wide and container.file.endswith(".docx"):
                continue  # XML holds no NUL
            text = settings(mint(rng))
            inner = encoded_sample("", Group.MIXED, text, way)
            row, group = f"{way.name} in {container.name}", Group.MIXED
            sample = contained(row, group, container, inner.data, text, inner.line)
            yield way, container, sample


def samples(seed: int) -> Iterator[Sample]:
    """Yield every sample there is; the same seed gives the same ones."""
    yield from alone(seed)
    for *_, sample in pairs(seed):
        yield sample
    for *_, sample in mixed(seed):
        yield sample


def encoded_sample(row: str, group: Group, text: Text, *ways: Encoding) -> Sample:
    """Encode a text one way after the other."""
    data, at = encoded(text.plain, text.twin, *ways)
    line = None if at is None else 1 + data.count(b"\n", 0, at)
    return Sample(row, group, "app.txt", data, text.token, line)


def contained(
    row: str, group: Group, container: Container, content: bytes, text: Text, line: int | None
) -> Sample:
    """Put a file into a container."""
    data, where = container.pack(content)
    return Sample(row, group, container.file, data, text.token, line, where)


def _rng(seed: int, part: str) -> random.Random:
    return random.Random(f"{seed} {part}")  # noqa: S311 - the same every time, on purpose


def names(seed: int) -> Iterator[tuple[Encoding, Sample]]:
    """Yield each encoding of a token alone, as short as a name has to be."""
    rng = _rng(seed, "names")
    for way in ENCODINGS:
        text = Text(b"", mint(rng), b"")
        data = way.encode(text.plain, 0)
        yield way, Sample(way.name, Group.ENCODING, "name", data, text.token)
