"""The hook that posts to a web server, signed as Standard Webhooks says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from standardwebhooks.webhooks import Webhook
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from leakscan.respond.failure import AttemptError, asked_wait, presentable
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
        """Post, and again if the server fails at once; all within its time."""
        over = time.monotonic() + self.server.timeout
        failures: list[AttemptError] = []
        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(TRIES) | stop_before_delay(self.server.timeout / 2),
            wait=wait_random_exponential(min=0.5, max=3),
            reraise=True,
        )
        try:
            outcome = retrying(self._post, request, over, failures)
        except AttemptError as error:
            error.unsure = any(failure.unsure for failure in failures)
            raise
        return replace(outcome, is_unsure=any(failure.unsure for failure in failures))

    def _post(self, request: DisableRequest, over: float, failures: list[AttemptError]) -> Disabled:
        try:
            return self._post_once(request, over)
        except AttemptError as error:
            failures.append(error)
            raise

    def stop(self) -> bool:
        """Leave requests alone: they end with their connections."""
        return False

    def _post_once(self, request: DisableRequest, over: float) -> Disabled:
        moment = datetime.now(UTC)
        body = request.to_json(moment)
        server = replace(self.server, timeout=max(0.1, over - time.monotonic()))
        try:
            reply = server.send("POST", self._headers(request.finding, moment, body), body)
        except Unanswered as error:
            why = f"{server.host}: {error}"
            raise AttemptError(presentable(why), down=True, unsure=error.unsure) from None
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


def _may_pass(error: BaseException) -> bool:
    """Whether to ask at once again: not where the server has said when."""
    return isinstance(error, AttemptError) and error.down and error.wait is None


def _refusal(reply: Reply, request: DisableRequest) -> AttemptError:
    """Say why an answer is none: an error of the server's, of ours, or a way elsewhere."""
    wait = asked_wait(reply.headers)
    if 300 <= reply.status < 400:
        why = f"it redirects (HTTP {reply.status}), which is not followed"
        return AttemptError(why, trouble=True, unsure=False)
    if reply.status in _BUSY or reply.status >= 500:
        return AttemptError(f"HTTP {reply.status}", wait, down=True)
    said = presentable(reply.body.decode("utf-8", "replace"), request.token)
    why = presentable(f"HTTP {reply.status}: {said}")
    return AttemptError(why, wait, trouble=True, unsure=False)


_BUSY = (408, 425, 429)
