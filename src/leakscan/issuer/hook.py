"""``POST /hooks/disable``: what leakscan calls when a token has leaked.

A message is signed as Standard Webhooks say, and taken once: the very same one again is a
replay.  A sender that got no answer signs anew with the same webhook-id, and is told the same.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from leakscan.issuer.bodies import read_body
from leakscan.issuer.deliveries import ReplayedError
from leakscan.issuer.leak_event import EventError, read_leak
from leakscan.issuer.log import note
from leakscan.issuer.problems import problem
from leakscan.issuer.values import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import Leak, Outcome

PATH = "/hooks/disable"
LIMIT = 1024 * 1024

# The signature is of ID.TIMESTAMP.BODY: a full stop in the id would make that ambiguous.
_ID = re.compile(r"[!-\-/-~]{1,200}")
# The library takes 1e9 and 1000000000.5 too, and with them a replay would look new.
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def hook_routes(issuer: Issuer) -> list[Route]:
    """Return the route of the hook."""
    webhook = Webhook(issuer.webhook_secret)

    async def disable(request: Request) -> Response:
        try:
            body = await read_body(request, LIMIT)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        if body is None:
            note(request, "hook: refused, too large")
            return problem(413, "Too large", f"The body has more than {LIMIT} bytes")
        return await run_in_threadpool(_disable, issuer, webhook, body, request)

    return [Route(PATH, disable, methods=["POST"])]


def _disable(issuer: Issuer, webhook: Webhook, body: bytes, request: Request) -> Response:
    delivery = signed_delivery(webhook, body, request.headers)
    if delivery is None:
        note(request, "hook: refused, not signed, wrongly, or too old")
        return problem(401, "Unauthenticated", "The message is not signed, wrongly, or too old")
    try:
        leak = read_leak(body)
        outcome = issuer.disable_leaked(leak, delivery)
    except EventError as error:
        note(request, "hook: refused, signed but no such event: %s", error)
        return problem(400, "Bad request", str(error))
    except ReplayedError:
        note(request, "hook: refused, a replay")
        return problem(409, "Replayed", "This very message came before: sign a retry anew")
    _note_outcome(request, leak, outcome)
    return JSONResponse(_told(outcome))


def signed_delivery(webhook: Webhook, body: bytes, headers: Mapping[str, str]) -> Delivery | None:
    """Verify a message.

    Returns:
        What tells it from others; ``None`` unless it is signed with our secret, and is fresh.
    """
    signed = {name: headers.get(name, "") for name in _HEADERS}
    webhook_id, timestamp = signed["webhook-id"], signed["webhook-timestamp"]
    if not _ID.fullmatch(webhook_id) or not _TIMESTAMP.fullmatch(timestamp):
        return None
    try:
        webhook.verify(body, signed, json_parse=False)
    except (WebhookVerificationError, ValueError):  # the latter for malformed headers
        return None
    sent_at = int(timestamp)
    signature = webhook.sign(webhook_id, datetime.fromtimestamp(sent_at, UTC), body.decode())
    return Delivery(webhook_id, sent_at, signature)


def _note_outcome(request: Request, leak: Leak, outcome: Outcome) -> None:
    if outcome.owner is None:  # whose text is no business of ours, then
        note(request, "hook: %s, finding %s", outcome.status, leak.finding)
        return
    values = (outcome.status, leak.token, outcome.owner.username, leak.finding)
    note(request, "hook: %s, token %s of %s, finding %s", *values)


def _told(outcome: Outcome) -> dict[str, object]:
    owner, name = outcome.owner, outcome.token_name
    return {
        "status": outcome.status,
        "owner": owner and {"name": owner.name, "email": owner.email, "locale": owner.locale},
        "token": None if name is None else {"name": name},
    }
