"""``leakscan commit-msg``, run by git: what of a message becomes part of the commit."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from committing import BLOCKED, PASSED, UNREAD, Guard
from hooked import Hooked

if TYPE_CHECKING:
    from collections.abc import Callable
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
    assert "Repeat your command with another message;\n" in done.stderr


@pytest.mark.parametrize("option", ["-a", "--amend", "--allow-empty"])
def test_the_same_command_with_the_message_edited(work: Hooked, token: str, option: str) -> None:
    (work.path / "a.txt").write_text("edited\n")
    number = len(work.git("log", "--format=%h").stdout.split())
    done = work.run("git", "commit", option, "-m", f"Use it\n\nby KEY={token} from now on")
    [advised] = [line for line in done.stderr.splitlines() if " -e -F " in line]
    assert "in place of -m:  " in advised
    command = f"git commit {option} {advised.partition(':  ')[2]}"
    editor = f"sed -i s/{token}/x/"
    done = work.run("sh", "-c", command, env=work.environment | {"GIT_EDITOR": editor})
    assert not done.returncode, done.stderr
    assert work.git("log", "-1", "--format=%B").stdout == "Use it\n\nby KEY=x from now on\n\n"
    assert len(work.git("log", "--format=%h").stdout.split()) == number + (option != "--amend")


def test_from_a_folder_within(work: Hooked, token: str) -> None:
    (work.path / "sub").mkdir()
    (work.path / "sub/b.txt").write_text("nothing\n")
    work.git("add", ".")
    done = work.at(work.path / "sub").run("git", "commit", "-m", f"Use {token}")
    assert f"  -e -F {work.path}/.git/COMMIT_EDITMSG\n" in done.stderr


def test_in_an_editor(work: Hooked, token: str) -> None:
    assert not commits(work, editor=write("Use it", "", f"KEY={token}"))
    assert not commits(work, editor=write("Use it", f"# not {token}"))
    assert commits(work, editor=write("Use it", "# nothing"))


MODES = ["default", "strip", "whitespace", "verbatim", "scissors"]


@pytest.mark.parametrize("mode", MODES)
def test_comments_may_be_kept(work: Hooked, token: str, mode: str) -> None:
    """``--cleanup`` is told to no hook, and overrules the setting."""
    assert not commits(work, f"--cleanup={mode}", editor=write("Use it", f"# {token}"))
    work.git("config", "commit.cleanup", mode)
    assert not commits(work, editor=write("Use it", f"# {token}"))
    assert commits(work, f"--cleanup={MODES[0]}", editor=write("Use it", "# nothing"))


SIGNS = {
    "one": [("core.commentChar", ";")],
    "a word": [("core.commentString", "//")],  # which git knows from 2.45 on
    "two": [("core.commentChar", ";"), ("core.commentString", "//")],
    "two, the other way": [("core.commentString", "//"), ("core.commentChar", ";")],
}


@pytest.mark.parametrize("sign", ["#", ";", "//"])
@pytest.mark.parametrize("told", SIGNS.values(), ids=SIGNS)
def test_other_signs_of_comments(
    work: Hooked, token: str, told: list[tuple[str, str]], sign: str
) -> None:
    for name, value in told:
        work.git("config", name, value)
    assert not commits(work, editor=write("Use it", f"{sign} {token}"))
    (work.path / token).write_text("nothing\n")
    assert commits(work, "-v", editor=f'grep -q {token} "$1" || exit 1; ' + write("Use it"))
    assert token not in work.git("log", "-1", "--format=%B").stdout


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


def test_the_differences_that_v_shows_twice(work: Hooked, token: str) -> None:
    difference(work, token)
    (work.path / "b.txt").write_text(f"KEY={token}\n")
    work.git("add", "-N", "b.txt")
    work.git("add", "a.txt")
    (work.path / "a.txt").write_text(f"KEY={token}\nmore\n")
    before = work.git("rev-parse", "HEAD").stdout
    editor = 'sh -c \'sed -i "1s/^/Remove/" "$1"; cp "$1" seen\' sh'
    done = work.run("git", "commit", "-vv", env=work.environment | {"GIT_EDITOR": editor})
    assert not done.returncode, done.stderr
    assert work.git("rev-parse", "HEAD").stdout != before
    seen = (work.path / "seen").read_text()
    assert "# Changes not staged for commit:\ndiff --git" in seen
    assert token in seen


def test_scissors_that_git_did_not_write_cut_nothing(work: Hooked, token: str) -> None:
    assert not commits(work, editor=write("Use it", SCISSORS, f"KEY={token}"))
    explained = [SCISSORS, "# Do not", f"KEY={token}"]
    assert not commits(work, editor=write("Use it", *explained))
    only = f"printf '%s\\n' {shlex.join(['Use it', *explained])} > \"$1\""
    assert not commits(work, editor=only)


@pytest.mark.parametrize("option", ["--cleanup=default", "--cleanup=verbatim"])
def test_the_difference_of_an_earlier_attempt(
    work: Hooked, token: str, new_token: Callable[[], str], option: str
) -> None:
    """Only ``-v`` cuts it off again."""
    difference(work, token)
    assert not commits(work, "-v", editor=write("Remove", f"KEY={new_token()}"))
    again = ("-e", "-F", ".git/COMMIT_EDITMSG")
    editor = 'sed -i "2s/.*/now/" "$1"'
    assert not commits(work, *again, option, editor=editor)
    assert not commits(work, *again, "-v", "--no-status", editor=editor)
    assert commits(work, *again, "-v", option, editor=editor)
    assert token not in work.git("log", "-1", "--format=%B").stdout


def test_the_difference_where_no_status_is_asked_for(work: Hooked, token: str) -> None:
    difference(work, token)
    message = work.path / ".git/message"
    assert commits(work, "-v", editor=f'cp "$1" {shlex.quote(str(message))}; ' + write("Remove"))
    assert token in message.read_text()
    work.git("config", "commit.status", "false")
    assert not commits(work, "-e", "-F", str(message), editor=write("Use it"))


def test_how_to_go_on_with_a_difference_in_the_message(work: Hooked, token: str) -> None:
    (work.path / "a.txt").write_text("edited\n")
    editor = {"GIT_EDITOR": "sh -c " + shlex.quote(write(token)) + " sh"}
    for option, told in (("-v", True), ("-q", False)):
        done = work.run("git", "commit", "-a", option, env=work.environment | editor)
        assert done.returncode
        assert ("without -v, delete its line of scissors" in done.stderr) is told


def test_names_of_files_are_no_part_of_the_message(work: Hooked, token: str) -> None:
    (work.path / token).write_text("nothing\n")
    seen = f'grep -q {token} "$1" || exit 1; '
    assert commits(work, editor=seen + write("Leave a file untracked"))
    work.git("add", ".")
    assert commits(work, editor=seen + write("Add a file"))
    work.git("rm", "-q", token)
    work.git("config", "commit.cleanup", "whitespace")
    assert not commits(work, editor=seen + write("Remove it"))  # kept, if nobody deletes it
    work.git("config", "commit.cleanup", "scissors")
    assert commits(work, editor=seen + write("Remove it"))
    assert token not in work.git("log", "-1", "--format=%B").stdout


def test_taking_a_token_out_of_a_subject_in_a_rebase(work: Hooked, token: str) -> None:
    assert commits(work, "--no-verify", "-m", f"Use {token}")
    assert commits(work, "-m", "Go on")
    sequence = "sed -i '1s/^pick/reword/'"
    editor = f'sh -c \'grep -q "reword .*{token}" "$1" || exit 1; sed -i "1s/.*/Use it/" "$1"\' sh'
    variables = {"GIT_SEQUENCE_EDITOR": sequence, "GIT_EDITOR": editor}
    done = work.run("git", "rebase", "-i", "HEAD~2", env=work.environment | variables)
    assert not done.returncode, done.stderr
    assert work.git("log", "-2", "--format=%s").stdout == "Go on\nUse it\n"


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
    assert "Commit the merge with another message:  git commit\n" in done.stderr
    editor = f"sed -i s/{token}/it/"
    work.run("git", "commit", "-q", env=work.environment | {"GIT_EDITOR": editor})
    assert work.git("log", "-1", "--format=%s").stdout == "Merge it\n"
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
    assert answer.text.endswith(", commit message:1:5 (inline: made up)\n")


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


def test_a_message_that_can_be_read_but_once(guard: Guard, token: str) -> None:
    done = guard.commands.run(
        ["commit-msg", "/dev/stdin"],
        stdin=token.encode(),
        env=guard.environment,
        cwd=guard.repo.path,
    )
    assert done.returncode == BLOCKED, done.stderr


@pytest.mark.parametrize("line", ["status", "status = 2"])
def test_git_has_several_ways_to_say_yes(work: Hooked, token: str, line: str) -> None:
    config = work.path / ".git/config"
    config.write_text(f"{config.read_text()}[commit]\n\t{line}\n")
    difference(work, token)
    assert commits(work, "-v", editor=write("Remove"))
