"""The message of a commit that is about to be made."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import ask, flag, settings
from leakscan.model import Kind, Location
from leakscan.sources.placing import placed, readable_parts
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.detect import Detector
    from leakscan.sources.sighting import Tally

_SCISSORS = rb" ------------------------ >8 ------------------------\n"
_BETWEEN_DIFFERENCES = rb" -{50}\n"
_ANY_SIGN = rb"[#;@!$%^&|:]"
"""What git chooses from where a setting says ``auto``: one that begins no line of the message."""


def scan_message(
    path: Path, repository: str, detector: Detector, tally: Tally
) -> Iterator[Sighting]:
    """Search what will become of a file that holds a message.

    Args:
        path: the file, as git names it to a commit-msg hook.
        repository: what to call it in locations.
        detector: what to search with.
        tally: told what was read and what could not be.

    Raises:
        TargetError: the file cannot be read, or git fails.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise TargetError(
            f"cannot read the message {path} ({error.strerror})", "name its file"
        ) from None
    tally.read(len(text))
    if detector.search_text(text):
        found = detector.search_text(_without_what_git_drops(text))
        for match in readable_parts(found, "the message", tally):
            yield Sighting(match, placed(Location(Kind.COMMIT_MESSAGE, repository), match))


def has_scissors(path: Path) -> bool:
    """Whether a message is followed by what git may cut off, such as a difference."""
    try:
        return re.search(rb"^\S+" + _SCISSORS, path.read_bytes(), re.MULTILINE) is not None
    except OSError:
        return False


def _without_what_git_drops(text: bytes) -> bytes:
    """Blank out names of files, other commits, and the difference, where git surely drops them.

    No hook is told of ``-v`` and ``--cleanup``: with some of these, a comment, or a difference that
    an earlier attempt left in the file, becomes part of the commit.  So comments are searched, but
    for what only git writes into them, and the difference is where git has just written it.

    Only an editor has been shown those; git tells hooks with ``GIT_EDITOR=:`` that there was none.
    """
    if os.environ.get("GIT_EDITOR") == ":":
        return text
    known = settings(r"^(core\.comment(char|string)|commit\.cleanup)$")
    signs = (known.get("core.commentchar"), known.get("core.commentstring"))
    is_auto = "auto" in signs
    sign = _ANY_SIGN if is_auto else re.escape(_comment_sign() if any(signs) else b"#")
    cut = _cut(text, sign) if flag("commit.status", default=True) else None
    kept = text if cut is None else text[:cut]
    if is_auto or known.get("commit.cleanup", "default") not in ("default", "strip"):
        return kept
    # A tab and the name of a file, or what a rebase has done: "    pick 1a2b3c4 Subject".
    by_git = rb"^" + sign + rb"(?:\t| {4}[a-z]+ (?:-[cC] )?[0-9a-f]{4,64} ).*$"
    return re.sub(by_git, b"", kept, flags=re.MULTILINE)


def _cut(text: bytes, sign: bytes) -> int | None:
    """Return where git cuts a message off, if that is what it will do.

    It writes scissors and an explanation last, or but for its comments and the difference, only if
    it cuts at the first ones that it finds.  Without ``-v`` its comments come last, and after what
    somebody took from an earlier attempt.
    """
    explained = rb"^(" + sign + rb")" + _SCISSORS + rb"(?:\1(?:[ \t].*)?\n)+"
    found = [*re.finditer(explained, text, re.MULTILINE)]
    if not found:
        return None
    comment = rb"^" + re.escape(found[-1][1])
    between = comment + _BETWEEN_DIFFERENCES + comment + rb" .*\n"  # by -vv there are two
    rest = re.sub(between, b"", text[found[-1].end() :], flags=re.MULTILINE)
    is_difference = rest.startswith((b"diff ", b"Submodule ")) or not rest.strip()
    is_last = not re.search(comment + rb"(?:[ \t]|$)", rest, re.MULTILINE)
    return found[0].start() if is_difference and is_last else None


def _comment_sign() -> bytes:
    """Return what begins a comment; which setting counts depends on the version of git."""
    return ask("stripspace", "--comment-lines", stdin=b"x", doing="comment a line")[: -len(b" x\n")]
