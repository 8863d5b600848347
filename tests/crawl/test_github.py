"""Calls to GitHub's API: what is asked, where requests go, and who shares what."""

from __future__ import annotations

import gzip
import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
import responses
from asking_github import API, base, by_token, recorded, undated, under

from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.github.client import USER_AGENT
from leakscan.crawl.github.credentials import Anonymous, FixedToken
from leakscan.trouble import Trouble, TroubleError
from servers import Request, a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.crawl.github.calls import GitHub


@responses.activate
def test_an_answer_is_read_and_the_question_is_asked_as_github_wants_it(
    ask: Callable[..., GitHub],
) -> None:
    real = recorded("repository")
    responses.get(f"{API}/repos/a/b", json=real["body"], headers=real["headers"])
    meter = ApiMeter()
    github = ask()
    answer = github.get("/repos/a/b", {"per_page": 100}, meter=meter)
    assert (answer.status, answer.body["full_name"]) == (200, "PyGithub/PyGithub")
    assert answer.etag == real["headers"]["etag"]
    request = responses.calls[0].request
    assert request.url == f"{API}/repos/a/b?per_page=100"
    assert request.headers["user-agent"] == USER_AGENT
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["authorization"] == "Bearer secret-a"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert (meter.requests, meter.unchanged) == (1, 0)
    assert meter.received == len(json.dumps(real["body"]))
    (budget,) = github.budget()
    assert (budget.credential, budget.resource) == ("env:A", "core")
    assert (budget.remaining, budget.limit) == (55, 60)
    until_reset = 1683622021 - 1683619435
    assert until_reset - 5 < budget.resets_in <= until_reset + 1


def test_what_is_received_is_counted_as_it_came(ask: Callable[..., GitHub]) -> None:
    packed = gzip.compress(json.dumps([0] * 10_000).encode())
    with running_web(lambda _: (200, {"content-encoding": "gzip"}, packed)) as web:
        meter = ApiMeter()
        assert len(ask(base(web.url)).get("/x", meter=meter).body) == 10_000
    assert meter.received == len(packed)


@responses.activate
def test_what_has_not_changed_costs_nothing(ask: Callable[..., GitHub]) -> None:
    real = recorded("unchanged")
    responses.get(f"{API}/events", status=304, headers=real["headers"])
    meter = ApiMeter()
    answer = ask().get("/events", etag='"8600"', meter=meter)
    assert (answer.status, answer.body) == (304, None)
    assert responses.calls[0].request.headers["if-none-match"] == '"8600"'
    assert (meter.requests, meter.unchanged) == (0, 1)


@responses.activate
def test_nobody_sends_no_authorization(ask: Callable[..., GitHub]) -> None:
    responses.get(f"{API}/events", json=[])
    ask(API, Anonymous()).get("/events")
    assert "authorization" not in responses.calls[0].request.headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@responses.activate
def test_a_renamed_repository_is_followed(ask: Callable[..., GitHub], status: int) -> None:
    moved = {"location": f"{API}/repositories/7/compare/a...b"}
    responses.get(f"{API}/repos/old/name/compare/a...b", status=status, headers=moved)
    responses.get(f"{API}/repositories/7/compare/a...b", json={"files": []})
    meter = ApiMeter()
    answer = ask().get("/repos/old/name/compare/a...b", {"page": 2}, meter=meter)
    assert answer.body == {"files": []}
    assert meter.requests == 2
    assert [call.request.url for call in responses.calls] == [
        f"{API}/repos/old/name/compare/a...b?page=2",
        f"{API}/repositories/7/compare/a...b?page=2",
    ]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/repositories/7",
        "http://api.github.com/repositories/7",
        "https://api.github.com:8443/repositories/7",
        "https://api.github.com.evil.example/x",
        "https://me@api.github.com/x",
        "//evil.example/x",
        "http://[",
        None,
    ],
)
@pytest.mark.parametrize("status", [301, 307])
@responses.activate
def test_credentials_go_to_no_other_server(
    ask: Callable[..., GitHub], location: str | None, status: int
) -> None:
    headers = {"location": location} if location else {}
    responses.get(f"{API}/x", status=status, headers=headers)
    with pytest.raises(TroubleError) as caught:
        ask().get("/x")
    assert caught.value.trouble is Trouble.BROKEN
    assert len(responses.calls) == 1


@responses.activate
def test_redirects_in_a_circle_end(ask: Callable[..., GitHub]) -> None:
    responses.get(f"{API}/x", status=302, headers={"location": "/x"})
    with pytest.raises(TroubleError, match="without end"):
        ask().get("/x")
    assert len(responses.calls) == 6


