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

ADVICE = "give the input range, or run again"
"""What to do where GitHub's event is not as it should be."""

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

    def text(self, *path: str) -> str:
        """Return a text of the payload, by the names that lead to it.

        Raises:
            UsageError: there is none.
        """
        found: object = self.payload
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, str):
            raise UsageError(f"the event lacks {'.'.join(path)}", ADVICE)
        return found


def main() -> int:
    """Scan what came; return the exit status: 1 for a token, and for nothing else."""
    output = {"findings": "0", "complete": "false", "sarif-file": ""}
    try:
        try:
            return run(output)
        finally:
            with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
                file.writelines(f"{name}={value}\n" for name, value in output.items())
    except KeyError as lack:
        return refused(UsageError(f"the variable {lack} is not set", "run it as action.yml does"))
    except OSError as error:
        return refused(LeakscanError(f"{error.filename}: {error.strerror}", "try again"))
    except LeakscanError as error:
        return refused(error)
    except Exception as error:  # noqa: BLE001 - Python would end with 1
        return refused(
            LeakscanError(f"internal error ({type(error).__name__})", "please report it")
        )


def run(output: dict[str, str]) -> int:
    """Scan what came, note in ``output`` what is to be told, and return the exit status.

    Raises:
        UsageError: the event, the inputs or the checkout are not as they should be.
    """
    revisions = wanted_range(os.environ["RANGE"].strip(), read_event())
    if revisions is None:
        print("A branch or a tag was deleted: there is nothing to scan.")
        output["complete"] = "true"
        return 0
    return scan(revisions, output)


def refused(error: LeakscanError) -> int:
    """Show why nothing was scanned; return the exit status."""
    print(command_line(Command("error", "leakscan did not run", [str(error)])))
    return error.exit_status


def read_event() -> Event:
    """Return the event as GitHub describes it.

    Raises:
        UsageError: its file cannot be read, or says something else.
    """
    path = Path(os.environ["GITHUB_EVENT_PATH"])
    try:
        payload = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the event {path} ({error.strerror})", ADVICE) from None
    except (ValueError, RecursionError):
        raise UsageError(f"the event {path} is no JSON", ADVICE) from None
    if not isinstance(payload, dict):
        raise UsageError(f"the event {path} is no JSON object", ADVICE)
    return Event(os.environ["GITHUB_EVENT_NAME"], payload, os.environ["GITHUB_SHA"])


def wanted_range(given: str, event: Event) -> str | None:
    """Return the commits to look at as git takes them, `WHOLE`, or ``None`` for nothing.

    Raises:
        UsageError: the checkout lacks them, or the event does not name them.
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
    if event.payload.get("pull_request"):
        base = event.text("pull_request", "base", "sha")
        return between(base, event.text("pull_request", "head", "sha"))
    if event.payload.get("merge_group"):
        base = event.text("merge_group", "base_sha")
        return between(base, event.text("merge_group", "head_sha"))
    if event.name == "push":
        return pushed(event)
    return WHOLE


def between(base: str, head: str) -> str:
    """Return the range between two commits.

    Raises:
        UsageError: the checkout lacks one, or it is none.
    """
    return f"{present(base)}..{present(head)}"


def pushed(event: Event) -> str:
    """Return what a push brought.

    What was there before may be unknown: the branch or tag is new, or it was forced and the
    checkout does not have what nothing leads to any more.  Then it is all that the default
    branch lacks, or all of the default branch.

    Raises:
        UsageError: the checkout lacks a commit, or the event does not name one.
    """
    ref, before, after = event.text("ref"), event.text("before"), event.text("after")
    # A checkout may replace an annotated tag with the commit that it stands for.
    is_tag = ref.startswith("refs/tags/")
    tip = present(event.commit if is_tag and commit_of(after) is None else after)
    if before.strip("0") and (base := commit_of(before)):
        return f"{base}..{tip}"
    default = event.text("repository", "default_branch")
    if ref == f"refs/heads/{default}":
        return tip
    base = git("rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{default}^{{commit}}")
    return f"{base}..{tip}" if base else tip


def present(commit: str) -> str:
    """Return the full id of a commit that the checkout must have.

    Raises:
        UsageError: it does not, or this is no id.
    """
    if found := commit_of(commit):
        return found
    advice = "have actions/checkout check out what the event names"
    raise UsageError(f"this checkout lacks commit {commit[:12]}", advice)


def commit_of(name: str) -> str | None:
    """Return the commit with this id, or of this tag, if it is here.

    Raises:
        UsageError: this is no id.
    """
    if not re.fullmatch(_ID, name):
        raise UsageError(f"the event names {name!r}, which is no commit", ADVICE)
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
