"""Whether two URLs lead to one repository."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Place:
    """What a URL leads to.

    Attributes:
        scheme: ``ssh`` for ``HOST:PATH``, too.
        user: whose home the path begins in; empty where it does not.
        host: in lower case.
        port: empty if none is named.
        path: without a ``.git`` at its end; begins with a slash unless it begins in a home.
    """

    scheme: str
    user: str
    host: str
    port: str
    path: str


def are_one_place(one: str, other: str) -> bool:
    """Whether two URLs lead to the same repository, so far as their texts can tell.

    A ``.git`` at the end does not matter, nor does the user, unless the path begins in the user's
    home.  By https and by ssh, hosting services have one and the same, on their usual ports.
    """
    if _local(one) == _local(other):
        return True
    first, second = _parsed(one), _parsed(other)
    if first is None or second is None:
        return False
    if first == second:
        return True
    is_hosted = {first.scheme, second.scheme} == {"https", "ssh"} and not first.port + second.port
    names = [(place.host, place.path.removeprefix("/")) for place in (first, second)]
    return is_hosted and names[0] == names[1] and not names[0][1].startswith("~")


def _local(url: str) -> str:
    """Return a path as it is, however it is written; git decodes ``%`` where it is a URL."""
    is_path = url.startswith("file:///") and "%" not in url
    return url.removeprefix("file://") if is_path else url


def _parsed(url: str) -> _Place | None:
    """Return what a URL leads to; ``None`` if it names no host."""
    by_scheme = re.fullmatch(
        r"([a-zA-Z][a-zA-Z0-9+.-]*)://(?:([^/@]*)@)?(\[[^]/@]*\]|[^:/@]+)(?::(\d*))?(/[^?#]*)", url
    )
    # As git-clone(1) has it for ssh, unless there is a slash before the colon.
    by_colon = re.fullmatch(r"(?:([^/:@]*)@)?(\[[^]/@]*\]|[^:/@]+):(?!:)([^?#]+)", url)
    if by_scheme:
        scheme, user, host, port, path = by_scheme.groups()
    elif by_colon and "://" not in url:
        scheme, port, (user, host, path) = "ssh", "", by_colon.groups()
    else:
        return None
    scheme = scheme.lower()
    if scheme == "file":
        return None
    if scheme == "ssh" and path.startswith("/~"):
        path = path[1:]
    is_at_home = not path.startswith("/")
    path = path.rstrip("/").removesuffix(".git")
    return _Place(scheme, (user or "") if is_at_home else "", host.lower(), port or "", path)
