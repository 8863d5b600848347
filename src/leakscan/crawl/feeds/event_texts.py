"""Every text in an event, with words and a link for where it stands.

All strings are taken, whatever the event's type, and if it makes no sense: a field that is new is
searched too.  Only the words for the place know what the types mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import TYPE_CHECKING

from leakscan.crawl.names import COMMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN_KEY = r"[A-Za-z_]{1,30}"
_LINK = r"https?://[^\x00-\x20\x7f\ud800-\udfff]{1,2000}"
_SHORT_ID = 12
_MOST_TEXTS = 5000
"""Texts of an event that are told one by one; real events have some hundreds."""
_LONGEST_FIELDS = 160
"""Characters of the way to a field, after which no more names are added to it."""
_SUBJECTS = ("issue", "pull_request", "discussion")


@dataclass(frozen=True, slots=True)
class Text:
    """Something that somebody wrote.

    Attributes:
        where: in words, such as ``comment 5 on issue 12``; nothing that a stranger chose.
        url: a page that shows it, or at least the repository.
        text: what was written.
        author: login of who wrote it, if it is known.
    """

    where: str
    url: str | None
    text: str = field(repr=False)
    author: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk through an event has got to: a thing, and the way from it to a field."""

    thing: str
    fields: str
    url: str | None
    author: str | None

    def within(self, key: str, value: object) -> _Place:
        """Go to what stands under a key, or in a list if the key is empty."""
        is_named = len(self.fields) < _LONGEST_FIELDS and re.fullmatch(_PLAIN_KEY, key)
        name = key.replace("_", " ") if is_named else ""
        fields = f"{self.fields} {name}".strip()
        return _Place(self.thing, fields, _link(value) or self.url, self.author)

    def text(self, written: str) -> Text:
        """Return a text that stands here.  The body of a thing is the thing itself."""
        is_thing = self.fields in ("", "body")
        where = self.thing if is_thing else f"{self.fields} of {self.thing}"
        return Text(where, self.url, written, self.author)


def texts_of(event: object, page: str | None, thing: str | None = None) -> tuple[Text, ...]:
    """Return every text in an event once for each thing that it stands in.

    Of an event that has more of them than any real one, all the others are one text, each on lines
    of its own, so that what is kept is not many times as large as the event.

    Args:
        event: decoded from JSON; whatever that gave.
        page: the repository's page, for what has no page of its own; ``None`` if none is known.
        thing: what it is in words, if it is something else.
    """
    fields = event if isinstance(event, Mapping) else {}
    url, actor = _link(event) or page, _login(fields.get("actor"))
    whole = _Place(thing or _spaced(fields.get("type")), "", url, actor)
    seen: dict[tuple[str, str], Text] = {}
    others: list[str] = []
    for part, value in _parts(fields, whole, page) if fields else [(whole, event)]:
        for place, written in _walk(value, part):
            if len(seen) < _MOST_TEXTS:
                seen.setdefault((part.thing, written), place.text(written))
            else:
                others.append(written)
    more = [Text(f"texts of {whole.thing}", whole.url, "\n".join(others), actor)] if others else []
    return (*seen.values(), *more)


def _parts(
    event: Mapping[str, object], whole: _Place, repository: str | None
) -> Iterator[tuple[_Place, object]]:
    """Yield the things that an event speaks of, what was written newly first; then all else."""
    payload = event.get("payload")
    rest = dict(event)
    if isinstance(payload, Mapping):
        others = dict(payload)
        page = next((_page(payload, key, repository) for key in _SUBJECTS if key in payload), None)
        about = replace(whole, url=page or whole.url)
        for key, thing in _things(payload):
            value = others.pop(key)
            for item in value if isinstance(value, list) else [value]:
                yield _place_of(key, thing, item, about), item
        rest.pop("payload")
        yield whole, others
    yield whole, rest


def _things(payload: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the keys under which things stand, with words; what was written newly first."""
    issue, pull, comment = (payload.get(key) for key in ("issue", "pull_request", "comment"))
    subjects = {
        "issue": _numbered("pull request" if _is_pull(issue) else "issue", issue),
        "pull_request": _numbered("pull request", pull),
        "discussion": _numbered("discussion", payload.get("discussion")),
    }
    about = next((subjects[key] for key in _SUBJECTS if key in payload), _commit(comment))
    noun = "review comment" if pull else "comment"
    things = {
        "comment": f"{_numbered(noun, comment, 'id')} on {about}",
        "review": f"{_numbered('review', payload.get('review'), 'id')} of {about}",
        "release": _numbered("release", payload.get("release"), "id"),
        "pages": "wiki page",
        **subjects,
        "forkee": "fork",
        "member": "member",
    }
    return [(key, words) for key, words in things.items() if key in payload]


def _page(payload: Mapping[str, object], key: str, repository: str | None) -> str | None:
    """Return the page of a thing; since October 2025 pull requests do not name theirs."""
    value = payload.get(key)
    if not isinstance(value, Mapping):
        return None
    number, link = value.get("number"), _link(value)
    if link is None and repository and key == "pull_request" and _is_number(number):
        return f"{repository}/pull/{number}"
    return link


def _place_of(key: str, thing: str, value: object, about: _Place) -> _Place:
    """Return the place of a thing: its own page and author, if it names them."""
    if not isinstance(value, Mapping):
        return replace(about, thing=thing)
    author = _login(value.get("user")) or _login(value.get("author")) or about.author
    if key == "pages":
        thing = f"wiki page at {_short(value.get('sha'))}"
    return _Place(thing, "", _link(value) or about.url, author)


def _walk(value: object, place: _Place) -> Iterator[tuple[_Place, str]]:
    """Yield the texts in something, and where each stands.

    No nesting is too deep, and names of keys may be odd.  What is held is a place for each level.
    """
    levels = [(iter([("", value)]), place)]
    while levels:
        items, place = levels[-1]
        for key, item in items:
            if isinstance(item, str):
                yield place.within(key, item) if key else place, item
            elif isinstance(item, Mapping):
                inner = place.within(key, item)
                yield from ((inner, odd) for odd in item if not re.fullmatch(_PLAIN_KEY, odd))
                levels.append((iter(item.items()), inner))
                break
            elif isinstance(item, list):
                levels.append((zip(repeat(""), item), place.within(key, item)))
                break
        else:
            levels.pop()


def _spaced(kind: object) -> str:
    """Turn ``IssueCommentEvent`` into ``an issue comment event``."""
    if not isinstance(kind, str) or not re.fullmatch(r"(?:[A-Z][a-z]{1,15}){1,6}", kind):
        return "an event"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _numbered(noun: str, value: object, key: str = "number") -> str:
    number = value.get(key) if isinstance(value, Mapping) else None
    return f"{noun} {number}" if _is_number(number) else noun


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _commit(comment: object) -> str:
    return f"commit {_short(comment.get('commit_id') if isinstance(comment, Mapping) else None)}"


def _short(oid: object) -> str:
    if isinstance(oid, str) and re.fullmatch(COMMIT, oid):
        return oid[:_SHORT_ID]
    return "?"


def _is_pull(issue: object) -> bool:
    """Whether an issue is a pull request: it then has links under that key."""
    links = issue.get("pull_request") if isinstance(issue, Mapping) else None
    return isinstance(links, Mapping) and any(links.values())


def _link(value: object) -> str | None:
    link = value.get("html_url") if isinstance(value, Mapping) else None
    return link if isinstance(link, str) and re.fullmatch(_LINK, link) else None


def _login(account: object) -> str | None:
    login = account.get("login") if isinstance(account, Mapping) else None
    return login if isinstance(login, str) else None
