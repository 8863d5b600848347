"""``leakscan watch`` finds what is leaked in public, once, and is honest about what it did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hub import Change, HubRepository

if TYPE_CHECKING:
    from watched import Town

FOUND, INCOMPLETE = 1, 3


def leak_in_pushes(town: Town, app: HubRepository) -> None:
    """Leak tokens by all ways in which commits become public; 9 events that lead to commits."""
    hub = town.hub
    town.leak(app, "file of a new branch")  # 2 events
    town.leak(app, "file")
    secret = town.new_token("removed within the push")
    hub.push(app, Change({"config.py": secret}), Change({"config.py": "pass\n"}))
    hub.push(app, Change({"a.txt": "a\n"}, message=f"use {town.new_token('commit message')}"))
    hub.push(app, Change({"b.txt": "b\n"}, author=("Ann", town.new_token("address"))))
    hub.push(app, Change({f"{town.new_token('name of a file')}.txt": "c\n"}))
    town.leak(app, "force push", onto="", force=True)
    hub.tag(app, "v1", message=town.new_token("tag message"))


def leak_in_texts(town: Town, app: HubRepository) -> None:
    """Leak tokens in everything else that people write in public; 12 events, one of a branch."""
    new, happen = town.new_token, town.hub.happen(app)
    town.hub.branch(app, new("name of a branch"))
    happen.issue("It fails", f"with {new('issue')}")
    happen.issue(new("title of an issue"))
    happen.comment(f"Try {new('comment')}.")
    happen.commit_comment(new("commit comment"), "ab" * 20)
    happen.review(new("review"))
    happen.review_comment(new("review comment"))
    happen.review_comment("look", hunk=f"@@ -0,0 +1 @@\n+{new('hunk')}")
    happen.release("v1", new("name of a release"), new("release"), f"{new('asset')}.tgz")
    happen.discussion("How", f"does {new('discussion')} work?")
    app.description = f"An app with {new('description')}"
    town.hub.branch(app, "described")


def leak_elsewhere(town: Town) -> None:
    """Leak tokens in a repository made public, and in a wiki."""
    secret = town.hub.repository("grace/secret", private=True)
    for number in range(3):
        text = town.new_token(f"made public {number}")
        town.hub.push(secret, Change({f"{number}.env": text}), tell=False)
    town.hub.push(secret, Change({"0.env": None}), tell=False)
    town.hub.publish(secret)
    wiki = town.hub.repository("acme/app.wiki")
    pushed = town.hub.push(
        wiki, Change({"Home.md": town.new_token("wiki")}), branch="master", tell=False
    )
    app = town.hub.find("acme/app")
    assert app
    town.hub.happen(app).wiki("Home", pushed.head, town.new_token("summary of a wiki"))


def test_every_token_of_every_kind_of_event_is_found_once(town: Town) -> None:
    app = town.hub.repository("acme/app")
    leak_in_pushes(town, app)
    leak_in_texts(town, app)
    leak_elsewhere(town)
    town.hub.happen(app).star()
    done = town.once()
    assert town.alive() == set(), done.stderr
    assert done.status == FOUND, (done.stderr, done.json)
    figures = done.json
    assert figures["findings"] == len(town.leaked)
    pushes = figures["pushes"]
    assert pushes["seen"] == pushes["scanned"] == len(town.rows("pushes"))
    assert (pushes["partial"], pushes["skipped"], pushes["failed"]) == (0, {}, 0)
    assert pushes["waiting"] == 0
    assert figures["feeds"]["events"]["events"] == len(town.hub.events)
    # The feed, and what the repository that was made public is called now.
    assert figures["requests"]["api"] == len(town.hub.requests) == 2
    assert figures["requests"]["git"] == len(town.git.requests)
    assert figures["bytes"] > 0
    assert 0 <= figures["lag_seconds"]["median"] <= figures["lag_seconds"]["max"] < 100
    findings = town.rows("findings", "exposure, first_run_id")
    assert {(row.exposure, row.first_run_id) for row in findings} == {("public-repository", 1)}
    (mail,) = town.office.sink.mails
    assert mail["to"] == "ada@example.com"
    kept = (town.office.folder / "ledger.sqlite3").read_bytes().decode("latin-1")
    for token in town.leaked:
        assert token not in done.stdout + done.stderr + kept


def test_a_second_run_does_nothing_twice(town: Town) -> None:
    town.hub.poll_interval = 1
    app = town.hub.repository("acme/app")
    town.leak(app, "first")
    assert town.once().status == FOUND
    asked = len(town.git.requests)
    again = town.once()
    assert again.status == 0
    assert again.json["pushes"]["seen"] == again.json["pushes"]["scanned"] == 0
    assert again.json["feeds"]["events"]["polls"] == 1
    assert len(town.git.requests) == asked
    town.leak(app, "second")
    third = town.once()
    assert third.json["pushes"]["seen"] == third.json["findings"] == 1
    assert town.alive() == set()
    assert len(town.office.sink.mails) == 1  # the second waits for the next digest


def test_where_it_was_found_is_told_to_the_line(town: Town) -> None:
    app = town.hub.repository("acme/app")
    town.hub.push(app, Change({"README.md": "hello\n"}))
    token = town.new_token("leaked")
    pushed = town.hub.push(app, Change({"src/run.py": f"import replicate\n\nKEY = '{token}'\n"}))
    issue = town.hub.happen(app).issue("Fails", f"see\n{token}")["payload"]["issue"]
    assert town.once().status == FOUND
    shown = json.loads(town.office.run("findings", "show", "1", "--format", "json").stdout)
    places = {place["kind"]: place for place in shown["finding"]["sightings"]}
    assert set(places) == {"blob", "event"}
    blob, event = places["blob"], places["event"]
    assert (blob["path"], blob["line"], blob["commit"]) == ("src/run.py", 3, pushed.head)
    assert blob["url"] == f"{town.git.url}/acme/app/blob/{pushed.head}/src/run.py#L3"
    assert blob["author_email"] == "ann@example.com"
    assert (event["path"], event["line"]) == ("issue 1", 2)
    assert event["url"] == issue["html_url"]
