"""The tables of sums by the hour, into which old pushes and polls go when they are pruned."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table

from leakscan.ledger.tables import Words, metadata, row_id
from leakscan.storage import Moment


def _sum(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, comment=comment)


push_hours = Table(
    "push_hours",
    metadata,
    row_id(),
    Column("hour", Moment, nullable=False, comment="Start of the hour in which we were told."),
    Column("host", Words, nullable=False, comment="The hosting site."),
    Column("kind", String(6), nullable=False, comment="As in pushes."),
    Column("feed", Words, nullable=False, comment="The feed that told first."),
    Column("state", String(8), nullable=False, comment="scanned, skipped or gave-up."),
    Column("trouble", String(16), nullable=False, comment="As in pushes; empty for none."),
    Column("via", String(8), nullable=False, comment="As in pushes; empty for none."),
    Column("is_partial", Boolean, nullable=False, comment="As in pushes."),
    _sum("pushes", "How many they are."),
    _sum("objects", "Objects that were read for them."),
    _sum("bytes", "Bytes that were read for them, after decompression."),
    _sum("received", "Bytes that came over the network for them."),
    _sum("git_requests", "Git requests that they took."),
    _sum("api_requests", "API calls that they took."),
    _sum("findings", "Findings in them."),
    Index(
        "ix_push_hours_all",
        *("hour", "host", "kind", "feed", "state", "trouble", "via", "is_partial"),
        unique=True,
    ),
    comment="Pushes that were pruned, counted.",
)

lag_hours = Table(
    "lag_hours",
    metadata,
    row_id(),
    Column("hour", Moment, nullable=False, comment="Start of the hour in which we were told."),
    Column("until", String(8), nullable=False, comment="seen or ended: up to when it is counted."),
    _sum("seconds", "Time since they happened, to two digits."),
    _sum("pushes", "How many they are."),
    Index(None, "hour", "until", "seconds", unique=True),
    comment="How late we were with pushes that were pruned.",
)

told_hours = Table(
    "told_hours",
    metadata,
    row_id(),
    Column("hour", Moment, nullable=False, comment="Start of the hour in which they happened."),
    Column("by_feed", Boolean, nullable=False, comment="As in pushes."),
    Column("by_list", Boolean, nullable=False, comment="As in pushes."),
    Column("by_archive", Boolean, nullable=False, comment="As in pushes."),
    _sum("pushes", "How many they are."),
    Index(None, "hour", "by_feed", "by_list", "by_archive", unique=True),
    comment="Who had told of pushes that were pruned, to estimate the share of the feed.",
)

poll_hours = Table(
    "poll_hours",
    metadata,
    row_id(),
    Column("hour", Moment, nullable=False, comment="Start of the hour."),
    Column("feed", Words, nullable=False, comment="Which was asked."),
    _sum("polls", "How often."),
    _sum("failed", "How often in vain."),
    _sum("read", "Events in its answers."),
    _sum("repeated", "Those of them that it had told before."),
    _sum("malformed", "Those that could not be understood."),
    _sum("pushes", "Pushes that they told of."),
    _sum("fresh", "Those that nobody had told of before."),
    _sum("requests", "API calls that it took."),
    _sum("gaps", "How often events may have been lost."),
    Index(None, "hour", "feed", unique=True),
    comment="Polls that were pruned, counted.",
)
