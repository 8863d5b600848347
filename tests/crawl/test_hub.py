"""The small GitHub of the tests: it answers as GitHub describes, and as GitHub was recorded."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hub import Change, Fault, Hub, HubRepository
from hub.description import problems
from hub.diffs import changed_files
from leakscan.crawl.github.app import InstallationToken
from leakscan.crawl.github.credentials import AppInstallation, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PEM = Encoding.PEM
FIXTURES = Path(__file__).parents[2] / "fixtures/github"
RECORDED = json.loads((FIXTURES / "recorded-history.json").read_text())


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def app(hub: Hub) -> HubRepository:
    made = hub.repository("ada/app")
    hub.push(made, Change({"a.txt": "one\ntwo\n"}, "Begin"))
    return made


@pytest.fixture
def get(hub: Hub) -> Callable[..., requests.Response]:
    first = hub.token()

    def ask(path: str, token: str = first, **headers: str) -> requests.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        url = path if path.startswith("http") else hub.url + path
        return requests.get(url, headers=sent, timeout=10, allow_redirects=False)

    return ask


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


def test_payload_is_that_of_the_type(hub: Hub, app: HubRepository) -> None:
    event = json.loads(json.dumps(hub.events[-1]))
    assert event["type"] == "PushEvent"
    assert sorted(event["payload"]) == ["before", "head", "push_id", "ref", "repository_id"]
    assert problems("/events", "get", 200, [event]) == []
    del event["payload"]["push_id"]
    assert problems("/events", "get", 200, [event]) == [
        "$[0].payload: 'push_id' is a required property"
    ]
    assert app.full_name == event["repo"]["name"]


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
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    for _ in range(350):
        hub.happen(app).star()
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
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    first = get("/events")
    again = get("/events", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    hub.happen(app).star()
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


def test_feed_lags(hub: Hub, app: HubRepository, get: Callable[..., requests.Response]) -> None:
    hub.lag = 60
    assert get("/events").json() == []
    hub.ahead = 120
    assert {event["repo"]["name"] for event in get("/events").json()} == {app.full_name}


# Repositories.


def test_comparison_is_what_git_says(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    pushed = hub.push(
        app,
        Change({"a.txt": "one\ntwo\nthree\n", "gone": "x\n"}),
        Change({"gone": None, "b/ü.bin": b"\0\1", "empty": ""}, links={"link": "a.txt"}),
    )
    shown = get(f"/repos/ada/app/compare/{pushed.before}...{pushed.head}").json()
    assert [commit["sha"] for commit in shown["commits"]] == list(pushed.commits)
    assert shown["status"] == "ahead"
    assert [(f["filename"], f["status"], f.get("patch")) for f in shown["files"]] == [
        ("a.txt", "modified", "@@ -1,2 +1,3 @@\n one\n two\n+three"),
        ("b/ü.bin", "added", None),
        ("empty", "added", None),
        ("link", "added", "@@ -0,0 +1 @@\n+a.txt\n\\ No newline at end of file"),
    ]
    back = get(f"/repos/ada/app/compare/{pushed.head}...{pushed.before}").json()
    assert (back["status"], back["total_commits"], back["files"]) == ("behind", 0, [])
    assert get(f"/repos/ada/app/compare/{'1' * 40}...main").status_code == 404


def test_comparison_has_files_on_its_first_page_only(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    pushed = hub.push(app, *(Change({f"f{n}": str(n)}) for n in range(320)))
    path = f"/repos/ada/app/compare/{pushed.before}...{pushed.head}"
    whole = get(path).json()
    assert (len(whole["commits"]), len(whole["files"])) == (250, 300)
    assert whole["commits"][-1]["sha"] == pushed.head
    second = get(f"{path}?per_page=100&page=2")
    assert "files" not in second.json()
    assert second.json()["commits"][0]["sha"] == pushed.commits[100]
    assert f"/repositories/{app.id}/compare/" in second.headers["link"]


def test_rename_with_and_without_a_change(hub: Hub, app: HubRepository) -> None:
    lines = "".join(f"{n}\n" for n in range(50))
    hub.push(app, Change({"old": lines, "same": f"x{lines}"}))
    change = Change({"old": None, "new": lines + "50\n", "same": None, "sane": f"x{lines}"})
    pushed = hub.push(app, change)
    files = changed_files(app, hub.site, pushed.before, pushed.head)
    shown = [(f["filename"], f["previous_filename"], f["status"], f["changes"]) for f in files]
    assert shown == [("new", "old", "renamed", 1), ("sane", "same", "renamed", 0)]
    assert "patch" not in files[1]


def test_refs_tags_and_blobs(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    hub.tag(app, "v1", message="First\n\nrelease")
    reference = get("/repos/ada/app/git/ref/tags/v1").json()
    assert (reference["ref"], reference["object"]["type"]) == ("refs/tags/v1", "tag")
    tag = get(reference["object"]["url"]).json()
    assert (tag["message"], tag["object"]["sha"]) == ("First\n\nrelease\n", app.object_at("main"))
    names = [ref["ref"] for ref in get("/repos/ada/app/git/matching-refs/tags").json()]
    assert names == ["refs/tags/v1"]
    blob = get(f"/repos/ada/app/git/blobs/{app.git.tip('main:a.txt')}").json()
    assert (blob["content"], blob["size"]) == ("b25lCnR3bwo=\n", 8)
    assert get("/repos/ada/app/git/ref/heads/none").status_code == 404
    assert [branch["name"] for branch in get("/repos/ada/app/branches").json()] == ["main"]


def test_repositories_that_cannot_be_read(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    empty = hub.repository("ada/empty")
    assert get("/repos/ada/empty/commits").json()["message"] == "Git Repository is empty."
    assert get(f"/repositories/{empty.id}/commits/main").status_code == 409
    hub.block(empty, "tos")
    assert get("/repos/ada/empty").json()["block"]["reason"] == "tos"
    hub.delete(app)
    assert get("/repos/ada/app").status_code == 404
    assert any(event["repo"]["id"] == app.id for event in get("/events").json())


def test_renamed_repository_is_found_by_its_old_name(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response], tmp_path: Path
) -> None:
    hub.rename(app, "ada/better")
    moved = get("/repos/ada/app/commits?per_page=1")
    assert moved.status_code == 301
    assert moved.headers["location"] == f"{hub.url}/repositories/{app.id}/commits?per_page=1"
    assert len(get(moved.headers["location"]).json()) == 1
    clone = ["git", "clone", "-q", f"{hub.git_url}/ada/app.git", str(tmp_path / "clone")]
    subprocess.run(clone, check=True)
    assert (tmp_path / "clone/a.txt").exists()


def test_repositories_of_an_account(hub: Hub, get: Callable[..., requests.Response]) -> None:
    for name in ("acme/one", "acme/two"):
        hub.repository(name, organization=True)
    first = hub.find("acme/one")
    assert first
    hub.push(first, Change({"a": "1"}))
    listed = get("/orgs/acme/repos?sort=pushed&per_page=1")
    assert [repository["name"] for repository in listed.json()] == ["one"]
    assert 'rel="next"' in listed.headers["link"]
    assert get("/users/acme/repos").status_code == 404


def test_code_search(hub: Hub, app: HubRepository, get: Callable[..., requests.Response]) -> None:
    hub.push(app, Change({"x/.env": "A=1\nREPLICATE_API_TOKEN=abc\n", "b.txt": "REPLICATE"}))
    path = "/search/code?q=replicate_api_token+filename:.env"
    (item,) = get(path, accept="application/vnd.github.text-match+json").json()["items"]
    assert (item["path"], item["repository"]["full_name"]) == ("x/.env", "ada/app")
    (match,) = item["text_matches"]
    (begin, end), fragment = match["matches"][0]["indices"], match["fragment"]
    assert fragment[begin:end] == "REPLICATE_API_TOKEN"
    assert "text_matches" not in get(path).json()["items"][0]
    assert get(path).headers["x-ratelimit-resource"] == "code_search"
    assert get("/search/code?q=filename:.env").status_code == 422
    anonymous = get(path, token="")
    assert anonymous.status_code in (401, 403)


def test_wiki_is_served_by_git_alone(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    pushed = hub.write_wiki(app, "Home", "Hello", "Say hello")
    (event,) = get("/events?per_page=1").json()
    assert event["payload"]["pages"][0]["sha"] == pushed.head
    assert get("/repos/ada/app.wiki").status_code == 404
    url = f"{hub.git_url}/ada/app.wiki.git/info/refs?service=git-upload-pack"
    assert requests.get(url, timeout=10).status_code == 200


def test_app_is_given_a_token_for_what_it_signs(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response], tmp_path: Path
) -> None:
    for number in (1, 2):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        file = tmp_path / f"{number}.pem"
        file.touch(0o600)
        file.write_bytes(key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo)
    hub.app(12, 34, public.decode())
    token = InstallationToken(AppInstallation(12, 34, tmp_path / "2.pem"), hub.url, 10).token()
    shown = get(f"/repos/{app.full_name}", token)
    assert (shown.status_code, shown.headers["x-ratelimit-limit"]) == (200, "15000")
    for installation in (
        AppInstallation(12, 34, tmp_path / "1.pem"),
        AppInstallation(12, 35, tmp_path / "2.pem"),
        AppInstallation(13, 34, tmp_path / "2.pem"),
    ):
        with pytest.raises(RefusedError):
            InstallationToken(installation, hub.url, 10).token()


# Limits and faults.


def test_primary_limit_and_its_end(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    token = hub.token(core=2)
    assert [get("/repos/ada/app", token).status_code for _ in range(3)] == [200, 200, 403]
    refused = get("/repos/ada/app", token)
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert "API rate limit exceeded" in refused.json()["message"]
    assert get("/rate_limit", token).json()["rate"]["remaining"] == 0
    hub.limits.access[token].refuses_with = 429
    assert get("/repos/ada/app", token).status_code == 429
    hub.ahead = 3601
    assert get("/repos/ada/app", token).status_code == 200
    assert app.full_name == "ada/app"


def test_tokens(hub: Hub, app: HubRepository, get: Callable[..., requests.Response]) -> None:
    token = hub.token()
    assert get("/repos/ada/app", token).status_code == 200
    hub.revoke(token)
    assert get("/repos/ada/app", token).json()["message"] == "Bad credentials"
    assert get("/repos/ada/app", "unknown").status_code == 401
    assert get("/repos/ada/app", "").headers["x-ratelimit-limit"] == "60"
    assert hub.requests[-1].path == f"/repos/{app.full_name}"


def test_faults_happen_as_often_as_they_should(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    hub.fault(Fault.secondary_limit("/ada/", times=2), Fault.html("/events"))
    statuses = [get(f"/repos/{app.full_name}") for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [403, 403, 200]
    assert statuses[0].headers["retry-after"] == "60"
    assert get("/events").text.startswith("<!DOCTYPE html>")
    hub.fault(Fault(status=200, body={"a": "b" * 100}, cut=True))
    with pytest.raises(requests.RequestException):
        get("/events")
    assert get("/events").status_code == 200


def test_git_says_what_the_api_says(hub: Hub, app: HubRepository) -> None:
    def status() -> int:
        url = f"{hub.git_url}/{app.full_name}.git/info/refs?service=git-upload-pack"
        return requests.get(url, timeout=10).status_code

    assert status() == 200
    hub.make_private(app)
    assert status() == 401
    hub.publish(app)
    assert status() == 200
    hub.block(app)
    assert status() == 451


def test_many_ask_at_once(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    head = app.object_at("main")
    statuses: list[int] = []

    def ask() -> None:
        statuses.extend(get(f"/repos/ada/app/commits/{head}").status_code for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 40
    assert len(hub.requests) == 40


def test_name_can_be_used_again(
    hub: Hub, app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    hub.delete(app)
    again = hub.repository("ada/app")
    hub.push(again, Change({"b": "1"}))
    assert get("/repos/ada/app").json()["id"] == again.id != app.id
    assert get(f"/repositories/{app.id}").status_code == 404
    url = f"{hub.git_url}/ada/app.git/info/refs?service=git-upload-pack"
    assert requests.get(url, timeout=10).status_code == 200
