"""Addresses that an API's answers give, followed only where credentials may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from requests.utils import parse_header_links

from leakscan.safe_text import safe_text
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from leakscan.crawl.github.answers import Answer

_PORTS = {"http": 80, "https": 443}
_CLOUDS = (".github.com", ".ghe.com")


def host_of(api_url: str) -> str:
    """Return the name of the site that an API belongs to, such as ``github.com``."""
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if host.endswith(_CLOUDS):
        host = host.removeprefix("api.")
    return host if parts.port is None else f"{host}:{parts.port}"


def below(base: str, address: str, path: str) -> str:
    """Return an address as a whole URL, if it is on the server of ``base`` and below its path.

    Args:
        base: where the API is.
        address: what an answer gave.
        path: what had been asked for, for the error.

    Raises:
        TroubleError: it is elsewhere.
    """
    try:
        url = urljoin(base + "/", address)
        is_below = _is_below(urlsplit(base), urlsplit(url))
    except ValueError:
        is_below = False
    if not is_below:
        raise TroubleError(
            Trouble.BROKEN,
            f"{safe_text(path)}: GitHub points to another server, which is not asked",
            "check github.api_url",
        )
    return url


def next_page(answer: Answer) -> str | None:
    """Return the address of the next page, which the header ``Link`` gives (RFC 8288)."""
    links = parse_header_links(answer.headers.get("link", ""))
    return next((link["url"] for link in links if link.get("rel") == "next"), None)


def _is_below(base: SplitResult, url: SplitResult) -> bool:
    if (url.scheme, url.hostname, _port(url)) != (base.scheme, base.hostname, _port(base)):
        return False
    return url.path.startswith(f"{base.path}/") and "/.." not in url.path and not url.username


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)
