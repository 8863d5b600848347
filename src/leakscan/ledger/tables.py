"""The tables, the same on SQLite and PostgreSQL.  docs/ledger.md shows their comments.

Whoever changes them adds a migration (migrations/versions); a test holds the two equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite

from leakscan.safe_text import encodable
from leakscan.storage import Moment

if TYPE_CHECKING:
    from sqlalchemy import Connection, Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Words(TypeDecorator[str]):
    """Text from anywhere; what a database cannot store is spelled out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Spell out lone surrogates, and NUL, which PostgreSQL refuses."""
        return value and encodable(value).replace("\0", "\\x00")


# SQLite counts only an INTEGER primary key by itself.
Id = BigInteger().with_variant(Integer, "sqlite")


def row_id() -> Column[int]:
    """Return the column that numbers the rows of a table."""
    return Column("id", Id, primary_key=True, comment="Number of the row.")


def _of(table: str, name: str, comment: str) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{table}.id"), nullable=False, comment=comment)


marks = Table(
    "marks",
    metadata,
    Column("name", String(40), primary_key=True, comment="What is noted."),
    Column("value", Words, nullable=False, comment="Its value."),
    comment="Facts about the ledger itself: a check value of the fingerprint key.",
)

runs = Table(
    "runs",
    metadata,
    row_id(),
    Column("target", Words, nullable=False, comment="What was scanned, without credentials."),
    Column("scope", Words, comment="The part that was asked for, in words; null for all of it."),
    Column(
        "state",
        String(12),
        nullable=False,
        comment="running, complete or incomplete; a scan that was killed stays running.",
    ),
    Column("started_at", Moment, nullable=False, comment="When it began."),
    Column("ended_at", Moment, comment="When all was recorded."),
    Column("objects", BigInteger, comment="How many objects were read."),
    Column("bytes", BigInteger, comment="How much was read, after decompression."),
    Column("seconds", Float, comment="How long reading took."),
    Column("findings", Integer, comment="How many findings were recorded."),
    Column("version", String(40), nullable=False, comment="Version of leakscan."),
    comment="One scan each, with what it read.",
)

gaps = Table(
    "gaps",
    metadata,
    row_id(),
    _of("runs", "run_id", "The run that could not read it."),
    Column("what", Words, nullable=False, comment="What could not be read."),
    Column("why", Words, nullable=False, comment="Why."),
    Index(None, "run_id"),
    comment="What a run did not read; without any, it is complete.",
)

findings = Table(
    "findings",
    metadata,
    row_id(),
    Column(
        "fingerprint",
        String(64),
        nullable=False,
        unique=True,
        comment="HMAC-SHA-256 of rule and secret under the fingerprint key, in hex.",
    ),
    Column("rule", Words, nullable=False, comment="Id of the rule that found it."),
    Column("redacted", Words, nullable=False, comment="First and last characters of the secret."),
    Column("confidence", String(6), nullable=False, comment="high, medium or low."),
    Column("checksum", String(7), nullable=False, comment="valid, invalid or unknown."),
    Column("issued", Boolean, comment="Whether the issuer's digest file has it, if there is one."),
    Column(
        "exposure",
        Words,
        nullable=False,
        comment="public-repository, or another sign of compromise in words.",
    ),
    Column("state", String(8), nullable=False, comment="open, or resolved by a person."),
    Column("first_seen_at", Moment, nullable=False, comment="When it was first recorded."),
    Column("last_seen_at", Moment, nullable=False, comment="When it was last recorded."),
    _of("runs", "first_run_id", "The run that recorded it first."),
    Column(
        "sealed_secret",
        LargeBinary,
        comment="The secret, encrypted (Fernet); only until no action needs it any more.",
    ),
    Column("sealed_by", String(8), comment="Which encryption key: start of its SHA-256, in hex."),
    Column("wiped_at", Moment, comment="When the encrypted secret was wiped."),
    Column("owner_name", Words, comment="Name of the owner, as a disable hook answered."),
    Column("owner_email", Words, comment="E-mail address of the owner, from the same answer."),
    Column("owner_locale", Words, comment="Language of the owner, from the same answer."),
    Column("token_name", Words, comment="What the owner called the token, from the same answer."),
    Column("account", Words, comment="Username that the issuer's account endpoint gave."),
    Column("verified", String(7), comment="valid, invalid or unknown: the endpoint's answer."),
    Column("verified_at", Moment, comment="When it gave that answer."),
    Column("disabled_at", Moment, comment="When a hook answered that it has disabled the token."),
    Column("resolved_at", Moment, comment="When a person closed the finding."),
    Column("resolved_by", Words, comment="Who that was: the name of the operating system's user."),
    Column("resolution", Words, comment="The reason that the person gave."),
    Index(None, "state", "rule"),
    Index(None, "owner_email"),
    comment="One leaked secret each.",
)

sightings = Table(
    "sightings",
    metadata,
    row_id(),
    _of("findings", "finding_id", "The secret that was seen."),
    Column(
        "place",
        String(32),
        nullable=False,
        comment="Digest of kind, repository, object, commit, path, line and column.",
    ),
    Column("kind", String(20), nullable=False, comment="The surface: blob, commit-message ..."),
    Column("repository", Words, nullable=False, comment="URL or path of what was scanned."),
    Column("object", String(64), comment="Id of the git object."),
    Column("commit", String(64), comment="Id of the commit that introduced it there."),
    Column("path", Words, comment="Path in the repository, name of the ref, or path of the file."),
    Column("line", BigInteger, comment="Line, from 1."),
    Column("column", BigInteger, comment="Column in bytes, from 1."),
    Column("author_name", Words, comment="Author of the commit, as git recorded it."),
    Column("author_email", Words, comment="The author's address, as git recorded it."),
    Column("committed_at", Moment, comment="Date of the commit."),
    Column("current", Boolean, comment="Whether the tip of a branch has it; null if unknown."),
    Column("url", Words, comment="Link to the line."),
    Column("note", Words, comment="What a reader should know about the place."),
    Column("exposure", Words, nullable=False, comment="As in findings, of this place."),
    _of("runs", "first_run_id", "The run that saw it first."),
    _of("runs", "last_run_id", "The run that saw it last."),
    Column("first_seen_at", Moment, nullable=False, comment="When it was first seen there."),
    Column("last_seen_at", Moment, nullable=False, comment="When it was last seen there."),
    UniqueConstraint("finding_id", "place"),
    comment="One place each where a secret was seen; all texts are redacted.",
)

actions = Table(
    "actions",
    metadata,
    row_id(),
    _of("findings", "finding_id", "The finding for which it is owed."),
    Column("kind", String(8), nullable=False, comment="verify, disable, notify or alert."),
    Column(
        "responder",
        String(120),
        nullable=False,
        comment="Who does it: name of the hook, account, owner; of an alert, its occasion.",
    ),
    Column("about_id", Id, ForeignKey("actions.id"), comment="The action that an alert is about."),
    Column(
        "state",
        String(8),
        nullable=False,
        comment="waiting, due, running, done, gave_up or dropped.",
    ),
    Column("attempts", Integer, nullable=False, comment="How often it was begun."),
    Column("due_at", Moment, nullable=False, comment="Not to be begun before."),
    Column("ticket", String(32), comment="Random mark of the process that runs it."),
    Column("lease_until", Moment, comment="When another process may take it over."),
    Column("last_answer", Words, comment="The last answer or failure, on one line."),
    Column(
        "is_unsure",
        Boolean,
        nullable=False,
        comment="Whether an attempt may have had its effect without our knowing.",
    ),
    Column(
        "receipt",
        Words,
        comment="Message-ID of the mail that was begun or sent, or the channels of an alert.",
    ),
    Column("created_at", Moment, nullable=False, comment="When it came to be owed."),
    Column("ended_at", Moment, comment="When it was done, given up or dropped."),
    UniqueConstraint("finding_id", "kind", "responder"),
    Index(None, "state", "due_at"),
    comment="What is owed for a finding, once each.",
)

owners = Table(
    "owners",
    metadata,
    Column("email", Words, primary_key=True, comment="Address of an owner who was written to."),
    Column("told_at", Moment, nullable=False, comment="When the last mail to it was begun."),
    comment="When owners were last told, so that what follows soon is gathered into one mail.",
)


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT of the connection's dialect, for what it should do on a conflict."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
