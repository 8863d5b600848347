"""Inputs to begin with, from the builder of the corpus."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import corpus
from corpus.sample import Group
from gitrepo import GitRepo
from packs import copy_all

SEED = 1
ANYWHERE = bytes((0, 8, 0, 0, 2, 0))
"""What an input for a decoder begins with: the place of the anchor, the window and its size."""


@functools.cache
def _alone() -> tuple[corpus.Sample, ...]:
    return tuple(corpus.alone(SEED))


@functools.cache
def encoded() -> tuple[bytes, ...]:
    """Return what is encoded or spelled in some way, one of each."""
    one_each = {one.row: one.data for one in _alone() if one.group is not Group.CONTAINER}
    return tuple(ANYWHERE + data for data in one_each.values())


@functools.cache
def contained() -> tuple[bytes, ...]:
    """Return one of each kind of container."""
    return tuple(one.data for one in _alone() if one.group is Group.CONTAINER)


@functools.cache
def everything() -> tuple[bytes, ...]:
    """Return one of each encoding, spelling and container."""
    return (*(data[len(ANYWHERE) :] for data in encoded()), *contained())


@functools.cache
def _packed() -> tuple[tuple[bytes, bytes], ...]:
    """Have git make packs, with their indexes: without deltas, and with chains of them."""
    packs = []
    body = "".join(f"line {number}\n" for number in range(60))
    for depth in ("0", "50"):
        with tempfile.TemporaryDirectory() as folder:
            repo = GitRepo.init(Path(folder))
            for version in range(4):
                repo.add("grows.txt", body + f"version {version}\n" * (version + 1))
            repo.git("tag", "-a", "-m", "Release", "v1")
            repo.git("repack", "-adfq", f"--depth={depth}")
            (pack,) = repo.packs()
            packs.append((pack.read_bytes(), pack.with_suffix(".idx").read_bytes()))
    return tuple(packs)


def pack_bodies() -> tuple[bytes, ...]:
    """Return packs without the check sum at their ends."""
    return tuple(pack[:-20] for pack, _ in _packed())


def pack_entries() -> tuple[bytes, ...]:
    """Return descriptions of packs: a blob, and two deltas each on the entry before it."""
    blob = b"".join(b"line %d\n" % number for number in range(40))
    first = copy_all(len(blob), b"more\n")
    second = copy_all(len(blob) + 5, b"and more\n")
    entries = ((3, 0, blob), (6, 1, first), (6, 1, second), (1, 0, b"tree of no commit\n"))
    return (
        b"".join(
            bytes((kind, 128, back)) + len(content).to_bytes(2) + content
            for kind, back, content in entries
        ),
    )


def packs_with_index() -> tuple[bytes, ...]:
    """Return packs, each after its length, and their indexes."""
    return tuple(len(pack).to_bytes(4) + pack + index for pack, index in _packed())
