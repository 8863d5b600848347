"""One exchange with one repository of a server: where it is, and how its failures are told."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from leakscan.errors import UsageError
from leakscan.git.urls import without_credentials
from leakscan.safe_text import safe_text
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.git.wire.clock import Clock
    from leakscan.git.wire.v0 import Advertisement
    from leakscan.git.wire.values import Meter

Origin = tuple[str, str, int]
"""Scheme, host and port of a server."""

_PORTS = {"http": 80, "https": 443}

_LONGEST_MESSAGE = 300

_SHORT_NAME = 8
"""Characters of user names that are no more than that, such as ``git``: many a message has them."""


class MisunderstoodError(TroubleError):
    """The answer is none to what was asked, as from a server of another protocol version."""


class StatusError(TroubleError):
    """The server answered with a status that is no success.

    Attributes:
        status: the HTTP status.
    """

    status = 0


@dataclass(slots=True)
class Exchange:
    """The requests that answer one question, redirects and second attempts included.

    Attributes:
        base: the address of the repository, without credentials and slash at its end.
        user: user name and password that are valid there, if any.
        object_format: ``sha256`` or ``sha1``; ``None`` where it is not known.
        began: whether a successful answer to the last request has begun.
        advertisement: what the server said of the repository, if it speaks protocol version 0.
    """

    base: str
    meter: Meter
    clock: Clock
    user: tuple[str, str] | None = field(default=None, repr=False)
    object_format: str | None = None
    began: bool = False
    advertisement: Advertisement | None = None

    @property
    def origin(self) -> Origin:
        """Which server it is."""
        return _origin(urlsplit(self.base))

    @property
    def url(self) -> str:
        """The address of the repository, with the credentials."""
        parts = urlsplit(self.base)
        if self.user is None:
            return self.base
        user = ":".join(quote(part, safe="") for part in self.user)
        return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))

    @property
    def authorization(self) -> dict[str, str]:
        """The header that shows the credentials."""
        if self.user is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(":".join(self.user).encode()).decode()}

    def trouble(
        self, trouble: Trouble, why: str, remedy: str = "", retry_after: float | None = None
    ) -> TroubleError:
        """Return the error for what went wrong."""
        return TroubleError(trouble, self._what(why), remedy, retry_after)

    def misunderstood(self, why: str) -> MisunderstoodError:
        """Return the error for an answer that makes no sense."""
        return MisunderstoodError(Trouble.BROKEN, self._what(why), "check the address")

    def _what(self, why: str) -> str:
        return f"cannot fetch {without_credentials(self.base)} ({why})"

    def quoted(self, message: bytes) -> str:
        """Return a server's own words so that they can be shown, on one line."""
        text = " ".join(
            message[: 4 * _LONGEST_MESSAGE].decode("utf-8", "replace").rstrip("\0").split()
        )
        if any(secret in text for secret in self._secrets()):
            return "a message that holds the credentials"
        text = safe_text(without_credentials(text))
        return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "..."

    def _secrets(self) -> Iterator[str]:
        if self.user is not None:
            name, password = self.user
            yield password or name
            if len(name) > _SHORT_NAME:  # it may be a token, too
                yield name
            yield self.authorization["Authorization"].removeprefix("Basic ")

    def move(self, location: str, suffix: str) -> None:
        """Follow a redirect of a request to ``base + suffix``.

        Credentials stay with the host that they are for, and are not taken from a redirect.

        Raises:
            TroubleError: it leads nowhere that may be followed.
        """
        try:
            parts = urlsplit(urljoin(self.base + suffix, location))
            target = _origin(parts)
            if parts.scheme in _PORTS and not parts.hostname:
                raise ValueError
        except ValueError:
            raise self.trouble(Trouble.BROKEN, "it redirects to no URL") from None
        shown = without_credentials(urlunsplit(parts._replace(query="", fragment="")))
        shown = safe_text(shown[:_LONGEST_MESSAGE])
        ending = suffix.partition("?")[0]
        if parts.scheme not in _PORTS:
            raise self.trouble(Trouble.BROKEN, f"it redirects to {shown}", "it must be https")
        if self.base.startswith("https:") and parts.scheme == "http":
            why = f"it redirects to {shown}, which is not encrypted"
            raise self.trouble(Trouble.REFUSED, why)
        if not parts.path.endswith(ending):
            why = f"it redirects to {shown}, which is no repository, perhaps a page to log in"
            raise self.trouble(Trouble.REFUSED, why, "check the address and the credentials")
        if not _is_same_place(self.origin, target):
            self.user = None
        host = parts.netloc.rpartition("@")[2]
        self.base = f"{parts.scheme}://{host}{parts.path.removesuffix(ending)}"


def begin(url: str, meter: Meter, clock: Clock) -> Exchange:
    """Begin an exchange.

    Args:
        url: http or https; a user name and password in it are used, but never shown.
        meter: where the requests are counted.
        clock: how long it may take.

    Raises:
        UsageError: it is no such URL.
    """
    try:
        parts = urlsplit(url)
        _origin(parts)
    except ValueError:
        raise UsageError(f"{without_credentials(url)} is no URL", "check the address") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        shown = without_credentials(url)
        raise UsageError(f"cannot fetch {shown} over HTTP", "it must begin with https://HOST/")
    credentials, at, host = parts.netloc.rpartition("@")
    name, _, password = credentials.partition(":")
    user = (unquote(name), unquote(password)) if at else None
    base = urlunsplit(SplitResult(parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return Exchange(base, meter, clock, user)


def _origin(parts: SplitResult) -> Origin:
    """Return which server a URL is of; a ValueError for a port that is none."""
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _is_same_place(before: Origin, after: Origin) -> bool:
    """Tell whether credentials may be shown again: to the same server, or better encrypted."""
    upgraded = before[0] == "http" and (after[0], before[2], after[2]) == ("https", 80, 443)
    return before == after or (before[1] == after[1] and upgraded)
