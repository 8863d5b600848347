"""Files that hold other files: one file a format.  Knows nothing of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.containers.container import Buffer, Format

_SHORTEST = 14
"""Bytes; what is shorter holds nothing."""

BEGINNING = 1 << 10
"""Bytes by which `may_begin_container` judges: the header of a tar takes half of it."""

_END = 22 + 0xFFFF
"""Bytes at the end of a zip in which its directory is named, with the longest comment."""

_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What something may be that begins in some way.

    Attributes:
        module, kind, check: where the format is, its class, and the function that looks closer.
        hides: as `Format.hides`, known without importing it.
        end: what stands somewhere in the last `_END` bytes.
    """

    beginning: bytes
    module: str
    kind: str
    check: str = "looks_like"
    hides: bool = True
    end: bytes = b""

    def may_be(self, data: Buffer) -> bool:
        """Tell whether it is worth a closer look, for which its module is imported."""
        if data[: len(self.beginning)] != self.beginning:
            return False
        return not self.end or _stands_at_end(data, self.end)


def _stands_at_end(data: Buffer, literal: bytes) -> bool:
    from stringzilla import find

    return bool(find(memoryview(data), literal, max(0, len(data) - _END)) >= 0)


_ZIP_END = b"PK\5\6"
"""The end of a zip's directory begins so."""

_ZIP = _Candidate(b"PK", "zip_archive", "Zip")
_TAR = _Candidate(b"", "tar", "Tar")
_USTAR, _OLD_TAR_TYPES = b"ustar", frozenset((b"\0", b"0", b"1", b"2", b"5"))

_CANDIDATES = (
    _ZIP,
    *(
        _Candidate(program, "zip_archive", "Zip", end=_ZIP_END)
        for program in (b"MZ", b"\x7fELF", b"#!", b"Cr24")
    ),
    _Candidate(b"\x1f\x8b\x08", "compressed", "Gzip", "is_gzip"),
    _Candidate(b"BZh", "compressed", "Bzip2", "is_bzip2"),
    _Candidate(b"\xfd7zXZ\0", "compressed", "Xz", "is_xz"),
    _Candidate(b"\x5d\0", "compressed", "Lzma", "is_lzma"),
    _Candidate(b"\x28\xb5\x2f\xfd", "compressed", "Zstd", "is_zstd"),
    *(
        _Candidate(bytes((skipped, 0x2A, 0x4D, 0x18)), "compressed", "Zstd", "is_zstd")
        for skipped in range(0x50, 0x60)
    ),
    _Candidate(b"7z\xbc\xaf\x27\x1c", "seven_zip", "SevenZip"),
    _Candidate(b"!<arch>\n", "ar", "Ar"),
    _Candidate(b"Rar!\x1a\x07", "unread", "Rar"),
    _Candidate(b"MSCF\0\0\0\0", "unread", "Cab"),
    _Candidate(b"\xed\xab\xee\xdb", "unread", "Rpm"),
    _Candidate(b"\x04\x22\x4d\x18", "unread", "Lz4", "is_lz4"),
    _Candidate(b"\x89LZO\0\r\n\x1a\n", "unread", "Lzop"),
    _Candidate(b"LZIP\1", "unread", "Lzip"),
    _Candidate(b"\x1f\x9d", "unread", "Compress", "is_compress"),
    _Candidate(b"hsqs", "unread", "SquashFs", "is_squash_fs"),
    _Candidate(b"%PDF-", "pdf", "Pdf"),
    _Candidate(b"SQLite format 3\0", "sqlite", "Sqlite"),
    *(
        _Candidate(bytes((0x80, protocol)), "pickles", "Pickle", hides=False)
        for protocol in range(2, 6)
    ),
    _Candidate(b"# v2 git bundle\n", "bundle", "Bundle"),
    _Candidate(b"# v3 git bundle\n", "bundle", "Bundle"),
    *(
        _Candidate(bytes((0x7B, after)), "notebook", "Notebook", hides=False)
        for after in _BLANKS + b'"'
    ),
    *(
        _Candidate(bytes((blank, after)), "notebook", "Notebook", hides=False)
        for blank in _BLANKS
        for after in _BLANKS + b"{"
    ),
)

_BY_BEGINNING = {
    first.beginning[:2]: tuple(c for c in _CANDIDATES if c.beginning[:2] == first.beginning[:2])
    for first in _CANDIDATES
}
"""By the first two bytes: one look-up settles it for nearly all that is read."""


_HIDING = frozenset(start for start, some in _BY_BEGINNING.items() if any(c.hides for c in some))


def may_hide(data: Buffer) -> bool:
    """Tell what surely is no container whose bytes hide what it holds from what may be one."""
    if data[:2] in _HIDING and any(c.hides and c.may_be(data) for c in _BY_BEGINNING[data[:2]]):
        return True
    if data[257:262] == _USTAR or (not len(data) & 511 and data[156:157] in _OLD_TAR_TYPES):
        return True
    return _ends_as_zip(data)


def _ends_as_zip(data: Buffer) -> bool:
    """Whether it ends with a zip's directory that has no comment, whatever it begins with."""
    return data[-22:-18] == _ZIP_END


def may_begin_container(first: bytes) -> bool:
    """Tell whether what begins so may be a container whose bytes hide what it holds.

    What it is, only `recognise` says, of all of it: a zip is told by its end, too.

    Args:
        first: at least `BEGINNING` bytes, or all that there are.
    """
    candidates = _BY_BEGINNING.get(first[:2], ())
    if any(each.hides and first.startswith(each.beginning) for each in candidates):
        return True
    may_be_tar = first[257:262] == _USTAR or first[156:157] in _OLD_TAR_TYPES
    return may_be_tar and _looked_at(_TAR, first) is not None


def recognise(data: Buffer, *, hiding: bool = False) -> Format | None:
    """Say what kind of container something is; ``None`` if it is none.

    By more than how it begins: a text that only begins like a container is none.

    Args:
        data: all of it.
        hiding: whether to heed only those whose bytes hide what they hold.
    """
    for candidate in _BY_BEGINNING.get(data[:2], ()) if len(data) >= _SHORTEST else ():
        if candidate.hides >= hiding and candidate.may_be(data):
            found = _looked_at(candidate, data)
            if found:
                return found
    if data[257:262] == _USTAR or (
        not len(data) & 511 and data[156:157] in _OLD_TAR_TYPES and len(data) >= 1024
    ):
        return _looked_at(_TAR, data)
    return _looked_at(_ZIP, data) if _ends_as_zip(data) else None


def _looked_at(candidate: _Candidate, data: Buffer) -> Format | None:
    check, format = _loaded(candidate)
    return format if check(data) else None


@cache
def _loaded(candidate: _Candidate) -> tuple[Callable[[Buffer], bool], Format]:
    module = import_module(f"{__name__}.{candidate.module}")
    return getattr(module, candidate.check), getattr(module, candidate.kind)()
