"""What the API does not show of a push, what a look may cost, and what can go wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from api_stage import LIMITS, Stage

from hub import Change, Fault, Hub, HubRepository
from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.looks import api_calls, by_api
from leakscan.git.wire import Limits
from leakscan.push import PushKind
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_too_many_commits_are_counted_and_what_is_left_of_them_is_found(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    left, undone, said = new_token(), new_token(), new_token()
    pushed = stage.hub.push(
        app,
        *(Change({"n": str(number)}) for number in range(120)),
        Change({"k": left}),
        Change({"u": undone}, f"Say {said}"),
        Change({"u": None}),
    )
    seen = stage.by_api(stage.event(app, pushed), Limits(depth=2))
    assert seen.places == {
        (left, "blob", pushed.head, "k", 1),
        (said, "commit-message", pushed.commits[-2], None, 1),
    }
    assert seen.at(left).note == "one of the 123 commits of this push brought it"
    assert seen.skipped == [
        (
            "changes of 121 of the 123 commits, but for what is left of them: "
            "2 are looked at; raise watch.limits.depth"
        )
    ]
    assert seen.requests == 2 + 2


def test_files_beyond_the_first_page_are_read(stage: Stage, app: HubRepository, token: str) -> None:
    files = {f"f{number:04}": f"{number}\n" for number in range(700)}
    pushed = stage.hub.push(app, Change({**files, "z": token}))
    seen = stage.by_api(stage.event(app, pushed))
    assert seen.places == {(token, "blob", pushed.head, "z", 1)}
    assert seen.requests == 1 + 3
    assert not seen.skipped


def test_files_that_github_does_not_show_are_counted(stage: Stage, app: HubRepository) -> None:
    pushed = stage.hub.push(app, Change({f"f{number:04}": "1\n" for number in range(3100)}))
    seen = stage.by_api(stage.event(app, pushed))
    assert seen.skipped == [
        f"files after the first 3000 of commit {pushed.head}: the API does not show them"
    ]


def test_large_patch_is_read_as_a_blob_and_a_larger_one_counted(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    stage.hub.patch_limit = 200
    first, second = new_token(), new_token()
    filler = "x\n" * 200
    pushed = stage.hub.push(
        app, Change({"a": f"{filler}{first}\n", "b": f"{second}\n{filler * 9}"})
    )
    event = stage.event(app, pushed)
    seen = stage.by_api(event)
    assert seen.places == {
        (first, "blob", pushed.head, "a", 201),
        (second, "blob", pushed.head, "b", 1),
    }
    for most in ("1,000", "500"):  # the answer to the second is cut off
        bounded = stage.by_api(event, Limits(blob_bytes=int(most.replace(",", ""))))
        assert bounded.places == {(first, "blob", pushed.head, "a", 201)}
        why = f"it has more than {most} bytes: raise watch.limits.blob"
        assert bounded.skipped == [f"file b of commit {pushed.head}: {why}"]


def test_what_was_found_before_a_failure_is_kept(
    stage: Stage, app: HubRepository, new_token: Callable[[], str]
) -> None:
    first, second = new_token(), new_token()
    pushed = stage.hub.push(app, Change({"a": first}), Change({"b": second}))
    stage.hub.fault(Fault(f"/commits/{pushed.commits[1]}", status=502, times=None))
    sightings = stage.drawn(stage.event(app, pushed), LIMITS, Tally(), ApiMeter())
    assert next(sightings).match.secret.reveal() == first
    with pytest.raises(TroubleError) as caught:
        next(sightings)
    assert caught.value.trouble is Trouble.BUSY


@pytest.mark.parametrize(
    ("happens", "trouble"),
    [
        (lambda hub, app: hub.delete(app), Trouble.GONE),
        (lambda hub, app: hub.make_private(app), Trouble.GONE),
        (lambda hub, app: hub.block(app), Trouble.BLOCKED),
        (lambda hub, _: hub.fault(Fault.html(times=None)), Trouble.BUSY),
        (lambda hub, _: hub.fault(Fault(status=200, body=b"<html>")), Trouble.BROKEN),
        (lambda hub, _: hub.fault(Fault(status=200, body=[1])), Trouble.BROKEN),
        (lambda hub, _: hub.fault(Fault(status=200, body={"commits": [{}]})), Trouble.BROKEN),
        (lambda hub, _: hub.fault(Fault(status=200, body={"commits": {}})), Trouble.BROKEN),
        (lambda hub, _: hub.fault(Fault(status=200, body=b"{}", cut=True)), Trouble.UNREACHABLE),
    ],
)
def test_troubles(
    stage: Stage,
    app: HubRepository,
    happens: Callable[[Hub, HubRepository], None],
    trouble: Trouble,
) -> None:
    pushed = stage.hub.push(app, Change({"a": "1"}))
    event = stage.event(app, pushed)
    happens(stage.hub, app)
    with pytest.raises(TroubleError) as caught:
        stage.by_api(event)
    assert caught.value.trouble is trouble


def test_empty_repository_and_ref_that_is_gone(stage: Stage, app: HubRepository) -> None:
    empty = stage.hub.repository("ada/empty")
    for repository, trouble in ((empty, Trouble.EMPTY), (app, Trouble.GONE)):
        with pytest.raises(TroubleError) as caught:
            stage.by_api(stage.created(repository, PushKind.BRANCH, "refs/heads/gone"))
        assert caught.value.trouble is trouble


def test_name_of_a_branch_is_not_repeated(stage: Stage, app: HubRepository, token: str) -> None:
    with pytest.raises(TroubleError) as caught:
        stage.by_api(stage.created(app, PushKind.BRANCH, f"refs/heads/{token}"))
    assert token not in str(caught.value)
    assert caught.value.what == (
        f"/repositories/{app.id}/git/ref/...: GitHub answered 404 (Not Found)"
    )
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_wikis_are_not_shown(stage: Stage, app: HubRepository) -> None:
    event = replace(
        stage.created(app, PushKind.PUSH, "refs/heads/master"), repository="ada/app.wiki"
    )
    with pytest.raises(TroubleError, match="wiki") as caught:
        stage.by_api(event)
    assert caught.value.trouble is Trouble.REFUSED


def test_limits_of_a_push(
    stage: Stage, app: HubRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = stage.hub.push(app, *(Change({"n": str(number)}) for number in range(6)))
    event = stage.event(app, pushed)
    with pytest.raises(TroubleError) as caught:
        stage.by_api(event, Limits(bytes=100))
    assert caught.value.trouble is Trouble.TOO_LARGE
    assert str(caught.value) == "it has more than 100 bytes: raise watch.limits.pack"
    stage.hub.fault(Fault("/compare/", status=None, delay=0.3))
    with pytest.raises(TroubleError) as caught:
        stage.by_api(event, Limits(seconds=0.2))
    assert caught.value.trouble is Trouble.TOO_LONG
    assert str(caught.value) == "it took more than 0.2 s: raise watch.limits.seconds"
    monkeypatch.setattr(api_calls, "MOST_CALLS", 3)
    with pytest.raises(TroubleError, match="more than 3 calls"):
        stage.by_api(event)


def test_messages_beyond_the_pages_are_counted(
    stage: Stage, app: HubRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_api, "MOST_PAGES", 1)
    pushed = stage.hub.push(app, *(Change({"n": str(number)}) for number in range(110)))
    seen = stage.by_api(stage.event(app, pushed), Limits(depth=1))
    assert seen.skipped[0] == "messages of 10 commits: of one push 100 are read"
    assert seen.skipped[1].startswith("changes of 109 of the 110 commits")
