"""A token is found in whatever an event says, and it is told where that is."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from event_samples import RECORDED, a_push, an_event, recorded
from hypothesis import given
from hypothesis import strategies as st

from leakscan.crawl.feeds.event_texts import texts_of
from leakscan.crawl.feeds.events import parse_event, read_event, scan_event
from leakscan.detect import Detector
from leakscan.model import Kind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.sighting import Tally
from sealing import sealed_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.model import Location

PAGE = "https://github.com/Codertocat/Hello-World"
Way = tuple[str | int, ...]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(select_rules(load_rules(), ()))


def places(detector: Detector, document: object, token: str) -> list[Location]:
    event = read_event(document, "github.com", "events")
    sightings = list(scan_event(event, detector, Tally()))
    return [seen.location for seen in sightings if seen.match.secret.reveal() == token]


def planted(document: Any, way: Way, text: str) -> Any:
    """Return the document with another text at the end of a way."""
    document = copy.deepcopy(document)
    holder = document
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = text
    return document


def ways(value: object, before: Way = ()) -> Iterator[Way]:
    """Yield the way to every text in a payload."""
    if isinstance(value, str):
        yield before
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, item in pairs:
        yield from ways(item, (*before, key))


@pytest.mark.parametrize("number", range(len(RECORDED)))
def test_a_token_in_any_text_of_any_event_is_found(
    number: int, detector: Detector, new_token: Callable[[], str]
) -> None:
    """Also where nothing of the kind may stand, so that the event makes no sense."""
    document = RECORDED[number]
    for way in [("payload", *way) for way in ways(document["payload"])]:
        token = new_token()
        found = places(detector, planted(document, way, f"see/{token}"), token)
        assert len(found) >= 1, way
        assert all(place.kind is Kind.EVENT and place.url and place.path for place in found)
        assert all(token not in str(place.path) for place in found)


FIELDS = {"id": "id", "type": "type", "repo": "repo", "payload": "", "created_at": "created at"}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("odd", [None, ["?"]])
def test_a_token_in_an_event_that_cannot_be_understood_is_found(
    field: str, odd: object, detector: Detector, new_token: Callable[[], str]
) -> None:
    for holder in FIELDS.keys() - {field}:
        token = new_token()
        document = an_event() | {field: odd, holder: {"deep": [token]}}
        (place,) = places(detector, document, token)
        where = f"{FIELDS[holder]} deep of an event that could not be understood".strip()
        is_named = "repo" not in (field, holder)
        assert (place.path, place.repository, place.url) == (
            where,
            "https://github.com/ada/app-1" if is_named else "https://github.com",
            "https://github.com/ada/app-1" if is_named else None,
        )


def test_a_thing_in_an_event_that_cannot_be_understood_is_named(
    detector: Detector, token: str
) -> None:
    document = an_event(1, "IssuesEvent", issue={"number": 5, "title": token}) | {"id": None}
    (place,) = places(detector, document, token)
    assert (place.path, place.url) == ("title of issue 5", "https://github.com/ada/app-1")
    assert place.date == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    document = an_event(1, "PullRequestEvent", pull_request={"number": 5, "body": token})
    (place,) = places(detector, document, token)
    assert (place.path, place.url) == ("pull request 5", "https://github.com/ada/app-1/pull/5")
    (place,) = places(detector, document | {"repo": None}, token)
    assert (place.path, place.url) == ("pull request 5", None)


def test_a_token_in_what_is_no_event_at_all_is_found(detector: Detector, token: str) -> None:
    for document in (f"{{cut off, {token}", [1, [token]], [{"id": 1, "body": token}]):
        (place,) = places(detector, document, token)
        assert (place.repository, place.url) == ("https://github.com", None)
        assert str(place.path).endswith("an event that could not be understood")


@pytest.mark.parametrize(
    ("kind", "way", "where", "url"),
    [
        ("IssuesEvent", ("issue", "body"), "issue {issue.number}", "{issue.html_url}"),
        ("IssuesEvent", ("issue", "title"), "title of issue {issue.number}", "{issue.html_url}"),
        (
            "IssueCommentEvent",
            ("comment", "body"),
            "comment {comment.id} on issue {issue.number}",
            "{issue.html_url}",
        ),
        (
            "CommitCommentEvent",
            ("comment", "body"),
            "comment {comment.id} on commit {comment.commit_id:.12}",
            "{comment.html_url}",
        ),
        (
            "PullRequestReviewEvent",
            ("review", "body"),
            "review {review.id} of pull request {pull_request.number}",
            "{review.html_url}",
        ),
        (
            "PullRequestReviewCommentEvent",
            ("comment", "body"),
            "review comment {comment.id} on pull request {pull_request.number}",
            "{comment.html_url}",
        ),
        (
            "PullRequestReviewCommentEvent",
            ("comment", "diff_hunk"),
            "diff hunk of review comment {comment.id} on pull request {pull_request.number}",
            "{comment.html_url}",
        ),
        ("ReleaseEvent", ("release", "body"), "release {release.id}", "{release.html_url}"),
        (
            "ReleaseEvent",
            ("release", "tag_name"),
            "tag name of release {release.id}",
            "{release.html_url}",
        ),
        (
            "DiscussionEvent",
            ("discussion", "body"),
            "discussion {discussion.number}",
            "{discussion.html_url}",
        ),
        (
            "DiscussionCommentEvent",
            ("comment", "body"),
            "comment {comment.id} on discussion {discussion.number}",
            "{comment.html_url}",
        ),
        (
            "GollumEvent",
            ("pages", 0, "summary"),
            "summary of wiki page at 6bf911d3801d",
            f"{PAGE}/wiki/Home",
        ),
        (
            "PullRequestEvent",
            ("pull_request", "head", "ref"),
            "head ref of pull request {number}",
            "https://github.com/{repo[name]}/pull/{number}",
        ),
        ("ForkEvent", ("forkee", "description"), "description of fork", "{forkee.html_url}"),
    ],
)
def test_where_it_stands(
    kind: str, way: Way, where: str, url: str, detector: Detector, token: str
) -> None:
    document = planted(recorded(kind), ("payload", *way), f"one\ntwo {token}")
    (place,) = places(detector, document, token)
    payload = {key: _Dotted(value) for key, value in document["payload"].items()}
    payload |= {"number": document["payload"].get("number"), "repo": document["repo"]}
    assert (place.path, place.url) == (where.format_map(payload), url.format_map(payload))
    assert (place.line, place.column) == (2, 5)
    assert place.repository == f"https://github.com/{document['repo']['name']}"
    assert place.date
    assert (place.author, place.current, place.commit) == (None, None, None)


class _Dotted:
    """Lets a format name what is in a table with a dot."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __getattr__(self, key: str) -> Any:
        return self._table[key]


