"""One look at what is about to be committed, before anything else is imported.

Nearly every commit holds nothing like a token, and a developer waits for each.  So this imports
next to nothing, and only ever says that there surely is nothing to find.  Anything else (what looks
like a token, rules that are not the shipped ones, an object that is not loose, a git that fails) is
for the commands themselves, which look again, at everything, and explain.
"""

import os
import zlib

from leakscan.gate import Gate
from leakscan.known_signs import BESIDE, COMMON, FREE, LOOSE, PREFIXES, RARE, THEN
from leakscan.occasion import is_asked, is_framework_by_hand, names_commits
from leakscan.places import (
    BASELINE_FILE,
    CHECKOUT_FILE,
    CONFIG_VARIABLE,
    checkout_root,
    own_root,
    user_config_file,
)
from leakscan.surroundings import Surroundings

BODY = 37
"""Bytes that follow a prefix."""

BODY_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
"""Which bytes these may be.  Without them a prefix is nothing: 17 MB of random bytes have one."""

_PIECE_BYTES = BODY_BYTES + b"+/=%;"
_PIECES_END = b"\"'`\\^&<\n\r\x1b\xe2\xef\xc2"
"""What a token in pieces may have in front of the first place where it is broken, and there."""

_FEW = 16 << 10
"""Compressed bytes in which looking for one sign after the other takes less than preparing to look
for all at once."""

_PACKED = (
    b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"]\0", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"%PDF-",
    b"SQLite format 3\0", b"# v2 git bundle", b"# v3 git bundle", b"!<arch>\n", b"Rar!\x1a\x07",
    b"MSCF\0\0\0\0", b"\xed\xab\xee\xdb", b"\x04\x22\x4d\x18", b"\x89LZO\0", b"LZIP\1", b"\x1f\x9d",
    b"hsqs",
)  # fmt: skip
"""How files begin that must be opened to be searched."""

_PROGRAMS = b"#!", b"MZ", b"\x7fELF", b"Cr24"
"""How programs, and extensions of Chrome, begin, behind which a zip may stand."""

_ZIP_END = 22 + 0xFFFF
"""Bytes at the end of a zip in which its directory is named, with the longest comment."""

_SIGNS = tuple(sign for sign in COMMON + RARE if sign not in PREFIXES)
_AROUND = Surroundings(LOOSE, BESIDE, THEN, FREE)

STAGED = (
    "git", "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative",
    "--no-ext-diff", "--no-color", "--ignore-submodules=none",
)  # fmt: skip
"""Asks which ids of objects are staged in the place of which; works without a HEAD, too."""

