"""``leakscan pre-push`` where one does not push to where one fetches from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pushing import Pushing

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.mark.parametrize("change", [pushed_elsewhere, pushed_to_both, rewritten, moved])
def test_an_old_token_does_not_get_to_another_server(
    pushing: Pushing, public: Pushing, token: str, change: Callable[[Pushing, Pushing], None]
) -> None:
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    pushing.add("a.txt", "a")
    pushing.passes("main")
    change(pushing, public)
    assert "1 token" in public.stopped("main")
    if change is not moved:  # which nothing tells, but that a branch is not there any more
        assert "1 token" in public.stopped("main:new")
    # What git itself says is there, is there.
    public.passes("--no-verify", "main")
    pushing.add("b.txt", "b")
    assert public.passes("main") == ""


def test_a_remote_for_where_one_pushes_to(pushing: Pushing, public: Pushing, token: str) -> None:
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main")
    public.passes("--no-verify", "main:old", to=public.server.path)
    pushed_elsewhere(pushing, public)
    assert "git remote add NAME URL && git fetch NAME" in public.stopped("main")
    pushing.work.git("remote", "add", "public", public.server.path)
    pushing.work.git("fetch", "-q", "public")
    assert public.passes("main") == ""


def test_a_branch_that_somebody_else_deleted(pushing: Pushing, token: str) -> None:
    """The place might be another by now; to fetch tells that it is not."""
    pushing.add(".env", f"{token}\n")
    pushing.passes("--no-verify", "main", "main:topic")
    pushing.server.git("branch", "-D", "topic")
    pushing.add("a.txt", "a")
    said = pushing.stopped("main:topic")
    assert "Then only this is needed:  git fetch --prune origin" in said
    pushing.work.git("fetch", "-q", "--prune", "origin")
    assert pushing.passes("main:topic") == ""
