"""What git over HTTP costs us: on this machine, loopback only.

    python bench/wire.py [--objects 160000] [--pushes 300] [--repository DIR ...] [--runs 5]

Without a repository: what it costs to look at a push of five commits to a large repository, and
at many small pushes, in requests, bytes and processor time of ours; and what a whole
`leakscan watch` costs for each, with the feed and the ledger.  With one or more: the wall time of
`leakscan scan URL` beside that of `git clone --bare` of the same URL, taking turns.  The server is
git's own `http-backend`, in a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.detect import Detector
from leakscan.git.wire import Limits, Meter, Wire
from leakscan.push import Push, PushKind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.push import scan_push
from leakscan.sources.sighting import Tally
from measure import Run, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent.parent / "tests"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, usage=__doc__)
    parser.add_argument("--objects", type=int, default=160_000)
    parser.add_argument("--pushes", type=int, default=300)
    parser.add_argument("--repository", type=Path, action="append", default=[])
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leakscan-bench-") as folder:
        root = Path(folder, "served")
        root.mkdir()
        with served(root) as url:
            if chosen.repository:
                for path in chosen.repository:
                    compare_with_clone(path, root, url, Path(folder), chosen.runs)
            else:
                commits = grow(root / "acme/app.git", chosen.objects)
                wire = Wire()
                look_at_one(root / "acme/app.git", url, commits, wire)
                look_at_many(url, commits, wire, chosen.pushes)
                watch_many(url, commits, Path(folder), chosen.pushes)


@contextlib.contextmanager
def served(root: Path) -> Iterator[str]:
    """Serve a folder of repositories in another process; yield its URL."""
    program = "from hub.backend import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=TESTS,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().decode().strip()
        process.stdin.close()


def grow(path: Path, objects: int) -> list[str]:
    """Make a repository of so many objects, four a commit; return the last commits in order."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
    with subprocess.Popen(
        ["git", "-C", path, "fast-import", "--quiet"], stdin=subprocess.PIPE
    ) as process:
        assert process.stdin
        for number in range(objects // 4):
            lines = "".join(f"setting {n} = {(number * 31 + n) * 7919}\n" for n in range(20))
            process.stdin.write(
                b"commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 7\nChange\n\n"
                b"M 100644 inline d%d/file%d.txt\ndata %d\n%b\n"
                % (10**9 + number, number % 200, number % 1000, len(lines), lines.encode())
            )
    run(path, "repack", "-adq", "--write-bitmap-index")
    return run(path, "rev-list", "--max-count=4000", "--reverse", "main").split()


def run(path: Path, *arguments: str, stdin: str = "") -> str:
    """Run git in a repository."""
    done = subprocess.run(
        ["git", "-C", path, *arguments], input=stdin.encode(), capture_output=True, check=True
    )
    return done.stdout.decode("latin-1")


def a_push(before: str, head: str) -> Push:
    """Return the push that brought the commits between two."""
    ref = "refs/heads/main"
    return Push(PushKind.PUSH, "127.0.0.1", 1, "acme/app", ref, before, head, MOMENT, "events")


def look_at_one(path: Path, url: str, commits: list[str], wire: Wire) -> None:
    """Look at a push of five commits, and compare what came with what git would send."""
    before, head = commits[-6], commits[-1]
    meter, tally = Meter(), Tally()
    detector = Detector(select_rules(load_rules(), ()))
    found = list(scan_push(a_push(before, head), url, wire, detector, Limits(), tally, meter))
    assert not found
    assert not tally.skipped
    pack = run(path, "pack-objects", "--revs", "--stdout", "-q", stdin=f"{head}\n^{before}\n")
    print(
        f"a push of 5 commits: {meter.requests} request, {meter.received:,} bytes,"
        f" {meter.received / len(pack):.2f} x git's own pack; {tally.objects} objects searched"
    )


def look_at_many(url: str, commits: list[str], wire: Wire, count: int) -> None:
    """Look at many pushes of one commit each, one after the other."""
    detector = Detector(select_rules(load_rules(), ()))
    pairs = list(pairwise(commits))[:count]
    began, wall = time.process_time(), time.perf_counter()
    for before, head in pairs:
        for _ in scan_push(a_push(before, head), url, wire, detector, Limits(), Tally(), Meter()):
            raise AssertionError("nothing was planted")
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    print(
        f"{len(pairs)} small pushes: {1000 * cpu / len(pairs):.2f} ms of our processor each"
        f" ({1000 * wall / len(pairs):.1f} ms with the server, one at a time)"
    )


def watch_many(url: str, commits: list[str], folder: Path, count: int) -> None:
    """Have `leakscan watch` go through an archive of as many pushes."""
    pairs = list(pairwise(commits))[:count]
    whole = watch(url, pairs, folder)
    start = watch(url, pairs[:1], folder)
    each = 1000 * (whole.cpu - start.cpu) / (len(pairs) - 1)
    print(
        f"leakscan watch, {len(pairs)} pushes: {each:.2f} ms of our processor each, with the feed"
        f" and the ledger; {len(pairs) / (whole.wall - start.wall):.0f} pushes/s with the server on"
        f" this machine; {whole.rss / 1e6:.0f} MB; to start and stop takes {start.wall:.1f} s"
    )


def watch(url: str, pairs: list[tuple[str, str]], folder: Path) -> Run:
    """Watch an archive of pushes, with a new ledger."""
    events = folder / "events.json"
    with events.open("w") as out:
        for number, (before, head) in enumerate(pairs):
            payload = {"repository_id": 1, "push_id": number, "ref": "refs/heads/main"}
            event = {
                "id": str(number),
                "type": "PushEvent",
                "actor": {"id": 1, "login": "acme"},
                "repo": {"id": 1, "name": "acme/app"},
                "payload": {**payload, "before": before, "head": head},
                "public": True,
                "created_at": "2026-01-01T00:00:00Z",
            }
            out.write(json.dumps(event) + "\n")
    settings = folder / f"{len(pairs)}.toml"
    settings.write_text(
        f"""\
[github]
git_url = "{url}"
[watch]
sources = []
[ledger]
url = "{folder}/{len(pairs)}.sqlite3"
key_file = "{folder}/ledger.key"
[fingerprint]
key_file = "{folder}/fingerprint.key"
"""
    )
    report = folder / "watch.json"
    command = [sys.executable, "-m", "leakscan", "watch", "--once", "--archive", str(events)]
    command += ["--format", "json", "--config", str(settings)]
    done = measure(command, folder, report, 3600, watch=False)
    assert done.status == 0, done.complaint
    assert json.loads(report.read_text())["pushes"]["scanned"] == len(pairs)
    return done


def compare_with_clone(path: Path, root: Path, url: str, folder: Path, runs: int) -> None:
    """Take turns with `git clone --bare`."""
    name = path.resolve().name.removesuffix(".git") + ".git"
    if not (root / name).exists():
        (root / name).symlink_to(path.resolve())
    address, copy = f"{url}/{name}", folder / "copy.git"
    scan = [sys.executable, "-m", "leakscan", "scan", address]
    walls: dict[str, list[float]] = {"git clone --bare": [], "leakscan scan": []}
    size = 0
    for _ in range(runs):
        cloned = measure(
            ["git", "clone", "-q", "--bare", address, str(copy)], folder, None, 3600, watch=False
        )
        assert cloned.status == 0, cloned.complaint
        size = sum(file.stat().st_size for file in (copy / "objects/pack").glob("*.pack"))
        shutil.rmtree(copy)
        scanned = measure(scan, folder, None, 3600, watch=False)
        assert scanned.status in (0, 1), scanned.complaint
        walls["git clone --bare"].append(cloned.wall)
        walls["leakscan scan"].append(scanned.wall)
    clone, ours = (statistics.median(times) for times in walls.values())
    print(
        f"{name}: {size / 1e6:,.0f} MB of pack; git clone --bare {clone:.2f} s,"
        f" leakscan scan {ours:.2f} s: {ours / clone:.2f} x; {scanned.rss / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