def test_the_name_of_a_branch(detector: Detector, token: str) -> None:
    (place,) = places(detector, a_push(ref=f"refs/heads/{token}"), token)
    assert (place.path, place.url) == ("ref of a push event", "https://github.com/ada/app-1")


def test_the_name_of_a_new_branch_is_told_twice(detector: Detector, token: str) -> None:
    document = an_event(
        1, "CreateEvent", ref=token, full_ref=f"refs/heads/{token}", ref_type="branch"
    )
    found = {place.path for place in places(detector, document, token)}
    assert found == {"ref of a create event", "full ref of a create event"}


def test_how_it_is_written_is_told(detector: Detector, token: str) -> None:
    body = f"see\n{base64.b64encode(f'key={token}'.encode()).decode()}\n"
    document = planted(recorded("IssueCommentEvent"), ("payload", "comment", "body"), body)
    (place,) = places(detector, document, token)
    assert (place.note, place.line) == ("written in base64", 2)


def test_release_files(detector: Detector, token: str) -> None:
    document = recorded("ReleaseEvent")
    document["payload"]["release"]["assets"] = [{"name": "a.tar"}, {"name": f"{token}.tar"}]
    (place,) = places(detector, document, token)
    assert place.path == f"assets name of release {document['payload']['release']['id']}"


def test_a_comment_on_a_pull_request_is_an_issue_to_github(detector: Detector, token: str) -> None:
    document = planted(recorded("IssueCommentEvent"), ("payload", "comment", "body"), token)
    document["payload"]["issue"]["pull_request"] = {"url": "https://api.github.com/x"}
    (place,) = places(detector, document, token)
    assert " on pull request " in str(place.path)


def test_outside_of_the_payload_and_in_names_of_keys(
    detector: Detector, new_token: Callable[[], str]
) -> None:
    login, key, new, deep = (new_token() for _ in range(4))
    document = an_event() | {"new": [[{"deep": [deep]}]]}
    document["actor"]["login"] = login
    document["payload"] = {"labels": {key: 1}, "changes": {"from": new}}
    for token in (login, key, new, deep):
        assert len(places(detector, document, token)) == 1


