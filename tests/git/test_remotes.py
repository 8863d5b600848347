"""What is known of the place that a push goes to: only what it, or git just now, says."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo
from leakscan.git.layout import find_layout
from leakscan.git.remotes import Remote, ask_remote, fetches_all_branches, find_remote

if TYPE_CHECKING:
    from pathlib import Path

HOSTED = "https://example.invalid/team/app"
ELSEWHERE = "https://other.invalid/team/app"
KNOWN = ("--remotes=origin",)
MAIN = "refs/heads/main"
OTHER = "1" * 40


@pytest.fixture
def pushed(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    """Stand in a repository with a remote that had the branch ``main``, and cannot be asked."""
    monkeypatch.chdir(repo.path)
    repo.git("remote", "add", "origin", HOSTED)
    repo.git("config", "protocol.allow", "never")
    repo.git("update-ref", "refs/remotes/origin/main", "main")
    return repo


@pytest.fixture
def there(pushed: GitRepo) -> dict[str, str | None]:
    """Say what git says of the other side's branch ``main``."""
    return {MAIN: pushed.tip("main")}


def test_what_was_fetched_from_there_is_there(
    pushed: GitRepo, there: dict[str, str | None]
) -> None:
    assert find_remote("origin", HOSTED, there) == Remote("origin", KNOWN)
    assert find_remote("origin", "git@example.invalid:team/app.git", there).tracked == KNOWN
    assert find_remote(f"{HOSTED}.git", f"{HOSTED}.git", there).tracked == KNOWN
    assert find_remote("origin", ELSEWHERE, there) == Remote(may_have_more=True)
    assert find_remote(ELSEWHERE, ELSEWHERE, there) == Remote(may_have_more=True)
    pushed.git("config", "url.ssh://git@example.invalid/.insteadOf", "https://example.invalid/")
    assert find_remote("origin", "ssh://git@example.invalid/team/app", there).tracked == KNOWN


def test_the_remote_that_one_fetches_from_counts(
    pushed: GitRepo, there: dict[str, str | None]
) -> None:
    """Whichever it is that pushes there."""
    pushed.git("remote", "add", "other", ELSEWHERE)
    pushed.git("update-ref", "refs/remotes/other/main", "main")
    assert find_remote("origin", ELSEWHERE, there) == Remote("other", ("--remotes=other",))


def test_what_git_hears_must_fit(pushed: GitRepo, there: dict[str, str | None]) -> None:
    """One ref that does is enough, one that does not is too much: it may be another place."""
    pushed.git("update-ref", "refs/remotes/origin/topic", "main")
    pushed.git("update-ref", "refs/tags/topic", "main")
    new = {"refs/heads/new": None, "refs/tags/main": None, "refs/heads/in/main": None}
    topic = "refs/heads/topic"
    fits = [there, there | new, there | {topic: there[MAIN]}]
    for refs in fits:
        assert find_remote("origin", HOSTED, refs).tracked == KNOWN
    contradicts = [there | {topic: None}, there | {topic: OTHER}, {"refs/heads/new": there[MAIN]}]
    for refs in contradicts:
        assert find_remote("origin", HOSTED, refs) == Remote("origin", may_have_more=True)
    unknown = [new, {MAIN: None}, {MAIN: OTHER}, new | {topic: OTHER}]
    for refs in unknown:
        assert find_remote("origin", HOSTED, refs) == Remote("origin", is_silent=True)
    assert not find_remote("origin", HOSTED, {}).tracked


def test_what_it_says_of_itself(pushed: GitRepo, tmp_path: Path) -> None:
    """What was fetched does not matter, then."""
    server = pushed.clone(tmp_path / "server.git", "--bare")
    unseen = server.commit_tree(server.tip("main^{tree}"), ref="refs/heads/unseen")
    pushed.git("config", "protocol.allow", "always")
    url = str(server.path)
    main = pushed.tip("main")
    refs = {MAIN: main, "refs/heads/unseen": unseen}
    said = Remote(refs=refs, oids=(main,), may_have_more=True)
    assert find_remote("origin", url, {"refs/heads/new": None}) == said
    assert find_remote("origin", url, {"refs/heads/topic": OTHER}) == said
    assert ask_remote("origin", url) == said
    pushed.git("remote", "set-url", "origin", url)
    pushed.git("fetch", "-q", "origin")
    assert ask_remote("origin", "") == Remote(
        "origin", refs=refs, oids=tuple(sorted((main, unseen)))
    )


