"""Whether a text gives a reason for letting a token stand."""

from __future__ import annotations


def gives_reason(text: str) -> bool:
    """Whether it says anything; the word that our advice has in its place says nothing."""
    return "".join(filter(str.isalnum, text)).casefold() not in ("", "reason")
