"""The sample repository holds what it says, and nothing else shows it."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo, clean_environment
from leakscan.errors import UsageError
from leakscan.model import Kind
from leakscan.sample import make_sample, mint

if TYPE_CHECKING:
    from pathlib import Path


def test_every_token_is_in_the_object_that_it_was_planted_in(tmp_path: Path) -> None:
    made = make_sample(tmp_path / "sample")
    repo = GitRepo(made.path)
    assert len({planted.secret for planted in made.planted}) == len(made.planted) == 10
    assert repo.git("status", "--short") == ""
    for planted in made.planted:
        secret = planted.secret.reveal()
        if planted.kind is Kind.COMMIT_MESSAGE:
            content = repo.git("cat-file", "commit", planted.commit)
        elif planted.kind in (Kind.BLOB, Kind.SYMLINK):
            content = repo.git("show", f"{planted.commit}:{planted.path}")
        elif planted.kind is Kind.NOTE:
            content = repo.git("show", repo.git("notes", "list").split()[0])
        elif planted.kind is Kind.TAG_MESSAGE:
            content = repo.git("cat-file", "tag", "v0.1.0")
        else:
            content = repo.git("for-each-ref", "--format=%(refname)")
        assert secret in content, planted.where


def test_tokens_differ_each_time_unless_the_generator_is_given(tmp_path: Path) -> None:
    one, two = make_sample(tmp_path / "one"), make_sample(tmp_path / "two")
    assert not {p.secret for p in one.planted} & {p.secret for p in two.planted}
    first, second = (
        make_sample(tmp_path / name, random.Random(5))  # noqa: S311 - seeded, on purpose
        for name in ("three", "four")
    )
    assert first.planted == second.planted


def test_minted_tokens_have_every_class_of_character() -> None:
    rng = random.Random(1)  # noqa: S311 - seeded, on purpose
    for _ in range(500):
        token = mint(rng).reveal()
        assert len(token) == 40
        assert token.startswith("r8_")
        assert token[3:].isalnum()
        body = token[3:]
        assert body != body.lower() != body.upper() != body
        assert any(character.isdigit() for character in body)


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        make_sample(tmp_path)
    with pytest.raises(UsageError, match="not empty"):
        make_sample(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_command_says_what_it_made_and_what_to_run_next(tmp_path: Path) -> None:
    target = tmp_path / "demo repo"
    command = [sys.executable, "-m", "leakscan", "sample", str(target)]
    for status in (0, 2):
        done = subprocess.run(
            command, env=clean_environment(tmp_path), capture_output=True, check=False, text=True
        )
        assert done.returncode == status, done.stderr
        if status == 0:
            assert f"leakscan scan '{target}'" in done.stdout
            assert done.stdout.count("r8_") == 10
            assert not any(len(word) == 40 for word in done.stdout.split())
        else:
            assert len(done.stderr.splitlines()) == 1
