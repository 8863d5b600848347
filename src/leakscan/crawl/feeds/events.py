"""One event of a hosting site: what it says was pushed, and what people wrote in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_fields import (
    MalformedEventError,
    NotPublicError,
    check_public,
    moment,
    number,
    repository_name,
    table,
    text,
)
from leakscan.crawl.feeds.event_pushes import push_of
from leakscan.crawl.feeds.event_texts import Text, texts_of
from leakscan.model import Kind, Location
from leakscan.push import Push, PushKind
from leakscan.sources.placing import placed, readable_parts
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from leakscan.detect import Detector
    from leakscan.sources.sighting import Tally

__all__ = [
    "Event",
    "MalformedEventError",
    "NotPublicError",
    "Text",
    "is_event",
    "malformed_event",
    "parse_event",
    "read_event",
    "scan_event",
]

_MALFORMED = "an event that could not be understood"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in public.

    Attributes:
        id: the site's number of it; numbers have collided, so it names nothing by itself.
        type: the site's word for what happened, such as ``PushEvent``; empty if it is malformed
            and has none.
        repository: ``owner/name`` when it happened; empty if it is malformed and names none.
        repository_id: the site's number of the repository; 0 if it is malformed.
        happened_at: when, by the site's clock; ``None`` where it does not say.
        push: what it brought to the repository, if it did.
        texts: every text in it; they may hold secrets, so they are never shown as they are.
        host: name of the hosting site.
        is_malformed: it could not be understood; only its texts are of use.
    """

    id: str
    type: str
    repository: str
    repository_id: int
    happened_at: datetime | None
    push: Push | None = None
    texts: tuple[Text, ...] = field(default=(), repr=False)
    host: str = "github.com"
    is_malformed: bool = False


def read_event(document: object, host: str, feed: str) -> Event:
    """Read whatever a feed tells: what cannot be understood still has texts to be searched.

    Args:
        document: what `parse_event` reads; a line as it stands if that is no JSON.
        host: name of the hosting site.
        feed: which feed told of it.

    Raises:
        NotPublicError: it is to be passed over.
    """
    try:
        return parse_event(document, host, feed)
    except MalformedEventError:
        return malformed_event(document, host)


def is_event(document: object) -> bool:
    """Whether something says of what type of event it is, or is not public, whatever it lacks."""
    if not isinstance(document, Mapping):
        return False
    try:
        check_public(document)
        _kind(document)
    except NotPublicError:
        return True
    except MalformedEventError:
        return False
    return True


def parse_event(document: object, host: str, feed: str) -> Event:
    """Read an event as GitHub's API and GH Archive give it; fields that are new are ignored.

    Args:
        document: the event, decoded from JSON.
        host: name of the hosting site.
        feed: which feed told of it.

    Raises:
        MalformedEventError: what is needed is missing, or makes no sense.
        NotPublicError: it is to be passed over.
    """
    if not isinstance(document, Mapping):
        raise MalformedEventError("it is no object")
    check_public(document)
    kind = _kind(document)
    repository, payload = table(document, "repo"), table(document, "payload")
    name = repository_name(repository, "name")
    known = number(repository, "id") or number(payload, "repository_id")
    if known is None:
        raise MalformedEventError("repo.id is no number")
    when = moment(document, "created_at")
    empty = Push(PushKind.PUSH, host, known, name, "", None, None, when, feed)
    return Event(
        id=str(number(document, "id") or text(document, "id")),
        type=kind,
        repository=name,
        repository_id=known,
        happened_at=when,
        push=push_of(kind, payload, empty),
        texts=texts_of(document, f"https://{host}/{name}"),
        host=host,
    )


def malformed_event(document: object, host: str) -> Event:
    """Keep the texts of what could not be understood, and of all else what makes sense.

    Args:
        document: decoded from JSON; whatever that gave.
        host: name of the hosting site.
    """
    fields = document if isinstance(document, Mapping) else {}
    kind, name, when = "", "", None
    with suppress(MalformedEventError):
        kind = _kind(fields)
    with suppress(MalformedEventError):
        name = repository_name(table(fields, "repo"), "name")
    with suppress(MalformedEventError):
        when = moment(fields, "created_at")
    page = f"https://{host}/{name}" if name else None
    texts = texts_of(document, page, _MALFORMED)
    return Event(
        id="",
        type=kind,
        repository=name,
        repository_id=0,
        happened_at=when,
        texts=texts,
        host=host,
        is_malformed=True,
    )


def _kind(document: Mapping[str, object]) -> str:
    kind = text(document, "type")
    if not re.fullmatch(r"[A-Za-z]+", kind):
        raise MalformedEventError("type is no word")
    return kind


def scan_event(
    event: Event, detector: Detector, tally: Tally, site: str | None = None
) -> Iterator[Sighting]:
    """Search everything that an event says; it costs no request.

    Args:
        event: what to search.
        detector: what to search with; it serves one thread.
        tally: told how much was read, and what could not be.
        site: address of the hosting site, if it is not that of the event's host over https.
    """
    whole = _encoded("\n".join(text.text for text in event.texts))
    tally.read(len(whole))
    if not detector.search_text(whole):  # as nearly always
        return
    address = site or f"https://{event.host}"
    repository = f"{address}/{event.repository}" if event.repository else address
    for written in event.texts:
        found = detector.search_text(_encoded(written.text))
        for match in readable_parts(found, f"{written.where} in {repository}", tally):
            place = Location(
                Kind.EVENT,
                repository,
                path=written.where,
                date=event.happened_at,
                url=written.url,
            )
            yield Sighting(match, placed(place, match))


def _encoded(written: str) -> bytes:
    """Encode a text; JSON may hold half a character, which nothing can encode."""
    return written.encode("utf-8", "replace")
