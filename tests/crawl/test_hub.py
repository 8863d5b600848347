"""The small GitHub of the tests: it answers as GitHub describes, and as GitHub was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from hub import Change, Hub, HubRepository
from hub.description import problems

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).parents[2] / "fixtures/github"
RECORDED = json.loads((FIXTURES / "recorded-history.json").read_text())


# What is held against the description.


@pytest.mark.parametrize("name", RECORDED)
def test_real_answers_fit_the_description(name: str) -> None:
    real = RECORDED[name]
    assert problems(real["template"], "get", real["status"], real["body"]) == []


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("commit", lambda body: body.pop("sha")),
        ("commit", lambda body: body.update(parents="none")),
        ("commit", lambda body: body["files"][0].update(status="painted")),
        ("commit", lambda body: body.update(url="not a url")),
        ("comparison", lambda body: body.update(status="sideways")),
        ("comparison", lambda body: body["commits"][0]["commit"].pop("message")),
        ("repository", lambda body: body.update(default_branch=None)),
        ("repository", lambda body: body.update(pushed_at="yesterday")),
        ("tag", lambda body: body["verification"].update(payload=1)),
        ("rate limit", lambda body: body["rate"].update(reset="soon")),
    ],
)
def test_spoiled_answers_do_not(name: str, spoil: Callable[[dict[str, Any]], object]) -> None:
    real = json.loads(json.dumps(RECORDED[name]))
    spoil(real["body"])
    assert problems(real["template"], "get", real["status"], real["body"])


def test_payload_is_that_of_the_type(hub: Hub, hub_app: HubRepository) -> None:
    event = json.loads(json.dumps(hub.events[-1]))
    assert event["type"] == "PushEvent"
    assert sorted(event["payload"]) == ["before", "head", "push_id", "ref", "repository_id"]
    assert problems("/events", "get", 200, [event]) == []
    del event["payload"]["push_id"]
    assert problems("/events", "get", 200, [event]) == [
        "$[0].payload: 'push_id' is a required property"
    ]
    assert hub_app.full_name == event["repo"]["name"]


def test_unknown_paths_and_statuses_do_not_fit() -> None:
    assert problems("/emojis", "get", 200, {}) == ["get /emojis is not described"]
    assert problems("/events", "get", 204, None) == ["get /events never answers 204"]
    assert problems("/events", "get", 451, {"message": 1})
    assert problems("/events", "get", 304, {}) == ["304 has no body"]


def test_an_answer_that_does_not_fit_fails_the_test(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    hub.__enter__()
    made = hub.repository("ada/app")
    hub.tell("PushEvent", made, {"ref": "refs/heads/main"})
    url, headers = f"{hub.url}/events", {"authorization": f"token {hub.token()}"}
    assert requests.get(url, headers=headers, timeout=10).status_code == 599
    with pytest.raises(AssertionError, match="'push_id' is a required property"):
        hub.__exit__(None)


# Feeds.


def test_feeds_show_the_newest_first_on_three_pages(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    for _ in range(350):
        hub.happen(hub_app).star()
    pages = [get(f"/events?per_page=100&page={page}") for page in (1, 2, 3)]
    assert [len(page.json()) for page in pages] == [100] * 3
    ids = [int(event["id"]) for page in pages for event in page.json()]
    assert ids == sorted(ids, reverse=True)
    assert ids[0] == int(hub.events[-1]["id"])
    assert pages[0].headers["x-poll-interval"] == "60"
    assert 'page=2>; rel="next"' in pages[0].headers["link"]
    assert 'rel="next"' not in pages[2].headers["link"]
    assert get("/events?per_page=100&page=4").status_code == 422


def test_etag_costs_nothing_until_something_happens(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    first = get("/events")
    again = get("/events", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    hub.happen(hub_app).star()
    assert get("/events", if_none_match=first.headers["etag"]).status_code == 200


def test_every_kind_of_event_is_in_the_feeds_that_it_belongs_to(
    hub: Hub, get: Callable[..., requests.Response]
) -> None:
    made = hub.repository("acme/app", organization=True)
    pushed = hub.push(made, Change({"a": "1"}))
    hub.branch(made, "side")
    hub.tag(made, "v1")
    happen = hub.happen(made)
    happen.issue("It fails", "badly")
    happen.comment("so it does")
    happen.commit_comment("why?", pushed.head)
    happen.pull_request()
    happen.review("good")
    happen.review_comment("here")
    happen.release("v1", "First", "All of it", "app.tgz")
    happen.discussion("Hello", "world")
    happen.wiki("Home Page", pushed.head, "more")
    other = hub.repository("ada/other", private=True)
    hub.push(other, Change({"a": "1"}))
    hub.publish(other)
    shown = {event["type"] for event in get("/events?per_page=100").json()}
    expected = {
        "CommitCommentEvent",
        "CreateEvent",
        "DiscussionEvent",
        "GollumEvent",
        "IssueCommentEvent",
        "IssuesEvent",
        "PublicEvent",
        "PullRequestEvent",
        "PullRequestReviewCommentEvent",
        "PullRequestReviewEvent",
        "PushEvent",
        "ReleaseEvent",
    }
    assert shown == expected
    for path in ("/orgs/acme/events", "/repos/acme/app/events", "/users/acme-member/events/public"):
        listed = get(f"{path}?per_page=100").json()
        assert {event["type"] for event in listed} == expected - {"PublicEvent"}, path
    assert [e["type"] for e in get("/users/ada/events/public").json()] == ["PublicEvent"]


def test_feed_lags(hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]) -> None:
    hub.lag = 60
    assert get("/events").json() == []
    hub.ahead = 120
    assert {event["repo"]["name"] for event in get("/events").json()} == {hub_app.full_name}
