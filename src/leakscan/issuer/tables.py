"""What the issuer keeps, as tables.  No token and no password is among it, only digests."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from leakscan.storage import Moment

VERSION = 1
"""Of the tables, kept in the database as ``PRAGMA user_version``."""

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True, comment="number of the account"),
    Column("kind", String, nullable=False, comment="user or organization"),
    Column(
        "username",
        String(39, collation="NOCASE"),
        nullable=False,
        unique=True,
        comment="name to sign in with; upper and lower case are the same",
    ),
    Column("name", String, comment="name of the person or organization, if given"),
    Column("email", String, comment="where to write to about a leak, if given"),
    Column("locale", String, comment="language for such letters, a BCP 47 tag, if given"),
    Column("github_url", String, comment="page on GitHub, if given"),
    Column("password_hash", String, nullable=False, comment="Argon2id hash of the password"),
    Column("created_at", Moment, nullable=False, comment="when the account was created, UTC"),
    CheckConstraint("kind IN ('user', 'organization')", name="kind_is_known"),
    comment="who may have tokens",
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True, comment="random name of the token in addresses"),
    Column(
        "account_id",
        ForeignKey("accounts.id"),
        nullable=False,
        comment="whose token it is",
    ),
    Column("name", String(64), nullable=False, comment="what its owner calls it"),
    Column(
        "digest",
        LargeBinary(32),
        nullable=False,
        unique=True,
        comment="HMAC-SHA-256 of the token under digest.key; the token itself is kept nowhere",
    ),
    Column("hint", String, nullable=False, comment="first and last characters, to recognise it by"),
    Column(
        "form",
        String(32),
        comment="random number of the web form that asked for it, so that a reload asks in vain",
    ),
    Column("created_at", Moment, nullable=False, comment="when it was issued, UTC"),
    Column(
        "last_used_at",
        Moment,
        comment="when it was used, UTC, to the minute: to write at each use would be slow",
    ),
    Column("disabled_at", Moment, comment="when it was disabled, UTC; it never works again"),
    Column("disabled_by", String, comment="owner, or leak for the signed hook"),
    Column("disabled_reason", String, comment="exposure that the hook told of, in its words"),
    Column("disabled_evidence", JSON(none_as_null=True), comment="list of the sightings given"),
    Column("disabled_sighting_count", Integer, comment="number of all sightings, given or not"),
    Column("disabled_finding", String(64), comment="fingerprint of the finding in leakscan"),
    Column(
        "disabled_delivery",
        String,
        comment="webhook-id of the message that disabled it, whose retries get the same answer",
    ),
    UniqueConstraint("account_id", "name", name="one_name_one_token"),
    UniqueConstraint("account_id", "form", name="one_form_one_token"),
    CheckConstraint("disabled_by IN ('owner', 'leak')", name="disabled_by_is_known"),
    CheckConstraint("(disabled_at IS NULL) = (disabled_by IS NULL)", name="disabled_by_someone"),
    comment="what was issued, without the secrets",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("webhook_id", String, primary_key=True, comment="header webhook-id"),
    Column(
        "sent_at",
        Integer,
        primary_key=True,
        index=True,
        comment="header webhook-timestamp, seconds since 1970",
    ),
    Column("signature", String, primary_key=True, comment="the signature that was due, v1,..."),
    comment="messages to the hook that were taken, to know replays; kept for ten minutes",
)
