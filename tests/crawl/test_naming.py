"""Pushes to repositories that have another name by the time of the look."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from api_stage import LIMITS

from hub import Change, Fault, HubRepository, Pushed
from hub.backend import GitServer
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import Anonymous, FixedToken
from leakscan.crawl.github.governor import Governor
from leakscan.crawl.looks.follow import Followed, Means, follow
from leakscan.crawl.looks.naming import NamingReader, hidden_name
from leakscan.crawl.looks.readers import ApiReader, GitReader
from leakscan.crawl.pace import Pace
from leakscan.push import PushKind, PushState
from leakscan.rules import load_rules, select_rules
from leakscan.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_stage import Stage

    from leakscan.push import Push

ROOM = 4


def by_git(stage: Stage, github: GitHub) -> NamingReader:
    """Return the way of a watch that reads with git."""
    site, wire, pace = stage.hub.git_url, stage.wire, Pace(ROOM)
    return NamingReader(GitReader(site, wire, lambda: stage.detector, LIMITS, 0, pace), github)


def looked(stage: Stage, push: Push, github: GitHub | None = None, via: str = "git") -> Followed:
    """Look at a push with git, or also through the API where git refuses."""
    github = github or stage.github
    site, rules = stage.hub.git_url, select_rules(load_rules(), ())
    readers = (
        by_git(stage, github),
        ApiReader(site, github, lambda: stage.detector, LIMITS, Pace(ROOM)),
    )
    means = Means(readers if via == "auto" else readers[:1], rules, bytes(32), site)
    return follow(push, means.reader, means)


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
    assert followed.result
    (finding,) = followed.result.findings
    (place,) = finding.locations
    page = f"{stage.hub.git_url}/bob/better"
    assert (finding.secret.reveal(), place.repository, place.commit) == (token, page, leak.head)
    assert place.url == f"{page}/blob/{leak.head}/k.txt#L1"


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


@pytest.mark.parametrize("how", ["ref", "wiki", "number"])
def test_what_is_not_worth_a_call_or_has_no_number_is_not_asked_about(
    stage: Stage, app: HubRepository, leak: Push, how: str
) -> None:
    take_over(stage, app)
    created = stage.created(app, PushKind.BRANCH, "refs/heads/topic")
    push = {
        "ref": replace(created, repository="ada/app"),
        "wiki": replace(leak, repository="ada/app.wiki", repository_id=0),
        "number": replace(leak, repository_id=0),
    }[how]
    look = looked(stage, push).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.GONE)
    assert stage.hub.requests == []


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


def test_an_api_that_fails_does_not_slow_git_down(
    stage: Stage, app: HubRepository, leak: Push
) -> None:
    take_over(stage, app)
    with asking(stage, stage.hub.token(core=0)) as github:
        reader = by_git(stage, github)
        means = Means((reader,), (), bytes(32), stage.hub.git_url)
        for _ in range(10):
            assert follow(leak, reader, means).look.state is PushState.FAILED
    assert (reader.pace.limit, reader.pace.rest) == (ROOM, 0)


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
