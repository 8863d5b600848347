"""Have a watch look again at what was left out before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.ledger.push_retry import retry_feeds, retry_pushes
from leakscan.report.amounts import count

if TYPE_CHECKING:
    from collections.abc import Collection

    from leakscan.ledger.push_queue import PushQueue


def retry(queue: PushQueue, feeds: Collection[str]) -> str:
    """Make it due at once.

    Args:
        queue: the pushes of the site that is watched.
        feeds: names of what is asked for pushes.

    Returns:
        How much that is, in a sentence.

    Raises:
        LeakscanError: the ledger failed.
    """
    return said(retry_pushes(queue.ledger, queue.host), retry_feeds(queue.ledger, feeds))


def said(pushes: int, feeds: int) -> str:
    """Return how much is tried again: ``412 pushes and 1 source are tried again``."""
    parts = [f"{pushes:,} push" if pushes == 1 else f"{pushes:,} pushes"] if pushes else []
    parts += [count(feeds, "source")] if feeds else []
    if not parts:
        return "nothing is tried again: no push was left out, and no source has failed"
    verb = "is" if pushes + feeds == 1 else "are"
    return f"{' and '.join(parts)} {verb} tried again"
