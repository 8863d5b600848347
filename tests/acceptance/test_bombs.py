"""Objects whose sizes lie and deltas that go round in circles: bounded, named, survived."""

from __future__ import annotations

import resource
import zlib
from typing import TYPE_CHECKING

import pytest
from scanning import Scan, incomplete

from packs import (
    BLOB,
    OFS_DELTA,
    REF_DELTA,
    HandmadePack,
    bomb,
    copy_all,
    entry,
    entry_header,
    object_id,
    offset_field,
    size_field,
    write_loose,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitrepo import GitRepo


GIGABYTE = 1 << 30


def frugal(repo: GitRepo) -> Scan:
    """Scan with four gigabytes of address space, which no honest repository here needs."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 * GIGABYTE, before[1]))
    try:
        return incomplete(repo.path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_loose_object_that_inflates_far_beyond_its_size(damaged: GitRepo, token: str) -> None:
    oid = "ab" * 20
    write_loose(damaged.git_dir, oid, bomb(GIGABYTE, b"blob 10\0"))
    answer = frugal(damaged)
    assert answer.at(token, "blob")
    assert answer.names(oid)


def test_loose_object_that_declares_ten_gigabytes(damaged: GitRepo, token: str) -> None:
    oid = "cd" * 20
    write_loose(damaged.git_dir, oid, zlib.compress(b"blob %d\0short" % (10 * GIGABYTE)))
    answer = frugal(damaged)
    assert answer.at(token, "blob")
    assert answer.names(oid)


@pytest.mark.parametrize(
    "header",
    [b"blob -1", b"blob 99999999999999999999999999", b"blob x", b"blub 5", b"b" * 9999],
    ids=["negative", "astronomic", "word", "type", "endless"],
)
def test_loose_object_with_an_impossible_header(
    damaged: GitRepo, token: str, header: bytes
) -> None:
    oid = "ef" * 20
    write_loose(damaged.git_dir, oid, zlib.compress(header + b"\x0012345"))
    answer = frugal(damaged)
    assert answer.at(token, "blob")
    assert answer.names(oid)


def bad_entries() -> dict[str, list[tuple[str, bytes]]]:
    """Make entries that lie or go round in circles; a sound blob goes before each."""
    one, two = "11" * 20, "22" * 20
    raw_one, raw_two = bytes.fromhex(one), bytes.fromhex(two)
    base = b"a base of some length\n"
    sound = entry(BLOB, base)
    delta = copy_all(len(base), b"more")
    absurd = size_field(len(base)) + size_field(1 << 45) + delta[2:]
    to_base = offset_field(len(sound))
    return {
        "inflates-to-a-gigabyte": [(one, entry_header(BLOB, 10) + bomb(GIGABYTE))],
        "inflates-to-five-gigabytes": [(one, entry_header(BLOB, 10) + bomb(5 * GIGABYTE))],
        "declares-ten-gigabytes": [(one, entry(BLOB, b"short", size=10 * GIGABYTE))],
        "declares-an-exabyte": [(one, entry(BLOB, b"short", size=1 << 60))],
        "delta-of-absurd-size": [(one, entry(OFS_DELTA, absurd, base=to_base))],
        "delta-cut-short": [(one, entry(OFS_DELTA, delta[:-3], base=to_base))],
        "delta-of-another-base": [
            (one, entry(OFS_DELTA, size_field(9) + delta[1:], base=to_base)),
        ],
        "delta-that-copies-beyond": [
            (one, entry(OFS_DELTA, size_field(22) + size_field(99) + b"\x91\x10\x63", base=to_base))
        ],
        "delta-without-bytes": [(one, entry(OFS_DELTA, b"", base=to_base))],
        "base-before-the-pack": [(one, entry(OFS_DELTA, delta, base=offset_field(1 << 30)))],
        "base-between-entries": [(one, entry(OFS_DELTA, delta, base=offset_field(3)))],
        "base-is-itself": [(one, entry(OFS_DELTA, delta, base=offset_field(0)))],
        "base-is-missing": [(one, entry(REF_DELTA, delta, base=bytes.fromhex("77" * 20)))],
        "loop-of-one": [(one, entry(REF_DELTA, delta, base=raw_one))],
        "loop-of-two": [
            (one, entry(REF_DELTA, delta, base=raw_two)),
            (two, entry(REF_DELTA, delta, base=raw_one)),
        ],
        "type-0": [(one, entry(0, b"nothing"))],
        "type-5": [(one, entry(5, b"reserved"))],
    }


@pytest.mark.parametrize("case", bad_entries())
def test_pack_with_bad_entries(damaged: GitRepo, token: str, case: str) -> None:
    base = b"a base of some length\n"
    bad = bad_entries()[case]
    pack = HandmadePack([(object_id("blob", base), entry(BLOB, base)), *bad]).write(damaged.git_dir)
    answer = frugal(damaged)
    assert answer.at(token, "blob")
    assert all(answer.names(oid) for oid, _ in bad) or answer.names(pack.stem)


def test_bad_entry_costs_its_neighbours_nothing(
    repo: GitRepo, new_token: Callable[[], str]
) -> None:
    before, after = (f"key {new_token()}\n".encode() for _ in range(2))
    bad = ("33" * 20, entry(REF_DELTA, b"\x01\x01\x90", base=bytes.fromhex("33" * 20)))
    HandmadePack(
        [
            (object_id("blob", before), entry(BLOB, before)),
            bad,
            (object_id("blob", after), entry(BLOB, after)),
        ]
    ).write(repo.git_dir)
    answer = incomplete(repo.path)
    assert answer.secrets == {before[4:-1].decode(), after[4:-1].decode()}