VARIABLES = {
    "GIT_ALLOW_PROTOCOL": "",  # before 2.44, git knows no other way not to fetch what is missing
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
"""How git is asked about the repository that its user works in; what led git there stays."""

_ALONE = 1 << 20
"""Compressed bytes from which on a faster library is worth its import, and a second process."""

_LARGEST = 32 << 20
"""Bytes of an object that is read here, before and after decompression."""

_SUBMODULE = b"160000"

_TYPE, _REGULAR = 0o170000, 0o100000
"""Of what a file is, as stat(2) tells; the module `stat` says the same."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    _Place = tuple[bytes, int]
    """A sign, and where it stands."""

    class _Inflater(Protocol):
        """What `zlib` and `isal` have in common."""

        @property
        def eof(self) -> bool: ...

        @property
        def unused_data(self) -> bytes: ...

        def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def is_clean(command: str, *arguments: str) -> bool:
    """Whether a command of the guard surely has nothing to find, and nothing to say.

    Args:
        command: its name.
        arguments: what it is given.
    """
    try:
        if command == "pre-commit" and not arguments:
            return not is_asked() and _rules_are_shipped() and _staged_is_clean()
        if command == "commit-msg" and len(arguments) == 1:
            return _rules_are_shipped() and not is_suspect(_read(arguments[0]))
    except Exception:  # noqa: BLE001 - the command meets it again, and explains
        return False
    return False


def _little(data: bytes) -> "Iterator[_Place]":
    """Yield where signs stand; this takes less than preparing to look for all at once."""
    for sign in _SIGNS:
        at = data.find(sign)
        while at >= 0:
            yield sign, at
            at = data.find(sign, at + 1)


def _much() -> "Callable[[bytes], Iterator[_Place]]":
    """Return what does so in much."""
    gate = Gate(_SIGNS)

    def signs(data: bytes) -> "Iterator[_Place]":
        for which, at, _ in gate.hits(data):
            yield _SIGNS[which], at

    return signs


def is_suspect(data: bytes, signs: "Callable[[bytes], Iterator[_Place]]" = _little) -> bool:
    """Whether anything stands there that a token may be, however it is written.

    Args:
        data: what may be committed.
        signs: tells where something encoded may begin.
    """
    return (
        any(_AROUND.allow(data, at, sign) for sign, at in signs(data))
        or any(_holds_token(data, prefix) for prefix in PREFIXES)
        or _is_packed(data)
    )


def _holds_token(data: bytes, prefix: bytes) -> bool:
    """Whether a whole token stands behind a prefix, or the first piece of one."""
    at = data.find(prefix)
    while at >= 0:
        start = at + len(prefix)
        body = data[start : start + BODY]
        if len(body) == BODY and not body.translate(None, BODY_BYTES):
            return True
        piece = data[start : start + 2 * BODY]
        behind = piece.lstrip(_PIECE_BYTES)
        if piece[: len(piece) - len(behind)].endswith(b"="):  # blanks may stand before a line's end
            behind = behind.lstrip(b" \t")
        if behind and behind[0] in _PIECES_END:
            return True
        at = data.find(prefix, at + 1)
    return False


def _is_packed(data: bytes) -> bool:
    """Whether a file may have to be opened to be searched: see `leakscan.containers.recognise`."""
    return (
        data.startswith(_PACKED)
        or (data[1:4] == b"\x2a\x4d\x18")
        or data[257:262] == b"ustar"
        or (not len(data) & 511 and len(data) >= 1024 and b"\0" in data[:257])
        or data[-22:-18] == b"PK\5\6"
        or (data.startswith(_PROGRAMS) and b"PK\5\6" in data[-_ZIP_END:])
    )


def _rules_are_shipped() -> bool:
    """Whether no configuration can name other rules: for that it would have to say "rule".

    What else is wrong with one, the commands say when they have something to look for in it.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    root = own_root(".")
    checkout = [f"{root}/{CHECKOUT_FILE}"] if root else []
    for path in [named] if named else [user_config_file(), *checkout]:
        try:
            text = _read(path).lower()
        except (FileNotFoundError, NotADirectoryError):
            if named or os.path.islink(path):
                return False
        else:
            # TOML has other ways to write a letter.
            if any(sign in text for sign in (b"rule", b"\\u", b"\\x")):
                return False
    return True


def _staged_is_clean() -> bool:
    if names_commits():
        return False
    changes = _output(STAGED)
    # Whoever changes these wants to know whether they are right.  A baseline of another name says
    # what it is when it is needed.
    if CHECKOUT_FILE.encode() in changes or BASELINE_FILE.encode() in changes:
        return False
    fields = changes.split(b"\0")[:-1]
    if is_suspect(b"\0\0".join(fields[1::2])) or (not changes and is_framework_by_hand()):
        return False
    staged: dict[bytes, None] = {}
    for field in fields[::2]:
        _, mode, _, after, status = field.split()
        if status == b"U":
            return False
        if status != b"D" and mode != _SUBMODULE:
            staged[after] = None
    folder = _object_folder()
    paths = [f"{folder}/{oid[:2]}/{oid[2:]}" for oid in map(bytes.decode, staged)]
    size = sum(os.stat(path).st_size for path in paths)
    signs = _little if size <= _FEW else _much()
    if size > _ALONE:
        return _are_clean_by_two(paths, signs)
    return all(_is_clean_object(path, zlib.decompressobj, signs) for path in paths)


def _are_clean_by_two(paths: list[str], signs: "Callable[[bytes], Iterator[_Place]]") -> bool:
    """Look at every other object in a process of its own."""
    from isal.isal_zlib import decompressobj

    def are_clean(some: list[str]) -> bool:
        return all(_is_clean_object(path, decompressobj, signs) for path in some)

    helper = os.fork()
    if not helper:
        status = 1
        try:
            status = 0 if are_clean(paths[1::2]) else 1
        finally:
            os._exit(status)
    try:
        mine = are_clean(paths[::2])
    finally:
        status = os.waitpid(helper, 0)[1]
    return mine and status == 0


def _is_clean_object(
    path: str,
    decompressobj: "Callable[[], _Inflater]",
    signs: "Callable[[bytes], Iterator[_Place]]",
) -> bool:
    """Whether a loose object is a sound blob of moderate size, with nothing like a token in it."""
    packed = _read(path)
    inflater = decompressobj()
    data = inflater.decompress(packed, _LARGEST)
    head, _, content = data.partition(b"\0")
    if not inflater.eof or inflater.unused_data or head != b"blob %d" % len(content):
        return False
    return not is_suspect(content, signs)


def _object_folder() -> str:
    """Find the folder of loose objects (gitrepository-layout(5)) without asking git."""
    if folder := os.environ.get("GIT_OBJECT_DIRECTORY"):
        return folder
    git_dir = os.environ.get("GIT_DIR") or f"{checkout_root('.')}/.git"
    if os.path.isfile(git_dir):  # of a linked work tree, or a submodule
        named = os.fsdecode(_read(git_dir)).removeprefix("gitdir: ").strip()
        git_dir = os.path.join(os.path.dirname(git_dir), named)
    if not os.path.isdir(f"{git_dir}/objects"):
        git_dir = os.path.join(git_dir, os.fsdecode(_read(f"{git_dir}/commondir")).strip())
    return f"{git_dir}/objects"


def _read(path: str) -> bytes:
    """Read a file whole.

    Raises:
        ValueError: it is large, or something else than a file: what is taken from a pipe would be
            lost to the command.
        OSError: it cannot be read.
    """
    about = os.stat(path)
    if about.st_mode & _TYPE != _REGULAR or about.st_size > _LARGEST:
        raise ValueError
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(descriptor, _LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) != about.st_size:
        raise ValueError
    return data


def _output(command: "Sequence[str]") -> bytes:
    """Return what a program writes; `subprocess` would take as long to import as all else.

    Raises:
        OSError: there is no such program.
        ValueError: it fails.
    """
    end, start = os.pipe()
    quiet = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    streams = ((quiet, 0), (start, 1), (quiet, 2))
    actions = [(os.POSIX_SPAWN_DUP2, source, to) for source, to in streams]
    child = os.posix_spawnp(command[0], [*command], os.environ | VARIABLES, file_actions=actions)
    os.close(start)
    pieces = []
    while piece := os.read(end, 1 << 16):
        pieces.append(piece)
    if os.waitpid(child, 0)[1]:
        raise ValueError
    return b"".join(pieces)
