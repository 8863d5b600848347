"""What a disable hook is asked and how it answers, the same for every kind of hook.

docs/hooks.md is its description for those who write one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from leakscan.ledger.outcomes import Disabled
from leakscan.ledger.words import Answer, Owner
from leakscan.respond.failure import AttemptError

if TYPE_CHECKING:
    from datetime import datetime

    from leakscan.model import Secret
    from leakscan.respond.notice import Place

LONGEST_TEXT = 500
"""Characters of a name or an address; no honest one comes near."""


@dataclass(frozen=True, slots=True)
class DisableRequest:
    """One token to disable, and why.

    Attributes:
        finding: the fingerprint: the same whenever the same token is asked for again.
        token: the secret; it prints redacted.
        exposure: `model.PUBLIC`, or another sign of compromise in words.
        sightings: the first places where it was seen.
    """

    finding: str
    rule: str
    token: Secret
    exposure: str
    found_at: datetime
    sightings: tuple[Place, ...]
    sighting_count: int

    def to_json(self, moment: datetime) -> bytes:
        """Return the request as a JSON document, the token in full."""
        places = [
            {
                "kind": place.kind,
                "repository": place.repository,
                "commit": place.commit,
                "path": place.path,
                "line": place.line,
                "url": place.url,
            }
            for place in self.sightings
        ]
        document = {
            "type": "token.disable",
            # To the microsecond: no two attempts may be signed alike, or one passes for a replay.
            "timestamp": moment.isoformat(timespec="microseconds"),
            "data": {
                "finding": self.finding,
                "rule": self.rule,
                "token": self.token.reveal(),
                "exposure": self.exposure,
                "found_at": self.found_at.isoformat(timespec="seconds"),
                "sightings": places,
                "sighting_count": self.sighting_count,
            },
        }
        return json.dumps(document).encode()


class Hook(Protocol):
    """Asks an issuer to disable tokens.  It may be called from many threads."""

    def disable(self, request: DisableRequest) -> Disabled:
        """Ask once, with a few retries within the call; asking again must do no harm.

        Raises:
            AttemptError: there is no answer that can be trusted.
        """

    def stop(self) -> bool:
        """End what is running, for this process is about to end; tell whether that can be done."""


def read_answer(body: bytes) -> Disabled:
    """Read a hook's answer: a JSON object with ``status`` and, if known, ``owner`` and ``token``.

    Raises:
        AttemptError: it is something else.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise AttemptError("its answer is not JSON", trouble=True) from None
    return answer_of(document)


def answer_of(document: object) -> Disabled:
    """Check an answer that has been decoded.

    Raises:
        AttemptError: it is no answer.
    """
    if not isinstance(document, dict):
        raise AttemptError("its answer is not a JSON object", trouble=True)
    try:
        answer = Answer(str(document.get("status")))
    except ValueError:
        wanted = ", ".join(Answer)
        raise AttemptError(f"its answer has no status of {wanted}", trouble=True) from None
    owner, token = _object(document, "owner"), _object(document, "token")
    return Disabled(
        answer,
        Owner(_text(owner, "name"), _text(owner, "email"), _text(owner, "locale")),
        _text(token, "name"),
    )


def _object(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AttemptError(f"its answer has a wrong {key}", trouble=True)
    return value


def _text(document: dict[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST_TEXT):
        raise AttemptError(f"its answer has a wrong {key}", trouble=True)
    return value or None
