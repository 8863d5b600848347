"""``leakscan pre-push`` under the real pre-commit program, which says in variables what goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from pushing import Pushing


HOOK = "pre-push"


@pytest.fixture
def framed(pushing: Pushing) -> Pushing:
    """Have the framework run leakscan, before commits and pushes."""
    entry = f"{sys.executable} -I -m leakscan"
    hooks = "".join(
        f"  - id: {hook}\n    name: {hook}\n    entry: {entry} {hook}\n    language: system\n"
        f"    pass_filenames: false\n    always_run: true\n    stages: [{hook}]\n"
        for hook in ("pre-commit", "pre-push")
    )
    pushing.add(".pre-commit-config.yaml", f"repos:\n- repo: local\n  hooks:\n{hooks}")
    pushing.work.git("push", "-q", "--no-verify", "origin", "main")
    (pushing.work.hooks / "pre-push").unlink()
    frame(pushing, "install", "-t", "pre-push")
    return pushing


def frame(pushing: Pushing, *arguments: str) -> subprocess.CompletedProcess[str]:
    return pushing.work.run(sys.executable, "-m", "pre_commit", *arguments)


def test_the_framework_and_an_existing_branch(
    framed: Pushing, new_token: Callable[[], str]
) -> None:
    old, new = new_token(), new_token()
    framed.add(".env", f"{old}\n")
    framed.passes("--no-verify", "main")
    framed.add(".env", f"A = 1\n{old}\n")
    framed.passes("main")
    commit = framed.add("new.env", new)
    said = framed.stopped("main")
    assert commit[:12] in said
    assert "1 token" in said


def test_the_framework_and_a_new_branch(framed: Pushing, token: str) -> None:
    framed.work.git("checkout", "-q", "-b", "topic")
    framed.add("a.txt", "a")
    framed.passes("topic:clean")
    commit = framed.add(".env", token)
    framed.add("b.txt", "b")
    assert commit[:12] in framed.stopped("topic")


def test_the_framework_and_a_push_of_everything(framed: Pushing, token: str) -> None:
    """It names no commits where the first one is pushed, too, but a branch."""
    framed.add(".env", token)
    framed.add(".env", "clean")
    empty = framed.work.another(framed.work.path.parent / "empty.git", "--bare")
    framed.work.git("remote", "add", "empty", empty.path)
    assert "leakscan stopped this push: it would bring 1 token" in framed.stopped(
        "main", to="empty"
    )


@pytest.mark.parametrize("stage", ["pre-push", "pre-commit"])
def test_the_framework_between_two_commits(framed: Pushing, token: str, stage: str) -> None:
    framed.add("a.txt", "a")
    commit = framed.add(".env", token)
    framed.add(".env", "clean")
    run = ("run", "--hook-stage", stage)
    assert frame(framed, *run, "--from-ref", "HEAD~", "--to-ref", "HEAD").returncode == 0
    done = frame(framed, *run, "--from-ref", "origin/main", "--to-ref", "HEAD")
    assert done.returncode
    assert commit[:12] in done.stdout


def test_the_framework_and_the_name_of_a_branch(framed: Pushing, token: str) -> None:
    """It tells where a new branch begins, as if it were there."""
    framed.add("a.txt", "a")
    said = framed.stopped(f"main:refs/heads/{token}")
    assert "1 token" in said
    framed.passes("--no-verify", f"main:refs/heads/{token}")
    framed.add("b.txt", "b")
    framed.passes(f"main:refs/heads/{token}")


def test_the_framework_and_another_place_to_push_to(framed: Pushing, token: str) -> None:
    """What it says is there was fetched from elsewhere."""
    work = framed.work
    framed.add(".env", f"{token}\n")
    framed.passes("--no-verify", "main")
    framed.add("a.txt", "a")
    public = work.another(work.path.parent / "public.git", "--bare")
    work.git("remote", "set-url", "--push", "origin", public.path)
    assert "1 token" in type(framed)(work, public).stopped("main")
    work.git("remote", "set-url", "--push", "origin", framed.server.path)
    framed.passes("main")


def test_the_framework_and_a_push_to_a_url(framed: Pushing, token: str) -> None:
    """It says what is there, as git does."""
    work = framed.work
    public = work.another(work.path.parent / "public.git", "--bare")
    there = type(framed)(work, public)
    framed.add(".env", f"{token}\n")
    there.passes("--no-verify", "main", to=public.path)
    framed.add("a.txt", "a")
    there.passes("main", to=public.path)
    framed.add("b.env", f"B={token}\n")
    assert "1 token" in there.stopped("main", to=public.path)


def test_the_framework_and_what_the_server_has_dropped(framed: Pushing, token: str) -> None:
    """What it says of a new branch, it has from what was fetched once."""
    framed.add(".env", f"{token}\n")
    framed.passes("--no-verify", "main")
    framed.server.git("update-ref", "refs/heads/main", framed.tip("HEAD~"))
    framed.add("a.txt", "a")
    for refspec in ("main:new", "main"):
        assert "1 token" in framed.stopped(refspec)


def test_the_framework_and_another_server_by_the_same_name(framed: Pushing, token: str) -> None:
    work = framed.work
    framed.add(".env", f"{token}\n")
    framed.passes("--no-verify", "main")
    framed.add("a.txt", "a")
    public = work.another(work.path.parent / "public.git", "--bare")
    work.git("remote", "set-url", "origin", public.path)
    assert "1 token" in type(framed)(work, public).stopped("main:new")
