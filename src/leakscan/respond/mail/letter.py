"""What the templates are given: `Notice` values with every text made safe to show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from leakscan.model import PUBLIC
from leakscan.respond.mail.foreign import Foreign, safe_link, shortened
from leakscan.surfaces import surface

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leakscan.respond.mail.settings import MailSettings
    from leakscan.respond.notice import Notice, Owner, Place

PLACES_SHOWN = 10
LONGEST_NAME = 80

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """One place where a token was seen.

    Attributes:
        kind: what it stood in, as in `model.Kind`, for translating.
        surface: the same in words, such as ``file`` or ``commit message``.
        spot: the path with the line, if there is a path.
        commit: the first digits of the commit's id.
        link: an http(s) address that leads there.
    """

    kind: str
    surface: str
    repository: Foreign
    spot: Foreign | None
    line: int | None
    commit: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class ShownToken:
    """One token.

    Attributes:
        label: its name, or where it has none its first and last characters.
        exposure: what shows that it is compromised, if that is not a public repository.
        places: at most `PLACES_SHOWN`; ``more`` is how many are left out.
    """

    label: Foreign
    name: Foreign | None
    redacted: Foreign
    rule: Foreign
    found_at: datetime
    disabled_at: datetime | None
    is_public: bool
    exposure: Foreign
    places: tuple[ShownPlace, ...]
    more: int


def letter(owner: Owner, notices: Sequence[Notice], settings: MailSettings) -> dict[str, object]:
    """Make the variables of the templates; docs/mail.md describes them."""
    families = {notice.rule for notice in notices}
    family = families.pop() if len(families) == 1 else "API token"
    return {
        "owner_name": _owner_name(owner),
        "tokens": tuple(_shown_token(notice) for notice in notices),
        "family": Foreign(family, is_quoted=False),
        "token_page": settings.token_page,
        "support": settings.support,
        "sender_name": settings.sender_address.display_name or settings.sender_address.addr_spec,
    }


def in_words(moment: datetime) -> str:
    """Write a moment out in UTC: ``25 November 2026, 09:12 UTC``."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


def _owner_name(owner: Owner) -> Foreign | None:
    name = shortened(" ".join((owner.name or "").split()), LONGEST_NAME)
    return Foreign(name, is_quoted=False) if name else None


def _shown_token(notice: Notice) -> ShownToken:
    redacted = Foreign(notice.redacted, is_quoted=False)
    given = (notice.token_name or "").strip()
    name = Foreign(given) if given else None
    shown = notice.places[:PLACES_SHOWN]
    return ShownToken(
        label=name or redacted,
        name=name,
        redacted=redacted,
        rule=Foreign(notice.rule, is_quoted=False),
        found_at=notice.found_at,
        disabled_at=notice.disabled_at,
        is_public=notice.exposure == PUBLIC,
        exposure=Foreign(notice.exposure.rstrip(". "), is_quoted=False),
        places=tuple(_shown_place(place) for place in shown),
        more=max(notice.place_count, len(notice.places)) - len(shown),
    )


def _shown_place(place: Place) -> ShownPlace:
    spot = None
    if place.path is not None:
        spot = Foreign(place.path if place.line is None else f"{place.path}:{place.line}")
    is_id = place.commit is not None and re.fullmatch(r"[0-9a-f]{7,64}", place.commit)
    return ShownPlace(
        kind=place.kind,
        surface=surface(place.kind),
        repository=Foreign(re.sub(r"^https?://", "", place.repository)),
        spot=spot,
        line=place.line,
        commit=place.commit[:12] if place.commit and is_id else None,
        link=safe_link(place.url),
    )
