"""``leakscan pre-push``, run by the real git: what is stopped, what goes, and what is said."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pushing import Pushing, running

from hub.backend import GitServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hooked import Hooked

HOOK = "pre-push"
NONE = "0" * 40


def test_what_a_developer_sees(pushing: Pushing, token: str) -> None:
    commit = pushing.add("conf/settings.py", f"A = 1\nKEY = '{token}'\n")
    pushing.add("b.txt", "b")
    said = pushing.stopped("main")
    assert token not in said
    first = said.splitlines()[0]
    assert first == "leakscan stopped this push: it would bring 1 token."
    assert f"conf/settings.py:2:8 in commit {commit[:12]} by Ann Author  {token[:6]}" in said
    assert "confidence:" in said
    for step in ("environment variable", f"git rebase -i {commit[:12]}^\n", "leakscan: allow["):
        assert step in said


def test_a_clean_push_goes_without_a_word(pushing: Pushing) -> None:
    pushing.add("a.txt", "a")
    assert pushing.passes("main") == ""
    assert pushing.passes("main:refs/heads/new") == ""
    assert pushing.passes("main") == ""  # nothing to push


def test_an_old_token_is_mentioned_and_goes(pushing: Pushing, token: str) -> None:
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    pushing.add(".env", f"A = 1\n{token}\n")
    said, more = pushing.passes("main").splitlines()
    assert said.startswith("leakscan: known ")
    assert said.endswith("(on the remote already)")
    assert "known tokens stop nothing" in more
    assert token not in said


def test_taking_a_token_out_goes(pushing: Pushing, new_token: Callable[[], str]) -> None:
    gone, kept = new_token(), new_token()
    pushing.add("a.env", f"{gone}\n")
    pushing.add("c.env", f"{kept}\n")
    pushing.passes("--no-verify", "main")
    (pushing.work.path / "a.env").write_text("A = 1\n")
    pushing.work.git("add", "a.env")
    pushing.add("c.env", f"C = 1\n{kept}\n")
    said, more = pushing.passes("main").splitlines()
    assert "c.env:2:1" in said
    assert said.startswith("leakscan: known ")
    assert said.endswith("(on the remote already)")
    assert "known tokens stop nothing" in more


def test_a_push_by_http(pushing: Pushing, tmp_path: Path, token: str) -> None:
    with GitServer(tmp_path, settings={"http.receivepack": "true"}) as server:
        url = f"{server.url}/server.git"
        pushing.add("a.txt", "a")
        pushing.passes("main", to=url)
        pushing.add(".env", token)
        assert "1 token" in pushing.stopped("main", to=url)


# What is pushed.


def test_one_bad_ref_stops_all(pushing: Pushing, token: str) -> None:
    pushing.add("a.txt", "a")
    pushing.work.git("branch", "good")
    pushing.work.git("tag", "-a", "-m", f"Use {token}", "v1")
    for what in (["--tags"], ["--mirror"], ["--follow-tags", "main"], ["main", "v1"]):
        said = pushing.stopped(*what)
        assert "message of tag v1:1:5 by Ann Author" in said
        assert "git tag -f -a v1 'v1^{}'" in said
        assert "git commit" not in said
    pushing.passes("--all")


def test_deleting_a_branch_needs_no_look(pushing: Pushing, token: str) -> None:
    pushing.add(".env", token)
    pushing.passes("--no-verify", "main:topic")
    assert pushing.passes("--delete", "topic") == ""


def test_a_forced_push_without_the_token(pushing: Pushing, token: str) -> None:
    pushing.add(".env", token)
    pushing.passes("--no-verify", "main")
    pushing.work.git("reset", "-q", "--hard", "HEAD~")
    pushing.add("a.txt", "a")
    assert pushing.passes("--force", "main") == ""


def test_odd_names(pushing: Pushing, new_token: Callable[[], str]) -> None:
    file, branch, author = new_token(), new_token(), new_token()
    work = pushing.work
    odd = os.fsdecode(b"refs/heads/\xff\xc2\x85\xe2\x80\xa8")
    work.git("update-ref", odd, "HEAD")
    assert pushing.passes(odd) == ""
    work.git("config", "user.name", author)
    pushing.add(f'a\n"\x1b[31m {file}.env', f"{file}\n")
    said = pushing.stopped(f"main:refs/heads/{branch}")
    assert "3 tokens" in said
    assert not any(secret in said for secret in (file, branch, author))
    assert "\x1b" not in said


def test_thousands_of_refs(pushing: Pushing, token: str) -> None:
    lines = "".join(f"create refs/tags/v{number} HEAD\n" for number in range(1500))
    told = pushing.work.path / "told"
    told.write_text(lines)
    pushing.work.git("commit", "-q", "--allow-empty", "-m", "New")
    pushing.work.run("sh", "-c", "git update-ref --stdin <told")
    assert pushing.passes("--tags") == ""
    pushing.add(".env", token)
    pushing.work.run("sh", "-c", "sed s,tags/v,tags/w, told | git update-ref --stdin")
    assert "1 token" in pushing.stopped("--tags")


def test_as_json_and_sarif(pushing: Pushing, token: str) -> None:
    commit = pushing.add(".env", token)
    for style in ("json", "sarif"):
        out = pushing.work.path.parent / f"out.{style}"
        pushing.work.hook("pre-push", running("pre-push", "-f", style, "-o", shlex.quote(str(out))))
        assert token not in pushing.stopped("main")
        document = json.loads(out.read_text())
        if style == "json":
            [finding] = document["findings"]
            assert finding["locations"][0]["commit"] == commit
        else:
            assert len(document["runs"][0]["results"]) == 1


def test_from_a_folder_of_a_linked_work_tree(pushing: Pushing, token: str) -> None:
    linked = pushing.work.path.parent / "linked"
    pushing.work.git("worktree", "add", "-q", "-b", "topic", linked)
    there = Pushing(pushing.work.at(linked), pushing.server)
    commit = there.add("conf/.env", token)
    said = Pushing(pushing.work.at(linked / "conf"), pushing.server).stopped("topic")
    assert f"conf/.env:1:1 in commit {commit[:12]}" in said


def test_what_is_allowed_goes_and_is_counted(
    pushing: Pushing, new_token: Callable[[], str]
) -> None:
    listed = "[[allow]]\nreason = 'samples'\npaths = ['samples/**']\n"
    pushing.add(".leakscan.toml", listed)
    pushing.add("samples/a.env", new_token())
    pushing.add("a.py", f"KEY = '{new_token()}'  # leakscan: allow[replicate-api-token] revoked\n")
    pushing.work.hook("pre-push", running("pre-push", "--no-suppress"))
    assert "2 tokens" in pushing.stopped("main")
    pushing.work.hook("pre-push", running("pre-push"))
    said = pushing.passes("main")
    assert said.count("leakscan: suppressed r8_") == 2
    assert "(inline: revoked)" in said


def test_a_remote_that_was_never_fetched_from(pushing: Pushing, token: str) -> None:
    """It says itself what it has; of what is not here, nothing here tells what that is."""
    work = pushing.work
    pushing.add(".env", token)
    fork = work.another(work.path.parent / "fork.git", "--bare")
    work.git("remote", "add", "fork", fork.path)
    work.git("push", "-q", "--no-verify", fork.path, "main:refs/heads/old")
    there = Pushing(work, fork)
    there.passes("main", to="fork")
    tree, tip = pushing.tip("HEAD^{tree}"), pushing.tip()
    fork.git("config", "user.name", "Ann Author")
    made = fork.git("commit-tree", tree, "-p", tip, "-m", "More").stdout.strip()
    fork.git("update-ref", "refs/heads/old", made)
    fork.git("update-ref", "-d", "refs/heads/main")
    work.git("update-ref", "-d", "refs/remotes/fork/main")
    said = there.stopped("main", to="fork")
    assert "If these commits are on the remote already" in said
    assert "git fetch --prune fork" in said
    work.git("fetch", "-q", "fork")
    there.passes("main", to="fork")
    pushing.add("new.env", token)
    assert "git fetch" not in there.stopped("main:new", to="fork")


# Without git, or with what git never says.


def asked(work: Hooked, stdin: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command itself, as the hook ``origin`` of a push."""
    arguments = ("pre-push", "origin", "x")
    told = os.fsencode(stdin)
    return work.commands.run(arguments, stdin=told, env=work.environment | env, cwd=work.path)


