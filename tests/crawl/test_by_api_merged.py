"""A branch that the default branch has taken in before anybody looked at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hub import Change, HubRepository, Pushed
from leakscan.git.wire import Limits

if TYPE_CHECKING:
    from api_stage import Stage

    from leakscan.push import Push


def at(push: Push, app: HubRepository, commit: str, later: timedelta) -> Push:
    """Return the push as if it had happened some time after a commit was made."""
    made = datetime.fromtimestamp(int(app.git.git("log", "-1", "--format=%ct", commit)), UTC)
    return replace(push, happened_at=made + later)


@pytest.fixture
def topic(stage: Stage, app: HubRepository, token: str) -> Pushed:
    """Push a branch whose first commit holds a token and whose second removes it."""
    main = app.git.tip("refs/heads/main")
    changes = Change({"k.txt": f"{token}\n"}), Change({"k.txt": None})
    return stage.hub.push(app, *changes, branch="topic", onto=main)


def merge(stage: Stage, app: HubRepository, head: str) -> None:
    """Merge a commit into the default branch, and let that move on."""
    stage.hub.push(app, Change({"m.txt": "1\n"}, "Merge", merge=(head,)))
    stage.hub.push(app, Change({"n.txt": "1\n"}))


@pytest.mark.parametrize("is_merged", [True, False])
def test_what_was_merged_meanwhile_is_read_all_the_same(
    stage: Stage,
    app: HubRepository,
    topic: Pushed,
    token: str,
    *,
    is_merged: bool,
) -> None:
    if is_merged:
        merge(stage, app, topic.head)
    else:
        app.git.git("update-ref", "refs/heads/main", topic.head)
    event = at(stage.event(app, topic), app, topic.head, timedelta(minutes=1))
    assert event.before is None
    seen = stage.by_api(event)
    assert seen.places == {(token, "blob", topic.commits[0], "k.txt", 1)}
    assert seen.places == stage.by_git(event).places
    assert not seen.skipped


def test_commits_of_long_before_the_push_are_not_read(
    stage: Stage, app: HubRepository, topic: Pushed
) -> None:
    merge(stage, app, topic.head)
    event = at(stage.event(app, topic), app, topic.head, timedelta(days=8))
    seen = stage.by_api(event)
    assert not seen.found
    assert seen.requests == 3  # the default branch, the comparison, the commits


def test_no_more_commits_than_the_depth_are_read(
    stage: Stage, app: HubRepository, topic: Pushed
) -> None:
    merge(stage, app, topic.head)
    event = at(stage.event(app, topic), app, topic.head, timedelta(minutes=1))
    seen = stage.by_api(event, Limits(depth=1))
    assert seen.requests == 4
    assert len(seen.skipped) == 1
    assert "commits before the newest 1" in seen.skipped[0]
