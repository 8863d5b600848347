"""A corpus of tokens in every spelling, encoding and container, planted wherever git keeps bytes.

    for sample in samples(seed=1):
        ...  # sample.data holds sample.token, on sample.line of sample.where
    planted = plant(repo, [(BRANCH_BLOB, sample) for sample in samples(seed=1)])

What writes them is the standard library, git and the usual packages, or a line of our own:
nothing here comes from leakscan, which has to find them.
"""

from __future__ import annotations

from corpus.builder import alone, mixed, pairs, samples
from corpus.sample import Group, Sample
from corpus.surfaces import SURFACES, Planted, Surface, plant

__all__ = [
    "SURFACES",
    "Group",
    "Planted",
    "Sample",
    "Surface",
    "alone",
    "mixed",
    "pairs",
    "plant",
    "samples",
]
