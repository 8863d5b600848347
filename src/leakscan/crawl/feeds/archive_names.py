"""The names of GH Archive's files, one an hour of UTC: https://www.gharchive.org."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from leakscan.errors import UsageError
from leakscan.git.urls import without_credentials
from leakscan.safe_text import safe_text

ARCHIVE = "https://data.gharchive.org"
"""Where the files are.  The hour in their names is not padded: ``2026-01-02-3.json.gz``."""

MOST_FILES = 24 * 366
"""Files that one backfill may read: those of a year."""

_LONGEST = 2000
_BRACES = r"\{([0-9]{1,4})\.\.([0-9]{1,4})\}"
_HOUR = r"([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{1,2})"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def archive_files(wanted: str, base: str = ARCHIVE) -> tuple[str, ...]:
    """Return the files that are meant, in order: paths, or URLs.

    Args:
        wanted: a path, a URL, an hour as ``2026-01-02-3``, a day as ``2026-01-02``, or any of
            these with ranges in it, as ``2026-01-02-{0..5}``.
        base: where the hours are.

    Raises:
        UsageError: there is no such file, hour or day, or they are too many.
    """
    if len(wanted) > _LONGEST or "\0" in wanted:
        raise UsageError("that is no name of an archive", "name a file, a URL or an hour")
    files = []
    for name in _expanded(wanted):
        files += _files(name, base)
        if len(files) > MOST_FILES:
            remedy = "name fewer hours and come back for the rest"
            raise UsageError(f"{_shown(wanted)}: more than {MOST_FILES} files", remedy)
    return tuple(files)


def is_url(name: str) -> bool:
    """Whether a file is to be fetched."""
    return name.lower().startswith(("https://", "http://"))


def archive_identity(name: str) -> str:
    """Return what tells the contents of a file from others that are under its name at other times.

    Args:
        name: a path, or a URL.

    Returns:
        Path, size and time of a file; all of a URL but who asks.
    """
    if is_url(name):
        scheme, _, rest = name.partition("://")
        authority, slash, path = rest.partition("/")
        return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
    file = Path(name).absolute()
    try:
        status = file.stat()
    except OSError:  # its turn will come, and then it is told
        return str(file)
    return f"{file} {status.st_size} {status.st_mtime_ns}"


def _files(name: str, base: str) -> list[str]:
    if is_url(name) or _is_file(name):
        return [name]
    if re.fullmatch(_DAY, name):
        hours = [(name, hour) for hour in range(24)]
    elif found := re.fullmatch(_HOUR, name):
        hours = [(found[1], int(found[2]))]
    else:
        what = f"{_shown(name)}: there is no such file"
        raise UsageError(what, "name a file, a URL, or an hour as in 2026-01-02-3")
    try:
        for day, hour in hours:
            datetime.fromisoformat(f"{day}T{hour:02}:00")
    except ValueError:
        raise UsageError(f"{name}: there is no such hour", "use 2026-01-02-3") from None
    return [f"{base}/{day}-{hour}.json.gz" for day, hour in hours]


def _is_file(name: str) -> bool:
    """Whether there is such a file.

    Raises:
        UsageError: nobody can tell: it is in a folder that we may not enter, or its name too long.
    """
    try:
        return Path(name).is_file()
    except OSError as error:
        what = f"{_shown(name)}: {error.strerror}"
        raise UsageError(what, "name a file, a URL, or an hour as in 2026-01-02-3") from None


def _expanded(text: str) -> list[str]:
    """Expand ranges as shells do: padded with zeros if their beginning is.

    Raises:
        UsageError: they stand for too many names.
    """
    found = re.search(_BRACES, text)
    if not found:
        return [text]
    first, last = int(found[1]), int(found[2])
    numbers = range(first, last + 1) if first <= last else range(first, last - 1, -1)
    width = len(found[1]) if found[1].startswith("0") else 1
    names = _expanded(text[found.end() :])
    if len(numbers) * len(names) > MOST_FILES:
        what = f"{_shown(text)}: more than {MOST_FILES} files"
        raise UsageError(what, "name fewer hours and come back for the rest")
    return [
        f"{text[: found.start()]}{number:0{width}}{rest}" for number in numbers for rest in names
    ]


def _shown(name: str) -> str:
    return safe_text(without_credentials(name))
