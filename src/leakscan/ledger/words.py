"""The ledger's words as frozen values."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ActionKind(enum.StrEnum):
    """What can be owed for a finding."""

    VERIFY = "verify"
    DISABLE = "disable"
    NOTIFY = "notify"
    ALERT = "alert"


class ActionState(enum.StrEnum):
    """Where an action stands.

    ``WAITING`` for another action, ``DUE`` at a time, ``RUNNING`` under a lease, ``DONE``,
    ``GAVE_UP`` after too many attempts (a person has to act), ``DROPPED`` for it is no use
    any more.
    """

    WAITING = "waiting"
    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    GAVE_UP = "gave_up"
    DROPPED = "dropped"


class FindingState(enum.StrEnum):
    """Whether a person has closed the finding."""

    OPEN = "open"
    RESOLVED = "resolved"


class RunState(enum.StrEnum):
    """How a scan ended; one that was killed stays ``RUNNING``."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"


class Verdict(enum.StrEnum):
    """What the issuer's account endpoint says of a token."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Answer(enum.StrEnum):
    """How a disable hook can answer; anything else is a failure."""

    DISABLED = "disabled"
    ALREADY_DISABLED = "already_disabled"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose token it is, as a disable hook answered.

    Attributes:
        locale: a BCP 47 tag such as ``de-AT``.
    """

    name: str | None = None
    email: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding as the ledger keeps it; the columns are explained in docs/ledger.md."""

    id: int
    fingerprint: str
    rule: str
    redacted: str
    confidence: str
    checksum: str
    issued: bool | None
    exposure: str
    state: FindingState
    first_seen_at: datetime
    last_seen_at: datetime
    owner_name: str | None
    owner_email: str | None
    owner_locale: str | None
    token_name: str | None
    account: str | None
    verified: Verdict | None
    verified_at: datetime | None
    disabled_at: datetime | None
    wiped_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where a finding was seen, as the ledger keeps it."""

    kind: str
    repository: str
    object: str | None
    commit: str | None
    path: str | None
    line: int | None
    column: int | None
    author_name: str | None
    author_email: str | None
    committed_at: datetime | None
    current: bool | None
    url: str | None
    note: str | None
    exposure: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Action:
    """Something owed for a finding, as the ledger keeps it."""

    kind: ActionKind
    responder: str
    state: ActionState
    attempts: int
    due_at: datetime
    last_answer: str | None
    receipt: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """One action that this process alone may run until its lease ends.

    Attributes:
        ticket: random; an outcome counts only while the ledger holds the same one.
        attempts: how often it was begun, this time included.
        is_unsure: whether an attempt before may have had its effect without our knowing.
        receipt: what an attempt before left behind: the Message-ID of a mail that was begun, or
            the channels that took an alert.
        about: the action that an alert is about.
        sealed: the secret, encrypted, and which key did it; ``None`` where it is wiped.
    """

    action: int
    kind: ActionKind
    responder: str
    ticket: str
    attempts: int
    is_unsure: bool
    receipt: str | None
    about: int | None
    entry: Entry
    sealed: bytes | None
    sealed_by: str | None
