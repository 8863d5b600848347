"""Count false alarms on real content: ``python bench/precision.py FOLDER...``.

Every git repository below the folders is scanned with all its history, and every folder that holds
none as it is.  The table says how much was read, how many candidates there were of each confidence
and how many for each gigabyte, and what every other scanner that is installed found with its rule
for Replicate's tokens.  What a person has found to be planted or a real leak is named in a file and
counted apart.  Each of its lines has the end of a target's name, a space, and a path in it, with
wildcards::

    trufflehog/repo pkg/detectors/replicate/*_test.go

``--list`` shows each other candidate of medium or high confidence, redacted, for a person to judge.

Chance makes so few false tokens that counting them says little.  ``--strangers 20`` searches for
20 other prefixes of a letter, a digit and an underscore instead, graded in just the same way.  No
issuer uses them, so whatever is found is a false alarm, and there are 20 times as many.  It takes
longer by more than that, since all that is encoded around such prefixes is decoded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import string
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from history import ONE_RULE, PEERS, Tool
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEVELS = ("high", "medium", "low")
FAILED = "failed"
STRANGERS = [f"{a}{b}_" for a in string.ascii_lowercase for b in string.digits if a + b != "r8"]
OF_FOLDERS = {"gitleaks": "dir", "betterleaks": "auto"}
"""What peers call the command that scans a folder, where it is not the one for a repository."""


@dataclass(frozen=True)
class Answer:
    """How many secrets another scanner found, those that are known to be real apart."""

    alarms: int
    known: int
    is_incomplete: bool


@dataclass
class Target:
    """One repository or folder, and what was found in it that is not known to be real.

    Attributes:
        name: its path.
        size: bytes that leakscan read.
        is_complete: whether leakscan could read everything.
        levels: candidates by confidence.
        known: candidates that are planted or real.
        doubtful: those of medium or high confidence that are neither.
        peers: what each other scanner found; ``None`` if it failed.
    """

    name: str
    size: int = 0
    is_complete: bool = True
    levels: Counter[str] = field(default_factory=Counter)
    known: int = 0
    doubtful: list[dict[str, Any]] = field(default_factory=list)
    peers: dict[str, Answer | None] = field(default_factory=dict)


def is_repository(folder: Path) -> bool:
    """Whether a folder is a repository, bare or with a work tree."""
    return (folder / ".git").exists() or all(
        (folder / name).exists() for name in ("HEAD", "objects", "refs")
    )


def targets(folder: Path) -> Iterator[Path]:
    """Yield the repositories below a folder, and each folder in it that holds none."""
    if is_repository(folder):
        yield folder
        return
    children = sorted(
        child for child in folder.iterdir() if child.is_dir() and not child.is_symlink()
    )
    below = {child: list(repositories(child)) for child in children}
    if not any(below.values()):
        yield folder
        return
    for child, found in below.items():
        yield from found or [child]


def repositories(folder: Path) -> Iterator[Path]:
    """Yield the repositories below a folder, but not those within them."""
    for name, folders, _ in os.walk(folder):
        if is_repository(Path(name)):
            folders.clear()
            yield Path(name)
        folders.sort()


def strangers(number: int, folder: Path) -> list[str]:
    """Write a rule for the strange prefixes; return the options that make a scan use it."""
    (rule,) = select_rules(load_rules(), ())
    prefixes = random.Random(number).sample(STRANGERS, number)  # noqa: S311 - for a benchmark
    table = {
        "id": "stranger",
        "name": "Stranger",
        "issuer": "nobody",
        "description": "Whatever looks like a token but for its prefix.",
        "severity": "low",
        "prefixes": prefixes,
        "pattern": f"(?P<prefix>{'|'.join(prefixes)})" + rule.pattern.split(")", 1)[1],
        "max_length": rule.max_length,
        "alphabet": rule.alphabet,
        "placeholders": rule.placeholders,
    }
    # A string or a list of strings is written alike in JSON and in TOML.
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    (folder / "stranger.toml").write_text("\n".join(lines))
    config = folder / "leakscan.toml"
    config.write_text('[rules]\npaths = ["stranger.toml"]\nenable = ["stranger"]\n')
    return ["--config", str(config), "--rules", "stranger"]


def scan(
    path: Path,
    rule: Sequence[str],
    known: Sequence[tuple[str, str]],
    folder: Path,
    limit: float,
) -> tuple[Target, set[str]]:
    """Scan with leakscan; also return the digests of the secrets that are planted or real.

    Raises:
        SystemExit: leakscan failed.
    """
    report = folder / "leakscan.json"
    command = [sys.executable, "-m", "leakscan", "scan", str(path), "--format", "json"]
    command += [*rule, "--min-confidence", "low", "--no-suppress", "--exit-zero"]
    command += ["--show-secrets", "--output", str(report)]
    tool = Tool("leakscan", command, report)
    tool.run(folder, limit)
    if not report.exists():
        raise SystemExit(f"leakscan failed on {path}: {tool.runs[-1].complaint}")
    found = json.loads(report.read_text())
    report.unlink()  # it holds whole secrets
    coverage = found["coverage"]
    target = Target(str(path), coverage["bytes"], coverage["complete"])
    digests = set()
    for finding in found["findings"]:
        if is_known(finding, str(path), known):
            target.known += 1
            digests.add(hashlib.sha256(finding["secret"].encode()).hexdigest())
            continue
        target.levels[finding["confidence"]] += 1
        if finding["confidence"] != "low":
            target.doubtful.append(finding)
    return target, digests


def judged(file: Path) -> list[tuple[str, str]]:
    """Read what is planted or really leaked: ends of targets' names, and paths with wildcards.

    Raises:
        SystemExit: a line has no path.
    """
    pairs = [line.split(maxsplit=1) for line in file.read_text().splitlines() if line.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise SystemExit(f"{file}: each line needs the end of a target's name, a space, and a path")
    return [(name, path) for name, path in pairs]


def is_known(finding: dict[str, Any], target: str, known: Sequence[tuple[str, str]]) -> bool:
    """Whether one of the places of a finding is one that a person has judged."""
    patterns = [path for name, path in known if target.endswith(name)]
    paths = [place.get("path") or "" for place in finding["locations"]]
    return any(fnmatch(path, pattern) for path in paths for pattern in patterns)


def ask_peers(
    target: Target, programs: dict[str, str], known: set[str], folder: Path, limit: float
) -> None:
    """Have every other scanner look at a target."""
    config = folder / "one-rule.toml"
    config.write_text(ONE_RULE)
    for name, program in programs.items():
        tool = PEERS[name](program, target.name, folder / f"{name}.json", str(config))
        if not is_repository(Path(target.name)) and name in OF_FOLDERS:
            tool.command[tool.command.index("git")] = OF_FOLDERS[name]
        tool.command = [word for word in tool.command if word != "--silent"]
        tool.run(folder, limit)
        found = tool.found()
        if found is None or tool.runs[-1].status not in tool.meaning:
            target.peers[name] = None
        else:
            incomplete = bool(tool.runs[-1].complaint)
            target.peers[name] = Answer(len(found - known), len(found & known), incomplete)
        if tool.report:
            tool.report.unlink(missing_ok=True)


def table(found: Sequence[Target], peers: Sequence[str]) -> str:
    """Write the counts as a Markdown table, the sums last."""
    head = ["content", "GB", *LEVELS, "planted or real", *peers]
    rows = [head, ["---"] * len(head)]
    for target in found:
        counts = [str(target.levels[level]) for level in LEVELS]
        name = target.name if target.is_complete else f"{target.name} (incomplete)"
        others = [cell(target.peers[name]) for name in peers]
        rows.append([name, f"{target.size / 1e9:.3f}", *counts, str(target.known), *others])
    gigabytes = sum(target.size for target in found) / 1e9
    sums = [sum(target.levels[level] for target in found) for level in LEVELS]
    answers = {name: [target.peers[name] for target in found] for name in peers}
    alarms = [sum(each.alarms for each in answers[name] if each) for name in peers]
    real = [sum(each.known for each in answers[name] if each) for name in peers]
    others = [f"{number} + {known}" for number, known in zip(alarms, real, strict=True)]
    known = str(sum(target.known for target in found))
    rows.append(["all", f"{gigabytes:.3f}", *map(str, sums), known, *others])
    rates = [f"{number / gigabytes:.3f}" if gigabytes else "" for number in (*sums, *alarms)]
    rows.append(["for each GB", "", *rates[: len(sums)], "", *rates[len(sums) :]])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def cell(answer: Answer | None) -> str:
    """Write what a peer found: what is not known to be real, and what is."""
    if answer is None:
        return FAILED
    return f"{answer.alarms} + {answer.known}{' (incomplete)' if answer.is_incomplete else ''}"


def listed(target: Target) -> Iterator[str]:
    """Describe the candidates of a target that a person has to judge."""
    for finding in target.doubtful:
        place = finding["locations"][0]
        at = ":".join(str(place[key]) for key in ("commit", "path", "line") if place.get(key))
        secret = f"{finding['secret'][:7]}...{finding['secret'][-4:]}"
        why = "; ".join(finding["reasons"])
        yield f"{finding['confidence']}: {secret} in {target.name}, {at}: {why}"


def main() -> None:
    """Read the command line, scan, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+")
    parser.add_argument("--planted", type=Path, help="what is planted or really leaked, by line")
    parser.add_argument("--list", action="store_true", help="show the candidates to be judged")
    parser.add_argument("--strangers", type=int, metavar="N", help="search for other prefixes")
    parser.add_argument("--limit", type=float, default=900, help="seconds that a scan may take")
    parser.add_argument("--without", action="append", default=[], choices=list(PEERS))
    for name in PEERS:
        parser.add_argument(f"--{name}", type=Path, help="the program, where not on PATH")
    options = parser.parse_args()
    known = judged(options.planted) if options.planted else []
    named = {name: shutil.which(getattr(options, name) or name) for name in PEERS}
    programs = {name: path for name, path in named.items() if path and name not in options.without}
    if options.strangers:
        programs = {}
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        rule = ["--rules", "replicate-api-token"]
        if options.strangers:
            rule = strangers(options.strangers, Path(name))
        for path in (path for top in options.folders for path in targets(top.resolve())):
            target, digests = scan(path, rule, known, Path(name), options.limit)
            ask_peers(target, programs, digests, Path(name), options.limit)
            found.append(target)
            print(f"{len(found)}: {path}", file=sys.stderr)
            for line in listed(target) if options.list else ():
                print(line)
    print(table(found, list(programs)))


if __name__ == "__main__":
    main()
