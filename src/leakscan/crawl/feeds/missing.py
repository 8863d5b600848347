"""What is said of a source that GitHub does not know, or of which a page is missing."""

from __future__ import annotations

from leakscan.trouble import Trouble, TroubleError


def not_there(source: str, requests: int = 0) -> TroubleError:
    """Return the error for it, with what else it may have been meant to be.

    Args:
        source: its name, such as ``org:acme``.
        requests: API calls that it took to learn that.
    """
    kind, _, name = source.partition(":")
    if kind == "org":
        what = f"GitHub knows no organisation {name}"
        remedy = f"check the name of this source; is it a user? then write user:{name}"
    elif kind == "user":
        what, remedy = f"GitHub knows no user {name}", "check the name of this source"
    else:
        what, remedy = f"GitHub knows no public {source}", "check the name of this source"
    error = TroubleError(Trouble.GONE, what, remedy)
    error.requests = requests
    return error


def unread(error: TroubleError) -> TroubleError:
    """Return what kept a list from being read to its end, as a page of it failed."""
    what = f"not read to its end: {error.what}"
    return TroubleError(error.trouble, what, error.remedy, error.retry_after)
