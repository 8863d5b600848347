"""The GitHub Action as a runner runs it, in checkouts of a repository on a server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitrepo import CONFIG, GitRepo, clean_environment

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("id") or step["name"]: step for step in ACTION["runs"]["steps"]}
ZEROS = "0" * 40
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""How GitHub runs a step whose shell is bash."""


@dataclass(frozen=True)
class Run:
    """What the step that scans did."""

    status: int
    log: str
    outputs: dict[str, str]

    @property
    def annotations(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith("::")]

    @property
    def found(self) -> int:
        return int(self.outputs["findings"])


def filled_in(value: str, inputs: dict[str, str]) -> str:
    """Evaluate the one kind of expression that variables of the step are given by."""
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)


@dataclass
class Hosted:
    """A repository on a server, and the runner's checkouts of it."""

    folder: Path
    repo: GitRepo

    @classmethod
    def made(cls, folder: Path, repo: GitRepo) -> Hosted:
        """Make the server, empty."""
        GitRepo.init(folder / "server", "--bare")
        settings = [part for pair in CONFIG.items() for part in ("-c", "=".join(pair))]
        subprocess.run(
            ["git", *settings, "config", "uploadpack.allowAnySHA1InWant", "true"],
            cwd=folder / "server",
            check=True,
        )
        return cls(folder, repo)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def publish(self) -> None:
        """Bring what is in the developer's repository to the server, as it is."""
        self.repo.git("push", "-q", "--mirror", "--force", str(self.folder / "server"))

    def check_out(self, ref: str, commit: str, depth: int = 0) -> None:
        """Do what actions/checkout does."""
        shutil.rmtree(self.workspace, ignore_errors=True)
        work = GitRepo.init(self.workspace)
        url = f"file://{self.folder}/server"
        local = ref.replace("refs/heads/", "refs/remotes/origin/")
        local = local.replace("refs/pull/", "refs/remotes/pull/")
        specs = [f"+{commit}:{local}"] if depth or local.startswith("refs/remotes/pull/") else []
        if not depth:
            specs += ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        shallow = [f"--depth={depth}"] if depth else []
        work.git("fetch", "-q", "--no-tags", *shallow, url, *specs)
        if ref.startswith("refs/heads/"):
            work.git("checkout", "-q", "-B", ref.removeprefix("refs/heads/"), local)
        else:
            work.git("checkout", "-q", "--detach", commit)

    def run(self, name: str, payload: dict[str, Any] | bytes, **inputs: str) -> Run:
        """Run the step that scans; the payload may also be what the event's file holds."""
        temporary = self.folder / "temporary"
        shutil.rmtree(temporary, ignore_errors=True)
        python = temporary / "leakscan/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="ascii")
        python.chmod(0o755)
        told = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        (temporary / "event.json").write_bytes(told)
        step = STEPS["scan"]
        (temporary / "step.sh").write_text(step["run"], encoding="utf-8")
        given = {key: value["default"] for key, value in ACTION["inputs"].items()}
        given |= {key.replace("_", "-"): value for key, value in inputs.items()}
        variables = {key: filled_in(value, given) for key, value in step["env"].items()}
        variables |= {
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(temporary / "event.json"),
            "GITHUB_OUTPUT": str(temporary / "output"),
            "GITHUB_SHA": "" if isinstance(payload, bytes) else _head(payload),
            "LEAKSCAN_FINGERPRINT_KEY": "0f" * 32,
            "RUNNER_TEMP": str(temporary),
        }
        done = subprocess.run(
            [*BASH, str(temporary / "step.sh")],
            cwd=self.workspace,
            env=clean_environment(self.folder) | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        log = done.stdout.decode()
        assert "Traceback" not in log, log
        lines = (temporary / "output").read_text(encoding="utf-8").splitlines()
        return Run(done.returncode, log, dict(line.split("=", 1) for line in lines))

    def push(self, before: str, after: str, ref: str = "refs/heads/main", **inputs: str) -> Run:
        """Run for a push that GitHub tells of, in the checkout that there is."""
        return self.run("push", self.push_event(before, after, ref), **inputs)

    @staticmethod
    def push_event(before: str, after: str, ref: str) -> dict[str, Any]:
        return {
            "ref": ref,
            "before": before,
            "after": after,
            "created": before == ZEROS,
            "deleted": after == ZEROS,
            "forced": False,
            "head_commit": {"id": after},
            "repository": {"default_branch": "main"},
        }


def _head(payload: dict[str, Any]) -> str:
    head: str = payload.get("head_commit", {}).get("id", ZEROS)
    return head


def results_of(run: Run) -> list[Any]:
    """Return the results in the SARIF file."""
    log = json.loads(Path(run.outputs["sarif-file"]).read_text(encoding="utf-8"))
    results: list[Any] = log["runs"][0]["results"]
    return results


def checked_out(hosted: Hosted, ref: str = "refs/heads/main", depth: int = 0) -> str:
    """Publish all and check a branch out; return its commit."""
    hosted.publish()
    commit = hosted.repo.tip(ref)
    hosted.check_out(ref, commit, depth)
    return commit
