"""Why an attempt failed, in words that may be kept and shown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.ledger.outcomes import Failure
from leakscan.safe_text import safe_text
from leakscan.statuses import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.model import Secret

LONGEST = 300


class AttemptError(Exception):
    """An attempt failed and may be made again.

    Args:
        why: on one line.
        wait: what the other side asked for.
        down: whether nobody answers there at all, so that more attempts are no use now.
        trouble: whether only a person can mend it.
        unsure: whether it may have had its effect all the same.
    """

    def __init__(
        self,
        why: str,
        wait: timedelta | None = None,
        *,
        down: bool = False,
        trouble: bool = False,
        unsure: bool = True,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait
        self.down = down
        self.trouble = trouble
        self.unsure = unsure

    @property
    def failure(self) -> Failure:
        """What the ledger is told."""
        wait = self.wait or timedelta(0)
        return Failure(self.why, wait, is_trouble=self.trouble, is_unsure=self.unsure)


def attempt_error(error: BaseException) -> AttemptError:
    """Return the failure of an attempt that raised this.

    What nobody foresaw is the failure of that attempt alone; its message, which may hold the
    token, is left out.
    """
    if isinstance(error, AttemptError):
        return error
    return AttemptError(f"internal error: {type(error).__name__}")


def presentable(text: str, secret: Secret | None = None) -> str:
    """Return a stranger's answer on one short line, without the secret."""
    if secret:
        text = text.replace(secret.reveal(), secret.redacted())
    text = safe_text(" ".join(text.split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long an answer asks to wait, if it does."""
    seconds = retry_after(headers)
    return None if seconds is None else timedelta(seconds=seconds)
