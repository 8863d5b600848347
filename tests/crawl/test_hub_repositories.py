"""What the small GitHub of the tests shows of repositories."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import requests

from hub import Change, Hub, HubRepository
from hub.diffs import changed_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_comparison_is_what_git_says(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    pushed = hub.push(
        hub_app,
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
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    pushed = hub.push(hub_app, *(Change({f"f{n}": str(n)}) for n in range(320)))
    path = f"/repos/ada/app/compare/{pushed.before}...{pushed.head}"
    whole = get(path).json()
    assert (len(whole["commits"]), len(whole["files"])) == (250, 300)
    assert whole["commits"][-1]["sha"] == pushed.head
    second = get(f"{path}?per_page=100&page=2")
    assert "files" not in second.json()
    assert second.json()["commits"][0]["sha"] == pushed.commits[100]
    assert f"/repositories/{hub_app.id}/compare/" in second.headers["link"]


def test_rename_with_and_without_a_change(hub: Hub, hub_app: HubRepository) -> None:
    lines = "".join(f"{n}\n" for n in range(50))
    hub.push(hub_app, Change({"old": lines, "same": f"x{lines}"}))
    change = Change({"old": None, "new": lines + "50\n", "same": None, "sane": f"x{lines}"})
    pushed = hub.push(hub_app, change)
    files = changed_files(hub_app, hub.site, pushed.before, pushed.head)
    shown = [(f["filename"], f["previous_filename"], f["status"], f["changes"]) for f in files]
    assert shown == [("new", "old", "renamed", 1), ("sane", "same", "renamed", 0)]
    assert "patch" not in files[1]


def test_refs_tags_and_blobs(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    hub.tag(hub_app, "v1", message="First\n\nrelease")
    reference = get("/repos/ada/app/git/ref/tags/v1").json()
    assert (reference["ref"], reference["object"]["type"]) == ("refs/tags/v1", "tag")
    tag = get(reference["object"]["url"]).json()
    assert (tag["message"], tag["object"]["sha"]) == (
        "First\n\nrelease\n",
        hub_app.object_at("main"),
    )
    names = [ref["ref"] for ref in get("/repos/ada/app/git/matching-refs/tags").json()]
    assert names == ["refs/tags/v1"]
    blob = get(f"/repos/ada/app/git/blobs/{hub_app.git.tip('main:a.txt')}").json()
    assert (blob["content"], blob["size"]) == ("b25lCnR3bwo=\n", 8)
    assert get("/repos/ada/app/git/ref/heads/none").status_code == 404
    assert [branch["name"] for branch in get("/repos/ada/app/branches").json()] == ["main"]


def test_repositories_that_cannot_be_read(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    empty = hub.repository("ada/empty")
    assert get("/repos/ada/empty/commits").json()["message"] == "Git Repository is empty."
    assert get(f"/repositories/{empty.id}/commits/main").status_code == 409
    hub.block(empty, "tos")
    assert get("/repos/ada/empty").json()["block"]["reason"] == "tos"
    hub.delete(hub_app)
    assert get("/repos/ada/app").status_code == 404
    assert any(event["repo"]["id"] == hub_app.id for event in get("/events").json())


def test_renamed_repository_is_found_by_its_old_name(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response], tmp_path: Path
) -> None:
    hub.rename(hub_app, "ada/better")
    moved = get("/repos/ada/app/commits?per_page=1")
    assert moved.status_code == 301
    assert moved.headers["location"] == f"{hub.url}/repositories/{hub_app.id}/commits?per_page=1"
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


def test_code_search(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    hub.push(hub_app, Change({"x/.env": "A=1\nREPLICATE_API_TOKEN=abc\n", "b.txt": "REPLICATE"}))
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
    assert anonymous.status_code == 401


def test_wiki_is_served_by_git_alone(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    pushed = hub.write_wiki(hub_app, "Home", "Hello", "Say hello")
    (event,) = get("/events?per_page=1").json()
    assert event["payload"]["pages"][0]["sha"] == pushed.head
    assert get("/repos/ada/app.wiki").status_code == 404
    url = f"{hub.git_url}/ada/app.wiki.git/info/refs?service=git-upload-pack"
    assert requests.get(url, timeout=10).status_code == 200


def test_name_can_be_used_again(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    hub.delete(hub_app)
    again = hub.repository("ada/app")
    hub.push(again, Change({"b": "1"}))
    assert get("/repos/ada/app").json()["id"] == again.id != hub_app.id
    assert get(f"/repositories/{hub_app.id}").status_code == 404
    url = f"{hub.git_url}/ada/app.git/info/refs?service=git-upload-pack"
    assert requests.get(url, timeout=10).status_code == 200
