"""``leakscan pre-receive``, and what no honest git sends: packs made by hand."""

from __future__ import annotations

import hashlib
import struct
import subprocess
from typing import TYPE_CHECKING

from hub.git_faults import pkt
from packs import BLOB, OFS_DELTA, copy_all, entry, object_id, offset_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from pushing import Pushing

COMMIT, TREE = 1, 2
HOOK = "pre-receive"
NONE = "0" * 40


def receive(pushing: Pushing, tip: str, entries: list[bytes]) -> str:
    """Send the server a pack made by hand; return what it says."""
    pack = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(entries)
    pack += hashlib.sha1(pack, usedforsecurity=False).digest()
    command = pkt(f"{NONE} {tip} refs/heads/made\0report-status".encode())
    done = subprocess.run(
        ["git", "receive-pack", "."],
        cwd=pushing.server.path,
        env=pushing.server.environment,
        input=command + b"0000" + pack,
        capture_output=True,
        check=False,
    )
    return (done.stdout + done.stderr).decode(errors="replace")


def commit_of(tree: str) -> bytes:
    return f"tree {tree}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nMade\n".encode()


def made_of(content: bytes, name: bytes = b"a") -> tuple[str, list[bytes]]:
    """Make a commit of one file by hand; return its id and its pack entries."""
    tree = b"100644 " + name + b"\0" + bytes.fromhex(object_id("blob", content))
    commit = commit_of(object_id("tree", tree))
    entries = [entry(COMMIT, commit), entry(TREE, tree), entry(BLOB, content)]
    return object_id("commit", commit), entries


def test_names_that_git_would_not_write(pushing: Pushing, new_token: Callable[[], str]) -> None:
    for name in (b"../../etc/passwd", b".git/hooks/x", b"a\n\x1b[2J", b"/"):
        tip, entries = made_of(new_token().encode(), name)
        said = receive(pushing, tip, entries)
        assert "it brings 1 token" in said
        assert "\x1b" not in said
        assert not pushing.has(tip)
    tip, entries = made_of(b"clean", b"../x")
    assert "ok refs/heads/made" in receive(pushing, tip, entries)


def test_a_delta_that_makes_a_large_blob_of_little(pushing: Pushing, token: str) -> None:
    size = 30 << 20
    blob = bytes(size) + token.encode()
    tip, (commit, tree, _) = made_of(blob)
    base = entry(BLOB, bytes(size))
    delta = entry(OFS_DELTA, copy_all(size, token.encode()), base=offset_field(len(base)))
    entries = [base, delta, commit, tree]
    assert sum(map(len, entries)) < 100_000
    assert f"a:1:{size + 1} in commit {tip[:12]}" in receive(pushing, tip, entries)
    assert not pushing.has(tip)


def test_what_leads_nowhere_never_gets_to_us(pushing: Pushing) -> None:
    tip, entries = made_of(b"left out")
    assert "ng refs/heads/made" in receive(pushing, tip, entries[:2])
    spoilt = entries[2][:-3] + b"???"
    assert "ng refs/heads/made" in receive(pushing, tip, [*entries[:2], spoilt])
    assert not pushing.has(tip)
