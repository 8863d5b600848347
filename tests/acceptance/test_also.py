"""``leakscan scan --also``: one scan, written in several formats."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from scanning import FOUND, MISUSED, command, environment, scan

if TYPE_CHECKING:
    from pathlib import Path

    from forked import Commands
    from gitrepo import GitRepo


def test_each_format_has_its_file(repo: GitRepo, tmp_path: Path, token: str) -> None:
    repo.add(".env", token)
    sarif, text = tmp_path / "a.sarif", tmp_path / "a=b.txt"
    answer = scan(repo.path, f"--also=sarif={sarif}", f"--also=text={text}")
    assert (answer.status, answer.secrets) == (FOUND, {token})
    assert len(json.loads(sarif.read_text())["runs"][0]["results"]) == 1
    assert token not in sarif.read_text()
    assert token in text.read_text()  # --show-secrets is for all
    assert stat.S_IMODE(text.stat().st_mode) == 0o600


@pytest.mark.parametrize("value", ["sarf=a", "sarif", "sarif=", "=a", ""])
def test_what_names_no_format_and_file_is_refused(repo: GitRepo, value: str) -> None:
    answer = scan(repo.path, "--also", value)
    assert answer.status == MISUSED
    assert "FORMAT=FILE" in answer.stderr


def test_a_file_that_cannot_be_written(repo: GitRepo, tmp_path: Path) -> None:
    answer = scan(repo.path, f"--also=sarif={tmp_path}/none/a.sarif")
    assert answer.status == MISUSED
    assert "cannot write" in answer.stderr


def test_the_target_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.env"
    target.write_text("kept")
    answer = scan(target, f"--also=json={target}")
    assert answer.status == MISUSED
    assert f"--also json={target} is the TARGET itself" in answer.stderr
    assert target.read_text() == "kept"


@pytest.mark.parametrize(
    ("options", "first", "second"),
    [
        (["-o", "o", "--also", "json=o"], "--output o", "--also json=o"),
        (["-o", "x", "--also", "json=o", "--also", "sarif=o"], "--also json=o", "--also sarif=o"),
        (["-o", "o", "--also", "json=./o"], "--output o", "--also json=./o"),
        (["-o", "there", "--also", "json=link"], "--output there", "--also json=link"),
        (["-o", "there", "--also", "json=hard"], "--output there", "--also json=hard"),
        (["--also", "json=-"], "--output -", "--also json=-"),
    ],
)
def test_two_reports_in_one_place_are_refused(
    repo: GitRepo, commands: Commands, options: list[str], first: str, second: str
) -> None:
    (repo.path / "there").write_text("kept")
    (repo.path / "link").symlink_to("there")
    (repo.path / "hard").hardlink_to(repo.path / "there")
    done = commands.run(["scan", *options, "README.md"], env=environment(), cwd=repo.path)
    assert (done.returncode, done.stdout) == (MISUSED, b"")
    assert f"leakscan: {second} goes where {first} goes" in done.stderr.decode()
    assert (repo.path / "there").read_text() == "kept"
    assert not (repo.path / "o").exists()


def test_standard_output_may_be_a_file_that_is_named_besides(repo: GitRepo, tmp_path: Path) -> None:
    with (tmp_path / "o").open("w") as out:
        done = subprocess.run(
            command(repo.path, f"--also=json={tmp_path}/o"),
            stdout=out, stderr=subprocess.PIPE, check=False, env=environment(),
        )  # fmt: skip
    assert done.returncode == MISUSED
    assert b"goes where --output - goes" in done.stderr


def test_only_a_file_is_closed_to_others(repo: GitRepo, token: str, tmp_path: Path) -> None:
    repo.add(".env", token)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o666)
    pipe.chmod(0o666)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert scan(repo.path, "-o", str(pipe), f"--also=jsonl={tmp_path}/own").status == FOUND
    finally:
        os.close(reader)
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o666
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o600


def test_nowhere_takes_any_number_of_reports(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    nowhere = ("-o", "/dev/null", "--also=json=/dev/null", "--also=sarif=/dev/null")
    assert scan(repo.path, *nowhere).status == FOUND
