"""Make the tables of the watch: pushes, the feeds that tell of them, and sums by the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table."""
    _pushes()
    _feeds()
    _polls()
    _push_hours()
    _lag_hours()
    _told_hours()
    _poll_hours()


def _column(
    name: str,
    kind: TypeEngine[Any],
    comment: str,
    *more: sa.ForeignKey,
    optional: bool = False,
) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=optional, comment=comment)


def _pushes() -> None:
    op.create_table(
        "pushes",
        _column("id", ID, "Number of the row."),
        _column(
            "identity",
            sa.String(32),
            "Digest of host, repository, ref and head, by which a repeat is known.",
        ),
        _column("kind", sa.String(6), "push, branch, tag or public."),
        _column("host", sa.Text(), "The hosting site."),
        _column("repository_id", sa.BigInteger(), "Its number there; 0 if unknown."),
        _column("repository", sa.Text(), "owner/name when it happened."),
        _column("ref", sa.Text(), "Full name of the ref; empty for all of them."),
        _column(
            "before",
            sa.String(64),
            "Commit on which it stood; null if new or unknown.",
            optional=True,
        ),
        _column(
            "head",
            sa.String(64),
            "Commit on which it stands; null if the event did not say.",
            optional=True,
        ),
        _column(
            "default_branch",
            sa.Text(),
            "The repository's default branch, if an event said.",
            optional=True,
        ),
        _column("happened_at", MOMENT, "When, by the site's clock."),
        _column("feed", sa.Text(), "The feed that told of it first."),
        _column("by_feed", sa.Boolean(), "Whether the public feed told of it."),
        _column("by_list", sa.Boolean(), "Whether a feed of the watch list did."),
        _column("by_archive", sa.Boolean(), "Whether an archive did."),
        _column("seen_at", MOMENT, "When we were told first."),
        _column(
            "state",
            sa.String(8),
            "seen, scanning, scanned, skipped, failed (and to be tried again) or gave-up.",
        ),
        _column("attempts", sa.Integer(), "How often a look was begun."),
        _column("due_at", MOMENT, "Not to be begun before; null for at once.", optional=True),
        _column(
            "ticket",
            sa.String(32),
            "Random mark of the process that has it in hand.",
            optional=True,
        ),
        _column("lease_until", MOMENT, "When another process may take it over.", optional=True),
        _column("ended_at", MOMENT, "When it was scanned, skipped or given up.", optional=True),
        _column("via", sa.String(8), "git or api: how the last look was made.", optional=True),
        _column(
            "trouble",
            sa.String(16),
            "Why it was skipped, failed or not read whole, in one word.",
            optional=True,
        ),
        _column("why", sa.Text(), "The same in a sentence.", optional=True),
        _column(
            "is_partial", sa.Boolean(), "Whether it was scanned, and something of it not read."
        ),
        _column("objects", sa.BigInteger(), "Objects that were read, over all attempts."),
        _column(
            "bytes",
            sa.BigInteger(),
            "Bytes that were read, after decompression, over all attempts.",
        ),
        _column("received", sa.BigInteger(), "Bytes from the network, over all attempts."),
        _column("git_requests", sa.BigInteger(), "Git requests, over all attempts."),
        _column("api_requests", sa.BigInteger(), "API calls, over all attempts."),
        _column("findings", sa.Integer(), "The most findings that one look had."),
        _column(
            "seen_lag",
            sa.BigInteger(),
            "Seconds until we were told; null unless the public feed or the watch list did.",
            optional=True,
        ),
        _column(
            "ended_lag", sa.BigInteger(), "Of the same, seconds until it was ended.", optional=True
        ),
        _column(
            "run_id",
            ID,
            "The watch that looked at it last.",
            sa.ForeignKey("runs.id", name="fk_pushes_run_id"),
            optional=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pushes"),
        sa.UniqueConstraint("identity", name="uq_pushes_identity"),
        comment="One push, new branch or tag, or published repository each; texts are redacted.",
    )
    op.create_index("ix_pushes_happened_at", "pushes", ["happened_at"])
    op.create_index("ix_pushes_seen_at", "pushes", ["seen_at"])
    op.create_index(
        "ix_pushes_host_state_due_at_happened_at",
        "pushes",
        ["host", "state", "due_at", "happened_at"],
    )


def _feeds() -> None:
    op.create_table(
        "feeds",
        _column("name", sa.Text(), "Name of the feed, such as events."),
        _column(
            "cursor", sa.Text(), "How far it was read, in words of the feed's own.", optional=True
        ),
        _column("due_at", MOMENT, "Not to be asked again before."),
        _column(
            "ticket", sa.String(32), "Random mark of the process that asks it now.", optional=True
        ),
        _column("lease_until", MOMENT, "When another process may ask it.", optional=True),
        _column("polled_at", MOMENT, "When it was asked last.", optional=True),
        _column("failures", sa.Integer(), "How often asking failed in a row."),
        sa.PrimaryKeyConstraint("name", name="pk_feeds"),
        comment="What tells us of pushes, and where each has got to.",
    )


def _polls() -> None:
    op.create_table(
        "polls",
        _column("id", ID, "Number of the row."),
        _column(
            "feed", sa.Text(), "Which was asked.", sa.ForeignKey("feeds.name", name="fk_polls_feed")
        ),
        _column("at", MOMENT, "When it had answered."),
        _column("read", sa.Integer(), "Events in its answers."),
        _column("repeated", sa.Integer(), "Those of them that it had told before."),
        _column("malformed", sa.Integer(), "Those that could not be understood."),
        _column("pushes", sa.Integer(), "Pushes that they told of."),
        _column("fresh", sa.Integer(), "Those that nobody had told of before."),
        _column("requests", sa.Integer(), "API calls that it took."),
        _column("is_gap", sa.Boolean(), "Whether events may have been lost since the poll before."),
        _column("oldest_at", MOMENT, "When the oldest of the events happened.", optional=True),
        _column("newest_at", MOMENT, "When the newest did.", optional=True),
        _column("has_failed", sa.Boolean(), "Whether it could not be asked."),
        _column("trouble", sa.String(16), "Why it could not be asked, in one word.", optional=True),
        _column("why", sa.Text(), "The same in a sentence.", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_polls"),
        comment="One question to a feed each, and what came of it.",
    )
    op.create_index("ix_polls_at", "polls", ["at"])
    op.create_index("ix_polls_feed_id", "polls", ["feed", "id"])


def _push_hours() -> None:
    op.create_table(
        "push_hours",
        _column("id", ID, "Number of the row."),
        _column("hour", MOMENT, "Start of the hour in which we were told."),
        _column("host", sa.Text(), "The hosting site."),
        _column("kind", sa.String(6), "As in pushes."),
        _column("feed", sa.Text(), "The feed that told first."),
        _column("state", sa.String(8), "scanned, skipped or gave-up."),
        _column("trouble", sa.String(16), "As in pushes; empty for none."),
        _column("via", sa.String(8), "As in pushes; empty for none."),
        _column("is_partial", sa.Boolean(), "As in pushes."),
        _column("pushes", sa.BigInteger(), "How many they are."),
        _column("objects", sa.BigInteger(), "Objects that were read for them."),
        _column("bytes", sa.BigInteger(), "Bytes that were read for them, after decompression."),
        _column("received", sa.BigInteger(), "Bytes that came over the network for them."),
        _column("git_requests", sa.BigInteger(), "Git requests that they took."),
        _column("api_requests", sa.BigInteger(), "API calls that they took."),
        _column("findings", sa.BigInteger(), "Findings in them."),
        sa.PrimaryKeyConstraint("id", name="pk_push_hours"),
        comment="Pushes that were pruned, counted.",
    )
    op.create_index(
        "ix_push_hours_all",
        "push_hours",
        ["hour", "host", "kind", "feed", "state", "trouble", "via", "is_partial"],
        unique=True,
    )


def _lag_hours() -> None:
    op.create_table(
        "lag_hours",
        _column("id", ID, "Number of the row."),
        _column("hour", MOMENT, "Start of the hour in which we were told."),
        _column("until", sa.String(8), "seen or ended: up to when it is counted."),
        _column("seconds", sa.BigInteger(), "Time since they happened, to two digits."),
        _column("pushes", sa.BigInteger(), "How many they are."),
        sa.PrimaryKeyConstraint("id", name="pk_lag_hours"),
        comment="How late we were with pushes that were pruned.",
    )
    op.create_index(
        "ix_lag_hours_hour_until_seconds", "lag_hours", ["hour", "until", "seconds"], unique=True
    )


def _told_hours() -> None:
    op.create_table(
        "told_hours",
        _column("id", ID, "Number of the row."),
        _column("hour", MOMENT, "Start of the hour in which they happened."),
        _column("by_feed", sa.Boolean(), "As in pushes."),
        _column("by_list", sa.Boolean(), "As in pushes."),
        _column("by_archive", sa.Boolean(), "As in pushes."),
        _column("pushes", sa.BigInteger(), "How many they are."),
        sa.PrimaryKeyConstraint("id", name="pk_told_hours"),
        comment="Who had told of pushes that were pruned, to estimate the share of the feed.",
    )
    op.create_index(
        "ix_told_hours_hour_by_feed_by_list_by_archive",
        "told_hours",
        ["hour", "by_feed", "by_list", "by_archive"],
        unique=True,
    )


def _poll_hours() -> None:
    op.create_table(
        "poll_hours",
        _column("id", ID, "Number of the row."),
        _column("hour", MOMENT, "Start of the hour."),
        _column("feed", sa.Text(), "Which was asked."),
        _column("polls", sa.BigInteger(), "How often."),
        _column("failed", sa.BigInteger(), "How often in vain."),
        _column("read", sa.BigInteger(), "Events in its answers."),
        _column("repeated", sa.BigInteger(), "Those of them that it had told before."),
        _column("malformed", sa.BigInteger(), "Those that could not be understood."),
        _column("pushes", sa.BigInteger(), "Pushes that they told of."),
        _column("fresh", sa.BigInteger(), "Those that nobody had told of before."),
        _column("requests", sa.BigInteger(), "API calls that it took."),
        _column("gaps", sa.BigInteger(), "How often events may have been lost."),
        sa.PrimaryKeyConstraint("id", name="pk_poll_hours"),
        comment="Polls that were pruned, counted.",
    )
    op.create_index("ix_poll_hours_hour_feed", "poll_hours", ["hour", "feed"], unique=True)
