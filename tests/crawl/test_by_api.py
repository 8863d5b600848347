"""The same pushes through git and through the API: both find the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub import Change, Fault, HubRepository
from leakscan.crawl.looks.api_documents import repository_of
from leakscan.git.wire import Limits
from leakscan.model import Kind
from leakscan.push import PushKind
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from api_stage import Stage

FIXTURES = Path(__file__).parents[2] / "fixtures/github"
RECORDED = json.loads((FIXTURES / "recorded-history.json").read_text())


def test_one_commit_takes_one_call(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    in_file, in_message, in_name = new_token(), new_token(), new_token()
    pushed = stage.hub.push(
        app,
        Change(
            {"src/é.py": f"a = 1\nkey = '{in_file}'\n", f"x/{in_name}/y": "1\n", "z": "2\n"},
            f"Use {in_message}\n\nReally",
        ),
    )
    seen = stage.by_api(stage.event(app, pushed))
    assert seen.requests == 1
    assert not seen.skipped
    assert seen.places == {
        (in_file, "blob", pushed.head, "src/é.py", 2),
        (in_message, "commit-message", pushed.head, None, 1),
        (in_name, "path", pushed.head, f"x/{in_name}", None),
    }
    place = seen.at(in_file)
    page = f"{stage.hub.git_url}/ada/app"
    assert place.repository == page
    assert place.url == f"{page}/blob/{pushed.head}/src/%C3%A9.py#L2"
    assert place.column == 8
    assert place.object == app.git.tip(f"{pushed.head}:src/é.py")
    assert str(place.author) == "Ann Author <ann@example.com>"
    assert place.date is not None
    assert place.current is True
    assert place.note is None


def test_both_ways_find_the_same(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    kept, gone, moved, message, person, binary = (new_token() for _ in range(6))
    twice = new_token()
    pushed = stage.hub.push(
        app,
        Change({".env": f"A=1\nREPLICATE_API_TOKEN={kept}\n"}, "Keep"),
        Change({"tmp.py": f"token = '{gone}'\n", "a.py": f"# {moved}\n"}, f"Try {message}"),
        Change({"tmp.py": None, "a.py": f"import os\n# {moved}\n"}, "Undo"),
        Change({"data.bin": b"\0\1" + binary.encode()}, author=(person, "p@example.com")),
        Change({"one.txt": f"{twice}\n{twice}\n", "two.txt": f"{twice}\n"}),
    )
    event = stage.event(app, pushed)
    seen, fetched = stage.by_api(event), stage.by_git(event)
    assert seen.places == fetched.places
    assert {(secret, place.path, place.current, place.url) for secret, place in seen.found} == {
        (secret, place.path, place.current, place.url) for secret, place in fetched.found
    }
    assert not seen.skipped
    assert seen.at(gone).current is False
    assert seen.requests == 1 + 5 + 1  # the comparison, each commit, one blob


def test_what_stood_there_before_is_told_as_such(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    old, removed = new_token(), new_token()
    first = stage.hub.push(app, Change({"a.py": f"# {old}\nb = 1\n", "c.py": f"\n# {removed}\n"}))
    pushed = stage.hub.push(app, Change({"a.py": f"# {old}\nb = 2\n", "c.py": "\n# gone\n"}))
    seen = stage.by_api(stage.event(app, pushed))
    assert seen.places == {
        (old, "blob", pushed.head, "a.py", 1),
        (removed, "blob", first.head, "c.py", 2),
    }
    assert seen.at(old).note == "it stood there before this push"
    assert seen.at(old).current is True
    assert seen.at(removed).note == f"it stood there until commit {pushed.head[:12]} of this push"
    assert seen.at(removed).current is False
    assert (seen.at(removed).url or "").endswith(f"/blob/{first.head}/c.py#L2")


def test_lines_are_those_of_the_file_in_later_hunks(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    high, low = new_token(), new_token()
    lines = [f"line {number}\n" for number in range(1, 41)]
    lines[2:3] = ["new\n", f"{high}\n"]
    lines[35:35] = [f"  {low}\n"]
    pushed = stage.hub.push(app, Change({"long.txt": "".join(lines)}))
    event = stage.event(app, pushed)
    seen = stage.by_api(event)
    assert (seen.at(high).line, seen.at(high).column) == (4, 1)
    assert (seen.at(low).line, seen.at(low).column) == (36, 3)
    assert seen.places == stage.by_git(event).places


def test_line_that_only_a_heading_quotes_is_looked_up(
    stage: Stage, app: HubRepository, token: str
) -> None:
    lines = [f"    step({number})\n" for number in range(20)]
    source = [f"def use(key='{token}'):\n", *lines]
    stage.hub.push(app, Change({"a.py": "".join(source)}))
    source[15] = "    step(99)\n"
    pushed = stage.hub.push(app, Change({"a.py": "".join(source)}))
    event = stage.event(app, pushed)
    seen = stage.by_api(event)
    assert seen.places == {(token, "blob", pushed.head, "a.py", 1)}
    assert seen.requests == 2
    stage.hub.fault(Fault("/git/blobs/", status=404, body={"message": "Not Found"}))
    unplaced = stage.by_api(event)
    assert unplaced.places == {(token, "blob", pushed.head, "a.py", None)}
    assert len(unplaced.skipped) == 1


def test_new_branch_is_compared_with_the_default_branch(
    stage: Stage, app: HubRepository, token: str
) -> None:
    main = app.git.tip("refs/heads/main")
    change = Change({"k.txt": token})
    pushed = stage.hub.push(app, change, change, branch="feature/x#1", onto=main)
    told = stage.event(app, pushed)
    assert told.before is None
    seen = stage.by_api(told)
    assert seen.places == {(token, "blob", pushed.commits[0], "k.txt", 1)}
    assert not seen.skipped
    untold = stage.created(app, PushKind.BRANCH, "refs/heads/feature/x#1")
    assert stage.by_api(untold).places == seen.places == stage.by_git(untold).places
    known = replace(told, default_branch="refs/heads/main")
    assert stage.by_api(known).requests == seen.requests - 1


def test_first_push_is_walked(stage: Stage, new_token: Callable[[], str]) -> None:
    first, second = new_token(), new_token()
    made = stage.hub.repository("ada/new")
    pushed = stage.hub.push(made, Change({"a": first}), Change({"b": second}))
    seen = stage.by_api(stage.event(made, pushed))
    assert seen.places == {
        (first, "blob", pushed.commits[0], "a", 1),
        (second, "blob", pushed.commits[1], "b", 1),
    }
    assert not seen.skipped


def test_annotated_tag_is_searched_and_followed(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    message, content = new_token(), new_token()
    hidden = stage.hub.push(app, Change({"k": content}), branch="hidden", tell=False)
    stage.hub.tag(app, "v1", hidden.head, f"First\n\nwith {message}")
    app.git.git("update-ref", "-d", "refs/heads/hidden")
    event = stage.created(app, PushKind.TAG, "refs/tags/v1")
    seen = stage.by_api(event)
    assert seen.places == {
        (message, "tag-message", hidden.head, "refs/tags/v1", 3),
        (content, "blob", hidden.head, "k", 1),
    }
    assert seen.places == stage.by_git(event).places
    assert str(seen.at(message).author) == "Carl Committer <carl@example.com>"


def test_repository_made_public_is_walked_branch_by_branch(
    stage: Stage, new_token: Callable[[], str]
) -> None:
    on_main, on_side = new_token(), new_token()
    made = stage.hub.repository("ada/secret", private=True)
    main = stage.hub.push(made, Change({"a": on_main}), Change({"a": None}))
    side = stage.hub.push(made, Change({"b": on_side}), branch="side", onto=main.head)
    event = stage.created(made, PushKind.PUBLIC, "")
    with pytest.raises(TroubleError, match="404") as caught:
        stage.by_api(event)
    assert caught.value.trouble is Trouble.GONE
    stage.hub.publish(made)
    seen = stage.by_api(event)
    assert seen.places == {
        (on_main, "blob", main.commits[0], "a", 1),
        (on_side, "blob", side.head, "b", 1),
    }
    assert seen.skipped == ["commits that are tagged, but on no branch: by API branches are read"]


def test_force_push_with_forgotten_history_is_walked_to_a_depth(
    stage: Stage, app: HubRepository, token: str
) -> None:
    changes = [Change({"n": str(number)}) for number in range(4)]
    pushed = stage.hub.push(app, *changes, Change({"k": token}), onto="", force=True)
    seen = stage.by_api(replace(stage.event(app, pushed), before="1" * 40), Limits(depth=3))
    assert seen.places == {(token, "blob", pushed.head, "k", 1)}
    assert seen.skipped == [
        (
            "commits before the newest 3: what the push is built on is not known; "
            "raise watch.limits.depth"
        )
    ]
    unrelated = stage.by_api(stage.event(app, pushed))  # no common ancestor
    assert unrelated.places == seen.places
    assert not unrelated.skipped


def test_force_push_back_brings_nothing(stage: Stage, app: HubRepository) -> None:
    pushed = stage.hub.push(app, Change({"a": "1"}), Change({"a": "2"}))
    back = replace(stage.event(app, pushed), before=pushed.head, head=pushed.commits[0])
    seen = stage.by_api(back)
    assert (seen.requests, seen.places, seen.skipped) == (1, set(), [])


def test_merge_is_told_once(stage: Stage, app: HubRepository, new_token: Callable[[], str]) -> None:
    on_side, in_merge = new_token(), new_token()
    base = app.git.tip("refs/heads/main")
    side = stage.hub.push(app, Change({"s": on_side}), branch="side", onto=base, tell=False)
    pushed = stage.hub.push(
        app,
        Change({"m": "1"}),
        Change({"s": on_side, "deploy.sh": in_merge}, "Merge", merge=(side.head,)),
    )
    event = stage.event(app, pushed)
    seen = stage.by_api(event)
    assert seen.places == {
        (on_side, "blob", side.head, "s", 1),
        (in_merge, "blob", pushed.head, "deploy.sh", 1),
    }
    assert seen.places == stage.by_git(event).places


def test_renamed_repository_costs_no_more(stage: Stage, app: HubRepository, token: str) -> None:
    pushed = stage.hub.push(app, Change({"k": token}))
    event = stage.event(app, pushed)
    stage.hub.rename(app, "ada/better")
    assert stage.by_api(event).requests == 1
    by_name = replace(event, repository_id=0)
    assert stage.by_api(by_name).requests == 2
    assert stage.by_api(by_name).places == stage.by_api(event).places


@pytest.mark.parametrize("with_number", [True, False])
def test_every_place_has_the_name_of_now(
    stage: Stage, app: HubRepository, new_token: Callable[[], str], *, with_number: bool
) -> None:
    stage.hub.push(app, Change({"old": new_token()}))
    change = Change({"old": None, "k": new_token(), f"n/{new_token()}": "1"}, f"Add {new_token()}")
    pushed = stage.hub.push(app, replace(change, author=(new_token(), "p@example.com")))
    stage.hub.tag(app, "v1", pushed.head, f"with {new_token()}")
    told = stage.event(app, pushed), stage.created(app, PushKind.TAG, "refs/tags/v1")
    everything = stage.created(app, PushKind.PUBLIC, "")
    stage.hub.rename(app, "bob/better")
    if with_number:
        stage.hub.push(stage.hub.repository("ada/app"), Change({"README.md": "Mine.\n"}))
    page = f"{stage.hub.git_url}/bob/better"
    kinds: set[str] = set()
    for push in (*told, everything):
        seen = stage.by_api(push if with_number else replace(push, repository_id=0))
        assert {place.repository for _, place in seen.found} == {page}
        assert all(place.url is None or f"{page}/" in place.url for _, place in seen.found)
        kinds.update(place.kind.value for _, place in seen.found)
    assert kinds == {"blob", "path", "commit-message", "identity", "tag-message"}


def test_name_is_read_from_what_github_really_answers() -> None:
    named = {what: repository_of(real["body"]) for what, real in RECORDED.items()}
    name, before = "PyGithub/PyGithub", "jacquev6/PyGithub"
    assert named == {
        "commit": before, "comparison": name, "comparison, page 2": name, "repository": name,
        "tag": name, "rate limit": None,
    }  # fmt: skip
    assert RECORDED["comparison, page 2"]["path"].startswith("/repositories/")
    assert repository_of([RECORDED["commit"]["body"]]) == before


@pytest.mark.parametrize(
    "document",
    [
        None, [], {}, "x", [1], {"url": 1}, {"url": "https://api.github.com/events"},
        {"url": "https://api.github.com/repos/ada/.."}, {"url": "https://x/repos/a b/c/commits"},
    ],
)  # fmt: skip
def test_what_has_no_name_gives_none(document: object) -> None:
    assert repository_of(document) is None


def test_head_of_the_default_branch_is_looked_up(
    stage: Stage, app: HubRepository, token: str
) -> None:
    pushed = stage.hub.push(app, Change({"k": token}))
    seen = stage.by_api(stage.created(app, PushKind.BRANCH, "HEAD"))
    assert seen.places == {(token, "blob", pushed.head, "k", 1)}


def test_identity_of_the_committer(stage: Stage, app: HubRepository, token: str) -> None:
    pushed = stage.hub.push(app, Change({"a": "1"}, committer=("C", f"{token}@example.com")))
    event = stage.event(app, pushed)
    seen = stage.by_api(event)
    assert seen.at(token).kind is Kind.IDENTITY
    assert seen.places == stage.by_git(event).places
    assert seen.at(token).column == stage.by_git(event).at(token).column
