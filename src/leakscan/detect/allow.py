"""Comments that allow a token: ``leakscan: allow[rule-id] reason``, on the token's own line.

A comment that was meant to allow one, but is not written so, allows nothing; what is wrong with it
is told where the token is reported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakscan.detect.detector import LINE_CONTEXT
from leakscan.reasons import gives_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = b"leakscan"

_COMMENT = re.compile(rb"leakscan(\s*:|\s)\s*allow\b\s*(?:\[([^\][]*)\])?", re.IGNORECASE)
"""Its colon, and what stands in brackets; either may be missing."""

_ALONE = re.compile(rb"[^0-9A-Za-z]*" + _COMMENT.pattern, re.IGNORECASE)
"""The start of a line that holds nothing before the comment."""

_LINE_END = re.compile(rb"\r\n|\r|\n")

_CLOSING = re.compile(r"\*/|-->|#\}|[%?]>|\]\]|-\}|\*\)")
"""Ends the comment, as in C, HTML, Jinja, PHP, Lua, Haskell or OCaml."""

_AROUND = " \t:,;\"'`-–—"  # noqa: RUF001 - dashes, too
"""What a reason is often set off with; of nothing else, no reason is made."""

_LONGEST_NAME = 30
"""Characters at most that are quoted of a comment: fewer than a token has."""

_NO_REASON = "its allow comment gives no reason"


def allowed(rule: str, data: bytes, start: int, end: int) -> tuple[str | None, str | None]:
    """Return whether a comment allows a match, and if none does, what is wrong with it.

    Args:
        rule: the id of the match's rule.
        data: what was searched.
        start: offset of the first byte of the match.
        end: offset behind its last byte.

    Returns:
        The reason of the first comment that allows it; else, of the one that comes nearest to it,
        what keeps it from doing so, in words.  Both are ``None`` without any comment.
    """
    left = data[max(0, start - LINE_CONTEXT) : start]
    right = data[end : end + LINE_CONTEXT]
    # Nearly all matches have no comment, and an object may have thousands of them.
    if _WORD not in left.lower() and _WORD not in right.lower():
        return None, None
    *before, left = _LINE_END.split(left)
    right = _LINE_END.split(right, maxsplit=1)[0]
    faults: list[str] = []
    for text in (right, left):
        for reason, fault in _comments(text, rule):
            if not fault:
                return reason, None
            faults.append(fault)
    if before and not faults and _stands_alone(before[-1]):
        faults = ["the allow comment above it must stand on the token's own line"]
    return None, _NO_REASON if _NO_REASON in faults else next(iter(faults), None)


def _stands_alone(line: bytes) -> bool:
    """Whether a line holds a comment that is to allow something, and nothing else."""
    found = _ALONE.match(line)
    if not found or _is_prose(found):
        return False
    behind = _CLOSING.split(line[found.end() :].decode("utf-8", "replace"), maxsplit=1)[1:]
    return not any(map(str.isalnum, "".join(behind)))


def _comments(text: bytes, rule: str) -> Iterator[tuple[str, str]]:
    """Yield the reason of each comment, or its fault; one ends where the next one begins."""
    found = [comment for comment in _COMMENT.finditer(text) if not _is_prose(comment)]
    ends = [following.start() for following in found[1:]] + [len(text)]
    for comment, end in zip(found, ends[: len(found)], strict=True):
        reason = _reason(text[comment.end() : end])
        yield reason, _fault(comment, rule, reason)


def _is_prose(comment: re.Match[bytes]) -> bool:
    return comment[2] is None and not comment[1].endswith(b":")


def _fault(comment: re.Match[bytes], rule: str, reason: str) -> str:
    """Say what is wrong with a comment that is to allow a match of a rule; empty if nothing is."""
    named = (comment[2] or b"").decode("utf-8", "replace").strip()
    if comment[2] is None and comment.string[comment.end() :].startswith(b"["):
        return "its allow comment has no ] behind the rule"
    if not named:
        return "its allow comment names no rule"
    if rule.lower() not in map(str.strip, named.lower().split(",")):
        quoted = f'"{named}"' if len(named) <= _LONGEST_NAME else "something else"
        return f"its allow comment names {quoted}, not the rule {rule}"
    if not comment[1].endswith(b":"):
        return 'its allow comment has no colon behind "leakscan"'
    return "" if reason else _NO_REASON


def _reason(raw: bytes) -> str:
    """Return the reason behind the brackets; empty if there is none."""
    said = _CLOSING.split(raw.decode("utf-8", "replace"), maxsplit=1)[0].strip(_AROUND)
    return said if gives_reason(said) else ""
