"""The feeds against the small GitHub, and what they tell followed with git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub import Change, Hub, HubRepository
from leakscan.crawl.feeds.events import scan_event
from leakscan.crawl.feeds.repositories import GRACE
from leakscan.crawl.feeds.sources import feeds_of
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import Anonymous, FixedToken
from leakscan.crawl.github.governor import Governor
from leakscan.detect import Detector
from leakscan.git.wire import Limits, Meter, Wire
from leakscan.push import PushKind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.push import scan_push
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.crawl.feeds.poll import Poll
    from leakscan.push import Push


@pytest.fixture
def github(hub: Hub) -> Iterator[GitHub]:
    asked = GitHub(hub.url, Governor([FixedToken("env:A", hub.token())], 8), lambda _: None)
    yield asked
    asked.close()


@pytest.fixture
def app(hub: Hub) -> HubRepository:
    return hub.repository("acme/app", organization=True)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(select_rules(load_rules(), ()))


def found_in_texts(poll: Poll, detector: Detector) -> set[str]:
    return {
        seen.match.secret.reveal()
        for event in poll.events
        for seen in scan_event(event, detector, Tally())
    }


def found_in_push(hub: Hub, push: Push, detector: Detector) -> set[str]:
    wire = Wire()
    try:
        sightings = scan_push(push, hub.git_url, wire, detector, Limits(depth=50), Tally(), Meter())
        return {seen.match.secret.reveal() for seen in sightings}
    finally:
        wire.close()


@pytest.mark.parametrize("source", ["events", "org:acme", "user:acme-member", "repo:acme/app"])
def test_every_feed_tells_of_pushes_and_of_what_people_wrote(
    hub: Hub,
    github: GitHub,
    app: HubRepository,
    detector: Detector,
    new_token: Callable[[], str],
    source: str,
) -> None:
    tokens = [new_token() for _ in range(13)]
    pushed = hub.push(app, Change({"a.txt": "a\n"}, "Begin"))
    happen = hub.happen(app)
    happen.issue(tokens[0], f"It fails with {tokens[1]}")
    happen.comment(tokens[2])
    happen.commit_comment(tokens[3], pushed.head)
    happen.pull_request()
    happen.review(tokens[4])
    happen.review_comment(tokens[5], f"@@ -0,0 +1 @@\n+{tokens[6]}")
    happen.release("v1", tokens[7], tokens[8], f"{tokens[9]}.tgz")
    happen.discussion(tokens[10], tokens[11])
    happen.wiki("Home", pushed.head, tokens[12])
    poll = feeds_of([source], github)[0].poll(None)
    assert found_in_texts(poll, detector) == set(tokens)
    assert (poll.malformed, poll.gap) == (0, False)
    kinds = {(event.push.kind, event.push.repository) for event in poll.events if event.push}
    assert kinds == {
        (PushKind.BRANCH, "acme/app"),
        (PushKind.PUSH, "acme/app"),
        (PushKind.PUSH, "acme/app.wiki"),
    }


def test_a_push_that_no_event_tells_of_is_found_in_the_list(
    hub: Hub, github: GitHub, app: HubRepository, detector: Detector, token: str
) -> None:
    hub.push(app, Change({"a.txt": token}, "Begin"), tell=False)
    events, listed = feeds_of(["org:acme"], github)
    assert events.poll(None).events == ()
    assert listed.poll(None).events == ()  # perhaps an event is on its way
    app.pushed_at = hub.moment(hub.now() - GRACE.total_seconds() - 1)
    (event,) = listed.poll(None).events
    assert event.push
    assert found_in_push(hub, event.push, detector) == {token}


def test_what_search_finds_is_followed_even_after_the_branch_has_moved_on(
    hub: Hub, github: GitHub, app: HubRepository, detector: Detector, token: str
) -> None:
    hub.push(app, Change({".env": f"REPLICATE_API_TOKEN={token}\n"}, "Begin"))
    (feed,) = feeds_of(["search"], github, ["REPLICATE_API_TOKEN filename:.env"])
    poll = feed.poll(None)
    assert found_in_texts(poll, detector) == {token}
    (event,) = poll.events
    hub.push(app, Change({".env": None, "b.txt": "b\n"}, "Go on"))
    assert event.push
    assert found_in_push(hub, event.push, detector) == {token}


def test_nobody_may_search_without_a_login(hub: Hub, app: HubRepository) -> None:
    hub.push(app, Change({"a.txt": "a\n"}, "Begin"))
    stranger = GitHub(hub.url, Governor([Anonymous()], 8), lambda _: None)
    (feed,) = feeds_of(["search"], stranger, ["word"])
    with pytest.raises(TroubleError) as caught:
        feed.poll(None)
    stranger.close()
    assert caught.value.trouble is Trouble.REFUSED


def test_a_repository_that_is_not_there(github: GitHub) -> None:
    (feed,) = feeds_of(["repo:nobody/app"], github)
    with pytest.raises(TroubleError) as caught:
        feed.poll(None)
    assert caught.value.trouble is Trouble.GONE
