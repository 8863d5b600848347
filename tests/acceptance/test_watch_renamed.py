"""What ``leakscan watch`` makes of a repository whose name another has by the time of the look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub import Change

if TYPE_CHECKING:
    from watched import Town

    from hub import HubRepository, Pushed

FOUND, INCOMPLETE = 1, 3


def leak_and_lose_the_name(town: Town) -> tuple[HubRepository, Pushed]:
    """Leak a token in a repository that is then renamed, and whose name another one takes."""
    app = town.hub.repository("acme/app")
    town.hub.push(app, Change({"README.md": "hello\n"}), tell=False)
    pushed = town.leak(app, "leak")
    town.hub.rename(app, "acme/better")
    town.hub.push(town.hub.repository("acme/app"), Change({"README.md": "mine\n"}), tell=False)
    return app, pushed


@pytest.mark.parametrize("via", ["git", "auto"])
def test_it_is_read_under_its_new_name(town: Town, via: str) -> None:
    app, pushed = leak_and_lose_the_name(town)
    done = town.once("--via", via)
    assert (done.status, town.alive()) == (FOUND, set()), (done.stderr, done.json)
    (place,) = town.rows("sightings", "repository, url")
    page = f"{town.git.url}/acme/better"
    assert (place.repository, place.url) == (page, f"{page}/blob/{pushed.head}/leak.env#L1")
    asked = [request.path for request in town.hub.requests]
    assert asked.count(f"/repositories/{app.id}") == 1
    assert all(path.startswith(("/events", "/repositories")) for path in asked)
    assert done.json["requests"]["api"] == len(asked)


def test_it_is_named_as_it_is_called_now_by_an_api_that_is_asked_alone(town: Town) -> None:
    _, pushed = leak_and_lose_the_name(town)
    done = town.once("--via", "api")
    assert (done.status, town.alive()) == (FOUND, set()), (done.stderr, done.json)
    (place,) = town.rows("sightings", "repository, url")
    page = f"{town.git.url}/acme/better"
    assert (place.repository, place.url) == (page, f"{page}/blob/{pushed.head}/leak.env#L1")
    assert (done.json["requests"]["api"], done.json["requests"]["git"]) == (2, 0)


def test_a_name_that_is_a_token_is_not_kept_when_the_api_tells_it(town: Town) -> None:
    name = town.new_token("name of a repository")
    app = town.hub.repository("acme/app")
    town.leak(app, "leak")
    town.hub.rename(app, f"acme/{name}")
    done = town.once("--via", "api")
    assert (done.status, town.alive()) == (FOUND, {"name of a repository"}), done.stderr
    files = town.office.folder.glob("ledger.sqlite3*")
    kept = "".join(file.read_bytes().decode("latin-1") for file in files)
    assert name not in kept + done.stdout + done.stderr


@pytest.mark.parametrize("via", ["git", "auto"])
def test_it_waits_for_an_api_whose_budget_is_used_up(town: Town, via: str) -> None:
    leak_and_lose_the_name(town)
    town.token = town.hub.token(core=1)  # which the feed takes
    first = town.once("--via", via)
    assert (first.status, town.alive()) == (INCOMPLETE, {"leak"}), first.stderr
    assert first.json["pushes"]["skipped"] == {}
    assert first.json["pushes"]["waiting"] == 1
    town.token = town.hub.token()
    town.pass_time()
    again = town.once("--via", via)
    assert (again.json["left_out"], town.alive()) == ([], set()), (again.stderr, again.json)


@pytest.mark.parametrize("via", ["git", "auto"])
@pytest.mark.parametrize("what", ["repository", "tag"])
def test_what_alone_tells_of_a_repository_does_so_after_its_name_was_taken(
    town: Town, what: str, via: str
) -> None:
    app = town.hub.repository("acme/app")
    town.hub.push(app, Change({"README.md": "hello\n"}), tell=False)
    pushed = town.leak(app, "leak", branch="topic", tell=False)
    if what == "repository":
        town.hub.make_private(app)
        town.hub.publish(app)
    else:
        town.hub.tag(app, "v1", at=pushed.head)
        app.git.git("update-ref", "-d", "refs/heads/topic")
    town.hub.rename(app, "acme/better")
    town.hub.push(town.hub.repository("acme/app"), Change({"README.md": "mine\n"}), tell=False)
    done = town.once("--via", via)
    assert (done.status, town.alive()) == (FOUND, set()), (done.stderr, done.json)
    assert done.json["requests"]["api"] == len(town.hub.requests)


def test_a_repository_with_many_pushes_is_asked_for_once(town: Town) -> None:
    app = town.hub.repository("acme/app")
    for number in range(20):
        town.hub.push(app, Change({"README.md": f"{number}\n"}), branch=f"b{number}")
    town.hub.delete(app)
    done = town.once()
    assert done.json["pushes"]["skipped"]["gone"] >= 20
    asked = [request.path for request in town.hub.requests]
    assert asked.count(f"/repositories/{app.id}") == 1