@pytest.mark.parametrize("value", ["true", "Yes", "on", "1"])
def test_a_partial_clone(pushed: GitRepo, there: dict[str, str | None], value: str) -> None:
    assert not find_remote("origin", HOSTED, there).promises
    pushed.git("config", "remote.origin.promisor", value)
    pushed.git("config", "remote.origin.partialCloneFilter", "blob:none")
    assert find_remote("origin", HOSTED, there) == Remote("origin", KNOWN, promises=True)
    assert not find_remote("origin", ELSEWHERE, there).promises
    assert not find_remote("origin", HOSTED, {MAIN: None}).promises
    pushed.git("config", "remote.origin.promisor", "false")
    assert not find_remote("origin", HOSTED, there).promises


def test_another_place_by_now_promises_nothing(pushed: GitRepo, tmp_path: Path) -> None:
    pushed.git("config", "protocol.allow", "always")
    pushed.git("config", "remote.origin.promisor", "true")
    for server, promises in (
        (pushed.clone(tmp_path / "same.git", "--bare"), True),
        (GitRepo.init(tmp_path / "other.git", "--bare"), False),
    ):
        pushed.git("remote", "set-url", "origin", str(server.path))
        new = find_remote("origin", "", {"refs/heads/new": None})
        assert (new.name, new.promises) == ("origin", promises)


def test_without_a_url_git_says_where_it_would_push(
    pushed: GitRepo, there: dict[str, str | None]
) -> None:
    assert find_remote("origin", "", there).tracked == KNOWN
    assert find_remote("nowhere", "", there) == Remote(may_have_more=True)
    assert find_remote("", "", there) == Remote(may_have_more=True)
    pushed.git("remote", "set-url", "--push", "origin", HOSTED)
    pushed.git("remote", "set-url", "--push", "--add", "origin", ELSEWHERE)
    assert find_remote("origin", "", there) == Remote(may_have_more=True)
    assert ask_remote("origin", "") == Remote(may_have_more=True)


def test_odd_remotes(pushed: GitRepo, there: dict[str, str | None]) -> None:
    pushed.git("config", "remote.bare.promisor", "true")
    pushed.git("config", "remote.many.url", "one (fetch)")
    pushed.git("config", "--add", "remote.many.url", "other\tplace (push)")
    pushed.git("config", "remote.lines.url", f"first\norigin\t{ELSEWHERE} (fetch)")
    assert find_remote("many", "one (fetch)", there).name == "many"
    assert find_remote("many", "other\tplace (push)", there).name == ""
    assert find_remote("bare", "bare", there).name == ""


def test_what_git_really_hands_over_is_found(
    pushed: GitRepo, tmp_path: Path, there: dict[str, str | None]
) -> None:
    """Git tells its hook what `git remote -v` says, whatever rewrites the URL."""
    pushed.git("config", "protocol.allow", "always")
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
    assert find_remote("origin", told, there).tracked == KNOWN


@pytest.mark.parametrize(
    ("refspecs", "expected"),
    [
        ([], True),
        (["+refs/heads/*:refs/remotes/origin/*"], True),
        (["refs/heads/*:refs/remotes/origin/*"], True),
        (["+refs/*:refs/*"], True),
        (["+refs/heads/main:refs/remotes/origin/main"], False),
        (["+refs/heads/main:refs/remotes/origin/main", "+refs/heads/*:refs/mine/*"], True),
        (["+refs/heads/*:refs/remotes/origin/*", "^refs/heads/topic"], False),
        (["+refs/heads/release/*:refs/remotes/origin/release/*"], False),
    ],
)
def test_which_branches_are_fetched(repo: GitRepo, refspecs: list[str], *, expected: bool) -> None:
    repo.git("config", "remote.origin.url", HOSTED)
    for refspec in refspecs:
        repo.git("config", "--add", "remote.origin.fetch", refspec)
    layout = find_layout(repo.path)
    assert layout
    assert fetches_all_branches(layout) is expected
    repo.git("remote", "add", "-t", "main", "other", ELSEWHERE)
    assert fetches_all_branches(layout) is (expected and bool(refspecs))
