"""Comments that allow a token: ``leakscan: allow[rule-id] reason``, on the token's own line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakscan.detect.detector import LINE_CONTEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = b"leakscan:"

_COMMENT = re.compile(rb"leakscan:\s*allow\s*\[([^\]]*)\]", re.IGNORECASE)

_LINE_END = re.compile(rb"[\r\n]")

_CLOSING = re.compile(r"\*/|-->|#\}|[%?]>|\]\]|-\}|\*\)")
"""Ends the comment, as in C, HTML, Jinja, PHP, Lua, Haskell or OCaml."""

_AROUND = " \t:,;\"'`-–—"  # noqa: RUF001 - dashes, too
"""What a reason is often set off with; of nothing else, no reason is made."""


def allowed(rule: str, data: bytes, start: int, end: int) -> str | None:
    """Return what a comment on the line of a match says for allowing it.

    Args:
        rule: the id of the match's rule.
        data: what was searched.
        start: offset of the first byte of the match.
        end: offset behind its last byte.

    Returns:
        The reason, empty if the comment gives none; ``None`` without a comment for the rule.
        Of several comments, that of the first one with a reason.
    """
    left = data[max(0, start - LINE_CONTEXT) : start]
    right = data[end : end + LINE_CONTEXT]
    # Nearly all matches have no comment, and an object may have thousands of them.
    if _WORD not in left.lower() and _WORD not in right.lower():
        return None
    left = _LINE_END.split(left)[-1]
    right = _LINE_END.split(right, maxsplit=1)[0]
    reasons = [reason for text in (right, left) for reason in _reasons(text, rule)]
    return next(filter(None, reasons), "") if reasons else None


def _reasons(text: bytes, rule: str) -> Iterator[str]:
    """Yield the reason of each comment for a rule; one ends where the next comment begins."""
    found = list(_COMMENT.finditer(text))
    ends = [following.start() for following in found[1:]] + [len(text)]
    for comment, end in zip(found, ends[: len(found)], strict=True):
        rules = comment[1].decode("utf-8", "replace").lower().split(",")
        if rule.lower() in map(str.strip, rules):
            yield _reason(text[comment.end() : end])


def _reason(raw: bytes) -> str:
    said = _CLOSING.split(raw.decode("utf-8", "replace"), maxsplit=1)[0].strip(_AROUND)
    return said if any(character.isalnum() for character in said) else ""
