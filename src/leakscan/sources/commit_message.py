"""The message of a commit that is about to be made."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import settings
from leakscan.model import Kind, Location
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.detect import Detector
    from leakscan.sources.sighting import Tally

_SCISSORS = b" ------------------------ >8 ------------------------"
_KEEP_COMMENTS = ("verbatim", "whitespace", "scissors")


def scan_message(
    path: Path, repository: str, detector: Detector, tally: Tally
) -> Iterator[Sighting]:
    """Search what will become of a file that holds a message.

    Args:
        path: the file, as git names it to a commit-msg hook.
        repository: what to call it in locations.
        detector: what to search with.
        tally: told what was read.

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
    if detector.search(text):
        for match in detector.search(_without_what_git_drops(text)):
            place = Location(Kind.COMMIT_MESSAGE, repository, line=match.line, column=match.column)
            yield Sighting(match, place)


def _without_what_git_drops(text: bytes) -> bytes:
    """Blank out comments, such as names of files, and the difference that ``-v`` shows.

    Only an editor has been shown those; git tells hooks with ``GIT_EDITOR=:`` that there was none.
    """
    if os.environ.get("GIT_EDITOR") == ":":
        return text
    known = settings(r"^(core\.comment(char|string)|commit\.cleanup)$")
    told = known.get("core.commentstring") or known.get("core.commentchar") or "#"
    is_auto = told == "auto"  # one that the message does not use: which, only git knows
    sign = rb"[#;@!$%^&|:]" if is_auto else re.escape(os.fsencode(told))
    # Git explains its own line; one that somebody wrote cuts nothing off.
    cut = re.search(rb"^(" + sign + rb")" + _SCISSORS + rb"\n\1", text, re.MULTILINE)
    kept = text[: cut.start()] if cut else text
    if is_auto or known.get("commit.cleanup") in _KEEP_COMMENTS:
        return kept
    return re.sub(rb"^" + sign + rb".*$", b"", kept, flags=re.MULTILINE)
