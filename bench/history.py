"""Measure a whole-history scan against git and other scanners: ``python bench/history.py REPO``.

Every tool searches for Replicate tokens only.  The timed runs alternate, so that a change
of the machine's mood hits all alike; memory is measured in one run more, which also warms
the page cache.  What each tool found is read from its own report.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import Run, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ONE_RULE = r"""
[[rules]]
id = "replicate-api-token"
description = "Replicate API token"
regex = '''\b(r8_[0-9A-Za-z]{37})\b'''
keywords = ["r8_"]
"""
BASELINE = "git cat-file"


@dataclass
class Tool:
    """A command to measure, and how to read the secrets from the report it leaves."""

    name: str
    command: list[str]
    report: Path | None = None
    secrets: Callable[[Any], Iterable[str]] = lambda _report: ()
    meaning: Mapping[int, str] = field(default_factory=lambda: {0: "clean", 1: "found"})
    memory: Run | None = None
    runs: list[Run] = field(default_factory=list)

    def run(self, folder: Path, limit: float, *, watch: bool = False) -> None:
        """Run once; keep the costs, as a timed run or as the one that is watched."""
        if self.report:
            self.report.unlink(missing_ok=True)
        run = measure(self.command, folder, self.report, limit, watch=watch)
        if watch:
            self.memory = run
        else:
            self.runs.append(run)

    def found(self) -> set[str] | None:
        """Return the digests of the secrets in the last report; ``None`` without a report."""
        if self.report is None or not self.report.exists():
            return None
        try:
            report = json.loads(self.report.read_text())
        except ValueError:
            return None
        return {hashlib.sha256(text.encode()).hexdigest() for text in self.secrets(report)}


def tools(options: argparse.Namespace, folder: Path) -> list[Tool]:
    """List git, leakscan and every peer that is installed."""
    repo = str(options.repository.resolve())
    config = folder / "one-rule.toml"
    config.write_text(ONE_RULE)
    reports = {name: folder / f"{name}.json" for name in ("leakscan", *PEERS)}
    listed = [
        Tool(
            BASELINE,
            ["git", "-C", repo, "cat-file", "--batch", "--batch-all-objects"]
            + ["--unordered", "--buffer"],
            meaning={0: "read"},
        ),
        Tool(
            "leakscan",
            [sys.executable, "-m", "leakscan", "scan", repo, "--format", "json"]
            + ["--show-secrets", "--output", str(reports["leakscan"])],
            reports["leakscan"],
            lambda report: (finding["secret"] for finding in report["findings"]),
            {0: "clean", 1: "found", 3: "incomplete"},
        ),
    ]
    for name, make in PEERS.items():
        program = shutil.which(getattr(options, name) or name)
        if program and name not in options.without:
            listed.append(make(program, repo, reports[name], str(config)))
        elif getattr(options, name):
            raise SystemExit(f"{getattr(options, name)} is no program")
    return listed


def kingfisher(program: str, repo: str, report: Path, _config: str) -> Tool:
    """Describe kingfisher with only its rule for Replicate; 200 says that it found something."""
    command = [program, "scan", "--rule", "betterleaks.replicate-api-token", "--no-validate"]
    command += ["--no-update-check", "-q", repo, "--format", "json"]
    return Tool(
        version("kingfisher", program),
        command,
        report,
        lambda found: (each["finding"]["snippet"] for each in found["findings"]),
        {0: "clean", 200: "found"},
    )


def gitleaks(program: str, repo: str, report: Path, config: str) -> Tool:
    """Describe gitleaks with one rule."""
    command = [program, "git", "-c", config, "--no-banner", repo]
    command += ["--report-format", "json", "--report-path", str(report)]
    name = version("gitleaks", program)
    return Tool(name, command, report, lambda found: (each["Secret"] for each in found))


def betterleaks(program: str, repo: str, report: Path, config: str) -> Tool:
    """Describe betterleaks with one rule."""
    command = [program, "git", "-c", config, "--no-banner", repo, "--silent", "-o", str(report)]
    return Tool(
        version("betterleaks", program),
        command,
        report,
        lambda found: (each["match"]["value"] for each in found["findings"]),
    )


PEERS: dict[str, Callable[[str, str, Path, str], Tool]] = {
    "kingfisher": kingfisher,
    "gitleaks": gitleaks,
    "betterleaks": betterleaks,
}


def version(name: str, program: str) -> str:
    """Name a peer with its version, as it states it."""
    for argument in ("--version", "version"):
        done = subprocess.run([program, argument], capture_output=True, check=False, text=True)
        words = done.stdout.split()
        if done.returncode == 0 and words:
            return f"{name} {words[-1]}"
    return name


def table(listed: list[Tool], planted: set[str]) -> str:
    """Write the measurements as a Markdown table."""
    head = ["tool", "wall s (min-max)", "x cat-file", "CPU s", "max RSS MB", "PSS of all MB"]
    rows = [[*head, "secrets", "recall", "exit"]]
    rows.append(["---"] * len(rows[0]))
    baseline = statistics.median(run.wall for run in listed[0].runs)
    rows += [row(tool, baseline, planted) for tool in listed]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def row(tool: Tool, baseline: float, planted: set[str]) -> list[str]:
    """Write what one tool did."""
    walls = [run.wall for run in tool.runs]
    wall = statistics.median(walls)
    rss = statistics.median(run.rss for run in tool.runs)
    found = tool.found()
    last = tool.runs[-1]
    ended = f"{last.status}: {tool.meaning.get(last.status, 'FAILED')}"
    if tool.report and found is None:
        ended += ", no report"
    if last.complaint:
        ended += f" ({last.complaint.replace('|', '/')})"
    recall = "" if found is None or not planted else f"{len(found & planted)}/{len(planted)}"
    return [
        tool.name,
        f"{wall:.2f} ({min(walls):.2f}-{max(walls):.2f})",
        f"{wall / baseline:.2f}",
        f"{statistics.median(run.cpu for run in tool.runs):.2f}",
        f"{rss / 1e6:.0f}",
        f"{tool.memory.pss / 1e6:.0f}" if tool.memory else "",
        "" if found is None else str(len(found)),
        recall,
        ended,
    ]


def main() -> None:
    """Read the command line, measure, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("repository", metavar="REPO", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--manifest", type=Path, help="what bench/generate.py planted")
    parser.add_argument("--limit", type=float, default=900, help="seconds that a run may take")
    parser.add_argument("--without", action="append", default=[], choices=list(PEERS))
    for name in PEERS:
        parser.add_argument(f"--{name}", type=Path, help="the program, where not on PATH")
    options = parser.parse_args()
    planted: set[str] = set()
    if options.manifest:
        entries = json.loads(options.manifest.read_text())["planted"]
        planted = {entry["sha256"] for entry in entries}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        listed = tools(options, folder)
        for tool in listed:
            tool.run(folder, options.limit, watch=True)
        for _ in range(options.runs):
            for tool in listed:
                tool.run(folder, options.limit)
        print(table(listed, planted))


if __name__ == "__main__":
    main()
