"""Damaged packs, indexes and loose objects: what they lose is named, the rest is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from scanning import FOUND, INCOMPLETE, incomplete, scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitrepo import GitRepo


def only_pack(repo: GitRepo) -> Path:
    (pack,) = repo.packs()
    pack.chmod(0o644)
    pack.with_suffix(".idx").chmod(0o644)
    return pack


# Damaged packs.


@pytest.mark.parametrize("kept", [0, 8, 12, 40, 0.5])
def test_truncated_pack(damaged: GitRepo, token: str, kept: float) -> None:
    pack = only_pack(damaged)
    raw = pack.read_bytes()
    pack.write_bytes(raw[: int(len(raw) * kept) if kept == 0.5 else int(kept)])
    answer = incomplete(damaged.path)
    assert answer.at(token, "blob")["path"] == "safe/.env"
    assert answer.names(pack.stem)


@pytest.mark.parametrize("lost", [1, 20])
def test_pack_without_its_last_bytes_still_gives_every_object(
    repo: GitRepo, token: str, lost: int
) -> None:
    repo.add("packed.txt", token)
    repo.pack()
    pack = only_pack(repo)
    pack.write_bytes(pack.read_bytes()[:-lost])
    answer = scan(repo.path)
    assert answer.status in (FOUND, INCOMPLETE)
    assert token in answer.secrets


@dataclass
class Row:
    """What ``git verify-pack`` says of one entry of a pack."""

    oid: str
    kind: str
    start: int
    end: int
    base: str | None


def rows_of(repo: GitRepo, pack: Path) -> list[Row]:
    """List the entries of a pack."""
    lines = [line.split() for line in repo.git("verify-pack", "-v", str(pack)).splitlines()]
    return [
        Row(line[0], line[1], int(line[4]), int(line[4]) + int(line[3]), (*line, None, None)[6])
        for line in lines
        if len(line) in (5, 7) and len(line[0]) == 40
    ]


def flip(path: Path, offset: int) -> None:
    path.chmod(0o644)
    raw = bytearray(path.read_bytes())
    raw[offset] ^= 0xFF
    path.write_bytes(raw)


@pytest.mark.parametrize("kind", ["blob", "tree", "commit"])
def test_flipped_bits_in_a_pack_cost_only_what_they_hit(
    repo: GitRepo, new_token: Callable[[], str], kind: str
) -> None:
    first, second = new_token(), new_token()
    repo.add("a.txt", f"{first}\n")
    repo.add("noise.txt", "".join(f"noise {number * number}\n" for number in range(200)))
    repo.add("z.txt", f"{second}\n")
    victim = {"blob": "HEAD:noise.txt", "tree": "HEAD~1^{tree}", "commit": "HEAD~1"}[kind]
    oid = repo.tip(victim)
    repo.git("repack", "-adfq", "--depth=0")
    pack = only_pack(repo)
    (row,) = [row for row in rows_of(repo, pack) if row.oid == oid]
    flip(pack, (row.start + row.end) // 2)
    answer = incomplete(repo.path)
    assert answer.secrets == {first, second}
    assert answer.names(oid) or answer.names(pack.stem)


def test_flipped_bits_in_a_base_name_every_object_that_is_lost_with_it(
    damaged: GitRepo, token: str
) -> None:
    damaged.git("repack", "-adfq", "--depth=50")
    pack = only_pack(damaged)
    rows = [row for row in rows_of(damaged, pack) if row.kind == "blob"]
    base = max((row for row in rows if not row.base), key=lambda row: row.end - row.start)
    lost = {base.oid}
    while more := {row.oid for row in rows if row.base in lost} - lost:
        lost |= more
    assert len(lost) > 2
    damaged.add("later/.env", f"again {token}\n")
    flip(pack, (base.start + base.end) // 2)
    answer = incomplete(damaged.path)
    assert "later/.env" in {place["path"] for place in answer.locations(token)}
    assert all(answer.names(oid) for oid in lost) or answer.names(pack.stem)


# Damaged indexes.


def without(_raw: bytes) -> bytes | None:
    return None


def half(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def garbage(raw: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in raw)


def huge_fanout(raw: bytes) -> bytes:
    return raw[:8] + b"\x7f\xff\xff\xff" * 256 + raw[8 + 1024 :]


def falling_fanout(raw: bytes) -> bytes:
    fanout = [raw[8 + 4 * n : 12 + 4 * n] for n in range(256)]
    return raw[:8] + b"".join(reversed(fanout)) + raw[8 + 1024 :]


def wild_offsets(raw: bytes) -> bytes:
    count = int.from_bytes(raw[8 + 1020 : 8 + 1024], "big")
    start = 8 + 1024 + count * 24
    return raw[:start] + b"\x7f\xff\xff\xf0" * count + raw[start + 4 * count :]


def far_offsets(raw: bytes) -> bytes:
    """Point every offset into the table of large offsets, which is not there."""
    count = int.from_bytes(raw[8 + 1020 : 8 + 1024], "big")
    start = 8 + 1024 + count * 24
    return raw[:start] + b"\xff\xff\xff\xf0" * count + raw[start + 4 * count :]


def equal_offsets(raw: bytes) -> bytes:
    count = int.from_bytes(raw[8 + 1020 : 8 + 1024], "big")
    start = 8 + 1024 + count * 24
    return raw[:start] + b"\0\0\0\x0d" * count + raw[start + 4 * count :]


@pytest.mark.parametrize(
    "damage",
    [
        without,
        half,
        garbage,
        huge_fanout,
        falling_fanout,
        wild_offsets,
        far_offsets,
        equal_offsets,
        lambda _raw: b"",
    ],
    ids=lambda damage: damage.__name__.strip("<>"),
)
def test_pack_whose_index_is_bad(
    repo: GitRepo, new_token: Callable[[], str], damage: Callable[[bytes], bytes | None]
) -> None:
    packed, loose = new_token(), new_token()
    repo.add("packed.txt", packed)
    repo.pack()
    repo.add("loose.txt", loose)
    pack = only_pack(repo)
    index = pack.with_suffix(".idx")
    raw = damage(index.read_bytes())
    index.unlink()
    if raw is not None:
        index.write_bytes(raw)
    answer = scan(repo.path)
    assert loose in answer.secrets, answer.stderr
    assert answer.status in (FOUND, INCOMPLETE)
    if packed not in answer.secrets:
        assert answer.status == INCOMPLETE
    if answer.status == INCOMPLETE:
        assert answer.names(pack.stem)


# Missing objects.


@pytest.mark.parametrize("victim", ["HEAD~2:gone.txt", "HEAD~2^{tree}", "HEAD~2", "HEAD~2:dir"])
def test_missing_object(repo: GitRepo, token: str, victim: str) -> None:
    repo.stage("dir/inner.txt", "inner\n")
    repo.add("gone.txt", "gone\n")
    repo.remove("gone.txt")
    repo.git("rm", "-q", "-r", "dir")
    repo.git("commit", "-q", "--amend", "-m", "Remove both")
    repo.add(".env", token)
    repo.loose_path(repo.tip(victim)).unlink()
    answer = incomplete(repo.path)
    assert answer.at(token, "blob")["path"] == ".env"
    assert answer.names("missing")


def test_branch_that_points_to_a_missing_commit(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    (repo.git_dir / "refs/heads/broken").write_text("1234" * 10 + "\n")
    answer = incomplete(repo.path)
    assert answer.at(token, "blob")["path"] == ".env"
    assert answer.names("refs/heads/broken") or answer.names("12341234")


@pytest.mark.parametrize("content", [b"", b"garbage", b"x\x9c\0\0\0"], ids=["empty", "text", "cut"])
def test_damaged_loose_object(damaged: GitRepo, token: str, content: bytes) -> None:
    oid = damaged.git("hash-object", "-w", "--stdin", stdin=b"something else")
    path = damaged.loose_path(oid)
    path.chmod(0o644)
    path.write_bytes(content)
    answer = incomplete(damaged.path)
    assert answer.at(token, "blob")
    assert answer.names(oid)


def test_truncated_loose_object(damaged: GitRepo, token: str) -> None:
    oid = damaged.git("hash-object", "-w", "--stdin", stdin=os.urandom(5000))
    path = damaged.loose_path(oid)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:2000])
    answer = incomplete(damaged.path)
    assert answer.at(token, "blob")
    assert answer.names(oid)
