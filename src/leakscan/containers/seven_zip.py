"""7z, read with py7zr, which is an extra: ``pip install 'leakscan[7z]'``.

py7zr parses the directory and undoes the methods.  The loop is here, since its own gives nothing
before all is unpacked, however much that is.
"""

from __future__ import annotations

import io
import os
import zlib
from typing import TYPE_CHECKING, cast

from leakscan.containers.container import CHUNK, Member, MemberError
from leakscan.containers.decompress import CUT_SHORT, DAMAGED, MAX_WINDOW, TOO_WIDE
from leakscan.model import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from py7zr import SevenZipFile
    from py7zr.archiveinfo import Folder

    from leakscan.containers.container import Budget, Buffer

_MAGIC = b"7z\xbc\xaf\x27\x1c"
_START = 32
"""Bytes of the header that stands first and says where the directory is."""

_MAX_DIRECTORY = 1 << 20
"""Bytes of a directory when it is unpacked: 7,000 names.  py7zr makes objects of a few hundred
bytes of each byte of a hostile one."""

_PACKED_DIRECTORY = b"\x17"

_COPY, _LZMA, _LZMA2, _PPMD, _AES = b"\0", b"\3\1\1", b"\x21", b"\3\4\1", b"\x06\xf1\x07\x01"

_FILTERS = frozenset(
    (_COPY, b"\3", b"\3\3\1\3", b"\3\3\2\5", b"\3\3\4\1", b"\3\3\5\1", b"\3\3\7\1", b"\3\3\x08\5")
)
"""Methods that give as much as they take: delta, and what prepares machine code."""

_BOUNDED = _FILTERS | {_LZMA, _LZMA2}
"""Methods that py7zr ends at the length that it is asked for."""

_STEP, _SHORT_STEP = 1 << 12, 1 << 8
"""Packed bytes that are read at a time: fewer for the other methods, of which zstd makes 8 MiB
of so many at most."""

_ENCRYPTED = "it is encrypted"
_PPMD_REFUSED = "it is packed with PPMd"
"""Damaged data makes pyppmd 1.3, which py7zr undoes it with, crash the whole process."""

_UNKNOWN = "it is packed in a way that cannot be read here"


class SevenZip:
    """A 7z archive."""

    name = "7z"
    hides = True

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield its members in their order; see `Format.members`."""
        archive = _opened(data)
        if isinstance(archive, str):
            yield Unread("", archive)
            return
        places, block, current = _places(archive), None, None
        for file in getattr(archive, "files", ()):  # there are none in an empty archive
            budget.enter()
            if file.emptystream or file.folder is None:
                yield Member(file.filename, ())
                continue
            if block is None or file.folder is not current:
                current = file.folder
                block = _Block(current, _File(data, *places.get(current, (len(data), 0))))
            if block.fault:
                yield Unread(file.filename, block.fault)
                continue
            pieces = block.read(file.uncompressed, file.crc32, budget)
            yield Member(file.filename, pieces)
            for _ in pieces:
                pass  # whoever gave up reading it; the next stands behind it


def looks_like(data: Buffer) -> bool:
    """Whether it begins with 7z's magic number and a version that there is."""
    return data[: len(_MAGIC)] == _MAGIC and data[6:7] == b"\0" and len(data) >= _START


class _File(io.RawIOBase):
    """A part of what is in memory, as a file, without a copy of it."""

    def __init__(self, data: Buffer, start: int = 0, size: int | None = None) -> None:
        super().__init__()
        self._data, self._start = data, start
        self._end = len(data) if size is None else min(start + size, len(data))
        self._at = start

    def read(self, size: int = -1) -> bytes:
        end = self._end if size < 0 else min(self._at + size, self._end)
        piece = self._data[self._at : end]
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        self._at = max(self._start, base + offset)
        return self.tell()

    def tell(self) -> int:
        return self._at - self._start


