"""Peak memory of a scan by number of objects: ``python bench/memory.py --objects 10000000``.

The pack is made by hand, since making one of ten million objects with git takes an hour: tiny
blobs in chains of nine deltas, under random ids.  What each column costs stands in memory.md.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

from measure import measure

CHAIN = 10
"""Objects a chain: one stored whole and nine deltas."""

WHOLE = b"\x3a" + zlib.compress(b"0123456789")
DELTA_BODY = zlib.compress(b"\x0a\x0a\x90\x0a")  # a delta that copies all ten bytes


def chain() -> tuple[bytes, list[int]]:
    """Return the entries of one chain, and where each begins in them."""
    data, starts = WHOLE, [0]
    for _ in range(CHAIN - 1):
        distance = len(data) - starts[-1]
        starts.append(len(data))
        data += bytes([0x64, distance]) + DELTA_BODY
    return data, starts


def make_pack(folder: Path, objects: int) -> None:
    """Write a pack and its index into an object directory."""
    data, starts = chain()
    chains = objects // CHAIN
    pack = b"PACK" + (2).to_bytes(4) + (chains * CHAIN).to_bytes(4) + data * chains
    trailer = hashlib.sha1(pack, usedforsecurity=False).digest()
    offsets = (np.arange(chains)[:, None] * len(data) + np.array(starts) + 12).ravel()
    ids = np.random.default_rng(1).integers(0, 256, (chains * CHAIN, 20), np.uint8)
    keys = np.ascontiguousarray(ids[:, :8]).view(">u8").ravel()
    ids = ids[np.argsort(keys)]
    fanout = np.cumsum(np.bincount(ids[:, 0], minlength=256)).astype(">u4")
    index = b"".join(
        (b"\xfftOc\0\0\0\2", fanout.tobytes(), ids.tobytes(), bytes(4 * len(ids)),
         offsets.astype(">u4").tobytes(), trailer, bytes(20))
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack-1.pack").write_bytes(pack + trailer)
    (folder / "pack-1.idx").write_bytes(index)


def main() -> None:
    """Make the pack, scan it, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000_000)
    count = parser.parse_args().objects
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = folder / "many.git"
        subprocess.run(["git", "init", "-q", "--bare", repository], check=True)
        make_pack(repository / "objects" / "pack", count)
        command = [sys.executable, "-m", "leakscan", "scan", str(repository)]
        run = measure(command, folder, None, 3600, watch=True)
        print(
            f"{count:,} objects: {run.wall:.0f} s, peak {run.pss >> 20} MB of all processes,"
            f" {run.rss >> 20} MB of the largest, exit {run.status}"
        )


if __name__ == "__main__":
    main()
