"""What can keep one from reading something on another machine."""

from __future__ import annotations

import enum

from leakscan.errors import TargetError


class Trouble(enum.StrEnum):
    """Why something could not be read, or not whole."""

    GONE = "gone"
    BLOCKED = "blocked"
    EMPTY = "empty"
    REFUSED = "refused"
    TOO_LARGE = "too-large"
    TOO_LONG = "too-long"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"

    @property
    def is_passing(self) -> bool:
        """Whether it may be over a moment later, so that it is worth another try."""
        return self in (Trouble.BUSY, Trouble.UNREACHABLE, Trouble.BROKEN)


class TroubleError(TargetError):
    """Something could not be read, or not to its end.

    Args:
        trouble: in one word.
        what: what happened, on one line and without credentials.
        remedy: what to do about it.
        retry_after: seconds after which the server asks to be asked again.
    """

    def __init__(
        self, trouble: Trouble, what: str, remedy: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(what, remedy)
        self.trouble = trouble
        self.retry_after = retry_after
