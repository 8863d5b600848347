"""What an event says was pushed, and what of it is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from event_samples import BEFORE, HEAD, RECORDED, ZEROS, a_push, an_event, recorded
from hypothesis import given
from hypothesis import strategies as st

from leakscan.crawl.feeds.events import (
    Event,
    MalformedEventError,
    NotPublicError,
    parse_event,
    read_event,
)
from leakscan.push import Push, PushKind

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def parsed(document: object) -> Event:
    return parse_event(document, "github.com", "events")


def push_of(document: object) -> Push:
    push = parsed(document).push
    assert push
    return push


def test_every_recorded_event_is_understood() -> None:
    told = {}
    for document in RECORDED:
        event = parsed(document)
        assert (event.id, event.type) == (document["id"], document["type"])
        assert (event.repository, event.repository_id) == (
            document["repo"]["name"],
            document["repo"]["id"],
        )
        assert event.happened_at == datetime.fromisoformat(document["created_at"])
        told.setdefault(event.type, event.push is not None)
    assert {kind for kind, has_push in told.items() if has_push} == {
        "PushEvent", "CreateEvent", "GollumEvent", "PublicEvent",
    }  # fmt: skip


def test_push() -> None:
    document = recorded("PushEvent")
    assert push_of(document) == Push(
        kind=PushKind.PUSH,
        host="github.com",
        repository_id=document["payload"]["repository_id"],
        repository=document["repo"]["name"],
        ref=document["payload"]["ref"],
        before=document["payload"]["before"],
        head=document["payload"]["head"],
        happened_at=datetime.fromisoformat(document["created_at"]),
        feed="events",
    )


@pytest.mark.parametrize(
    ("payload", "before", "head"),
    [
        ({"before": ZEROS}, None, HEAD),  # a new branch
        ({"before": None}, None, HEAD),
        ({"head": None}, BEFORE, None),  # its tip is looked up
        ({"head": HEAD.upper()}, BEFORE, HEAD),
        ({"head": "a" * 64, "before": "0" * 64}, None, "a" * 64),  # SHA-256
    ],
)
def test_ids_of_commits(payload: dict[str, Any], before: str | None, head: str | None) -> None:
    push = push_of(a_push(**payload))
    assert (push.kind, push.before, push.head) == (PushKind.PUSH, before, head)


def test_a_deletion_brings_nothing() -> None:
    assert parsed(a_push(head=ZEROS)).push is None
    assert parsed(recorded("DeleteEvent")).push is None


def test_fields_that_are_missing_or_new_lose_no_push() -> None:
    document = a_push(new={"field": [1]})
    del document["payload"]["before"], document["payload"]["push_id"], document["actor"]
    del document["repo"]["id"]
    push = push_of(document | {"another": "field"})
    assert (push.repository_id, push.before, push.head) == (1001, None, HEAD)


@pytest.mark.parametrize(
    ("payload", "kind", "ref"),
    [
        ({"ref": "topic", "ref_type": "branch"}, PushKind.BRANCH, "refs/heads/topic"),
        (
            {"ref": "topic", "ref_type": "branch", "full_ref": "refs/heads/topic"},
            PushKind.BRANCH,
            "refs/heads/topic",
        ),
        (  # a branch may be called like this
            {"ref": "refs/heads/odd", "ref_type": "branch"},
            PushKind.BRANCH,
            "refs/heads/refs/heads/odd",
        ),
        ({"ref": "v1", "ref_type": "tag"}, PushKind.TAG, "refs/tags/v1"),
    ],
)
def test_new_branches_and_tags(payload: dict[str, Any], kind: PushKind, ref: str) -> None:
    push = push_of(an_event(1, "CreateEvent", **payload, master_branch="main"))
    assert (push.kind, push.ref, push.before, push.head) == (kind, ref, None, None)
    assert push.default_branch == "refs/heads/main"


def test_an_odd_default_branch_does_not_matter() -> None:
    document = an_event(1, "CreateEvent", ref="x", ref_type="branch", master_branch="a\nb")
    assert push_of(document).default_branch is None


def test_a_new_repository_is_empty() -> None:
    document = an_event(1, "CreateEvent", ref=None, ref_type="repository", master_branch="main")
    assert parsed(document).push is None


def test_public() -> None:
    push = push_of(recorded("PublicEvent"))
    assert (push.kind, push.ref, push.before, push.head) == (PushKind.PUBLIC, "", None, None)


def test_wiki() -> None:
    push = push_of(recorded("GollumEvent"))
    assert (push.repository, push.repository_id) == ("Codertocat/Hello-World.wiki", 0)
    assert (push.kind, push.ref) == (PushKind.PUSH, "refs/heads/master")
    assert push.head == "6bf911d3801dd1ef957fc6ade5a8d96429e7fa39"
    assert push.default_branch == push.ref


def test_of_several_wiki_pages_nobody_knows_which_is_the_newest() -> None:
    document = recorded("GollumEvent")
    page = document["payload"]["pages"][0]
    document["payload"]["pages"] = [page, page | {"sha": HEAD}]
    assert push_of(document).head is None
    document["payload"]["pages"] = []
    assert parsed(document).push is None


def test_a_fork_and_a_release_bring_nothing_new() -> None:
    assert parsed(recorded("ForkEvent")).push is None
    assert parsed(recorded("ReleaseEvent")).push is None


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (
            "2026-01-02T03:04:05-08:00",
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-8))),
        ),
        ("2099-01-01T00:00:00Z", datetime(2099, 1, 1, tzinfo=UTC)),  # clocks differ
    ],
)
def test_times(written: str, moment: datetime) -> None:
    event = parsed(an_event() | {"created_at": written})
    assert event.happened_at == moment
    assert event.happened_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("field", ["id", "type", "repo", "payload", "created_at"])
@pytest.mark.parametrize("value", [None, "", [], {}, 1.5, True, "\0", "x" * 5000])
def test_what_must_be_there(field: str, value: object) -> None:
    document = an_event()
    if (field, value) == ("payload", {}):
        return  # as of a PublicEvent
    if (field, value) == ("id", "\0"):
        return  # an odd name, but one
    with pytest.raises(MalformedEventError) as caught:
        parsed(document | {field: value})
    assert "\n" not in str(caught.value)
    del document[field]
    with pytest.raises(MalformedEventError):
        parsed(document)


@pytest.mark.parametrize(
    "name",
    ["", "ada", "ada/", "/app", "ada/app/more", "ada/..", "ada/.", "../etc", "ada/app\n", "ada/a b",
     "ada/app?x", "ada/app#x", "ada@x/app", "a:b/app", "ada/app\0", "ада/app", "ada/" + "x" * 101],
)  # fmt: skip
def test_hostile_names_of_repositories(name: str) -> None:
    document = a_push()
    document["repo"]["name"] = name
    with pytest.raises(MalformedEventError):
        parsed(document)


@pytest.mark.parametrize("name", ["-/app", "ada_corp/a.b-c_d", "ada/.github", "ada/-", "a/..."])
def test_odd_names_of_repositories(name: str) -> None:
    document = a_push()
    document["repo"]["name"] = name
    assert push_of(document).repository == name


@pytest.mark.parametrize(
    "ref",
    ["", "main", "HEAD", "refs/", "refs/heads/", "refs/heads/a\nb", "refs/heads/a\0", "-x",
     "refs/heads/a@{1}", "refs/heads/../x", "refs/heads/a b", "refs/heads/a..b", "refs//heads",
     "refs/heads//a", "refs/heads/a~1", "refs/heads/a^",
     "refs/heads/a:b", "refs/heads/\x7f", "refs/heads/\ud800", "refs/heads/a.",
     "refs/heads/" + "x" * 2000, 5, None],
)  # fmt: skip
def test_hostile_refs(ref: object) -> None:
    with pytest.raises(MalformedEventError):
        parsed(a_push(ref=ref))


@pytest.mark.parametrize("ref", ["refs/heads/é/%00", "refs/heads/-x", "refs/notes/commits"])
def test_odd_refs(ref: str) -> None:
    assert push_of(a_push(ref=ref)).ref == ref


@pytest.mark.parametrize(
    "head", ["", "abc", "g" * 40, "a" * 41, "a" * 63, 5, [], "0" * 39, f"{HEAD}\n"]
)
@pytest.mark.parametrize("field", ["head", "before"])
def test_hostile_ids_of_commits(field: str, head: object) -> None:
    with pytest.raises(MalformedEventError):
        parsed(a_push(**{field: head}))


@pytest.mark.parametrize("number", [0, -1, 2**63, "5", True, 1.0])
def test_hostile_numbers_of_repositories(number: object) -> None:
    document = an_event()
    document["repo"]["id"] = number
    with pytest.raises(MalformedEventError):
        parsed(document)


def test_what_is_not_public_has_not_leaked() -> None:
    with pytest.raises(NotPublicError):
        parsed(a_push() | {"public": False})
    with pytest.raises(NotPublicError):  # whatever else is wrong with it
        read_event({"public": False, "type": 5}, "github.com", "events")


def test_of_what_cannot_be_understood_only_what_makes_sense_is_kept() -> None:
    document = a_push(head="?") | {"id": None}
    event = read_event(document, "github.com", "events")
    assert (event.is_malformed, event.push, event.repository_id) == (True, None, 0)
    assert (event.type, event.repository) == ("PushEvent", "ada/app-1")
    assert event.happened_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    odd = document | {"type": "\x1b[2J", "repo": {"name": "ada/../x"}, "created_at": "soon"}
    event = read_event(odd, "github.com", "events")
    assert (event.type, event.repository, event.happened_at) == ("", "", None)


def test_what_can_be_understood_is_not_malformed() -> None:
    assert read_event(a_push(), "github.com", "events") == parsed(a_push())
    assert not parsed(a_push()).is_malformed


def test_what_an_event_says_is_never_shown(token: str) -> None:
    document = an_event(1, "IssuesEvent", issue={"title": token})
    assert token not in repr(parsed(document))
    for field, value in (
        ("type", 5),
        ("repo", {"name": token}),
        ("payload", token),
        ("id", [token]),
    ):
        with pytest.raises(MalformedEventError) as caught:
            parsed(document | {field: value})
        assert token not in f"{caught.value}{caught.value!r}"


@given(JSON)
def test_anything_else_is_malformed(document: object) -> None:
    with pytest.raises((MalformedEventError, NotPublicError)):
        parsed(document)


@given(st.data())
def test_any_field_may_be_anything(data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(RECORDED))
    document: Any = {**chosen, "payload": dict(chosen["payload"])}
    holder = document["payload"] if data.draw(st.booleans()) else document
    if holder:
        holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(JSON)
    try:
        event = parsed(document)
    except (MalformedEventError, NotPublicError):
        return
    assert event.repository_id > 0
    assert event.happened_at
    assert event.happened_at.tzinfo
