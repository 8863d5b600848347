"""GH Archive, for what happened while nobody watched: files of events, one an hour."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.archive_names import ARCHIVE, archive_files, archive_identity, is_url
from leakscan.crawl.feeds.archive_stream import archive_lines
from leakscan.crawl.feeds.events import Event, NotPublicError, is_event, read_event
from leakscan.crawl.feeds.poll import LONGEST_WAIT, Poll
from leakscan.git.urls import without_credentials
from leakscan.safe_text import safe_text
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "archive:"
"""What the names of these feeds begin with."""

BATCH = 2000
"""Events that one poll reads at most."""

_BATCH_BYTES = 64 * 1024 * 1024
_TEXT_BYTES = 200
"""What a text takes in memory, besides its characters."""

_MOST_VALUES = 500_000
"""Values that a line may hold; decoded, each takes up to 300 bytes.  Real ones hold thousands."""

_TRIES = 3
_LONGEST_NAME, _DIGEST = 60, 12


class ArchiveFeed:
    """Reads archives, one after the other, a batch a poll.

    Of a file that cannot be read to its end, what came before counts.  It is tried again a few
    times, which the cursor makes cheap; then the next one's turn has come, and there is a gap.
    One that holds no event, as an error page or an empty one, is treated the same: each hour has
    thousands.
    Another process begins again with the first of these: its hour may not have been over.

    Args:
        wanted: which, as `archive_files` reads it.
        host: name of the site whose events they are.
        batch: events that one poll reads at most.
        base: where the archive is.

    Raises:
        UsageError: there are none of that name.
    """

    def __init__(
        self, wanted: str, host: str = "github.com", batch: int = BATCH, base: str = ARCHIVE
    ) -> None:
        self.files = archive_files(wanted, base)
        self.name = PREFIX + _name(wanted, self.files, base)
        self._host = host
        self._batch = batch
        self._reader: _Reader | None = None
        self._failures: dict[int, list[TroubleError]] = {}

    def poll(self, cursor: str | None) -> Poll:
        """Read the next batch, as `Feed.poll` says.

        Raises:
            TroubleError: the file cannot be read further, now or at all.
        """
        file, line, lost = _opened(cursor)
        if file >= len(self.files):
            if lost is None or self._is_given_up(lost):
                trouble = self._loss(lost)
                return Poll(
                    wait=LONGEST_WAIT,
                    has_lost=trouble is not None,
                    trouble=trouble,
                    cursor=cursor,
                    is_over=True,
                )
            file, line, lost = lost, 0, None
        if self._is_given_up(file):
            return self._passed_over(file, lost)
        batch = _Batch(self._host, self.name)
        try:
            reader = self._reader_at(file, line)
            is_at_end = reader.fill(batch, self._batch)
        except TroubleError as error:
            self._reader = None
            self._failures.setdefault(file, []).append(error)
            raise
        self._failures.pop(file, None)  # it got on
        following = (file + 1, 0) if is_at_end else (file, reader.line)
        is_over = following[0] >= len(self.files)
        return Poll(
            tuple(batch.events),
            wait=0.0,
            read=len(batch.events),
            fresh=len(batch.events) - batch.malformed,
            malformed=batch.malformed,
            has_lost=is_over and lost is not None,
            trouble=self._loss(lost) if is_over else None,
            cursor=_written(*following, lost),
            is_over=is_over,
        )

    def _reader_at(self, file: int, line: int) -> _Reader:
        """Go on where the last poll ended; after a crash, read again up to there."""
        if not self._reader or (self._reader.file, self._reader.line) != (file, line):
            self._reader = _Reader(file, self.files[file])
            self._reader.skip(line)
        return self._reader

    def _is_given_up(self, file: int) -> bool:
        failures = self._failures.get(file, [])
        is_gone = bool(failures) and not failures[-1].trouble.is_passing
        return is_gone or len(failures) >= _TRIES

    def _loss(self, first: int | None) -> TroubleError | None:
        """Return why some files were given up, of which this is the first; ``None`` for none."""
        if first is None:
            return None
        lost = sorted({first, *filter(self._is_given_up, self._failures)})
        more = f" (and {len(lost) - 1:,} more of its files)" if lost[1:] else ""
        if failures := self._failures.get(first):
            error = failures[-1]
            return TroubleError(error.trouble, f"given up: {error.what}{more}", error.remedy)
        what = f"given up by an earlier watch: {safe_text(without_credentials(self.files[first]))}"
        return TroubleError(Trouble.BROKEN, what + more, "the next watch reads it again")

    def _passed_over(self, file: int, lost: int | None) -> Poll:
        lost = file if lost is None else min(lost, file)
        return Poll(
            wait=0.0,
            gap=True,
            has_lost=True,
            trouble=self._loss(lost),
            cursor=_written(file + 1, 0, lost),
            is_over=file + 1 >= len(self.files),
        )


@dataclass(slots=True)
class _Batch:
    """What one poll has read so far."""

    host: str
    feed: str
    events: list[Event] = field(default_factory=list)
    malformed: int = 0
    size: int = 0

    def add(self, document: object, size: int) -> None:
        """Take what one line of so many bytes says."""
        self.size += size
        try:
            event = read_event(document, self.host, self.feed)
        except NotPublicError:
            return
        self.size += _TEXT_BYTES * len(event.texts)
        self.events.append(event)
        self.malformed += event.is_malformed


class _Reader:
    """Reads one file.  An error is told only when nothing that came before it is left to tell.

    Args:
        file: its number.
        name: its path, or URL.

    Attributes:
        line: how many lines have been read.
    """

    def __init__(self, file: int, name: str) -> None:
        self.file = file
        self.line = 0
        self._name = name
        self._lines = archive_lines(name)
        self._trouble: TroubleError | None = None
        self._has_events = False

    def skip(self, lines: int) -> None:
        """Pass over lines that were told."""
        for line in islice(self._lines, lines):
            self.line += 1
            self._has_events = self._has_events or is_event(_document(line))

    def fill(self, batch: _Batch, most: int) -> bool:
        """Read up to ``most`` lines; return whether that was the end.

        Raises:
            TroubleError: the file can be read no further.
        """
        if self._trouble:
            raise self._trouble
        before = self.line
        try:
            for line in self._lines:
                self.line += 1
                if line is None or line.strip():
                    document = _document(line)
                    self._has_events = self._has_events or is_event(document)
                    batch.add(document, len(line or b""))
                if self.line - before >= most or batch.size >= _BATCH_BYTES:
                    return False
            if not self._has_events:
                raise _no_archive(self._name)
        except TroubleError as error:
            if self.line == before:
                raise
            self._trouble = error
            return False
        return True


def _document(line: bytes | None) -> object:
    """Decode a line, ``None`` if it was too long; what is no JSON is a text as it stands.

    So is what would be many times as large when it is decoded.
    """
    line = line or b""
    if len(line) < _MOST_VALUES or sum(map(line.count, (b"[", b"{", b","))) <= _MOST_VALUES:
        with suppress(ValueError, RecursionError):
            return json.loads(line)
    return line.decode("utf-8", "replace")


def _no_archive(name: str) -> TroubleError:
    what = f"{safe_text(without_credentials(name))} holds no event"
    return TroubleError(Trouble.BROKEN, what, "is it an archive of events? fetch it again")


def _opened(cursor: str | None) -> tuple[int, int, int | None]:
    """Read a cursor: number of the file, lines that were read of it, and the first file given up.

    One that another version has written says nothing.
    """
    found = re.fullmatch(r"([0-9]{1,6}):([0-9]{1,12})(?::([0-9]{1,6}))?", cursor or "")
    if not found:
        return 0, 0, None
    file, line = int(found[1]), int(found[2])
    return file, line, int(found[3]) if found[3] and int(found[3]) < file else None


def _written(file: int, line: int, lost: int | None) -> str:
    return f"{file}:{line}" if lost is None else f"{file}:{line}:{lost}"


def _name(wanted: str, files: Sequence[str], base: str) -> str:
    """Return a name that the ledger can keep, and that is no other's.

    Another file under the same path, or what another query of an address gives, is another archive.
    """
    name = safe_text(without_credentials(wanted))
    is_hours = not is_url(wanted) and all(file.startswith(f"{base}/") for file in files)
    if is_hours and len(name) <= _LONGEST_NAME:
        return name  # they stay as they are
    contents = "\0".join(map(archive_identity, files))
    digest = hashlib.sha256(contents.encode("utf-8", "replace")).hexdigest()[:_DIGEST]
    return f"{name[: _LONGEST_NAME - _DIGEST - 1]}-{digest}"