@pytest.mark.parametrize("told", ["nonsense\n", "a b c d\n", f"a {NONE} b\n"])
def test_what_git_never_says(pushing: Pushing, told: str) -> None:
    done = asked(pushing.work, told)
    assert done.returncode == 2
    assert b"standard input is not what git tells" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_no_standard_input(pushing: Pushing) -> None:
    command = f"exec {sys.executable} -I -m leakscan"
    for hook in ("pre-push", "pre-receive"):
        done = pushing.work.run("sh", "-c", f"{command} {hook} <&-")
        assert done.returncode == 2
        assert "standard input is closed" in done.stderr


def test_no_git(pushing: Pushing) -> None:
    line = f"main {pushing.tip()} refs/heads/x {NONE}\n"
    done = asked(pushing.work, line, PATH="/nonexistent")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"the git program was not found: install git" in done.stderr


def test_no_repository(pushing: Pushing, tmp_path: Path) -> None:
    line = f"main {pushing.tip()} refs/heads/x {NONE}\n"
    done = asked(pushing.work.at(tmp_path), line)
    assert done.returncode == 3
    assert b"no git repository" in done.stderr


def test_a_commit_that_is_not_here(pushing: Pushing) -> None:
    done = asked(pushing.work, f"main {'12' * 20} refs/heads/x {NONE}\n")
    assert done.returncode == 3
    assert b"git cannot tell what is pushed" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_missing_object_blocks_and_says_how_to_go_on(pushing: Pushing) -> None:
    pushing.add("a.txt", "lost")
    lost = pushing.tip("HEAD:a.txt")
    (pushing.work.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    done = asked(pushing.work, f"main {pushing.tip()} refs/heads/x {NONE}\n")
    assert done.returncode == 3
    said = done.stdout.decode()
    assert f"object {lost}: it is not in this repository" in said
    assert "git push --no-verify" in said
    assert lost in pushing.stopped("main")


def test_on_a_terminal_it_looks_at_the_current_branch(pushing: Pushing, token: str) -> None:
    work = pushing.work
    pushing.add("old.env", token)
    pushing.passes("--no-verify", "main")
    command = [sys.executable, "-I", "-m", "leakscan", "pre-push"]

    def run() -> subprocess.CompletedProcess[str]:
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb"), os.fdopen(theirs, "rb") as terminal:
            return subprocess.run(
                command,
                cwd=work.path,
                env=work.environment,
                stdin=terminal,
                capture_output=True,
                text=True,
                check=False,
            )

    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No leaks found, looking only at what is pushed · ")
    assert len(done.stdout.splitlines()) == 1
    work.git("checkout", "-q", "-b", "topic")
    commit = pushing.add("copy.env", f"A = {token}\n")
    done = run()
    assert done.returncode == 1
    assert commit[:12] in done.stdout
    fork = work.another(work.path.parent / "fork.git", "--bare")
    work.git("remote", "add", "fork", fork.path)
    work.git("push", "-q", "--no-verify", "fork", "topic")
    work.git("config", "branch.topic.pushRemote", "fork")
    assert run().returncode == 0
