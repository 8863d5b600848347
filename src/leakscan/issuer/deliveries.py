"""Rows of deliveries: which messages the hook has taken, to know one that is replayed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from leakscan.errors import LeakscanError
from leakscan.issuer.tables import deliveries

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from leakscan.issuer.values import Delivery

_KEPT_SECONDS = 600
"""Older messages are refused for their age (Standard Webhooks allows five minutes)."""


class ReplayedError(LeakscanError):
    """The very same signed message came before."""


def take(connection: Connection, delivery: Delivery) -> None:
    """Write a delivery down, and forget old ones.

    Raises:
        ReplayedError: it was taken before.
    """
    connection.execute(delete(deliveries).where(deliveries.c.sent_at < time.time() - _KEPT_SECONDS))
    try:
        connection.execute(
            insert(deliveries).values(
                webhook_id=delivery.webhook_id,
                sent_at=delivery.sent_at,
                signature=delivery.signature,
            )
        )
    except IntegrityError:
        raise ReplayedError("this message was delivered before", "sign a retry anew") from None
