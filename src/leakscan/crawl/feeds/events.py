"""One event of a hosting site: what it says was pushed, and what people wrote in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from leakscan.detect import Detector
    from leakscan.sources.sighting import Tally

__all__ = ["Event", "MalformedEventError", "NotPublicError", "Text", "parse_event", "scan_event"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in public.

    Attributes:
        id: the site's number of it; numbers have collided, so it names nothing by itself.
        type: the site's word for what happened, such as ``PushEvent``.
        repository: ``owner/name`` when it happened.
        repository_id: the site's number of the repository.
        happened_at: when, by the site's clock; ``None`` where it does not say.
        push: what it brought to the repository, if it did.
        texts: every text in it; they may hold secrets, so they are never shown as they are.
        host: name of the hosting site.
    """

    id: str
    type: str
    repository: str
    repository_id: int
    happened_at: datetime | None
    push: Push | None = None
    texts: tuple[Text, ...] = field(default=(), repr=False)
    host: str = "github.com"


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
    kind = text(document, "type")
    if not re.fullmatch(r"[A-Za-z]+", kind):
        raise MalformedEventError("type is no word")
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


def scan_event(
    event: Event, detector: Detector, tally: Tally, site: str | None = None
) -> Iterator[Sighting]:
    """Search everything that an event says; it costs no request.

    Args:
        event: what to search.
        detector: what to search with; it serves one thread.
        tally: told how much was read.
        site: address of the hosting site, if it is not that of the event's host over https.
    """
    whole = _encoded("\n".join(text.text for text in event.texts))
    tally.read(len(whole))
    if not detector.search(whole):  # as nearly always
        return
    for written in event.texts:
        for match in detector.search(_encoded(written.text)):
            place = Location(
                Kind.EVENT,
                f"{site or f'https://{event.host}'}/{event.repository}",
                path=written.where,
                line=match.line,
                column=match.column,
                date=event.happened_at,
                url=written.url,
            )
            yield Sighting(match, place)


def _encoded(written: str) -> bytes:
    """Encode a text; JSON may hold half a character, which nothing can encode."""
    return written.encode("utf-8", "replace")
