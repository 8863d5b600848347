"""``leakscan scan --also``: one scan, written in several formats."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from scanning import FOUND, MISUSED, scan

if TYPE_CHECKING:
    from pathlib import Path

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
    assert target.read_text() == "kept"
