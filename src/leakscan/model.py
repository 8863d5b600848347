"""The words of leakscan as frozen values.  No I/O, no behaviour beyond reading oneself.

A *rule* says what a token looks like; a *match* is a span of a blob that a rule
describes; a *finding* is one secret with every *location* where it was seen; a
*suppression* says why some of them are not reported: somebody said so, or they stood there
before; the *coverage* says what a run read and what it did not.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


PUBLIC = "public-repository"
"""The exposure of what stood in a public repository; any other exposure is told in words."""


PROVISIONAL = "found while the repository was still being read"
"""The note of a location that says too little, until it is known what holds the object."""


class Severity(enum.StrEnum):
    """How bad a live token of a rule is in the wrong hands."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Confidence(enum.StrEnum):
    """How sure the detector is that a match is a token somebody was issued."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """3 for high, 2 for medium, 1 for low: for comparing."""
        return {Confidence.HIGH: 3, Confidence.MEDIUM: 2, Confidence.LOW: 1}[self]


class ChecksumVerdict(enum.StrEnum):
    """What a rule's checksum says of a match; ``UNKNOWN`` where the rule states none."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Kind(enum.StrEnum):
    """The surface of a repository, or elsewhere, on which a secret was seen."""

    BLOB = "blob"
    SYMLINK = "symlink"
    NOTE = "note"
    COMMIT_MESSAGE = "commit-message"
    COMMIT_HEADER = "commit-header"
    IDENTITY = "identity"
    TAG_MESSAGE = "tag-message"
    PATH = "path"
    REF_NAME = "ref-name"
    REFLOG = "reflog"
    GIT_FILE = "git-file"
    STAGED = "staged"
    FILE = "file"
    STDIN = "stdin"
    EVENT = "event"


