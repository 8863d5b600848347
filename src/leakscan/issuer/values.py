"""The words of the issuer as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from datetime import datetime

    from leakscan.model import Secret

AccountKind = Literal["user", "organization"]
Status = Literal["disabled", "already_disabled", "not_ours"]


@dataclass(frozen=True, slots=True)
class Account:
    """Who may have tokens.

    Attributes:
        locale: a BCP 47 tag such as ``de-AT``.
    """

    id: int
    kind: AccountKind
    username: str
    name: str | None
    email: str | None
    locale: str | None
    github_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has shown to know the password of an account.

    Attributes:
        mark: of that password; the session is over when the account has another.
    """

    account: Account
    mark: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token at the only moment when anybody knows it."""

    name: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that was just created, with its default token."""

    account: Account
    token: IssuedToken


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where a leaked token was seen; all texts are a stranger's, made safe to show."""

    kind: str
    repository: str
    commit: str | None = None
    path: str | None = None
    line: int | None = None
    url: str | None = None

    @property
    def place(self) -> str | None:
        """The file and its line, as people write them."""
        if self.path is None or self.line is None:
            return self.path
        return f"{self.path}:{self.line}"

    @property
    def host(self) -> str | None:
        """The site that ``url`` leads to; ``None`` unless it is a web page."""
        try:
            parts = urlsplit(self.url or "")
            return parts.hostname if parts.scheme in ("https", "http") else None
        except ValueError:  # such as of https://[
            return None


@dataclass(frozen=True, slots=True)
class Disabled:
    """When, by whom and why a token was disabled.

    Attributes:
        by: ``owner``, or ``leak`` for the signed hook; the rest is told of leaks only.
        sighting_count: of all sightings; ``evidence`` may hold fewer.
    """

    at: datetime
    by: Literal["owner", "leak"]
    reason: str | None
    evidence: tuple[Sighting, ...]
    sighting_count: int


@dataclass(frozen=True, slots=True)
class Token:
    """What the issuer still knows of a token that it issued."""

    id: str
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    disabled: Disabled | None


@dataclass(frozen=True, slots=True)
class Leak:
    """What the hook is told of a leaked token.

    Attributes:
        finding: the finding's fingerprint in leakscan, 64 hex digits.
        exposure: `model.PUBLIC`, or another sign of compromise in words.
    """

    token: Secret
    finding: str
    exposure: str
    sightings: tuple[Sighting, ...]
    sighting_count: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One signed message to the hook: what tells a replay from a retry.

    Attributes:
        sent_at: seconds since 1970.
        signature: the one that was due, not what the header said: that may be padded at will.
    """

    webhook_id: str
    sent_at: int
    signature: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the hook did; the owner and the token's name are told unless it is not ours."""

    status: Status
    owner: Account | None = None
    token_name: str | None = None
