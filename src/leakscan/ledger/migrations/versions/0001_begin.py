"""Make the tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table."""
    _marks()
    _runs()
    _findings()
    _gaps()
    _actions()
    _sightings()


def _marks() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=40), nullable=False, comment="What is noted."),
        sa.Column("value", sa.Text(), nullable=False, comment="Its value."),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
        comment="Facts about the ledger itself: a check value of the fingerprint key.",
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False, comment="Number of the row."),
        sa.Column(
            "target", sa.Text(), nullable=False, comment="What was scanned, without credentials."
        ),
        sa.Column(
            "scope",
            sa.Text(),
            nullable=True,
            comment="The part that was asked for, in words; null for all of it.",
        ),
        sa.Column(
            "state",
            sa.String(length=12),
            nullable=False,
            comment="running, complete or incomplete; a scan that was killed stays running.",
        ),
        sa.Column("started_at", MOMENT, nullable=False, comment="When it began."),
        sa.Column("ended_at", MOMENT, nullable=True, comment="When all was recorded."),
        sa.Column("objects", sa.BigInteger(), nullable=True, comment="How many objects were read."),
        sa.Column(
            "bytes",
            sa.BigInteger(),
            nullable=True,
            comment="How much was read, after decompression.",
        ),
        sa.Column("seconds", sa.Float(), nullable=True, comment="How long reading took."),
        sa.Column(
            "findings", sa.Integer(), nullable=True, comment="How many findings were recorded."
        ),
        sa.Column("version", sa.String(length=40), nullable=False, comment="Version of leakscan."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        comment="One scan each, with what it read.",
    )


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", ID, nullable=False, comment="Number of the row."),
        sa.Column(
            "fingerprint",
            sa.String(length=64),
            nullable=False,
            comment="HMAC-SHA-256 of rule and secret under the fingerprint key, in hex.",
        ),
        sa.Column(
            "rule", sa.String(length=80), nullable=False, comment="Id of the rule that found it."
        ),
        sa.Column(
            "redacted",
            sa.Text(),
            nullable=False,
            comment="First and last characters of the secret.",
        ),
        sa.Column(
            "confidence", sa.String(length=6), nullable=False, comment="high, medium or low."
        ),
        sa.Column(
            "checksum", sa.String(length=7), nullable=False, comment="valid, invalid or unknown."
        ),
        sa.Column(
            "issued",
            sa.Boolean(),
            nullable=True,
            comment="Whether the issuer's digest file has it, if there is one.",
        ),
        sa.Column(
            "exposure",
            sa.Text(),
            nullable=False,
            comment="public-repository, or another sign of compromise in words.",
        ),
        sa.Column(
            "state", sa.String(length=8), nullable=False, comment="open, or resolved by a person."
        ),
        sa.Column("first_seen_at", MOMENT, nullable=False, comment="When it was first recorded."),
        sa.Column("last_seen_at", MOMENT, nullable=False, comment="When it was last recorded."),
        sa.Column("first_run_id", ID, nullable=False, comment="The run that recorded it first."),
        sa.Column(
            "sealed_secret",
            sa.LargeBinary(),
            nullable=True,
            comment="The secret, encrypted (Fernet); only until no action needs it any more.",
        ),
        sa.Column(
            "sealed_by",
            sa.String(length=8),
            nullable=True,
            comment="Which encryption key: start of its SHA-256, in hex.",
        ),
        sa.Column(
            "wiped_at", MOMENT, nullable=True, comment="When the encrypted secret was wiped."
        ),
        sa.Column(
            "owner_name",
            sa.Text(),
            nullable=True,
            comment="Name of the owner, as a disable hook answered.",
        ),
        sa.Column(
            "owner_email",
            sa.Text(),
            nullable=True,
            comment="E-mail address of the owner, from the same answer.",
        ),
        sa.Column(
            "owner_locale",
            sa.Text(),
            nullable=True,
            comment="Language of the owner, from the same answer.",
        ),
        sa.Column(
            "token_name",
            sa.Text(),
            nullable=True,
            comment="What the owner called the token, from the same answer.",
        ),
        sa.Column(
            "account",
            sa.Text(),
            nullable=True,
            comment="Username that the issuer's account endpoint gave.",
        ),
        sa.Column(
            "verified",
            sa.String(length=7),
            nullable=True,
            comment="valid, invalid or unknown: the endpoint's answer.",
        ),
        sa.Column("verified_at", MOMENT, nullable=True, comment="When it gave that answer."),
        sa.Column(
            "disabled_at",
            MOMENT,
            nullable=True,
            comment="When a hook answered that it has disabled the token.",
        ),
        sa.Column(
            "resolved_at", MOMENT, nullable=True, comment="When a person closed the finding."
        ),
        sa.Column(
            "resolved_by",
            sa.Text(),
            nullable=True,
            comment="Who that was: the name of the operating system's user.",
        ),
        sa.Column(
            "resolution", sa.Text(), nullable=True, comment="The reason that the person gave."
        ),
        sa.ForeignKeyConstraint(
            ["first_run_id"], ["runs.id"], name=op.f("fk_findings_first_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_findings_fingerprint")),
        comment="One leaked secret each.",
    )
    op.create_index(op.f("ix_findings_owner_email"), "findings", ["owner_email"], unique=False)
    op.create_index(op.f("ix_findings_state_rule"), "findings", ["state", "rule"], unique=False)