class Secret(str):
    """A matched token.  It prints redacted; `reveal` gives the plain text.

    ``repr`` and ``format`` are redacted so that a log line, a traceback or an
    f-string cannot show a whole secret by accident.
    """

    __slots__ = ()

    def redacted(self) -> str:
        """Return the first and last few characters, enough to recognise one's own token."""
        plain = self.reveal()
        head, tail = min(7, len(plain) // 4), min(4, len(plain) // 4)
        return f"{plain[:head]}...{plain[len(plain) - tail :]}"

    def reveal(self) -> str:
        """Return the whole secret as a plain ``str``: only for hashing and ``--show-secrets``."""
        return str.__str__(self)

    def __str__(self) -> str:
        return self.redacted()

    def __repr__(self) -> str:
        return f"Secret({self.redacted()!r})"

    def __format__(self, spec: str) -> str:
        return format(self.redacted(), spec)


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum inside a token, stated declaratively (see patterns/ and docs/rules.md).

    Attributes:
        algorithm: ``"crc32"`` (zlib's).
        over: what is summed: ``"body"`` or ``"prefix+body"``.
        encoding: ``"base62"`` (digits, upper, lower), ``"hex"`` or ``"base64"``.
        width: number of characters that the checksum takes in the token.
        byte_order: ``"big"`` or ``"little"``, for hex and base64.
        pad: character that fills a short base62 checksum up on the left.
    """

    algorithm: str
    over: str
    encoding: str
    width: int
    byte_order: str = "big"
    pad: str = "0"


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts that a rule must match, and texts that it must not report."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One family of tokens: its pattern, its checksum, and what to do about a leak.

    ``pattern`` is a regular expression that both hyperscan and ``regex`` accept, with
    the named groups ``prefix`` (optional), ``body`` and, where the rule has one,
    ``checksum``.  The whole match is the secret.

    ``alphabet`` is the character class of a well-formed body; a pattern may be wider,
    and a body outside the alphabet then gets low confidence.
    """

    id: str
    name: str
    description: str
    issuer: str
    prefixes: tuple[str, ...]
    pattern: str
    max_length: int
    alphabet: str
    severity: Severity
    checksum: Checksum | None = None
    placeholders: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    remediation: tuple[str, ...] = ()
    examples: Examples = Examples()
    default: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A span of a blob that a rule describes, classified.

    Attributes:
        start: offset of the first byte in the blob.
        line: 1-based line of the first byte.
        column: 1-based column, in bytes, of the first byte.
        issued: what the issuer's digest file says; ``None`` without one.
        reasons: why the confidence is what it is, most telling first.
        allowed: the reason that a comment on its line gives for allowing it; ``None`` if
            none allows it.
        allow_fault: what keeps a comment from allowing it that was meant to, in words.
        taken: bytes that it takes in the blob, where it is not written plainly.
        within: the way to it inside of a container, such as ``inner.tar!/app.env``; offset, line
            and column are then those in that member.
        spelling: how it is written, if not plainly: ``base64``, ``hex in UTF-16``.
    """

    rule: str
    secret: Secret
    start: int
    line: int
    column: int
    confidence: Confidence
    checksum: ChecksumVerdict
    issued: bool | None = None
    reasons: tuple[str, ...] = ()
    allowed: str | None = None
    allow_fault: str | None = None
    taken: int | None = None
    within: str | None = None
    spelling: str | None = None

    @property
    def length(self) -> int:
        """Bytes that it takes in the blob, from `start` on."""
        return len(self.secret) if self.taken is None else self.taken


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a blob that could not be read, such as an encrypted member of an archive.

    Attributes:
        within: the way to it inside of the blob; empty for the blob itself.
        why: the reason, for people.
    """

    within: str
    why: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote a commit or a tag, as git recorded it."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class Location:
    r"""One place where a secret was seen.

    Attributes:
        repository: URL or path of what was scanned.
        object: hex id of the git object that holds the secret.
        commit: hex id of the commit that introduced it there; ``None`` if no commit
            holds it (staged, dangling, a plain file) or where the commit is missing.
        path: repository-relative path (or ref name, or file path), undecodable bytes
            as ``\xNN``.
        line, column: 1-based; ``None`` where they make no sense (a path, a ref).
        current: whether the secret is still there at the tip of any branch;
            ``None`` where nobody can tell.
        url: link to the exact line on the hosting site, where that is known.
        note: what a reader should know, such as "no commit holds it (dangling)".
        commits: every introducing commit, when all were asked for.
        reachable: whether HEAD, a branch (a remote's, too), a tag or a note leads to it; only
            what reads a whole repository tells.
    """

    kind: Kind
    repository: str
    object: str | None = None
    commit: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None
    author: Person | None = None
    date: datetime | None = None
    current: bool | None = None
    url: str | None = None
    note: str | None = None
    commits: tuple[str, ...] = ()
    reachable: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One secret of one rule, with every location where it was seen."""

    rule: Rule
    secret: Secret
    fingerprint: str
    confidence: Confidence
    checksum: ChecksumVerdict
    issued: bool | None
    reasons: tuple[str, ...]
    locations: tuple[Location, ...]


class Means(enum.StrEnum):
    """What keeps a token from being reported or from blocking."""

    KNOWN = "known"
    """It stood there before: a commit that was made already, or a server, has it."""
    INLINE = "inline"
    """A comment on its line."""
    BASELINE = "baseline"
    """An entry of the baseline file."""
    ALLOWLIST = "allowlist"
    """A path or a pattern in the configuration."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """By what means a token is suppressed, and for what reason, in words.

    Attributes:
        source: the file that says so, where that is a configuration or a baseline; reports leave
            it out.
    """

    means: Means
    reason: str
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding with those of its locations that one suppression covers."""

    finding: Finding
    suppression: Suppression


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that could not be read: what it was, and why.

    Attributes:
        sealed: whether its bytes were read, but what is inside of it could not be, as in an
            encrypted archive.
    """

    what: str
    why: str
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a run read (counts, bytes after decompression) and what it did not."""

    objects: int = 0
    bytes: int = 0
    seconds: float = 0.0
    skipped: tuple[Skip, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all that the run was asked to read was read."""
        return not self.skipped


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What one scan of one target found, and how much of the target it read.

    Attributes:
        scope: what part of the target was asked for, in words; ``None`` for all of it.
        withheld: candidates below the wanted confidence, by level; counted, never lost.
        rules: every rule that was active.
        suppressed: what was found and is not to be reported, since somebody said so, or because
            it stood there before.  A secret has an item for each suppression, and is among the
            findings, too, if it has other locations besides.
    """

    target: str
    findings: tuple[Finding, ...]
    coverage: Coverage
    rules: tuple[Rule, ...]
    withheld: dict[Confidence, int] = field(default_factory=dict)
    scope: str | None = None
    suppressed: tuple[Suppressed, ...] = ()
