"""The feeds of events: 300 events at most, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.api import Call, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.repository import HubRepository
    from hub.server import Answer

MOST = 300


def public(call: Call) -> Answer:
    """What happens anywhere."""
    return _feed(call, lambda _: True)


def of_organization(call: Call, login: str) -> Answer:
    """What happens in an organisation's repositories."""
    return _feed(call, lambda event: event.get("org", {}).get("login", "").lower() == login.lower())


def of_user(call: Call, login: str) -> Answer:
    """What somebody does."""
    return _feed(call, lambda event: event["actor"]["login"].lower() == login.lower())


def of_repository(call: Call, repository: HubRepository) -> Answer:
    """What happens in one repository."""
    return _feed(call, lambda event: event["repo"]["id"] == repository.id)


def _feed(call: Call, wanted: Callable[[dict[str, Any]], bool]) -> Answer:
    hub = call.hub
    newest = hub.moment(hub.now() - hub.lag)
    events = [e for e in list(hub.events) if e["created_at"] <= newest and wanted(e)]
    shown = events[::-1][:MOST]
    if (call.number("page", 1, 10**6) - 1) * call.number("per_page", 30) >= MOST:
        message = (
            "In order to keep the API fast for everyone, pagination is limited for this resource."
        )
        return refusal(call.template, 422, message)
    answer = call.page(shown)
    answer.headers["x-poll-interval"] = str(hub.poll_interval)
    return answer
