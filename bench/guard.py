"""Measure the guard against other scanners: ``python bench/guard.py``.

Two repositories are made: one where three files of source text have changed, and one where 2,000
files of 50 MB are added.  Every tool looks at what is staged there, and the runs alternate, so that
a change of the machine's mood hits all alike.  A time counts only if the tool, run once more with a
token staged, ended with the status that says so, and with another one without.

Name the programs themselves: the launchers that pip makes for kingfisher, gitleaks and betterleaks
take longer than the programs do.  They stand in ``site-packages``, under ``*/bin``.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contenders import (
    COMMIT_HOOKS,
    DEFAULT_RULES,
    GIT_DIFF,
    GUARD,
    PEERS,
    PYTHON,
    Contender,
    Surface,
    contenders,
)
from history import version
from leakscan.sample import SampleGit, mint
from staged import Staged, large, ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = b"r8_"
CHECKS = 3
"""Runs of each tool with a token staged."""

DISTINCT = 30
"""Different characters in a token of 40."""

MOST = 2.5
"""How many times Python and git the guard may take on an ordinary commit."""


@contextmanager
def planted(staged: Staged, surface: Surface, text: str) -> Iterator[Staged]:
    """Stage a line of text too, for a while."""
    path = staged.source if surface is not Surface.BINARY else "src/planted.bin"
    file = staged.folder / path
    before = file.read_bytes() if file.exists() else b""
    line = f"{text}\n".encode()
    file.write_bytes(bytes(999) + line + bytes(999) if surface is Surface.BINARY else before + line)
    staged.git("add", path)
    if surface is Surface.INDEX:
        file.write_bytes(before)
    yield replace(staged, paths=tuple({*staged.paths, path}))
    if before:
        file.write_bytes(before)
        staged.git("add", path)
    else:
        staged.git("rm", "--quiet", "--force", path)


def check(listed: list[Contender], staged: Staged, scratch: Path, limit: float) -> None:
    """Find out which tokens each tool finds, and how long it takes where there is one to be seen.

    That takes longer for some: what cannot be a token is passed over fast.

    Raises:
        SystemExit: a command did not do what it is run for.
    """
    rng = random.Random(1)  # noqa: S311 - worthless tokens, the same every time
    for surface in Surface:
        line = f'REPLICATE_API_TOKEN = "{varied(rng)}"'
        with planted(staged, surface, line) as changed:
            changed.save()
            for one in listed:
                if one.blocked is not None:
                    runs = [one.run(changed, scratch, limit) for _ in range(CHECKS)]
                    one.finds[surface] = all(status == one.blocked for status, _ in runs)
                    if surface is Surface.SOURCE:
                        one.refusal = statistics.median(wall for _, wall in runs)
    with planted(staged, Surface.SOURCE, f"{PREFIX.decode()}normal_cdf = None") as changed:
        changed.save()
        for one in listed:
            if one.blocked is not None:
                walls = [one.time(changed, scratch, limit) for _ in range(CHECKS)]
                one.suspicion = statistics.median(walls)
    staged.save()


def varied(rng: random.Random) -> str:
    """Make a token in which few characters recur, so that its entropy alone gives it away."""
    while True:
        token = mint(rng).reveal()
        if len(set(token)) >= DISTINCT:
            return token


def compare(
    staged: Staged, options: argparse.Namespace, scratch: Path, runs: int, *, slow: bool
) -> dict[str, Contender]:
    """Measure everything in one repository, and print a table of it.

    Raises:
        SystemExit: a command did not do what it is run for.
    """
    if "hook" not in options.without:
        install(options.leakscan, staged.folder)
    listed = contenders(options, scratch, slow=slow)
    staged.save()
    for one in listed:
        one.time(staged, scratch, options.limit)  # which also warms the caches
    check(listed, staged, scratch, options.limit)
    for _ in range(runs):
        for one in listed:
            one.walls.append(one.time(staged, scratch, options.limit))
    named = {one.name: one for one in listed}
    prefixed = sum(PREFIX in (staged.folder / path).read_bytes() for path in staged.paths)
    print(
        f"{len(staged.paths):,} files staged, {staged.size:,} bytes, {PREFIX.decode()} in"
        f" {prefixed} of them by chance; medians of {runs}\n"
    )
    print(table(listed, named[PYTHON].median + named[GIT_DIFF].median), end="\n\n")
    return named


def install(leakscan: Path, repository: Path) -> None:
    """Guard a repository as it is done by default.

    Raises:
        SystemExit: not every git hook is there that a commit is to be measured with.
    """
    command = [str(leakscan), "install-hook", str(repository)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for hook in COMMIT_HOOKS:
        if not os.access(repository / ".git/hooks" / hook, os.X_OK):
            raise SystemExit(f"leakscan install-hook has not installed {hook}")


def table(listed: list[Contender], unit: float) -> str:
    """Write the measurements as a Markdown table."""
    rows = [["tool", "ms (min-max)", "x Python and git diff", "exit"]]
    rows[0] += ["ms with a token", f"ms with a mere {PREFIX.decode()}"]
    rows[0] += [f"token in {surface}" for surface in Surface]
    rows.append(["---"] * len(rows[0]))
    for one in listed:
        low, high = min(one.walls) * 1000, max(one.walls) * 1000
        cells = [f"{one.median * 1000:.1f} ({low:.1f}-{high:.1f})", f"{one.median / unit:.2f}"]
        if not one.counts:
            cells = ["does not count", ""]
        cells.append(str(one.clean))
        if one.blocked is None:
            cells += [""] * (2 + len(Surface))
        else:
            cells[-1] += f", with a token {one.blocked}"
            cells += [f"{one.refusal * 1000:.1f}", f"{one.suspicion * 1000:.1f}"]
            cells += ["found" if one.finds[surface] else "missed" for surface in Surface]
        rows.append([one.name, *cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def verdict(few: dict[str, Contender], many: dict[str, Contender]) -> bool:
    """Print what the guard has to reach, and whether it does."""
    ratio = few[GUARD].median / (few[PYTHON].median + few[GIT_DIFF].median)
    aims = [(f"{ratio:.2f} x Python and git diff, at most {MOST}", ratio <= MOST)]
    for named in (few, many):
        where = "3 files" if named is few else "2,000 files"
        aims += [
            (f"{where}: finds a token, {surface}", found)
            for surface, found in named[GUARD].finds.items()
        ]
        aims += [
            (f"{where}: faster than {one.name}", named[GUARD].median < one.median)
            for one in named.values()
            if one.counts and one.name.endswith(DEFAULT_RULES)
        ]
    for aim, reached in aims:
        print(f"{'reached' if reached else 'MISSED '}  {aim}")
    return all(reached for _, reached in aims)


def interpreter(script: Path) -> Path:
    """Return the interpreter that runs a console script.

    Raises:
        SystemExit: its first line names none.
    """
    with script.open("rb") as file:
        first = file.readline().decode(errors="replace").strip()
    program = Path(first.removeprefix("#!"))
    if not first.startswith("#!") or "python" not in program.name:
        raise SystemExit(f"{script} does not say which Python runs it: name it with --python")
    return program


def deaf(home: Path) -> None:
    """Let no setting of the user change what is measured."""
    kept = SampleGit(home).environment()
    kept |= {f"XDG_{name}_HOME": str(home) for name in ("CACHE", "CONFIG", "DATA", "STATE")}
    os.environ.clear()
    os.environ.update(kept)


def main() -> None:
    """Read the command line, measure, print the tables; exit with 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    beside = Path(sys.executable).with_name("leakscan")
    parser.add_argument("--leakscan", type=Path, default=beside, help="the console script")
    parser.add_argument("--python", type=Path, help="what runs it, unless it says so itself")
    parser.add_argument("--runs", type=int, default=20, help="on three files")
    parser.add_argument("--large-runs", type=int, default=7, help="on 2,000 files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300, help="seconds that a run may take")
    parser.add_argument("--without", action="append", default=[], choices=["hook", *PEERS])
    for name in PEERS:
        parser.add_argument(f"--{name}", type=Path, help="the program, where not on PATH")
    options = parser.parse_args()
    options.leakscan = options.leakscan.absolute()
    options.python = options.python or interpreter(options.leakscan)
    python = version("Python", str(options.python))
    print(f"{python}, {version('git', 'git')}, {os.cpu_count()} processors\n")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        scratch = Path(name)
        deaf(scratch)
        small = ordinary(scratch / "ordinary", options.seed)
        few = compare(small, options, scratch, options.runs, slow=True)
        big = large(scratch / "large", options.seed)
        many = compare(big, options, scratch, options.large_runs, slow=False)
        reached = verdict(few, many)
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
