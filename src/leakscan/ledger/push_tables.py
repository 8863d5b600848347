"""The tables of the watch: the queue of pushes, and the feeds that tell of them.

The same on SQLite and PostgreSQL; docs/ledger.md shows their comments.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from leakscan.ledger.tables import Id, Words, metadata, row_id
from leakscan.storage import Moment

COSTS = ("objects", "bytes", "received", "git_requests", "api_requests")
"""What a look takes: attributes of `leakscan.push.Look`, columns of pushes and of push_hours."""

pushes = Table(
    "pushes",
    metadata,
    row_id(),
    Column(
        "identity",
        String(32),
        nullable=False,
        unique=True,
        comment="Digest of host, repository, ref and head, by which a repeat is known.",
    ),
    Column("kind", String(6), nullable=False, comment="push, branch, tag or public."),
    Column("host", Words, nullable=False, comment="The hosting site."),
    Column("repository_id", BigInteger, nullable=False, comment="Its number there; 0 if unknown."),
    Column("repository", Words, nullable=False, comment="owner/name when it happened."),
    Column("ref", Words, nullable=False, comment="Full name of the ref; empty for all of them."),
    Column("before", String(64), comment="Commit on which it stood; null if new or unknown."),
    Column("head", String(64), comment="Commit on which it stands; null if the event did not say."),
    Column("default_branch", Words, comment="The repository's default branch, if an event said."),
    Column("happened_at", Moment, nullable=False, comment="When, by the site's clock."),
    Column("feed", Words, nullable=False, comment="The feed that told of it first."),
    Column("by_feed", Boolean, nullable=False, comment="Whether the public feed told of it."),
    Column("by_list", Boolean, nullable=False, comment="Whether a feed of the watch list did."),
    Column("by_archive", Boolean, nullable=False, comment="Whether an archive did."),
    Column("seen_at", Moment, nullable=False, comment="When we were told first."),
    Column(
        "state",
        String(8),
        nullable=False,
        comment="seen, scanning, scanned, skipped, failed (and to be tried again) or gave-up.",
    ),
    Column("attempts", Integer, nullable=False, comment="How often a look was begun."),
    Column("due_at", Moment, comment="Not to be begun before; null for at once."),
    Column("ticket", String(32), comment="Random mark of the process that has it in hand."),
    Column("lease_until", Moment, comment="When another process may take it over."),
    Column("ended_at", Moment, comment="When it was scanned, skipped or given up."),
    Column("via", String(8), comment="git or api: how the last look was made."),
    Column(
        "trouble", String(16), comment="Why it was skipped, failed or not read whole, in one word."
    ),
    Column("why", Words, comment="The same in a sentence."),
    Column(
        "is_partial",
        Boolean,
        nullable=False,
        comment="Whether it was scanned, and something of it not read.",
    ),
    Column(
        "objects", BigInteger, nullable=False, comment="Objects that were read, over all attempts."
    ),
    Column(
        "bytes",
        BigInteger,
        nullable=False,
        comment="Bytes that were read, after decompression, over all attempts.",
    ),
    Column(
        "received",
        BigInteger,
        nullable=False,
        comment="Bytes from the network, over all attempts.",
    ),
    Column("git_requests", BigInteger, nullable=False, comment="Git requests, over all attempts."),
    Column("api_requests", BigInteger, nullable=False, comment="API calls, over all attempts."),
    Column("findings", Integer, nullable=False, comment="The most findings that one look had."),
    Column(
        "seen_lag",
        BigInteger,
        comment="Seconds until we were told; null unless the public feed or the watch list did.",
    ),
    Column("ended_lag", BigInteger, comment="Of the same, seconds until it was ended."),
    Column("run_id", Id, ForeignKey("runs.id"), comment="The watch that looked at it last."),
    # Dequeuing reads a few rows at an end of a range, however many wait in it.
    Index(None, "host", "state", "due_at", "happened_at"),
    Index(None, "seen_at"),
    Index(None, "happened_at"),
    comment="One push, new branch or tag, or published repository each; texts are redacted.",
)

feeds = Table(
    "feeds",
    metadata,
    Column("name", Words, primary_key=True, comment="Name of the feed, such as events."),
    Column("cursor", Words, comment="How far it was read, in words of the feed's own."),
    Column("due_at", Moment, nullable=False, comment="Not to be asked again before."),
    Column("ticket", String(32), comment="Random mark of the process that asks it now."),
    Column("lease_until", Moment, comment="When another process may ask it."),
    Column("polled_at", Moment, comment="When it was asked last."),
    Column("failures", Integer, nullable=False, comment="How often asking failed in a row."),
    comment="What tells us of pushes, and where each has got to.",
)

polls = Table(
    "polls",
    metadata,
    row_id(),
    Column("feed", Words, ForeignKey("feeds.name"), nullable=False, comment="Which was asked."),
    Column("at", Moment, nullable=False, comment="When it had answered."),
    Column("read", Integer, nullable=False, comment="Events in its answers."),
    Column("repeated", Integer, nullable=False, comment="Those of them that it had told before."),
    Column("malformed", Integer, nullable=False, comment="Those that could not be understood."),
    Column("pushes", Integer, nullable=False, comment="Pushes that they told of."),
    Column("fresh", Integer, nullable=False, comment="Those that nobody had told of before."),
    Column("requests", Integer, nullable=False, comment="API calls that it took."),
    Column(
        "is_gap",
        Boolean,
        nullable=False,
        comment="Whether events may have been lost since the poll before.",
    ),
    Column("oldest_at", Moment, comment="When the oldest of the events happened."),
    Column("newest_at", Moment, comment="When the newest did."),
    Column("has_failed", Boolean, nullable=False, comment="Whether it could not be asked."),
    Column("trouble", String(16), comment="Why it could not be asked, in one word."),
    Column("why", Words, comment="The same in a sentence."),
    Index(None, "at"),
    Index(None, "feed", "id"),  # the last of a feed is asked for
    comment="One question to a feed each, and what came of it.",
)
