"""The baseline: tokens that stood in a repository when somebody looked, and may stand there.

It is text that git merges well: sorted, an entry a line.  An entry is a keyed digest, from which
nobody can read the token; the key beside it keeps digests of one repository from being looked up
in another, or in a list made beforehand.  After a merge there may be two keys: each is tried.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from leakscan.errors import LeakscanError, UsageError
from leakscan.plain_files import read_plain_file

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.model import Finding, Secret

HEAD = "# leakscan baseline 1: docs/guard.md. Made by `leakscan baseline`; do not edit."

SCOPE = "# Entries are not bound to a path, which only tells where a token was seen first."

LARGEST = 64 << 20
"""Bytes of a file that is read: half a million entries."""

NOWHERE = "-"
"""The path of what stands in no file, such as a commit message."""

_VERSION = re.compile(r"# leakscan baseline (\d+)\b")
_KEY = re.compile(r"key ([0-9a-f]{64})")
_ENTRY = re.compile(r"([0-9a-f]{64}) (\S+) (\S+)")
_CONFLICT = re.compile(r"<{7}|={7}|>{7}|\|{7}")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One secret of one rule.

    Attributes:
        digest: HMAC-SHA-256 of rule and secret under one of the file's keys, in hex.
        rule: the rule's id.
        path: where it was seen first, for people, as `_encoded` has it: it binds nothing.
    """

    digest: str
    rule: str
    path: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The contents of a baseline file.

    Attributes:
        keys: at least one, in order.
        entries: in order.
    """

    keys: tuple[bytes, ...]
    entries: tuple[Entry, ...] = ()
    _by_digest: dict[tuple[str, str], Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_digest = {(entry.digest, entry.rule): entry for entry in self.entries}
        object.__setattr__(self, "_by_digest", by_digest)

    def find(self, rule: str, secret: Secret) -> list[Entry]:
        """Return the entries of a secret: none, one, or after a merge perhaps one for each key."""
        digests = (digest(key, rule, secret) for key in self.keys)
        return [self._by_digest[d, rule] for d in digests if (d, rule) in self._by_digest]

    def entry(self, finding: Finding) -> Entry:
        """Make the entry of a finding whose texts may be shown."""
        key = self.keys[0]
        paths = (place.path for place in finding.locations if place.path)
        path = _encoded(next(paths, None))
        return Entry(digest(key, finding.rule.id, finding.secret), finding.rule.id, path)


def new_baseline() -> Baseline:
    """Return an empty baseline with a new key."""
    import secrets

    return Baseline((secrets.token_bytes(32),))


def digest(key: bytes, rule: str, secret: Secret) -> str:
    """Return the HMAC-SHA-256 of a rule's id and a secret, as 64 hex digits."""
    from leakscan.fingerprint import fingerprint  # with hashlib, which a clean commit does not need

    return fingerprint(key, rule, secret)


def read_baseline(path: Path) -> Baseline | None:
    """Read a baseline; ``None`` if there is no file.

    Raises:
        UsageError: the file cannot be read, or a line of it is wrong.
    """
    text = _read(path)
    if text is None:
        return None
    keys: set[str] = set()
    entries: set[Entry] = set()
    has_head = False
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if found := _VERSION.match(line):
            if found[1] != "1":
                raise _wrong(path, number, f"a baseline of version {found[1]}", "update leakscan")
            has_head = True
        elif not line.strip() or line.startswith("#"):
            continue
        elif found := _KEY.fullmatch(line):
            keys.add(found[1])
        elif found := _ENTRY.fullmatch(line):
            entries.add(Entry(found[1], found[2], found[3]))
        elif _CONFLICT.match(line):
            raise _wrong(path, number, "a conflict of a merge", "keep the lines of both sides")
        else:
            raise _wrong(path, number, "no line of a baseline", "restore it from git")
    if not has_head or not keys:
        what = "key" if has_head else "first line, `# leakscan baseline 1`,"
        raise UsageError(f"{path}: no baseline: its {what} is missing", "restore it from git")
    return Baseline(tuple(map(bytes.fromhex, sorted(keys))), tuple(sorted(entries)))


def write_baseline(path: Path, baseline: Baseline, *, is_new: bool) -> None:
    """Write a baseline in one step.

    Args:
        path: the file.
        baseline: what to write.
        is_new: whether there must not be a file yet.

    Raises:
        UsageError: there is one though there must not be, or the folder is missing.
        LeakscanError: the file cannot be written.
    """
    lines = [HEAD, SCOPE, *(f"key {key.hex()}" for key in sorted(baseline.keys))]
    lines += [f"{e.digest} {e.rule} {e.path}" for e in sorted(set(baseline.entries))]
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.unlink(missing_ok=True)  # of a process that was killed
        with scratch.open("x", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _make(path, scratch)
        else:
            scratch.chmod(stat.S_IMODE(path.stat().st_mode))
            scratch.replace(path)
    except FileExistsError:
        raise UsageError(f"{path} is there already", "use `leakscan baseline update`") from None
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{path}: its folder is missing", "make it, or name another") from None
    except OSError as error:
        raise LeakscanError(f"cannot write {path} ({error.strerror})", "check its folder") from None
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()


def _make(path: Path, scratch: Path) -> None:
    """Rename a file where none may be, on file systems without hard links, too."""
    path.touch(exist_ok=False)  # nobody else can make it from now on
    try:
        scratch.replace(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def shown_path(entry: Entry) -> str | None:
    """Return the path of an entry as it is; ``None`` for what stands in no file."""
    return None if entry.path == NOWHERE else unquote(entry.path)


def _encoded(path: str | None) -> str:
    """Return a path with what is odd percent-encoded; `NOWHERE` for none."""
    if path == NOWHERE:  # a file may have that name
        return f"%{ord(NOWHERE):02X}"
    return quote(path or NOWHERE, safe="/@:+,=~!()[]", errors="replace")


def _read(path: Path) -> str | None:
    """Return the text of a file that anybody may have put there: no pipe, no giant."""
    try:
        data = read_plain_file(path, LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot read it: {error.strerror}", "check the path") from None
    return data.decode("utf-8", "replace")


def _wrong(path: Path, line: int, what: str, remedy: str) -> UsageError:
    return UsageError(f"{path}:{line}: {what}", remedy)