def _gaps() -> None:
    op.create_table(
        "gaps",
        sa.Column("id", ID, nullable=False, comment="Number of the row."),
        sa.Column("run_id", ID, nullable=False, comment="The run that could not read it."),
        sa.Column("what", sa.Text(), nullable=False, comment="What could not be read."),
        sa.Column("why", sa.Text(), nullable=False, comment="Why."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_gaps_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
        comment="What a run did not read; without any, it is complete.",
    )
    op.create_index(op.f("ix_gaps_run_id"), "gaps", ["run_id"], unique=False)


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", ID, nullable=False, comment="Number of the row."),
        sa.Column("finding_id", ID, nullable=False, comment="The finding for which it is owed."),
        sa.Column(
            "kind", sa.String(length=8), nullable=False, comment="verify, disable, notify or alert."
        ),
        sa.Column(
            "responder",
            sa.String(length=120),
            nullable=False,
            comment="Who does it: name of the hook, issuer, owner; of an alert, what it is about.",
        ),
        sa.Column(
            "state",
            sa.String(length=8),
            nullable=False,
            comment="waiting, due, running, done, gave_up or dropped.",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often it was begun."),
        sa.Column("due_at", MOMENT, nullable=False, comment="Not to be begun before."),
        sa.Column(
            "ticket",
            sa.String(length=32),
            nullable=True,
            comment="Random mark of the process that runs it.",
        ),
        sa.Column(
            "lease_until", MOMENT, nullable=True, comment="When another process may take it over."
        ),
        sa.Column(
            "last_answer",
            sa.Text(),
            nullable=True,
            comment="The last answer or failure, on one line.",
        ),
        sa.Column(
            "receipt", sa.Text(), nullable=True, comment="Message-ID of the mail that was sent."
        ),
        sa.Column("created_at", MOMENT, nullable=False, comment="When it came to be owed."),
        sa.Column(
            "ended_at", MOMENT, nullable=True, comment="When it was done, given up or dropped."
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name=op.f("fk_actions_finding_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        sa.UniqueConstraint(
            "finding_id", "kind", "responder", name=op.f("uq_actions_finding_id_kind_responder")
        ),
        comment="What is owed for a finding, once each.",
    )
    op.create_index(op.f("ix_actions_state_due_at"), "actions", ["state", "due_at"], unique=False)


def _sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("id", ID, nullable=False, comment="Number of the row."),
        sa.Column("finding_id", ID, nullable=False, comment="The secret that was seen."),
        sa.Column(
            "place",
            sa.String(length=32),
            nullable=False,
            comment="Digest of kind, repository, object, commit, path, line and column.",
        ),
        sa.Column(
            "kind",
            sa.String(length=20),
            nullable=False,
            comment="The surface: blob, commit-message ...",
        ),
        sa.Column(
            "repository", sa.Text(), nullable=False, comment="URL or path of what was scanned."
        ),
        sa.Column("object", sa.String(length=64), nullable=True, comment="Id of the git object."),
        sa.Column(
            "commit",
            sa.String(length=64),
            nullable=True,
            comment="Id of the commit that introduced it there.",
        ),
        sa.Column(
            "path",
            sa.Text(),
            nullable=True,
            comment="Path in the repository, name of the ref, or path of the file.",
        ),
        sa.Column("line", sa.BigInteger(), nullable=True, comment="Line, from 1."),
        sa.Column("column", sa.BigInteger(), nullable=True, comment="Column in bytes, from 1."),
        sa.Column(
            "author_name",
            sa.Text(),
            nullable=True,
            comment="Author of the commit, as git recorded it.",
        ),
        sa.Column(
            "author_email",
            sa.Text(),
            nullable=True,
            comment="The author's address, as git recorded it.",
        ),
        sa.Column("committed_at", MOMENT, nullable=True, comment="Date of the commit."),
        sa.Column(
            "current",
            sa.Boolean(),
            nullable=True,
            comment="Whether the tip of a branch has it; null if unknown.",
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="Link to the line."),
        sa.Column(
            "note", sa.Text(), nullable=True, comment="What a reader should know about the place."
        ),
        sa.Column("exposure", sa.Text(), nullable=False, comment="As in findings, of this place."),
        sa.Column("first_run_id", ID, nullable=False, comment="The run that saw it first."),
        sa.Column("last_run_id", ID, nullable=False, comment="The run that saw it last."),
        sa.Column("first_seen_at", MOMENT, nullable=False, comment="When it was first seen there."),
        sa.Column("last_seen_at", MOMENT, nullable=False, comment="When it was last seen there."),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name=op.f("fk_sightings_finding_id")
        ),
        sa.ForeignKeyConstraint(
            ["first_run_id"], ["runs.id"], name=op.f("fk_sightings_first_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["last_run_id"], ["runs.id"], name=op.f("fk_sightings_last_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
        sa.UniqueConstraint("finding_id", "place", name=op.f("uq_sightings_finding_id_place")),
        comment="One place each where a secret was seen; all texts are redacted.",
    )
