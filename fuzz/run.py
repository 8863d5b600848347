"""Fuzz decoders, containers, the reader of packs and the detector: ``python fuzz/run.py``.

``--minutes 60`` is shared among all targets, ``--jobs`` of them at a time; ``--target NAME`` names
one, and can be given again.  Each runs in a process of its own, which may take 1 GiB of memory and
10 seconds for one input.  What made one fail stays in ``--folder``:

    python fuzz/run.py --target container-zip --again fuzz-found/container-zip/crash-1f2e...

The status is 1 if any failed.  With atheris (``pip install atheris``) the search is led by the
coverage; without it hypothesis makes the inputs.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORKER = [str(HERE / "worker.py")]
FAILURES = ("crash-*", "timeout-*", "oom-*", "leak-*", "slow-unit-*")
MOST_FAILURES = 20
"""Failures of one target after which it has no more to tell."""

GRACE = 60
"""Seconds for starting, and for the last input, beside the time that is given."""

RUNS = re.compile(r"stat::number_of_executed_units: +(\d+)")
COVERAGE = re.compile(r"\bcov: (\d+)")


@dataclass(slots=True)
class Outcome:
    """What came of one target.

    Attributes:
        runs: inputs that were tried.
        coverage: edges of the program that they reached; 0 where that is not known.
        failures: inputs that made it fail.
        last_words: of the first failure.
    """

    name: str
    runs: int = 0
    coverage: int = 0
    failures: int = 0
    last_words: str = ""

    def __str__(self) -> str:
        verdict = "ok" if not self.failures else f"{self.failures} FAILED"
        return f"{self.name:32} {self.runs:>10,} runs  {self.coverage:>6,} edges  {verdict}"


def main() -> int:
    """Fuzz, and print a line for each target."""
    sys.path.insert(0, str(HERE))
    from targets import targets

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--target", action="append", metavar="NAME", dest="names")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--again", type=Path, metavar="FILE", help="try one input again")
    parser.add_argument("--list", action="store_true", help="print the targets")
    options = parser.parse_args()
    known = targets()
    if unknown := set(options.names or ()) - known.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))} (see --list)")
    names = options.names or list(known)
    if options.list:
        print("\n".join(names))
        return 0
    if options.again:
        for name in names:
            known[name].check(options.again.read_bytes())
        return 0
    if find_spec("atheris") is None:
        print("atheris is missing: hypothesis makes the inputs, and knows of no coverage")
    seconds = max(1, int(options.minutes * 60 * options.jobs / len(names)))
    print(f"{len(names)} targets, {seconds} seconds each, {options.jobs} at a time", flush=True)
    fuzzed = partial(fuzz, seconds=seconds, folder=options.folder.resolve())
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(fuzzed, names):
            print(outcome, flush=True)
            if outcome.last_words:
                print(outcome.last_words, flush=True)
            outcomes.append(outcome)
    failed = sum(outcome.failures for outcome in outcomes)
    runs = sum(outcome.runs for outcome in outcomes)
    print(f"{runs:,} runs in all, {failed} failed")
    return 1 if failed else 0


def fuzz(name: str, *, seconds: int, folder: Path) -> Outcome:
    """Fuzz one target, again after each failure, until its time is over."""
    folder = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    outcome = Outcome(name)
    end, seed = time.monotonic() + seconds + 1, 0
    while outcome.failures < MOST_FAILURES and (left := int(end - time.monotonic())) > 0:
        seed += 1
        before = _failures(folder)
        words, status = _run(name, left, folder, seed)
        outcome.runs += sum(map(int, RUNS.findall(words)))
        outcome.coverage = max([outcome.coverage, *map(int, COVERAGE.findall(words))])
        new = len(_failures(folder) - before)
        if status or new:
            outcome.failures += max(new, 1)
            outcome.last_words = outcome.last_words or _told(words)
    return outcome


def _told(words: str) -> str:
    """Return the end of what a worker said, without its progress."""
    lines = [line[:200] for line in words.splitlines() if not line.startswith("#")]
    return "\n".join(lines[-30:])


def _failures(folder: Path) -> set[Path]:
    return {file for pattern in FAILURES for file in folder.glob(pattern)}


def _run(name: str, seconds: int, folder: Path, seed: int) -> tuple[str, int]:
    """Run the worker; return what it said, and its status."""
    command = [sys.executable, *WORKER, name, "--folder", str(folder)]
    command += [f"--seconds={seconds}", f"--seed={seed}"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        words, _ = process.communicate(timeout=seconds + GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        words, _ = process.communicate()
        words += b"\nit hangs: it was ended from outside\n"
    return words.decode(errors="replace"), process.returncode


if __name__ == "__main__":
    sys.exit(main())
