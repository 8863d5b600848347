"""The lines of an archive, as a file or over HTTP: compressed or plain, in bounded memory."""

from __future__ import annotations

import zlib
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import urllib3

from leakscan import __version__
from leakscan.crawl.bodies import PIECE, pieces_of
from leakscan.crawl.feeds.archive_names import is_url
from leakscan.git.urls import without_credentials
from leakscan.safe_text import safe_text
from leakscan.statuses import retry_after, trouble_of
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

LONGEST_LINE = 25 * 1024 * 1024
"""Bytes; GitHub's own limit for an event is 25 MB (of a webhook's payload)."""

_LONGEST_SKIP = 10 * LONGEST_LINE
"""Bytes of one line that are passed over; what goes on after that may have no end."""

_GZIP = b"\x1f\x8b"
_WRAPPED = 31
"""Tells zlib to expect a gzip header."""

_PATIENCE = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""

_SLOWEST = 1024
"""Bytes a second; a server that is slower for as long as we are patient is given up."""


def archive_lines(name: str) -> Iterator[bytes | None]:
    """Yield the lines of an archive; ``None`` for one that is longer than `LONGEST_LINE`.

    Args:
        name: a path, or a URL.

    Raises:
        TroubleError: it cannot be read, or not to its end; the lines before that were yielded.
    """
    shown = safe_text(without_credentials(name))
    with _opened(name, shown) as pieces, closing(_plain(pieces, shown)) as plain:
        yield from _lines(plain, shown)


@contextmanager
def _opened(name: str, shown: str) -> Iterator[Iterator[bytes]]:
    """Open an archive; yield its bytes in pieces."""
    try:
        if not is_url(name):
            with Path(name).open("rb") as file:
                yield iter(lambda: file.read(PIECE), b"")
            return
        headers = {"User-Agent": f"leakscan/{__version__}", "Accept-Encoding": "identity"}
        with requests.get(name, headers=headers, stream=True, timeout=_PATIENCE) as answer:
            if answer.status_code != 200:
                raise _refusal(answer, shown)
            yield pieces_of(answer, _PATIENCE[1], _SLOWEST)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        what = f"{shown} cannot be read to its end ({type(error).__name__})"
        raise TroubleError(Trouble.UNREACHABLE, what, "check the network") from None
    except OSError as error:
        what = f"{shown} cannot be read ({error.strerror or type(error).__name__})"
        trouble = Trouble.GONE if isinstance(error, FileNotFoundError) else Trouble.UNREACHABLE
        raise TroubleError(trouble, what, "check the file") from None


def _refusal(answer: requests.Response, shown: str) -> TroubleError:
    trouble = trouble_of(answer.status_code, answer.headers)
    what = f"{shown}: the server answered {answer.status_code}"
    remedy = "is the hour over and its file there?" if trouble is Trouble.GONE else ""
    return TroubleError(trouble, what, remedy, retry_after(answer.headers))


def _plain(pieces: Iterator[bytes], shown: str) -> Generator[bytes]:
    """Decompress what is compressed, a bounded piece at a time."""
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= len(_GZIP):
            break
    try:
        if first.startswith(_GZIP):
            yield from _inflated(first, pieces)
        elif first:
            yield first
            yield from pieces
        else:  # a download that broke off before it began
            raise EOFError
    except (zlib.error, EOFError):
        what = f"{shown} is damaged, or ends too early"
        raise TroubleError(Trouble.BROKEN, what, "fetch it again") from None


def _inflated(first: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Inflate gzip, which may be several streams one after the other.

    Raises:
        EOFError: it ends within a stream.
        zlib.error: it is damaged.
    """
    stream = zlib.decompressobj(wbits=_WRAPPED)
    for piece in chain([first], pieces):
        data = piece
        while data:
            if stream.eof:
                data = data.lstrip(b"\0")  # what a tape is filled up with
                if not data:
                    break
                stream = zlib.decompressobj(wbits=_WRAPPED)
            yield stream.decompress(data, PIECE)
            data = stream.unused_data if stream.eof else stream.unconsumed_tail
    yield stream.flush()
    if not stream.eof:
        raise EOFError


def _lines(pieces: Iterable[bytes], shown: str) -> Iterator[bytes | None]:
    """Cut pieces into lines without keeping one that is too long.

    Raises:
        TroubleError: a line seems to have no end.
    """
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for end in whole:
            yield b"".join(held) + end if size + len(end) <= LONGEST_LINE else None
            held, size = [], 0
        size += len(rest)
        if size > _LONGEST_SKIP:
            what = f"{shown} holds a line of more than {_LONGEST_SKIP >> 20} MiB"
            raise TroubleError(Trouble.BROKEN, what, "is it an archive of events? fetch it again")
        if size > LONGEST_LINE:
            held.clear()
        elif rest:
            held.append(rest)
    if size:
        yield b"".join(held) if size <= LONGEST_LINE else None
