"""Pushes to repositories that have another name by the time of the look."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from api_stage import LIMITS

from hub import Change, Fault, HubRepository, Pushed
from hub.backend import GitServer
from hub.git_faults import GitFault
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import Anonymous, FixedToken
from leakscan.crawl.github.governor import Governor
from leakscan.crawl.looks.follow import Followed, Means, follow
from leakscan.crawl.looks.hidden import hidden_name
from leakscan.crawl.looks.naming import NamingReader
from leakscan.crawl.looks.readers import ApiReader, GitReader
from leakscan.crawl.pace import CLOSED_AFTER, Pace
from leakscan.push import PushKind, PushState
from leakscan.rules import load_rules, select_rules
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_stage import Stage

    from leakscan.push import Push

ROOM = 4


def ways(stage: Stage, github: GitHub | None = None, via: str = "auto") -> Means:
    """Return what a watch has that reads with git, through the API, or with git first."""
    github = github or stage.github
    site, rules = stage.hub.git_url, select_rules(load_rules(), ())
    git = GitReader(site, stage.wire, lambda: stage.detector, LIMITS, 0, Pace(ROOM))
    by_git = NamingReader(git, github)
    by_api = ApiReader(site, github, lambda: stage.detector, LIMITS, Pace(ROOM))
    readers = {"git": (by_git,), "api": (by_api,), "auto": (by_git, by_api)}[via]
    return Means(readers, rules, bytes(32), site)


def looked(stage: Stage, push: Push, github: GitHub | None = None, via: str = "git") -> Followed:
    """Look at a push in the way of a watch."""
    means = ways(stage, github, via)
    return follow(push, means.reader, means)


def leaks_in(stage: Stage, app: HubRepository, token: str) -> list[Push]:
    """Push a token so often that a server is closed which gives none of these pushes."""
    changes = (Change({f"k{number}.txt": f"{token}\n"}) for number in range(CLOSED_AFTER))
    return [stage.event(app, stage.hub.push(app, change)) for change in changes]


@contextlib.contextmanager
def asking(stage: Stage, token: str | None) -> Iterator[GitHub]:
    """Ask the small GitHub with another token, or without any."""
    credential = Anonymous() if token is None else FixedToken("env:B", token)
    github = GitHub(stage.hub.url, Governor([credential], 8), pytest.fail)
    yield github
    github.close()


@pytest.fixture
def leak(stage: Stage, app: HubRepository, token: str) -> Push:
    """Push a token to ``ada/app``."""
    return stage.event(app, stage.hub.push(app, Change({"k.txt": f"{token}\n"})))


def take_over(stage: Stage, app: HubRepository, how: str = "other commits") -> None:
    """Rename the repository, and let another one take its name."""
    stage.hub.rename(app, "bob/better")
    taker = stage.hub.repository("ada/app")
    if how != "empty":
        stage.hub.push(taker, Change({"README.md": "Mine now.\n"}))
    if how == "private":
        stage.hub.make_private(taker)
    if how == "deleted":
        stage.hub.delete(taker)


def assert_found_in_its_place(stage: Stage, followed: Followed, leak: Push, token: str) -> None:
    """Hold what was found against the name that the repository has now."""
    assert followed.result
    (finding,) = followed.result.findings
    (place,) = finding.locations
    page = f"{stage.hub.git_url}/bob/better"
    assert (finding.secret.reveal(), place.repository, place.commit) == (token, page, leak.head)
    assert place.url == f"{page}/blob/{leak.head}/k.txt#L1"


@pytest.mark.parametrize("how", ["other commits", "empty", "private", "deleted"])
@pytest.mark.parametrize("via", ["git", "auto"])
def test_name_that_another_took_is_asked_for_once(
    stage: Stage, app: HubRepository, leak: Push, token: str, how: str, via: str
) -> None:
    take_over(stage, app, how)
    followed = looked(stage, leak, via=via)
    look = followed.look
    assert (look.state, look.trouble, look.via) == (PushState.SCANNED, None, "git")
    assert (look.git_requests, look.api_requests) == (2, 1)
    assert [request.path for request in stage.hub.requests] == [f"/repositories/{app.id}"]
    assert_found_in_its_place(stage, followed, leak, token)


def test_api_tells_the_name_without_being_asked_for_it(
    stage: Stage, app: HubRepository, leak: Push, token: str
) -> None:
    take_over(stage, app)
    followed = looked(stage, leak, via="api")
    assert (followed.look.state, followed.look.via) == (PushState.SCANNED, "api")
    assert (followed.look.git_requests, followed.look.api_requests) == (0, 1)
    assert_found_in_its_place(stage, followed, leak, token)


def test_what_is_read_by_its_number_is_named_though_the_name_could_not_be_asked_for(
    stage: Stage, app: HubRepository, leak: Push, token: str
) -> None:
    take_over(stage, app)
    stage.hub.fault(Fault("^/repositories/[0-9]+$", status=502))
    followed = looked(stage, leak, via="auto")
    assert (followed.look.state, followed.look.via) == (PushState.SCANNED, "api")
    assert_found_in_its_place(stage, followed, leak, token)


def test_name_that_is_free_costs_no_call(stage: Stage, app: HubRepository, leak: Push) -> None:
    stage.hub.rename(app, "bob/better")
    followed = looked(stage, leak)
    assert followed.result
    (place,) = followed.result.findings[0].locations
    page = f"{stage.hub.git_url}/bob/better"
    assert (place.repository, place.url) == (page, f"{page}/blob/{leak.head}/k.txt#L1")
    assert (followed.look.api_requests, stage.hub.requests) == (0, [])


def test_redirect_to_another_site_gives_no_name(
    stage: Stage, app: HubRepository, leak: Push
) -> None:
    with GitServer(stage.hub.root) as other:
        stage.hub.git_server.moved[f"/{app.full_name}.git"] = f"{other.url}/{app.full_name}.git"
        followed = looked(stage, leak)
    assert followed.result
    (place,) = followed.result.findings[0].locations
    assert place.repository == f"{stage.hub.git_url}/{app.full_name}"


def test_commit_that_is_gone_costs_one_call(stage: Stage, app: HubRepository, leak: Push) -> None:
    app.name = "App"  # which is the same name to GitHub
    look = looked(stage, replace(leak, head="1" * 40)).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.GONE)
    assert (look.git_requests, look.api_requests) == (1, 1)
    assert "no longer there" in str(look.why)


@pytest.mark.parametrize("via", ["git", "auto"])
def test_repository_that_is_gone_costs_one_call(
    stage: Stage, app: HubRepository, leak: Push, via: str
) -> None:
    stage.hub.delete(app)
    look = looked(stage, leak, via=via).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.GONE)
    assert (look.git_requests, look.api_requests) == (1, 1)


def test_push_that_was_followed_in_vain_is_not_followed_on(
    stage: Stage, app: HubRepository, leak: Push
) -> None:
    take_over(stage, app)
    look = looked(stage, replace(leak, head="1" * 40)).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.GONE)
    assert (look.git_requests, look.api_requests) == (2, 1)
    assert "bob/better" in str(look.why)


def test_repository_that_git_alone_refuses_is_read_through_the_api(
    stage: Stage, app: HubRepository, leak: Push
) -> None:
    stage.hub.delete(stage.hub.repository("ada/other"))
    fault = stage.hub.git_server.faults[0]
    fault.pattern = f" /{app.full_name}.git/"  # as where git wants a password
    followed = looked(stage, leak, via="auto")
    assert (followed.look.state, followed.look.via) == (PushState.SCANNED, "api")
    assert followed.result


def test_a_tag_that_is_gone_is_looked_for_where_its_repository_is_now(
    stage: Stage, app: HubRepository, token: str
) -> None:
    leak = stage.hub.push(app, Change({"k.txt": f"{token}\n"}), branch="topic")
    stage.hub.tag(app, "topic", at=leak.head)
    app.git.git("update-ref", "-d", "refs/heads/topic")
    created = stage.created(app, PushKind.TAG, "refs/tags/topic")
    take_over(stage, app)
    followed = looked(stage, created)
    assert (followed.look.state, followed.look.api_requests) == (PushState.SCANNED, 1)
    assert_found_in_its_place(stage, followed, replace(created, head=leak.head), token)


def test_a_branch_that_is_gone_is_worth_no_call(stage: Stage, app: HubRepository) -> None:
    """A push tells of its commits as well."""
    stage.hub.push(app, Change({"k.txt": "k\n"}), branch="topic")
    created = stage.created(app, PushKind.BRANCH, "refs/heads/topic")
    take_over(stage, app)
    look = looked(stage, created).look
    assert (look.trouble, look.api_requests) == (Trouble.GONE, 0)


@pytest.mark.parametrize("name", ["ada/app", "ada/app.wiki"])
def test_what_has_no_number_is_not_asked_about(
    stage: Stage, app: HubRepository, leak: Push, name: str
) -> None:
    take_over(stage, app)
    look = looked(stage, replace(leak, repository=name, repository_id=0)).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.GONE)
    assert stage.hub.requests == []


def published(stage: Stage, app: HubRepository) -> Push:
    """Say that a repository was made public, under the name that it has had."""
    return replace(stage.created(app, PushKind.PUBLIC, ""), repository="ada/app")


@pytest.mark.parametrize("how", ["same name", "other commits", "deleted"])
def test_repository_that_was_made_public_is_found_by_its_number(
    stage: Stage, app: HubRepository, leak: Push, token: str, how: str
) -> None:
    if how != "same name":
        take_over(stage, app, how)
    followed = looked(stage, published(stage, app))
    look = followed.look
    assert (look.state, look.trouble, look.api_requests) == (PushState.SCANNED, None, 1)
    assert followed.result
    if how != "same name":
        assert_found_in_its_place(stage, followed, leak, token)


@pytest.mark.parametrize("how", ["nobody asks", "refused"])
def test_repository_that_was_made_public_is_read_by_its_name_if_none_is_told(
    stage: Stage, app: HubRepository, how: str
) -> None:
    stage.hub.fault(Fault("^/repositories/", status=403, body={"message": "Forbidden by SAML"}))
    with asking(stage, None) as nobody:
        github = nobody if how == "nobody asks" else stage.github
        look = looked(stage, published(stage, app), github).look
    assert (look.state, look.via) == (PushState.SCANNED, "git")
    assert len(stage.hub.requests) == (0 if how == "nobody asks" else 1)


@pytest.mark.parametrize("via", ["git", "auto"])
def test_repository_that_was_made_public_waits_for_its_name(
    stage: Stage, app: HubRepository, via: str
) -> None:
    with asking(stage, stage.hub.token(core=0)) as github:
        look = looked(stage, published(stage, app), github, via).look
    assert (look.state, look.git_requests) == (PushState.FAILED, 0)


def test_repository_that_is_public_again_is_no_longer_taken_for_gone(
    stage: Stage, app: HubRepository, leak: Push
) -> None:
    means = ways(stage, via="git")
    stage.hub.make_private(app)
    for _ in range(2):
        assert follow(leak, means.reader, means).look.trouble is Trouble.GONE
    assert len(stage.hub.requests) == 1
    stage.hub.publish(app)
    assert follow(published(stage, app), means.reader, means).result
    assert len(stage.hub.requests) == 2


@pytest.mark.parametrize("how", ["other commits", "private"])
def test_without_a_credential_the_name_is_not_asked_for(
    stage: Stage, app: HubRepository, leak: Push, how: str
) -> None:
    take_over(stage, app, how)
    with asking(stage, None) as github:
        look = looked(stage, leak, github).look
    assert look.state is PushState.SKIPPED
    assert look.trouble is (Trouble.REFUSED if how == "private" else Trouble.GONE)
    assert stage.hub.requests == []


@pytest.mark.parametrize("via", ["git", "auto"])
def test_an_api_at_its_limit_leaves_the_push_for_later(
    stage: Stage, app: HubRepository, leak: Push, via: str
) -> None:
    take_over(stage, app)
    spent, fresh = stage.hub.token(core=0), stage.hub.token()
    with asking(stage, spent) as github:
        look = looked(stage, leak, github, via).look
    assert look.state is PushState.FAILED
    assert look.trouble is (Trouble.BUSY if via == "auto" else Trouble.BROKEN)
    assert look.retry_after
    with asking(stage, fresh) as github:
        assert looked(stage, leak, github, via).result


@pytest.mark.parametrize("via", ["git", "auto"])
def test_an_api_that_fails_does_not_slow_git_down(
    stage: Stage, app: HubRepository, leak: Push, via: str
) -> None:
    take_over(stage, app)
    with asking(stage, stage.hub.token(core=0)) as github:
        means = ways(stage, github, via)
        git = means.readers[0].pace
        for _ in range(10):
            assert follow(leak, means.readers[0], means).look.state is PushState.FAILED
    assert (git.limit, git.rest, git.closed, git.outage) == (ROOM, 0, 0, None)


def test_an_api_that_does_not_tell_names_does_not_close_git(
    stage: Stage, app: HubRepository, token: str
) -> None:
    leaks = leaks_in(stage, app, token)
    take_over(stage, app)
    stage.hub.fault(Fault("^/repositories/[0-9]+$", status=502, times=None))
    means = ways(stage)
    for leak in leaks:
        assert follow(leak, means.reader, means).look.via == "api"
    assert (means.reader.via, means.reader.pace.outage) == ("git", None)


def test_git_that_refuses_all_is_passed_over_though_much_of_it_is_gone(
    stage: Stage, app: HubRepository, token: str
) -> None:
    leaks = leaks_in(stage, app, token)
    gone = replace(leaks[0], repository="ada/gone", repository_id=app.id + 10_000)
    stage.hub.git_server.faults.append(GitFault(status=401))
    means = ways(stage)
    for leak in leaks:
        assert means.reader.via == "git"
        assert follow(gone, means.reader, means).look.trouble is Trouble.GONE
        assert follow(leak, means.reader, means).look.via == "api"
    assert means.reader.via == "api"
    assert means.readers[0].pace.outage


def test_an_api_that_refuses_to_tell_is_not_asked_again(
    stage: Stage, app: HubRepository, leak: Push
) -> None:
    take_over(stage, app)
    stage.hub.fault(Fault("^/repositories/", status=403, body={"message": "Forbidden by SAML"}))
    look = looked(stage, leak).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.REFUSED)
    assert "SAML" in str(look.why)


def test_hidden_name_is_asked_for_once(stage: Stage, app: HubRepository, token: str) -> None:
    stage.hub.rename(app, f"ada/{token}")
    push = stage.event(app, Pushed("refs/heads/main", "2" * 40, "1" * 40, ()))
    hidden = hidden_name(push.repository, lambda name: name.replace(token, "r8_..."))
    assert token not in hidden
    look = looked(stage, replace(push, repository=hidden)).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.GONE)
    assert (look.git_requests, look.api_requests) == (1, 1)
