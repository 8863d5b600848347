"""``leakscan pre-push`` where one does not push to where one fetches from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pushing import Pushing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOOK = "pre-push"


def pushed_elsewhere(here: Pushing, public: Pushing) -> None:
    here.work.git("remote", "set-url", "--push", "origin", public.server.path)


def pushed_to_both(here: Pushing, public: Pushing) -> None:
    pushed_elsewhere(here, here)
    here.work.git("remote", "set-url", "--push", "--add", "origin", public.server.path)


def rewritten(here: Pushing, public: Pushing) -> None:
    here.work.git("config", f"url.{public.server.path}.pushInsteadOf", str(here.server.path))


def moved(here: Pushing, public: Pushing) -> None:
    here.work.git("remote", "set-url", "origin", public.server.path)


@pytest.fixture
def public(pushing: Pushing) -> Pushing:
    """Make another server, which has nothing."""
    work = pushing.work
    return Pushing(work, work.another(work.path.parent / "public.git", "--bare"))


def made_again(here: Pushing, public: Pushing) -> None:
    here.work.git("remote", "remove", "origin")
    here.work.git("remote", "add", "origin", public.server.path)
    here.work.git("update-ref", "refs/remotes/origin/main", "main")


def redirected(here: Pushing, public: Pushing) -> None:
    here.work.git("remote", "set-url", "origin", "https://example.invalid/app")
    here.work.git("config", f"url.{public.server.path}.insteadOf", "https://example.invalid/app")


WAYS = [pushed_elsewhere, pushed_to_both, rewritten, moved, made_again, redirected]


@pytest.mark.parametrize("change", WAYS)
@pytest.mark.parametrize("branch", ["main", "main:new", "HEAD:refs/tags/v1"])
def test_an_old_token_does_not_get_to_another_server(
    pushing: Pushing,
    public: Pushing,
    token: str,
    change: Callable[[Pushing, Pushing], None],
    branch: str,
) -> None:
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    pushing.add("a.txt", "a")
    pushing.passes("main")
    change(pushing, public)
    assert "1 token" in public.stopped(branch)
    # What git itself says is there, is there.
    public.passes("--no-verify", "main")
    pushing.add("b.txt", "b")
    assert public.passes("main") == ""


def test_another_server_after_cloning(pushing: Pushing, public: Pushing, token: str) -> None:
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    cloned = pushing.work.path.parent / "cloned"
    pushing.work.git("clone", "-q", pushing.server.path, cloned)
    there = Pushing(pushing.work.at(cloned), public.server)
    there.guard(HOOK)
    moved(there, public)
    assert "1 token" in there.stopped("HEAD:dev")


@pytest.mark.parametrize("refspec", ["main", "+main", "main:new"])
def test_what_the_server_has_dropped_does_not_come_back(
    pushing: Pushing, token: str, refspec: str
) -> None:
    """Git says what is there; what was fetched once says something else."""
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    pushing.server.git("update-ref", "refs/heads/main", pushing.tip("HEAD~"))
    pushing.add("a.txt", "a")
    said = pushing.stopped(refspec)
    assert "1 token" in said
    if refspec != "main:new":  # it was asked then, and knows nothing else
        assert "git fetch --prune origin" in said


def test_homes_of_two_users(pushing: Pushing, token: str) -> None:
    """What stands behind the colon lies in the home of whoever is named."""
    work, homes = pushing.work, pushing.work.path.parent / "homes"
    for user in ("ann", "bob"):
        work.another(homes / user / "app.git", "--bare")
    ssh = work.path.parent / "ssh"
    ssh.write_text(f'#!/bin/sh\ncd "{homes}/${{1%@*}}" && shift && exec sh -c "$*"\n')
    ssh.chmod(0o755)
    work.git("config", "core.sshCommand", str(ssh))
    work.git("config", "ssh.variant", "simple")
    work.git("remote", "set-url", "origin", "ann@host:app.git")
    pushing.add(".env", f"{token}\n")
    work.git("push", "-q", "--no-verify", "origin", "main")
    work.git("remote", "set-url", "--push", "origin", "bob@host:app.git")
    bob = Pushing(work, work.at(homes / "bob/app.git"))
    assert "1 token" in bob.stopped("main")
    assert "1 token" in bob.stopped("main:new")
    assert "1 token" in bob.stopped("main:new", to="bob@host:app.git")


def asked(pushing: Pushing, *refspecs: str, to: str | Path = "origin") -> int:
    """Push, which must succeed; return how often the server was asked what it has."""
    trace = pushing.work.path.parent / "trace"
    env = pushing.work.environment | {"GIT_TRACE": str(trace)}
    done = pushing.work.run("git", "push", "-q", to, *refspecs, env=env)
    assert not done.returncode, done.stderr
    ran = trace.read_text()
    trace.unlink()
    assert " push" in ran
    return ran.count("built-in: git ls-remote --quiet ")


def test_only_what_is_all_new_costs_a_question(pushing: Pushing, public: Pushing) -> None:
    for number, (refspecs, questions) in enumerate(
        [
            (["main"], 0),
            (["main", "main:new"], 0),
            (["main", ":new"], 0),
            (["+main~:main"], 0),
            (["main:another"], 1),
            ([":another"], 0),
        ]
    ):
        pushing.add("a.txt", str(number))
        assert asked(pushing, *refspecs) == questions
    server = pushing.server
    server.git("config", "user.name", "Ann Author")
    unseen = server.git("commit-tree", "main^{tree}", "-m", "Unseen").stdout.strip()
    server.git("update-ref", "refs/heads/unseen", unseen)
    assert asked(pushing, ":unseen") == 0
    assert asked(pushing, "main", to=public.server.path) == 1
    pushing.add("a.txt", "more")
    assert asked(pushing, "main", to=public.server.path) == 0


def test_a_new_branch_of_old_commits(pushing: Pushing, public: Pushing, token: str) -> None:
    """The server says that it has them, fetched from there or not."""
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    public.passes("--no-verify", "main:old", to=public.server.path)
    pushing.add("a.txt", "a")
    assert pushing.passes("main:topic") == ""
    for number, change in enumerate((pushed_elsewhere, rewritten)):
        change(pushing, public)
        assert public.passes(f"main:topic-{number}") == ""


def test_a_branch_that_somebody_else_deleted(pushing: Pushing, token: str) -> None:
    """The place might be another by now; it says that it is not."""
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main", "main:topic")
    pushing.server.git("branch", "-D", "topic")
    pushing.add("a.txt", "a")
    assert pushing.passes("main:topic") == ""


def test_a_server_that_does_not_answer(pushing: Pushing, token: str) -> None:
    """All is looked at, and it is said why old tokens stop the push."""
    pushing.passes("main:a")
    work = pushing.work
    ssh = work.path.parent / "ssh"
    ssh.write_text('#!/bin/sh\nshift\ncase "$*" in *upload*) exit 1;; esac\nexec sh -c "$*"\n')
    ssh.chmod(0o755)
    work.git("config", "core.sshCommand", str(ssh))
    work.git("config", "ssh.variant", "simple")
    work.git("remote", "set-url", "origin", f"host:{pushing.server.path}")
    pushing.add("a.txt", "a")
    assert pushing.passes("main:clean") == ""
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    said = pushing.stopped("main:topic")
    assert "Let the remote answer without a prompt" in said
    assert "git ls-remote origin" in said
    pushing.add("b.txt", "b")
    assert pushing.passes("main") == ""