@responses.activate
def test_an_enterprise_server_has_a_path_before_all_others(ask: Callable[..., GitHub]) -> None:
    api = "https://git.example.com/api/v3"
    moved = {"location": f"{api}/repositories/7"}
    responses.get(f"{api}/repos/a/b", status=301, headers=moved)
    responses.get(f"{api}/repositories/7", json={"id": 7})
    responses.get(f"{api}/private", status=302, headers={"location": "/login"})
    github = ask(f"{api}/")
    assert github.host == "git.example.com"
    assert github.get("/repos/a/b").body == {"id": 7}
    with pytest.raises(TroubleError, match="another server"):
        github.get("/private")


@pytest.mark.parametrize(
    ("api", "host"),
    [
        ("https://api.github.com", "github.com"),
        ("https://api.acme.ghe.com", "acme.ghe.com"),
        ("https://api.example.com/api/v3", "api.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
    ],
)
def test_the_site_has_a_name(ask: Callable[..., GitHub], api: str, host: str) -> None:
    assert ask(api).host == host


@responses.activate
def test_pages_are_followed_as_far_as_they_link(ask: Callable[..., GitHub]) -> None:
    def link(page: int) -> dict[str, str]:
        url = f"{API}/repositories/7/events?per_page=100&page="
        return {"link": f'<{url}{page}>; rel="next", <{url}3>; rel="last"'}

    responses.get(f"{API}/repos/a/b/events", json=[1], headers=link(2))
    second = f"{API}/repositories/7/events?page=2&per_page=100"
    responses.get(second, json=[2], headers=link(3), match_querystring=None)
    responses.get(f"{API}/repositories/7/events?page=3&per_page=100", json=[3])
    github = ask()
    assert [page.body for page in github.pages("/repos/a/b/events", most=5)] == [[1], [2], [3]]
    assert [page.body for page in github.pages("/repos/a/b/events", most=2)] == [[1], [2]]
    assert responses.calls[0].request.url == f"{API}/repos/a/b/events?per_page=100"


@responses.activate
def test_pages_that_link_elsewhere_or_to_themselves_end(ask: Callable[..., GitHub]) -> None:
    responses.get(f"{API}/x", json=[], headers={"link": '<https://evil.example/y>; rel="next"'})
    responses.get(f"{API}/z", json=[], headers={"link": f'<{API}/z?page=1>; rel="next"'})
    pages = ask().pages("/x", most=3)
    next(pages)
    with pytest.raises(TroubleError, match="another server"):
        next(pages)
    assert len(list(ask().pages("/z", most=100))) == 2


@responses.activate
def test_bytes_are_given_where_they_are_asked_for(ask: Callable[..., GitHub]) -> None:
    content = bytes(range(256))
    responses.get(f"{API}/blob", body=content)
    accept = "application/vnd.github.raw+json"
    assert ask().get("/blob", raw=True, accept=accept).body == content
    assert responses.calls[0].request.headers["accept"] == accept


@responses.activate
def test_a_whole_url_is_asked_only_if_it_is_the_servers(ask: Callable[..., GitHub]) -> None:
    responses.get(f"{API}/repositories/7", json={"id": 7})
    github = ask()
    assert github.get(f"{API}/repositories/7").body == {"id": 7}
    with pytest.raises(TroubleError, match="another server"):
        github.get("https://evil.example/repositories/7")
    assert len(responses.calls) == 1


def test_threads_share_it_and_connections_are_kept(ask: Callable[..., GitHub]) -> None:
    tokens = ("one", "two")
    left = dict.fromkeys(tokens, 5000)
    lock = threading.Lock()

    def reply(request: Request) -> Any:
        with lock:
            left[by_token(request)] -= 1
            remaining = left[by_token(request)]
        return a_json({"path": request.path}, **under(undated(remaining)))

    answers: list[Any] = []

    def work(name: int) -> None:
        for number in range(25):
            answers.append(github.get(f"/{name}/{number}").body["path"])  # noqa: PERF401

    with running_web(reply) as web:
        github = ask(base(web.url), *(FixedToken(token, token) for token in tokens))
        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(web.requests) == 100
    assert len(set(answers)) == 100
    assert abs(left["one"] - left["two"]) <= 8
    assert {budget.credential: budget.remaining for budget in github.budget()} == left


@responses.activate
def test_no_token_is_logged(ask: Callable[..., GitHub], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "github")
    responses.get(f"{API}/events", json=[])
    github = ask()
    github.get("/events")
    assert "secret-a" not in caplog.text
    assert "/events" in caplog.text  # or the test could not fail
