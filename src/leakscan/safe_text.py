r"""Text from a stranger's repository, made safe to show.

A path, a name or a ref may hold terminal escapes that recolour, erase or rewrite what
a reader sees, and bidirectional or zero-width characters that disguise it.  Here they
become visible: ESC turns into ``\x1b``, a right-to-left override into ``\u202e``.
"""

from __future__ import annotations

import re

_SURROGATE = r"[\ud800-\udfff]"

# Controls (C0, DEL, C1), formats (bidi, zero-width, tags), surrogates, line breaks.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def safe_text(text: str) -> str:
    """Return the text on one line, with every control and invisible character spelled out."""
    if text.isprintable():
        return text
    import unicodedata

    return "".join(
        _spelled_out(character)
        if unicodedata.category(character) in _UNSAFE_CATEGORIES
        else character
        for character in text
    )


def encodable(text: str) -> str:
    """Return the text with lone surrogates, which no encoding can write, spelled out."""
    if text.isascii():
        return text
    return re.sub(_SURROGATE, lambda surrogate: _spelled_out(surrogate[0]), text)


def _spelled_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
