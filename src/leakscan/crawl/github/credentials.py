"""Whom to ask GitHub as.

GitHub's terms forbid having several accounts of one's own to get around its limits.  Those who
need a larger budget install a GitHub App: each installation has a budget of its own.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leakscan.errors import UsageError
from leakscan.keys import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLES = ("LEAKSCAN_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN")
"""Where a token is looked for if the configuration names none; the first that is set counts."""

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class TokenVariable:
    """A token in an environment variable."""

    variable: str


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A token in a file that only its owner may read."""

    path: Path


@dataclass(frozen=True, slots=True)
class AppInstallation:
    """An installation of a GitHub App, and the file of the app's private key."""

    app_id: int
    installation_id: int
    private_key_file: Path


CredentialSource = TokenVariable | TokenFile | AppInstallation


class RefusedError(Exception):
    """GitHub refuses a credential; the text says why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A credential that GitHub refuses, so that it is not used.

    Attributes:
        credential: its name, such as ``env:GH_TOKEN``.
        why: what GitHub says.
        remedy: what a person can do about it.
    """

    credential: str
    why: str
    remedy: str


class Credential:
    """Somebody to ask GitHub as.  Never shows its token.

    Attributes:
        name: for people, such as ``env:GH_TOKEN``.
        hourly: requests an hour that GitHub allows as a rule, until it says how many.
        remedy: what a person can do when GitHub refuses it.
        is_reread: whether it is read again then, so that a watch that runs takes it up.
    """

    hourly = 5000
    remedy = "set it to a new token and start again"
    is_reread = False

    def __init__(self, name: str) -> None:
        self.name = name

    def token(self) -> str | None:
        """Return what to send, ``None`` for nothing.

        Raises:
            RefusedError: there is none any more.
            TroubleError: it cannot be had now.
        """
        raise NotImplementedError

    def renew(self, spent: str) -> bool:
        """Look for another token after GitHub refused one; tell whether there is one now.

        Args:
            spent: the one that was refused.

        Raises:
            UsageError: what is there now cannot be used.
        """
        return self.token() != spent

    def close(self) -> None:
        """Close the connections, if it has any."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Anonymous(Credential):
    """Nobody."""

    hourly = 60

    def __init__(self) -> None:
        super().__init__("anonymous")

    def token(self) -> None:
        """Return nothing to send."""


class FixedToken(Credential):
    """A token that stays the same."""

    def __init__(self, name: str, token: str) -> None:
        super().__init__(name)
        self._token = token

    def token(self) -> str:
        """Return the token."""
        return self._token


class FileToken(Credential):
    """A token in a file, which is read again when GitHub refuses what was in it."""

    remedy = "put a new token there"
    is_reread = True

    def __init__(self, path: Path) -> None:
        super().__init__(f"file:{path}")
        self._path = path
        self._token = read_private(path)

    def token(self) -> str:
        """Return the token."""
        return self._token

    def renew(self, spent: str) -> bool:
        """Read the file again.

        Raises:
            UsageError: it cannot be used.
        """
        self._token = read_private(self._path)
        return self._token != spent


def open_token(source: TokenVariable | TokenFile, environ: Mapping[str, str]) -> Credential:
    """Open a token.

    Raises:
        UsageError: its variable is not set, its file cannot be used, or there is no token in it.
    """
    if isinstance(source, TokenFile):
        return FileToken(source.path)
    text = environ.get(source.variable, "").strip()
    if not text:
        raise UsageError(f"github.credentials: {source.variable} is not set", "set it to a token")
    if not _TOKEN.fullmatch(text):
        raise UsageError(f"{source.variable}: expected a token and nothing else", "set it anew")
    return FixedToken(f"env:{source.variable}", text)


def default_credential(environ: Mapping[str, str]) -> Credential:
    """Return the first token of `VARIABLES`, or nobody if none is set.

    Raises:
        UsageError: there is something else than a token in it.
    """
    for variable in VARIABLES:
        if environ.get(variable, "").strip():
            return open_token(TokenVariable(variable), environ)
    return Anonymous()


def read_private(path: Path, what: str = "token") -> str:
    """Read a secret from a file that only its owner may read.

    Raises:
        UsageError: others may, it cannot be read, or, for a token, holds none.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder", f"name the file with the {what}")
        if path.stat().st_mode & _OTHERS:
            raise UsageError(f"{path}: others than its owner may use it", f"chmod 600 {path}")
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: no {what} there: {reason_of(error)}", "check it") from None
    if what == "token" and not _TOKEN.fullmatch(text):
        raise UsageError(f"{path}: expected a token and nothing else", "write it on one line")
    return text
