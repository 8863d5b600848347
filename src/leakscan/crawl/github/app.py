"""Ask GitHub as an installation of a GitHub App, whose tokens last an hour."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jwt
from github.Auth import AppAuth

from leakscan.crawl.github.answers import judge
from leakscan.crawl.github.client import Client
from leakscan.crawl.github.credentials import (
    AppInstallation,
    Credential,
    RefusedError,
    read_private,
)
from leakscan.errors import UsageError
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from leakscan.crawl.github.answers import Reply

EARLY = 300.0
"""Seconds before its end at which a token is replaced, for clocks that differ."""

_SKEW = 30.0
"""Seconds by which the server's clock may differ; a signed request is valid from 60 before."""

_LASTS = 3600.0


class InstallationToken(Credential):
    """The token of an installation, renewed before it ends.

    Args:
        installation: which, and where the app's private key is.
        api_url: where the API is.
        timeout: seconds for a request.

    Raises:
        UsageError: the file of the key is open to others, or holds no RSA key.
    """

    remedy = "check the app, its installation and its key, and start again"

    def __init__(self, installation: AppInstallation, api_url: str, timeout: int) -> None:
        super().__init__(f"app:{installation.app_id}/{installation.installation_id}")
        self._installation = installation
        self._key = read_private(installation.private_key_file, "private key")
        self._skew = 0
        auth = AppAuth(installation.app_id, sign_func=self._sign)
        try:
            auth.create_jwt()
        except (ValueError, TypeError, jwt.PyJWTError):
            raise UsageError(
                f"{installation.private_key_file}: no RSA private key",
                "download one from the settings of the app",
            ) from None
        self._client = Client(api_url, auth, timeout)
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends_at = 0.0

    def token(self) -> str:
        """Return the token, a new one if the old one ends soon.

        Raises:
            RefusedError: GitHub gives none.
            TroubleError: GitHub cannot be asked now.
        """
        with self._lock:
            if self._token is None or time.monotonic() > self._ends_at - EARLY:
                self._fetch()
            assert self._token is not None  # noqa: S101 - or there was an exception
            return self._token

    def renew(self, spent: str) -> bool:
        """Forget the token; there is another one then, unless `token` says otherwise."""
        with self._lock:
            if self._token == spent:
                self._token = None
        return True

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _fetch(self) -> None:
        reply = self._ask()
        if reply.status == 401 and self._learn_skew(reply):
            reply = self._ask()
        if reply.status in (401, 403, 404) and "rate limit" not in reply.message:
            raise RefusedError(f"no token for the app: {reply.status} {reply.message}".strip())
        document = judge(reply, f"the token of {self.name}").body
        token = document.get("token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise TroubleError(Trouble.BROKEN, f"the token of {self.name}: there is none in it")
        self._token = token
        self._ends_at = time.monotonic() + _lasts(document.get("expires_at"), reply)

    def _ask(self) -> Reply:
        path = f"/app/installations/{self._installation.installation_id}/access_tokens"
        return self._client.send("POST", path, {}, {"Accept": "application/vnd.github+json"})

    def _learn_skew(self, reply: Reply) -> bool:
        if reply.sent_at is None or abs(reply.sent_at - time.time() - self._skew) < _SKEW:
            return False
        self._skew = int(reply.sent_at - time.time())
        return True

    def _sign(self, payload: dict[str, Any]) -> str:
        """Sign a request as PyGithub does, by the server's clock."""
        times = {name: payload[name] + self._skew for name in ("iat", "exp")}
        return jwt.encode({**payload, **times}, self._key, algorithm="RS256")


def _lasts(text: object, reply: Reply) -> float:
    """Return the seconds from now to a time of the server."""
    try:
        end = datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return _LASTS
    sent_at = time.time() if reply.sent_at is None else reply.sent_at
    return min(max(end - sent_at, 2 * EARLY), _LASTS)
