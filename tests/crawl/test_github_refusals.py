"""What the refusals of GitHub's API mean, and that its limits are never waited for."""

from __future__ import annotations

import json
import secrets
import threading
from typing import TYPE_CHECKING, Any

import pytest
import responses
from asking_github import API, base, by_token, limits, private, recorded, undated, under

from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.github.credentials import (
    Anonymous,
    FixedToken,
    Refused,
    TokenFile,
    open_token,
)
from leakscan.trouble import Trouble, TroubleError
from servers import Request, a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leakscan.crawl.github.calls import GitHub


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
        (403, "<html>Denied by the proxy</html>", Trouble.BARRED),
        (407, "", Trouble.BARRED),
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
        remedy = "set it to a new token and start again"
        assert github.refused == (Refused("env:BAD", "Bad credentials", remedy),)
    assert said == [f"GitHub refuses env:BAD (Bad credentials): {remedy}"]


def test_a_token_that_is_replaced_after_it_was_refused_is_used(
    ask: Callable[..., GitHub], said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that leaked is revoked first."""
    monkeypatch.setattr("leakscan.crawl.github.calls.REREAD", 0.0)

    def reply(request: Request) -> Any:
        return a_json([]) if by_token(request) == "good" else a_json({"message": "Bad"}, 401)

    path = private(tmp_path / "token", "bad")
    with running_web(reply) as web:
        github = ask(base(web.url), open_token(TokenFile(path), {}))
        for _ in range(2):
            with pytest.raises(TroubleError) as caught:
                github.get("/events")
            assert caught.value.trouble is Trouble.BARRED
            assert caught.value.remedy == "put a new token there"
        (refused,) = github.refused
        assert (refused.credential, refused.why) == (f"file:{path}", "Bad")
        private(path, "good")
        assert github.get("/events").body == []
        assert github.refused == ()
    assert said == [
        f"GitHub refuses file:{path} (Bad): put a new token there; until then it is not used",
        f"file:{path} has been replaced: it is used again",
    ]


def test_a_new_token_that_cannot_be_used_is_told_once(
    ask: Callable[..., GitHub], said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.github.calls.REREAD", 0.0)

    def reply(request: Request) -> Any:
        return a_json([]) if by_token(request) == "good" else a_json({"message": "Bad"}, 401)

    path = private(tmp_path / "token", "bad")
    with running_web(reply) as web:
        github = ask(base(web.url), open_token(TokenFile(path), {}))
        with pytest.raises(TroubleError):
            github.get("/events")
        path.write_text("good")
        path.chmod(0o644)
        for _ in range(2):
            with pytest.raises(TroubleError):
                github.get("/events")
        path.chmod(0o600)
        assert github.get("/events").body == []
    assert said[1:] == [
        f"{path}: others than its owner may use it: chmod 600 {path}",
        f"file:{path} has been replaced: it is used again",
    ]


@responses.activate
def test_when_no_credential_is_left_there_is_a_way_out(
    ask: Callable[..., GitHub], said: list[str]
) -> None:
    responses.get(f"{API}/x", json={"message": "Bad credentials"}, status=401)
    github = ask(API, FixedToken("env:A", "secret-a"), FixedToken("env:B", "secret-b"))
    for _ in range(2):
        with pytest.raises(TroubleError, match="env:A: Bad credentials; env:B: ") as caught:
            github.get("/x")
        assert caught.value.trouble is Trouble.BARRED
        assert caught.value.remedy == "set it to a new token and start again"
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


@pytest.mark.parametrize("status", [401, 403, 422, 500])
def test_a_server_that_repeats_our_credential_is_not_repeated(
    ask: Callable[..., GitHub], said: list[str], status: int
) -> None:
    def reply(request: Request) -> Any:
        sent = request.headers.get("authorization", "")
        return a_json({"message": f"{'x' * 150} you sent {sent} and {by_token(request)}"}, status)

    token = secrets.token_hex(20)
    with running_web(reply) as web:
        github = ask(base(web.url), FixedToken("env:A", token))
        with pytest.raises(TroubleError) as caught:
            github.get("/x")
    told = " ".join([str(caught.value), caught.value.remedy, *said])
    assert "you sent Bearer ... and ..." in told
    assert token[:8] not in told
