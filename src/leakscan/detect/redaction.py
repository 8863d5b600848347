"""Names without the secrets that are encoded in them, which anybody could decode."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.model import Match


def without_encoded(name: bytes, matches: Iterable[Match], begin: int = 0) -> bytes:
    """Return a name in which secrets that are encoded are redacted.

    What is written plainly is left: a report redacts that wherever it stands.

    Args:
        name: of a file, a branch or the like.
        matches: what was found in it.
        begin: where the name begins in what was searched.
    """
    pieces, done = [], 0
    encoded = sorted((m for m in matches if m.spelling), key=lambda match: match.start)
    for match in encoded:
        start = max(match.start - begin, 0)
        if done <= start < len(name):  # else another one covers its beginning
            pieces += [name[done:start], match.secret.redacted().encode(errors="replace")]
        done = max(done, start + match.length)
    return b"".join([*pieces, name[done:]]) if encoded else name
