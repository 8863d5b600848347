"""Have a watch look again at what was left out before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.ledger.push_retry import retry_feeds, retry_pushes
from leakscan.report.amounts import count

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from leakscan.ledger.push_queue import PushQueue


def retry(queue: PushQueue, feeds: Collection[str], keep: timedelta) -> str:
    """Make it due at once.

    Args:
        queue: the pushes of the site that is watched.
        feeds: names of what is asked for pushes.
        keep: for how long pushes are kept; older ones would be given up, not looked at.

    Returns:
        How much that is, in a sentence.

    Raises:
        LeakscanError: the ledger failed.
    """
    pushes = retry_pushes(queue.ledger, queue.host, kept_since(keep))
    return said(pushes, retry_feeds(queue.ledger, feeds))


def kept_since(keep: timedelta) -> datetime:
    """Return since when feeds must have told of what is tried again.

    Args:
        keep: for how long pushes are kept.
    """
    return datetime.now(UTC) - keep


def said(pushes: int, feeds: int) -> str:
    """Return how much is tried again: ``412 pushes and 1 source are tried again``."""
    parts = [count(pushes, "push", "pushes")] if pushes else []
    parts += [count(feeds, "source")] if feeds else []
    if not parts:
        return "nothing is tried again: within watch.keep, nothing was left out or has failed"
    verb = "is" if pushes + feeds == 1 else "are"
    return f"{' and '.join(parts)} {verb} tried again"
