"""Make the tables of the first version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table."""
    _marks()
    _owners()
    _runs()
    _findings()
    _gaps()
    _actions()
    _sightings()


def _column(
    name: str,
    kind: TypeEngine[Any],
    comment: str,
    *more: sa.ForeignKey,
    optional: bool = False,
) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=optional, comment=comment)


def _marks() -> None:
    op.create_table(
        "marks",
        _column("name", sa.String(40), "What is noted."),
        _column("value", sa.Text(), "Its value."),
        sa.PrimaryKeyConstraint("name", name="pk_marks"),
        comment="Facts about the ledger itself: a check value of the fingerprint key.",
    )


def _owners() -> None:
    op.create_table(
        "owners",
        _column("email", sa.Text(), "Address of an owner who was written to."),
        _column("told_at", MOMENT, "When the last mail to it was begun."),
        sa.PrimaryKeyConstraint("email", name="pk_owners"),
        comment="When owners were last told, so that what follows soon is gathered into one mail.",
    )


def _runs() -> None:
    op.create_table(
        "runs",
        _column("id", ID, "Number of the row."),
        _column("target", sa.Text(), "What was scanned, without credentials."),
        _column(
            "scope",
            sa.Text(),
            "The part that was asked for, in words; null for all of it.",
            optional=True,
        ),
        _column(
            "state",
            sa.String(12),
            "running, complete or incomplete; a scan that was killed stays running.",
        ),
        _column("started_at", MOMENT, "When it began."),
        _column("ended_at", MOMENT, "When all was recorded.", optional=True),
        _column("objects", sa.BigInteger(), "How many objects were read.", optional=True),
        _column("bytes", sa.BigInteger(), "How much was read, after decompression.", optional=True),
        _column("seconds", sa.Float(), "How long reading took.", optional=True),
        _column("findings", sa.Integer(), "How many findings were recorded.", optional=True),
        _column("version", sa.String(40), "Version of leakscan."),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        comment="One scan each, with what it read.",
    )


