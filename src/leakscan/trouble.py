"""What can keep one from reading something on another machine."""

from __future__ import annotations

import enum

from leakscan.errors import TargetError


class Trouble(enum.StrEnum):
    """Why something could not be read, or not whole."""

    GONE = "gone"
    BLOCKED = "blocked"
    EMPTY = "empty"
    NAMELESS = "nameless"
    """The name of its repository looks like a secret, and was not kept."""
    REFUSED = "refused"
    BARRED = "barred"
    """Whoever serves it, or a proxy, gives us nothing, whatever we ask for."""
    LOCAL = "local"
    """This machine fails, as with a full disk."""
    TOO_LARGE = "too-large"
    TOO_LONG = "too-long"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"

    @property
    def is_passing(self) -> bool:
        """Whether it may be over a moment later, so that it is worth another try."""
        return self in (Trouble.BUSY, Trouble.UNREACHABLE, Trouble.BROKEN)

    @property
    def is_ours(self) -> bool:
        """Whether it is about us, and says nothing of what was to be read."""
        return self in (Trouble.BARRED, Trouble.LOCAL)


NOTHING_TO_SEE = (Trouble.GONE, Trouble.BLOCKED, Trouble.EMPTY)
"""Nobody else can read such a push either, so that nothing of it was left out."""


class TroubleError(TargetError):
    """Something could not be read, or not to its end.

    Args:
        trouble: in one word.
        what: what happened, on one line and without credentials.
        remedy: what to do about it.
        retry_after: seconds after which the server asks to be asked again.
        is_elsewhere: whether it says nothing of the server that is read from.
    """

    def __init__(
        self,
        trouble: Trouble,
        what: str,
        remedy: str = "",
        retry_after: float | None = None,
        *,
        is_elsewhere: bool = False,
    ) -> None:
        super().__init__(what, remedy)
        self.requests = 0
        """API calls that a poll of a feed had taken by then."""
        self.trouble = trouble
        self.retry_after = retry_after
        self.is_elsewhere = is_elsewhere
