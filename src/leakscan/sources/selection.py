"""Which commits a date or a range means; git itself is asked."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.git.program import run_git
from leakscan.git.texts import readable

if TYPE_CHECKING:
    from leakscan.git.layout import Layout


def selected_commits(layout: Layout, since: str | None, revisions: str | None) -> frozenset[bytes]:
    """Return the commits that ``since`` and ``revisions`` select.

    Raises:
        UsageError: git cannot make sense of them.
    """
    wanted = ["--all"] if not revisions else ["--end-of-options", revisions]
    date = _exact_date(since) if since else None
    dated = [f"--since={date}"] if date else []
    done = run_git(
        f"--git-dir={layout.git_dir}", "rev-list", *dated, *wanted, "--", cwd=layout.git_dir
    )
    if done.returncode:
        reason = readable(done.stderr).strip().splitlines()[-1:] or ["git rev-list failed"]
        raise UsageError(f"no such commits: {reason[0]}", "name them as `git log` takes them")
    return frozenset(bytes.fromhex(line) for line in done.stdout.decode().split())


def _exact_date(text: str) -> str | None:
    """Return a date as git takes it without guessing; git makes "now" of what it cannot read.

    There is none for the time before 1970, which git does not know: all commits are later.

    Raises:
        UsageError: it is neither a date nor a time ago.
    """
    if re.fullmatch(_AGO, text):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date", "write 2026-01-31, 2026-01-31T12:00 or 2.weeks"
        ) from None
    return moment.isoformat() if moment.replace(tzinfo=None) >= _KNOWN_SINCE else None


_KNOWN_SINCE = datetime(1970, 1, 2)  # noqa: DTZ001 - a day more or less
_AGO = r"\d+[. ](?:second|minute|hour|day|week|month|year)s?(?:[. ]ago)?|yesterday"