def test_old_pushes_told_their_commits(detector: Detector, token: str) -> None:
    document = a_push(commits=[{"sha": "x", "message": f"Use {token}"}])
    (place,) = places(detector, document, token)
    assert place.path == "commits message of a push event"


def test_the_same_words_count_once_for_each_thing(detector: Detector, token: str) -> None:
    document = recorded("IssueCommentEvent")
    document["payload"]["comment"]["body"] = token
    document["payload"]["issue"]["body"] = token
    document["payload"]["issue"]["title"] = token
    assert len(places(detector, document, token)) == 2


def test_escapes_are_decoded_and_half_characters_do_no_harm(detector: Detector, token: str) -> None:
    spelled = "".join(f"\\u{ord(character):04x}" for character in token)
    text = f'{{"body": "\\ud800\\n\\"{spelled}\\" \\udfff"}}'
    document = an_event(1, "IssuesEvent", issue=json.loads(text))
    (place,) = places(detector, document, token)
    assert (place.line, place.column) == (2, 2)


def test_links_that_are_none(detector: Detector, token: str) -> None:
    for link in ("javascript:alert(1)", "https://x\ny", "/octocat", "", 5, "https://" + "x" * 5000):
        document = an_event(1, "IssuesEvent", issue={"body": token, "html_url": link})
        (place,) = places(detector, document, token)
        assert place.url == "https://github.com/ada/app-1"


def test_a_clean_event_is_one_search(detector: Detector) -> None:
    tally = Tally()
    event = parse_event(recorded("IssuesEvent"), "github.com", "events")
    assert list(scan_event(event, detector, tally)) == []
    assert tally.objects == 1
    assert tally.bytes > sum(len(text.text) for text in event.texts)


def test_authors() -> None:
    document = recorded("IssueCommentEvent")
    document["payload"]["comment"]["user"]["login"] = "grace"
    texts = texts_of(document, PAGE)
    body = document["payload"]["comment"]["body"]
    assert {text.author for text in texts if text.text == body} == {"grace"}


def test_nesting_is_never_too_deep(detector: Detector, token: str) -> None:
    nested: object = token
    for _ in range(5000):
        nested = [nested]
    assert len(places(detector, an_event(1, "NewEvent", nested=nested), token)) == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_every_text_is_taken(payload: object) -> None:
    taken = {text.text for text in texts_of({"type": "AnyEvent", "payload": payload}, PAGE)}
    alone = {text.text for text in read_event(payload, "github.com", "events").texts}

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        for item in value.values() if isinstance(value, dict) else ():
            yield from texts(item)
        for item in value if isinstance(value, list) else ():
            yield from texts(item)

    assert set(texts(payload)) <= taken & alone


def test_of_too_many_texts_the_rest_is_one(
    detector: Detector, new_token: Callable[[], str]
) -> None:
    first, last = new_token(), new_token()
    document = an_event() | {"new": [first, *(f"text {n}" for n in range(9000)), last]}
    texts = read_event(document, "github.com", "events").texts
    assert len(texts) < 6000
    assert {f"text {n}" for n in range(9000)} <= {
        line for text in texts for line in text.text.split("\n")
    }
    (place,) = places(detector, document, first)
    assert place.path == "new of a watch event"
    (place,) = places(detector, document, last)
    assert place.path == "texts of a watch event"
    assert place.url


def test_a_place_far_down_is_short(detector: Detector, new_token: Callable[[], str]) -> None:
    token = new_token()
    value: object = token
    for _ in range(300):
        value = {"abcdefghijklmnopqrstuvwxyz": [value]}
    (place,) = places(detector, an_event() | {"new": value}, token)
    assert place.path
    assert place.path.startswith("new abcdefghijklmnopqrstuvwxyz ")
    assert len(place.path) < 250


def test_what_cannot_be_read_of_a_text_is_told(detector: Detector, token: str) -> None:
    tally = Tally()
    document = an_event(
        1, "IssuesEvent", issue={"body": sealed_text(), "title": token, "number": 7}
    )
    event = parse_event(document, "github.com", "events")
    (seen,) = scan_event(event, detector, tally)
    assert seen.match.secret.reveal() == token
    (skip,) = tally.skipped
    assert skip.sealed
    assert skip.what == "issue 7 in https://github.com/ada/app-1"
    assert "zip that is written as text" in skip.why