class _Block:
    """A block of compressed data, which may hold many files one after the other.

    Attributes:
        fault: why no more of it can be read, if that is so.
    """

    def __init__(self, folder: Folder, file: _File) -> None:
        self._file = file
        self.fault = _fault(folder)
        if self.fault:
            return
        try:
            self._stream = folder.get_decompressor(file.seek(0, os.SEEK_END))
            file.seek(0)
        except Exception:  # noqa: BLE001 - py7zr and lzma raise whatever they stumble over
            self.fault = _UNKNOWN
            return
        bounded = all(coder["method"] in _BOUNDED for coder in folder.coders)
        self._stream.block_size = _STEP if bounded else _SHORT_STEP

    def read(self, size: int, crc: int | None, budget: Budget) -> Iterator[bytes]:
        """Yield a file, which stands where the last one ended."""
        left, summed = size, 0
        while left > 0:
            before = self._file.tell()
            piece = self._piece(min(left, CHUNK))
            taken = self._file.tell() - before
            if not piece and not taken:
                self.fault = CUT_SHORT
                raise MemberError(CUT_SHORT)
            budget.spend(len(piece) or taken)
            left -= len(piece)
            summed = zlib.crc32(piece, summed)
            if piece:
                yield piece
        if crc is not None and crc != summed:
            raise MemberError("it is damaged: its check sum is wrong")

    def _piece(self, size: int) -> bytes:
        try:
            return bytes(self._stream.decompress(self._file, size))
        except Exception:  # noqa: BLE001 - py7zr raises whatever its decompressors do
            self.fault = DAMAGED
            raise MemberError(DAMAGED) from None


def _opened(data: Buffer) -> SevenZipFile | str:
    """Open an archive, or say why it cannot be read."""
    try:
        import py7zr
    except ImportError:
        return "reading it needs more: pip install 'leakscan[7z]'"
    try:
        return _directory_fault(data) or py7zr.SevenZipFile(cast("IO[bytes]", _File(data)))
    except py7zr.exceptions.PasswordRequired:
        return _ENCRYPTED
    except Exception:  # noqa: BLE001 - py7zr raises whatever its parser stumbles over
        return DAMAGED


def _directory_fault(data: Buffer) -> str | None:
    """Say why the directory cannot be read, before py7zr makes objects of it."""
    from py7zr.archiveinfo import HeaderStreamsInfo

    if zlib.crc32(data[12:_START]) != int.from_bytes(data[8:12], "little"):
        return DAMAGED
    start = _START + int.from_bytes(data[12:20], "little")
    size = int.from_bytes(data[20:28], "little")
    if start + size > len(data):
        return CUT_SHORT
    directory = data[start : start + min(size, _MAX_DIRECTORY + 1)]
    if directory[:1] == _PACKED_DIRECTORY and len(directory) == size:
        folders = HeaderStreamsInfo.retrieve(io.BytesIO(directory[1:])).unpackinfo.folders
        for folder in folders:
            fault = _fault(folder)
            if fault or not all(coder["method"] in _BOUNDED for coder in folder.coders):
                return fault or _UNKNOWN
        size = sum(folder.unpacksizes[-1] for folder in folders)
    return "its directory is too long" if size > _MAX_DIRECTORY else None


def _places(archive: SevenZipFile) -> dict[Folder, tuple[int, int]]:
    """Return the offset and the size of each block."""
    streams = getattr(archive.header, "main_streams", None)
    if streams is None or streams.packinfo is None or streams.unpackinfo is None:
        return {}
    pack = streams.packinfo
    start = archive.afterheader + pack.packpos
    places = zip(pack.packpositions, pack.packsizes, strict=False)
    return {
        folder: (start + at, size)
        for folder, (at, size) in zip(streams.unpackinfo.folders, places, strict=False)
    }


def _fault(folder: Folder) -> str | None:
    """Say why a block cannot be read, or not without too much memory."""
    methods = [coder["method"] for coder in folder.coders]
    if _AES in methods:
        return _ENCRYPTED
    if _PPMD in methods:
        return _PPMD_REFUSED
    if sum(method not in _FILTERS for method in methods) > 1:
        return _UNKNOWN  # a bomb in a bomb: no length that is asked for bounds the inner one
    windows = (_window(coder["method"], coder["properties"] or b"") for coder in folder.coders)
    return TOO_WIDE if max(windows) > MAX_WINDOW else None


def _window(method: bytes, properties: bytes) -> int:
    """Return how many bytes of memory a method says that it takes."""
    if method == _LZMA:
        return int.from_bytes(properties[1:5], "little")
    if method == _LZMA2 and properties:
        return (2 | properties[0] & 1) << min(properties[0] // 2 + 11, 64)
    return 0
