"""The hook that posts to a web server, signed as Standard Webhooks says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from standardwebhooks.webhooks import Webhook
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from leakscan.respond.failure import AttemptError, presentable, retry_after
from leakscan.respond.hooks.contract import read_answer
from leakscan.respond.web import Unanswered

if TYPE_CHECKING:
    from leakscan.ledger.outcomes import Disabled
    from leakscan.respond.hooks.contract import DisableRequest
    from leakscan.respond.web import Reply, Server

TRIES = 3
"""Requests of one attempt, as long as the server fails at once."""


@dataclass(frozen=True, slots=True)
class HttpHook:
    """Posts each request to one URL.

    Attributes:
        secret: the key of the signature: ``whsec_`` and base64.
    """

    server: Server
    secret: str = field(repr=False)

    def disable(self, request: DisableRequest) -> Disabled:
        """Post, and again if the server fails at once."""
        return Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, AttemptError) and error.down),
            stop=stop_after_attempt(TRIES) | stop_after_delay(self.server.timeout / 2),
            wait=wait_random_exponential(min=0.5, max=3),
            reraise=True,
        )(self._post, request)

    def _post(self, request: DisableRequest) -> Disabled:
        moment = datetime.now(UTC)
        body = request.to_json(moment)
        try:
            reply = self.server.send("POST", self._headers(request.finding, moment, body), body)
        except Unanswered as error:
            raise AttemptError(presentable(str(error)), down=True) from None
        if reply.status == 200:
            return read_answer(reply.body)
        raise _refusal(reply, request)

    def _headers(self, finding: str, moment: datetime, body: bytes) -> dict[str, str]:
        signature = Webhook(self.secret).sign(finding, moment, body.decode())
        return {
            "content-type": "application/json",
            "idempotency-key": finding,
            "webhook-id": finding,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }


def _refusal(reply: Reply, request: DisableRequest) -> AttemptError:
    """Say why an answer is none: an error of the server's, of ours, or a way elsewhere."""
    wait = retry_after(reply.headers)
    if 300 <= reply.status < 400:
        return AttemptError(
            f"it redirects (HTTP {reply.status}), which is not followed", trouble=True
        )
    if reply.status in _BUSY or reply.status >= 500:
        return AttemptError(f"HTTP {reply.status}", wait, down=True)
    said = presentable(reply.body[:500].decode("utf-8", "replace"), request.token)
    return AttemptError(presentable(f"HTTP {reply.status}: {said}"), wait, trouble=True)


_BUSY = (408, 425, 429)
