"""What is known of the place that a push goes to: only what was fetched from that very place."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from leakscan.git.remotes import Remote, are_one_place, find_remote

if TYPE_CHECKING:
    from gitrepo import GitRepo

HOSTED = "https://example.com/team/app"
ELSEWHERE = "https://example.org/team/app"
KNOWN = ("--remotes=origin",)


@pytest.fixture
def pushed(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    """Stand in a repository with a remote that had the branch ``main``."""
    monkeypatch.chdir(repo.path)
    repo.git("remote", "add", "origin", HOSTED)
    repo.git("update-ref", "refs/remotes/origin/main", "main")
    return repo


ALIKE = [
    (HOSTED, HOSTED),
    (HOSTED, f"{HOSTED}.git"),
    (HOSTED, f"{HOSTED}/"),
    (HOSTED, "git@example.com:team/app.git"),
    (HOSTED, "ssh://git@Example.com:2222/team/app"),
    (HOSTED, "https://ann:secret@example.com/team/app.git"),
    ("ann@example.com:team/app", "bob@example.com:/team/app"),
    ("ssh://[::1]/app", "git@[::1]:app"),
    ("../app", "../app"),
    ("ext::connect app", "ext::connect app"),
]
UNLIKE = [
    (HOSTED, ELSEWHERE),
    (HOSTED, "https://example.com/team/app2"),
    (HOSTED, "https://example.com@example.org/team/app"),
    (HOSTED, "ssh://example.com@example.org/team/app"),
    (HOSTED, "example.com@example.org:team/app"),
    (HOSTED, f"{HOSTED}?other"),
    ("http://localhost:8001/app", "http://localhost:8002/app"),
    ("/srv/app", "/srv/app.git"),
    ("../app", "../app2"),
    ("file:///srv/app", "file:///srv/other"),
    ("ext::connect one", "ext::connect other"),
    ("", HOSTED),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_one_place(one: str, other: str) -> None:
    assert are_one_place(one, other)
    assert are_one_place(other, one)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_two_places(one: str, other: str) -> None:
    assert not are_one_place(one, other)
    assert not are_one_place(other, one)


def test_what_was_fetched_from_there_is_there(pushed: GitRepo) -> None:
    assert find_remote("origin", HOSTED) == Remote("origin", KNOWN)
    assert find_remote("origin", "git@example.com:team/app.git").tracked == KNOWN
    assert find_remote(f"{HOSTED}.git", f"{HOSTED}.git").tracked == KNOWN
    assert find_remote("origin", ELSEWHERE) == Remote()
    assert find_remote(ELSEWHERE, ELSEWHERE) == Remote()
    pushed.git("config", "url.ssh://git@example.com/.insteadOf", "https://example.com/")
    assert find_remote("origin", "ssh://git@example.com/team/app").tracked == KNOWN


def test_the_remote_that_one_fetches_from_counts(pushed: GitRepo) -> None:
    """Whichever it is that pushes there."""
    pushed.git("remote", "add", "other", ELSEWHERE)
    assert find_remote("origin", ELSEWHERE) == Remote("other", ("--remotes=other",))


@pytest.mark.usefixtures("pushed")
def test_a_branch_that_is_not_there_any_more() -> None:
    """Nothing that was fetched from there counts: the place may be another by now."""
    new = ["refs/heads/new", "refs/tags/main", "refs/heads/in/main"]
    assert find_remote("origin", HOSTED, new).tracked == KNOWN
    changed = find_remote("origin", HOSTED, [*new, "refs/heads/main"])
    assert changed == Remote("origin", has_changed=True)


@pytest.mark.parametrize("value", ["true", "Yes", "on", "1"])
def test_a_partial_clone(pushed: GitRepo, value: str) -> None:
    assert not find_remote("origin", HOSTED).promises
    pushed.git("config", "remote.origin.promisor", value)
    pushed.git("config", "remote.origin.partialCloneFilter", "blob:none")
    assert find_remote("origin", HOSTED) == Remote("origin", KNOWN, promises=True)
    assert not find_remote("origin", ELSEWHERE).promises
    assert not find_remote("origin", HOSTED, ["refs/heads/main"]).promises
    pushed.git("config", "remote.origin.promisor", "false")
    assert not find_remote("origin", HOSTED).promises


def test_without_a_url_git_says_where_it_would_push(pushed: GitRepo) -> None:
    assert find_remote("origin", "").tracked == KNOWN
    assert find_remote("nowhere", "") == Remote()
    assert find_remote("", "") == Remote()
    pushed.git("remote", "set-url", "--push", "origin", HOSTED)
    pushed.git("remote", "set-url", "--push", "--add", "origin", ELSEWHERE)
    assert find_remote("origin", "") == Remote()


def test_odd_remotes(pushed: GitRepo) -> None:
    pushed.git("config", "remote.bare.promisor", "true")
    pushed.git("config", "remote.many.url", "one (fetch)")
    pushed.git("config", "--add", "remote.many.url", "other\tplace (push)")
    pushed.git("config", "remote.lines.url", f"first\norigin\t{ELSEWHERE} (fetch)")
    assert find_remote("many", "one (fetch)") == Remote("many", ("--remotes=many",))
    assert find_remote("many", "other\tplace (push)") == Remote()
    assert find_remote("bare", "bare") == Remote()


def test_what_git_really_hands_over_is_found(pushed: GitRepo, tmp_path: object) -> None:
    """Git tells its hook what `git remote -v` says, whatever rewrites the URL."""
    hook = pushed.write(".git/hooks/pre-push", '#!/bin/sh\nprintf %s "$2" >told\nexit 1\n')
    hook.chmod(0o755)
    server = f"{tmp_path}/server.git"
    subprocess.run(["git", "init", "-q", "--bare", server], check=True)
    pushed.git("remote", "set-url", "origin", "short:server.git")
    pushed.git("config", f"url.{tmp_path}/.insteadOf", "short:")
    options = ("-c", f"core.hooksPath={hook.parent}")
    pushed.run(*options, "push", "origin", "main", check=False)
    told = (pushed.path / "told").read_text()
    assert told == server
    assert find_remote("origin", told).tracked == KNOWN
