"""What the GitHub Action runs: find out which commits came, and have leakscan scan them.

It reads the variables and the event's file that GitHub sets, and the inputs as `action.yml` hands
them on.  It ends with the exit status of ``leakscan scan``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leakscan.errors import LeakscanError, UsageError
from leakscan.git.program import run_git
from leakscan.report.github import Command, command_line

WHOLE = ""
"""The range that leaves nothing out."""

_ID = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"


@dataclass(frozen=True, slots=True)
class Event:
    """What started the workflow.

    Attributes:
        name: such as ``push``.
        payload: what GitHub tells of it.
        commit: the commit that GitHub runs the workflow for.
    """

    name: str
    payload: dict[str, Any]
    commit: str


def main() -> int:
    """Scan what came; return the exit status."""
    output = {"findings": "0", "complete": "false", "sarif-file": ""}
    try:
        revisions = wanted_range(os.environ["RANGE"].strip(), read_event())
        if revisions is None:
            print("A branch or a tag was deleted: there is nothing to scan.")
            output["complete"] = "true"
            return 0
        return scan(revisions, output)
    except KeyError as lack:
        return refused(UsageError(f"the event lacks {lack}", "give the input range"))
    except LeakscanError as error:
        return refused(error)
    finally:
        with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in output.items())


def refused(error: LeakscanError) -> int:
    """Show why nothing was scanned; return the exit status."""
    print(command_line(Command("error", "leakscan did not run", [str(error)])))
    return error.exit_status


def read_event() -> Event:
    """Return the event as GitHub describes it."""
    payload = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
    return Event(os.environ["GITHUB_EVENT_NAME"], payload, os.environ["GITHUB_SHA"])


def wanted_range(given: str, event: Event) -> str | None:
    """Return the commits to look at as git takes them, `WHOLE`, or ``None`` for nothing.

    Raises:
        UsageError: the checkout lacks them.
    """
    if git("rev-parse", "--git-dir") is None:
        raise UsageError("there is no git, or no repository", "run actions/checkout before")
    if event.payload.get("deleted") and not given:
        return None
    if git("rev-parse", "--is-shallow-repository") == "true":
        advice = "give actions/checkout the input fetch-depth: 0"
        raise UsageError("this checkout lacks older commits", advice)
    if given:
        return WHOLE if given == "all" else given
    payload = event.payload
    if pull := payload.get("pull_request"):
        return between(pull["base"]["sha"], pull["head"]["sha"])
    if group := payload.get("merge_group"):
        return between(group["base_sha"], group["head_sha"])
    if event.name == "push":
        return pushed(event)
    return WHOLE


def between(base: str, head: str) -> str:
    """Return the range between two commits, which the checkout must have."""
    return f"{present(base)}..{present(head)}"


def pushed(event: Event) -> str:
    """Return what a push brought.

    What was there before may be unknown: the branch or tag is new, or it was forced and the
    checkout does not have what nothing leads to any more.  Then it is all that the default
    branch lacks, or all of the default branch.
    """
    payload, ref = event.payload, event.payload["ref"]
    before, after = payload["before"], payload["after"]
    # A checkout may replace an annotated tag with the commit that it stands for.
    is_tag = ref.startswith("refs/tags/")
    tip = present(event.commit if is_tag and commit_of(after) is None else after)
    if before.strip("0") and (base := commit_of(before)):
        return f"{base}..{tip}"
    default = payload["repository"]["default_branch"]
    if ref == f"refs/heads/{default}":
        return tip
    base = git("rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{default}^{{commit}}")
    return f"{base}..{tip}" if base else tip


def present(commit: str) -> str:
    """Return the full id of a commit that the checkout must have.

    Raises:
        UsageError: it does not.
    """
    if found := commit_of(commit):
        return found
    advice = "have actions/checkout check out what the event names"
    raise UsageError(f"this checkout lacks commit {commit[:12]}", advice)


def commit_of(name: str) -> str | None:
    """Return the commit with this id, or of this tag, if it is here."""
    if not re.fullmatch(_ID, name):
        raise UsageError(f"{name!r} is no commit", "GitHub's event is not as it should be")
    return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def scan(revisions: str, output: dict[str, str]) -> int:
    """Run leakscan; note in ``output`` what it answered, and return its exit status."""
    folder = Path(os.environ["RUNNER_TEMP"])
    sarif = Path(os.environ["SARIF_FILE"].strip() or folder / "leakscan.sarif")
    report = folder / "leakscan.json"
    for older in (sarif, report):
        older.unlink(missing_ok=True)
    options = [
        "--format=github",
        "--show-suppressed",
        f"--also=sarif={sarif}",
        f"--also=json={report}",
        f"--min-confidence={os.environ['MIN_CONFIDENCE'].strip()}",
        *([f"--rules={rules}"] if (rules := os.environ["RULES"].strip()) else []),
        *([f"--range={revisions}"] if revisions else []),
        *([] if yes_or_no("fail-on-findings", os.environ["FAIL_ON_FINDINGS"]) else ["--exit-zero"]),
        *more_options(os.environ["ARGS"]),
    ]
    command = [sys.executable, "-I", "-m", "leakscan", "scan", *options, "--", "."]
    status = subprocess.run(command, check=False).returncode
    if report.exists():
        told = json.loads(report.read_bytes())
        output["findings"] = str(len(told["findings"]))
        output["complete"] = str(told["coverage"]["complete"]).lower()
    if sarif.exists():
        drop_suppressed(sarif)
        output["sarif-file"] = str(sarif)
        # Of the same category, a push without a leak would close what an earlier scan reported.
        output["category"] = "leakscan-range" if revisions else "leakscan"
    return status


def drop_suppressed(sarif: Path) -> None:
    """Take out what is suppressed: GitHub would show it like everything else."""
    log = json.loads(sarif.read_bytes())
    for run in log["runs"]:
        run["results"] = [result for result in run["results"] if "suppressions" not in result]
    sarif.write_text(json.dumps(log), encoding="utf-8")


def yes_or_no(name: str, value: str) -> bool:
    """Read an input that is true or false.

    Raises:
        UsageError: it is neither.
    """
    if value.strip() not in ("true", "false"):
        raise UsageError(f"{name} is {value!r}", "say true or false")
    return value.strip() == "true"


def more_options(text: str) -> list[str]:
    """Return the options that a text holds, quoted as for a shell.

    Raises:
        UsageError: a quotation does not end.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"args cannot be read: {error}", "quote them as for a shell") from None


def git(*arguments: str) -> str | None:
    """Return what git prints, without the last line break; ``None`` where it fails."""
    done = run_git(*arguments, cwd=Path.cwd())
    return None if done.returncode else os.fsdecode(done.stdout).rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
