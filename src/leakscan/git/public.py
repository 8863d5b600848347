"""Tell whether anybody can read a repository."""

from __future__ import annotations

import os
import tempfile

from leakscan.git.program import run_git
from leakscan.git.urls import transport, without_credentials

_OPEN = ("https", "http", "git")
"""Transports over which a repository may be read without a key."""


def anybody_can_read(url: str) -> bool:
    """Ask a repository's server as a stranger would: without keys, settings or passwords.

    Args:
        url: any target; only an address with an open transport and without credentials is asked.
    """
    if transport(url) not in _OPEN or without_credentials(url) != url:
        return False
    with tempfile.TemporaryDirectory(prefix="leakscan-nobody-") as nobody:
        stranger = {
            "GIT_ALLOW_PROTOCOL": ":".join(_OPEN),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_HTTP_LOW_SPEED_LIMIT": "1",
            "GIT_HTTP_LOW_SPEED_TIME": "20",
            "HOME": nobody,  # where a .netrc would be
        }
        return run_git("ls-remote", "--", url, cwd=nobody, variables=stranger).returncode == 0
