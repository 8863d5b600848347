"""Calls to GitHub's API: what its answers mean, where requests go, and what is never waited for."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import responses

from certificates import certificate
from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.client import USER_AGENT
from leakscan.crawl.github.credentials import Anonymous, Credential, FixedToken
from leakscan.crawl.github.governor import Governor
from leakscan.trouble import Trouble, TroubleError
from servers import Request, a_closed_port, a_json, dripping, running_socket, running_web

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

API = "https://api.github.com"
RECORDED = Path(__file__).parents[2] / "fixtures" / "github" / "recorded-answers.json"


@pytest.fixture
def said() -> list[str]:
    """Keep what the operator is told."""
    return []


@pytest.fixture
def ask(said: list[str]) -> Iterator[Callable[..., GitHub]]:
    """Make what asks a server; it is closed afterwards."""
    made: list[GitHub] = []

    def make(url: str = API, *credentials: Credential, **options: Any) -> GitHub:
        governor = Governor(credentials or [FixedToken("env:A", "secret-a")], 8)
        made.append(GitHub(url, governor, said.append, **options))
        return made[-1]

    yield make
    for github in made:
        github.close()


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(seconds: float) -> None:
        pytest.fail(f"slept for {seconds} s")

    for module in ("github.Requester", "urllib3.util.retry"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(sleep=refuse))


def recorded(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(RECORDED.read_text())[name]
    return answer


def limits(remaining: int, resource: str = "core", **more: str) -> dict[str, str]:
    return {
        "date": "Tue, 09 May 2023 08:03:55 GMT",
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": "1683620000",  # 18:40 minutes after that date
        "x-ratelimit-resource": resource,
        **more,
    }


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


def blocked(reason: str) -> dict[str, object]:
    return {"message": "Repository access blocked", "block": {"reason": reason}}


TOO_LARGE = {"message": "too big", "errors": [{"code": "too_large", "field": "data"}]}


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (404, {"message": "Not Found"}, Trouble.GONE),
        (410, {"message": "Gone"}, Trouble.GONE),
        (451, blocked("dmca"), Trouble.BLOCKED),
        (403, blocked("tos"), Trouble.BLOCKED),
        (409, {"message": "Git Repository is empty."}, Trouble.EMPTY),
        (409, {"message": "Conflict"}, Trouble.BUSY),
        (403, {"message": "Resource not accessible by integration"}, Trouble.REFUSED),
        (403, TOO_LARGE, Trouble.TOO_LARGE),
        (406, TOO_LARGE, Trouble.TOO_LARGE),
        (422, {"message": "No commit found for SHA: abc"}, Trouble.GONE),
        (422, {"message": "Validation Failed", "errors": [None]}, Trouble.REFUSED),
        (400, ["what"], Trouble.REFUSED),
        (418, {"message": 7}, Trouble.BROKEN),
        (202, {}, Trouble.BUSY),
        (500, {"message": "Server Error"}, Trouble.BUSY),
        (502, "<html>Unicorn!</html>", Trouble.BUSY),
        (200, "<html>Sign in</html>", Trouble.BROKEN),
        (200, '[{"id": 1}, {"id"', Trouble.BROKEN),
        (200, "[" * 100_000, Trouble.BROKEN),
        (200, "", Trouble.BROKEN),
    ],
)
@responses.activate
def test_every_refusal_has_its_meaning(
    ask: Callable[..., GitHub], status: int, body: object, trouble: Trouble
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    responses.get(f"{API}/x", body=text, status=status, headers=limits(4000))
    with pytest.raises(TroubleError) as caught:
        ask().get("/x")
    assert caught.value.trouble is trouble
    assert str(caught.value).startswith("/x: ")
    assert "\n" not in str(caught.value)
    assert len(responses.calls) == 1
    if trouble is Trouble.BUSY:
        assert caught.value.retry_after


@responses.activate
def test_a_recorded_refusal_without_a_reset(ask: Callable[..., GitHub]) -> None:
    real = recorded("not-found")
    responses.get(f"{API}/x", json=real["body"], status=404, headers=real["headers"])
    github = ask()
    with pytest.raises(TroubleError, match=r"404 \(Not Found\)"):
        github.get("/x")
    assert github.budget() == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("Tue, 09 May 2023 08:04:55 GMT", 60), ("soon", 10), ("²", 10), ("9" * 50, 86_400)],
)
@responses.activate
def test_a_server_that_is_down_says_when_to_come_back(
    ask: Callable[..., GitHub], text: str, seconds: float
) -> None:
    headers = limits(4000) | {"retry-after": text.encode().decode("latin-1")}
    responses.get(f"{API}/x", status=503, headers=headers)
    with pytest.raises(TroubleError) as caught:
        ask().get("/x")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("status", [403, 429])
@responses.activate
def test_a_spent_budget_is_told_at_once(ask: Callable[..., GitHub], status: int) -> None:
    responses.get(
        f"{API}/x",
        json={"message": "API rate limit exceeded for user ID 1."},
        status=status,
        headers=limits(0),
    )
    github = ask()
    with pytest.raises(TroubleError) as caught:
        github.get("/x")
    assert caught.value.trouble is Trouble.BUSY
    assert caught.value.retry_after == pytest.approx(1683620000 - 1683619435 + 1, abs=2)
    with pytest.raises(TroubleError):
        github.get("/x")
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (403, "You have exceeded a secondary rate limit.", {}, 60),
        (403, "You have triggered an abuse detection mechanism.", {}, 60),
        (403, "Slow down", {"retry-after": "120"}, 120),
        (429, "", {}, 60),
        (429, "", {"retry-after": "3"}, 3),
        (429, "<html>", {"x-ratelimit-remaining": "nothing"}, 60),
    ],
)
@responses.activate
def test_a_secondary_limit_is_told_at_once(
    ask: Callable[..., GitHub], status: int, message: str, headers: dict[str, str], seconds: float
) -> None:
    sent = limits(4000) | headers
    responses.get(f"{API}/x", json={"message": message}, status=status, headers=sent)
    github = ask()
    with pytest.raises(TroubleError) as caught:
        github.get("/x")
    assert caught.value.trouble is Trouble.BUSY
    assert caught.value.retry_after == pytest.approx(seconds, abs=1)
    assert len(responses.calls) == 1


def undated(remaining: int) -> dict[str, str]:
    """Give the limits without a date, which the server adds."""
    reset = {"x-ratelimit-reset": str(int(time.time()) + 3000)}
    return {name: text for name, text in limits(remaining).items() if name != "date"} | reset


def by_token(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def test_another_credential_takes_over_at_a_limit(ask: Callable[..., GitHub]) -> None:
    def reply(request: Request) -> Any:
        if by_token(request) == "first":
            return a_json({"message": "API rate limit exceeded"}, 403, **under(undated(0)))
        return a_json([by_token(request)])

    with running_web(reply) as web:
        github = ask(base(web.url), FixedToken("env:A", "first"), FixedToken("env:B", "second"))
        meter = ApiMeter()
        assert github.get("/events", meter=meter).body == ["second"]
        assert github.get("/events", meter=meter).body == ["second"]
        assert meter.requests == 3


def test_a_revoked_credential_is_named_once_and_the_others_go_on(
    ask: Callable[..., GitHub], said: list[str]
) -> None:
    def reply(request: Request) -> Any:
        if by_token(request) == "good":
            return a_json([])
        return a_json({"message": "Bad credentials"}, 401)

    with running_web(reply) as web:
        github = ask(base(web.url), FixedToken("env:BAD", "bad"), FixedToken("env:GOOD", "good"))
        threads = [threading.Thread(target=github.get, args=("/events",)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        github.get("/events")
    (message,) = said
    assert "env:BAD" in message
    assert "Bad credentials" in message
    assert "GOOD" not in message


@responses.activate
def test_when_no_credential_is_left_there_is_a_way_out(
    ask: Callable[..., GitHub], said: list[str]
) -> None:
    responses.get(f"{API}/x", json={"message": "Bad credentials"}, status=401)
    github = ask(API, FixedToken("env:A", "secret-a"), FixedToken("env:B", "secret-b"))
    for _ in range(2):
        with pytest.raises(TroubleError, match="env:A: Bad credentials; env:B: ") as caught:
            github.get("/x")
        assert caught.value.trouble is Trouble.REFUSED
        assert "github.credentials" in caught.value.remedy
        assert "secret" not in str(caught.value)
    assert len(said) == 2
    assert len(responses.calls) == 2


@responses.activate
def test_what_needs_a_login_does_not_put_nobody_aside(ask: Callable[..., GitHub]) -> None:
    responses.get(f"{API}/search/code", json={"message": "Requires authentication"}, status=401)
    responses.get(f"{API}/events", json=[])
    github = ask(API, Anonymous())
    with pytest.raises(TroubleError, match="Requires authentication") as caught:
        github.get("/search/code")
    assert caught.value.trouble is Trouble.REFUSED
    assert github.get("/events").body == []


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


def test_an_answer_without_end_is_given_up(ask: Callable[..., GitHub]) -> None:
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    with running_web(lambda _: (200, {"content-encoding": "gzip"}, bomb)) as web:
        github = ask(base(web.url))
        with pytest.raises(TroubleError) as caught:
            github.get("/x", longest=1_000_000)
        assert caught.value.trouble is Trouble.TOO_LARGE
        assert github.get("/x").body == []


def test_a_server_that_drips_is_given_up_in_time(ask: Callable[..., GitHub]) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
    sent: list[float] = []

    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(head)
        dripping(b" ")(connection)

    with running_socket(behave) as url:
        sent.append(time.monotonic())
        with pytest.raises(TroubleError) as caught:
            ask(base(url), timeout=1).get("/x")
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert "in time" in str(caught.value)
    assert time.monotonic() - sent[0] < 5


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n[1, 2]",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n[1, 2]\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\n[1,2]",
    ],
)
def test_an_answer_that_is_cut_off_is_none(ask: Callable[..., GitHub], answer: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)

    with running_socket(behave) as url:
        meter = ApiMeter()
        with pytest.raises(TroubleError) as caught:
            ask(base(url)).get("/x", meter=meter)
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert meter.requests == 1


def test_nobody_there(ask: Callable[..., GitHub]) -> None:
    github = ask(f"http://127.0.0.1:{a_closed_port()}")
    for _ in range(20):  # what comes to nothing is given back to the governor
        with pytest.raises(TroubleError, match=r"127\.0\.0\.1 cannot be reached: Connection") as no:
            github.get("/secret-path")
        assert no.value.trouble is Trouble.UNREACHABLE
        assert "secret" not in str(no.value)


def test_certificates_are_verified(
    ask: Callable[..., GitHub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    with running_web(lambda _: a_json([]), context) as web:
        github = ask(base(web.url))
        with pytest.raises(TroubleError, match="certificate cannot be trusted"):
            github.get("/events")
        assert web.requests == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        assert github.get("/events").body == []


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


def base(url: str) -> str:
    return url.removesuffix("/hook")


def under(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}
