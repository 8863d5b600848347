"""``leakscan commit-msg``, run by git: what of a message becomes part of the commit."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from committing import BLOCKED, PASSED, UNREAD, Guard
from hooked import Hooked

if TYPE_CHECKING:
    from pathlib import Path

    from forked import Commands
    from gitrepo import GitRepo

SCISSORS = "# ------------------------ >8 ------------------------"


@pytest.fixture
def work(tmp_path: Path, commands: Commands) -> Hooked:
    """Make a repository with one commit; messages are looked at, files are not."""
    made = Hooked.init(tmp_path / "work", tmp_path / "home", commands)
    made.hook("commit-msg", f"#!/bin/sh\nexec '{sys.executable}' -m leakscan commit-msg \"$1\"\n")
    assert not made.commit("nothing\n", name="a.txt").returncode
    return made


def commits(
    work: Hooked, *arguments: str, editor: str | None = None, env: dict[str, str] | None = None
) -> bool:
    """Commit something, with an editor that is a shell script; tell whether git did.

    The script may say ``$1``, the file of the message.
    """
    (work.path / "a.txt").write_text(f"{(work.path / 'a.txt').read_text()}more\n")
    before = work.git("rev-parse", "HEAD").stdout
    variables = dict(env or {})
    if editor is not None:
        variables["GIT_EDITOR"] = f"sh -c {shlex.quote(editor)} sh"
    done = work.run("git", "commit", "-a", *arguments, env=work.environment | variables)
    made = work.git("rev-parse", "HEAD").stdout != before
    assert made is not done.returncode, done.stderr
    assert ("leakscan stopped this commit: its message holds" in done.stderr) is not made
    return made


def append(*lines: str) -> str:
    """Return an editor that writes lines to the end of the message."""
    return f"printf '%s\\n' {shlex.join(lines)} >> \"$1\""


def write(*lines: str) -> str:
    """Return an editor that writes lines before the rest of the message."""
    return f'{{ printf "%s\\n" {shlex.join(lines)}; cat "$1"; }} > "$1.new"; mv "$1.new" "$1"'


def test_from_the_command_line_and_from_a_file(work: Hooked, token: str) -> None:
    assert not commits(work, "-m", f"Use {token}")
    assert not commits(work, "-m", "Use it", "-m", f"# {token}")  # no editor, no comments
    (work.path / "message").write_text(f"Use it\n\nKEY={token}\n")
    assert not commits(work, "-F", "message")
    assert not commits(work, "-F", "message", "-e", editor="true")
    (work.path / "message").write_text("Use it\n")
    assert commits(work, "-F", "message")


def test_what_the_developer_reads(work: Hooked, token: str) -> None:
    (work.path / "a.txt").write_text("edited\n")
    work.git("add", "a.txt")
    done = work.run("git", "commit", "-m", f"Use it\n\nby KEY={token} from now on")
    assert token not in done.stderr
    assert "commit message:3:8" in done.stderr
    assert "environment variable" not in done.stderr
    command = "git commit -e -F .git/COMMIT_EDITMSG"
    assert f"Write another message:  {command}\n" in done.stderr
    editor = f"sed -i s/{token}/x/"
    work.run("sh", "-c", command, env=work.environment | {"GIT_EDITOR": editor})
    assert work.git("log", "-1", "--format=%B").stdout == "Use it\n\nby KEY=x from now on\n\n"


def test_from_a_folder_within(work: Hooked, token: str) -> None:
    (work.path / "sub").mkdir()
    (work.path / "sub/b.txt").write_text("nothing\n")
    work.git("add", ".")
    done = work.at(work.path / "sub").run("git", "commit", "-m", f"Use {token}")
    assert f"git commit -e -F {work.path}/.git/COMMIT_EDITMSG" in done.stderr


def test_in_an_editor(work: Hooked, token: str) -> None:
    assert not commits(work, editor=write("Use it", "", f"KEY={token}"))
    assert commits(work, editor=write("Use it", f"# not {token}"))
    assert token not in work.git("log", "-1", "--format=%B").stdout


@pytest.mark.parametrize("mode", ["verbatim", "whitespace", "scissors"])
def test_comments_that_git_keeps(work: Hooked, token: str, mode: str) -> None:
    work.git("config", "commit.cleanup", mode)
    assert not commits(work, editor=write("Use it", f"# {token}"))
    assert commits(work, editor=write("Use it", "# nothing"))


@pytest.mark.parametrize("mode", ["default", "strip"])
def test_comments_that_git_drops(work: Hooked, token: str, mode: str) -> None:
    work.git("config", "commit.cleanup", mode)
    assert commits(work, editor=write("Use it", f"# {token}"))
    assert token not in work.git("log", "-1", "--format=%B").stdout


def test_other_signs_of_comments(work: Hooked, token: str) -> None:
    work.git("config", "core.commentChar", ";")
    assert commits(work, editor=write("Use it", f"; {token}"))
    assert token not in work.git("log", "-1", "--format=%B").stdout
    assert not commits(work, editor=write("Use it", f"# {token}"))
    assert commits(work, "-v", editor=write("Use it"))


def difference(work: Hooked, token: str) -> None:
    """Have the commit remove a token, which ``-v`` shows."""
    (work.path / "a.txt").write_text(f"KEY={token}\n")
    work.git("commit", "-qam", "Add it")
    (work.path / "a.txt").write_text("KEY=\n")


@pytest.mark.parametrize("sign", ["#", ";", "auto"])
@pytest.mark.parametrize("mode", ["default", "scissors", "verbatim"])
def test_the_difference_that_v_shows(work: Hooked, token: str, sign: str, mode: str) -> None:
    work.git("config", "core.commentChar", sign)
    work.git("config", "commit.cleanup", mode)
    difference(work, token)
    assert not commits(work, "-v", editor=write("Remove", f"KEY={token}"))
    seen = f'grep -q {token} "$1" || exit 1; '
    assert commits(work, "-v", editor=seen + write("Remove"))
    assert token not in work.git("log", "-1", "--format=%B").stdout


def test_scissors_that_git_did_not_write_cut_nothing(work: Hooked, token: str) -> None:
    assert not commits(work, editor=write("Use it", SCISSORS, f"KEY={token}"))


def test_names_of_files_are_no_part_of_the_message(work: Hooked, token: str) -> None:
    (work.path / token).write_text("nothing\n")
    work.git("add", ".")
    seen = f'grep -q {token} "$1" || exit 1; '
    assert commits(work, editor=seen + write("Add a file"))


def test_fixups_and_squashes(work: Hooked, token: str) -> None:
    work.run("git", "commit", "-q", "--allow-empty", "--no-verify", "-m", f"Use {token}")
    assert not commits(work, "--fixup=HEAD")
    assert not commits(work, "--squash=HEAD", "-m", "More")
    assert not commits(work, "--amend", "--no-edit")
    assert commits(work, "--amend", "-m", "Use it")
    assert commits(work, "--fixup=HEAD")


def test_taking_a_token_out_of_a_message_in_a_rebase(work: Hooked, token: str) -> None:
    assert commits(work, "-m", "Use it")
    assert commits(work, "-n", "-m", f"fixup! Use it\n\n{token}", env=None)
    work.git(
        "-c",
        "sequence.editor=true",
        "-c",
        "core.editor=true",
        "rebase",
        "-i",
        "--autosquash",
        "HEAD~2",
    )
    assert token not in work.git("log", "--format=%B").stdout


def test_merges(work: Hooked, token: str) -> None:
    work.git("checkout", "-qb", "topic")
    assert commits(work, "-m", "On the topic")
    work.git("checkout", "-q", "main")
    done = work.run("git", "merge", "-q", "--no-ff", "-m", f"Merge {token}", "topic")
    assert done.returncode
    assert "commit message:1:7" in done.stderr
    assert ".git/MERGE_MSG" in done.stderr
    work.git("commit", "-q", "-m", "Merge it")
    assert len(work.git("log", "-1", "--format=%p").stdout.split()) == 2


# Without git.


@pytest.fixture
def guard(commands: Commands, repo: GitRepo, tmp_path: Path) -> Guard:
    return Guard(commands, repo, tmp_path / "home")


def test_the_place_is_told_exactly(guard: Guard, token: str) -> None:
    guard.repo.write("message", f"# comment\n\nUse it\r\n  é {token}\n")
    answer = guard("commit-msg", "message")
    (finding,) = answer.report["findings"]
    (place,) = finding["locations"]
    assert (place["kind"], place["line"], place["column"]) == ("commit-message", 4, 6)
    assert answer.status == BLOCKED


def test_an_allow_comment(guard: Guard, token: str) -> None:
    guard.repo.write("message", f"Use {token} leakscan: allow[replicate-api-token] made up\n")
    answer = guard("commit-msg", "message")
    assert answer.status == PASSED
    assert "1 token suppressed" in answer.text


def test_no_message(guard: Guard) -> None:
    for name in ("no such file", ".", "README.md/within"):
        answer = guard("commit-msg", name)
        assert answer.status == UNREAD
        assert answer.errors.startswith(f"leakscan: cannot read the message {name} (")
        assert len(answer.errors.splitlines()) == 1


def test_outside_of_a_repository(guard: Guard, tmp_path: Path, token: str) -> None:
    (tmp_path / "message").write_text(f"Use {token}\n")
    assert guard("commit-msg", "message", cwd=tmp_path).status == BLOCKED
    (tmp_path / "message").write_text("Use it\n")
    assert guard("commit-msg", "message", cwd=tmp_path).status == PASSED