def _findings() -> None:
    op.create_table(
        "findings",
        _column("id", ID, "Number of the row."),
        _column(
            "fingerprint",
            sa.String(64),
            "HMAC-SHA-256 of rule and secret under the fingerprint key, in hex.",
        ),
        _column("rule", sa.Text(), "Id of the rule that found it."),
        _column("redacted", sa.Text(), "First and last characters of the secret."),
        _column("confidence", sa.String(6), "high, medium or low."),
        _column("checksum", sa.String(7), "valid, invalid or unknown."),
        _column(
            "issued",
            sa.Boolean(),
            "Whether the issuer's digest file has it, if there is one.",
            optional=True,
        ),
        _column(
            "exposure", sa.Text(), "public-repository, or another sign of compromise in words."
        ),
        _column("state", sa.String(8), "open, or resolved by a person."),
        _column("first_seen_at", MOMENT, "When it was first recorded."),
        _column("last_seen_at", MOMENT, "When it was last recorded."),
        _column(
            "first_run_id",
            ID,
            "The run that recorded it first.",
            sa.ForeignKey("runs.id", name="fk_findings_first_run_id"),
        ),
        _column(
            "sealed_secret",
            sa.LargeBinary(),
            "The secret, encrypted (Fernet); only until no action needs it any more.",
            optional=True,
        ),
        _column(
            "sealed_by",
            sa.String(8),
            "Which encryption key: start of its SHA-256, in hex.",
            optional=True,
        ),
        _column("wiped_at", MOMENT, "When the encrypted secret was wiped.", optional=True),
        _column(
            "owner_name", sa.Text(), "Name of the owner, as a disable hook answered.", optional=True
        ),
        _column(
            "owner_email",
            sa.Text(),
            "E-mail address of the owner, from the same answer.",
            optional=True,
        ),
        _column(
            "owner_locale", sa.Text(), "Language of the owner, from the same answer.", optional=True
        ),
        _column(
            "token_name",
            sa.Text(),
            "What the owner called the token, from the same answer.",
            optional=True,
        ),
        _column(
            "account", sa.Text(), "Username that the issuer's account endpoint gave.", optional=True
        ),
        _column(
            "verified",
            sa.String(7),
            "valid, invalid or unknown: the endpoint's answer.",
            optional=True,
        ),
        _column("verified_at", MOMENT, "When it gave that answer.", optional=True),
        _column(
            "disabled_at",
            MOMENT,
            "When a hook answered that it has disabled the token.",
            optional=True,
        ),
        _column("resolved_at", MOMENT, "When a person closed the finding.", optional=True),
        _column(
            "resolved_by",
            sa.Text(),
            "Who that was: the name of the operating system's user.",
            optional=True,
        ),
        _column("resolution", sa.Text(), "The reason that the person gave.", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
        sa.UniqueConstraint("fingerprint", name="uq_findings_fingerprint"),
        comment="One leaked secret each.",
    )
    op.create_index("ix_findings_owner_email", "findings", ["owner_email"])
    op.create_index("ix_findings_state_rule", "findings", ["state", "rule"])


def _gaps() -> None:
    op.create_table(
        "gaps",
        _column("id", ID, "Number of the row."),
        _column(
            "run_id",
            ID,
            "The run that could not read it.",
            sa.ForeignKey("runs.id", name="fk_gaps_run_id"),
        ),
        _column("what", sa.Text(), "What could not be read."),
        _column("why", sa.Text(), "Why."),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
        comment="What a run did not read; without any, it is complete.",
    )
    op.create_index("ix_gaps_run_id", "gaps", ["run_id"])


def _actions() -> None:
    op.create_table(
        "actions",
        _column("id", ID, "Number of the row."),
        _column(
            "finding_id",
            ID,
            "The finding for which it is owed.",
            sa.ForeignKey("findings.id", name="fk_actions_finding_id"),
        ),
        _column("kind", sa.String(8), "verify, disable, notify or alert."),
        _column(
            "responder",
            sa.String(120),
            "Who does it: name of the hook, account, owner; of an alert, its occasion.",
        ),
        _column(
            "about_id",
            ID,
            "The action that an alert is about.",
            sa.ForeignKey("actions.id", name="fk_actions_about_id"),
            optional=True,
        ),
        _column("state", sa.String(8), "waiting, due, running, done, gave_up or dropped."),
        _column("attempts", sa.Integer(), "How often it was begun."),
        _column("due_at", MOMENT, "Not to be begun before."),
        _column("ticket", sa.String(32), "Random mark of the process that runs it.", optional=True),
        _column("lease_until", MOMENT, "When another process may take it over.", optional=True),
        _column(
            "last_answer", sa.Text(), "The last answer or failure, on one line.", optional=True
        ),
        _column(
            "is_unsure",
            sa.Boolean(),
            "Whether an attempt may have had its effect without our knowing.",
        ),
        _column(
            "receipt",
            sa.Text(),
            "Message-ID of the mail that was begun or sent, or the channels of an alert.",
            optional=True,
        ),
        _column("created_at", MOMENT, "When it came to be owed."),
        _column("ended_at", MOMENT, "When it was done, given up or dropped.", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        sa.UniqueConstraint(
            "finding_id", "kind", "responder", name="uq_actions_finding_id_kind_responder"
        ),
        comment="What is owed for a finding, once each.",
    )
    op.create_index("ix_actions_state_due_at", "actions", ["state", "due_at"])


def _sightings() -> None:
    op.create_table(
        "sightings",
        _column("id", ID, "Number of the row."),
        _column(
            "finding_id",
            ID,
            "The secret that was seen.",
            sa.ForeignKey("findings.id", name="fk_sightings_finding_id"),
        ),
        _column(
            "place",
            sa.String(32),
            "Digest of kind, repository, object, commit, path, line and column.",
        ),
        _column("kind", sa.String(20), "The surface: blob, commit-message ..."),
        _column("repository", sa.Text(), "URL or path of what was scanned."),
        _column("object", sa.String(64), "Id of the git object.", optional=True),
        _column(
            "commit", sa.String(64), "Id of the commit that introduced it there.", optional=True
        ),
        _column(
            "path",
            sa.Text(),
            "Path in the repository, name of the ref, or path of the file.",
            optional=True,
        ),
        _column("line", sa.BigInteger(), "Line, from 1.", optional=True),
        _column("column", sa.BigInteger(), "Column in bytes, from 1.", optional=True),
        _column(
            "author_name", sa.Text(), "Author of the commit, as git recorded it.", optional=True
        ),
        _column(
            "author_email", sa.Text(), "The author's address, as git recorded it.", optional=True
        ),
        _column("committed_at", MOMENT, "Date of the commit.", optional=True),
        _column(
            "current",
            sa.Boolean(),
            "Whether the tip of a branch has it; null if unknown.",
            optional=True,
        ),
        _column("url", sa.Text(), "Link to the line.", optional=True),
        _column("note", sa.Text(), "What a reader should know about the place.", optional=True),
        _column("exposure", sa.Text(), "As in findings, of this place."),
        _column(
            "first_run_id",
            ID,
            "The run that saw it first.",
            sa.ForeignKey("runs.id", name="fk_sightings_first_run_id"),
        ),
        _column(
            "last_run_id",
            ID,
            "The run that saw it last.",
            sa.ForeignKey("runs.id", name="fk_sightings_last_run_id"),
        ),
        _column("first_seen_at", MOMENT, "When it was first seen there."),
        _column("last_seen_at", MOMENT, "When it was last seen there."),
        sa.PrimaryKeyConstraint("id", name="pk_sightings"),
        sa.UniqueConstraint("finding_id", "place", name="uq_sightings_finding_id_place"),
        comment="One place each where a secret was seen; all texts are redacted.",
    )
