"""Read what says where a server is, the same for hooks and for verification."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leakscan.respond.web import Server, is_loopback

if TYPE_CHECKING:
    from leakscan.toml_table import Table

REPLICATE = ("replicate-api-token",)
"""The rules whose tokens a server is sent unless the configuration says otherwise: an issuer is
not to be sent the tokens of others."""

_LONGEST_WAIT = 600.0


def read_server(table: Table, default_url: str | None = None, timeout: float = 10) -> Server:
    """Read the keys ``url``, ``timeout``, ``ca_file``, ``proxy`` and ``allow_plain``.

    Raises:
        UsageError: the URL would send tokens in the clear, or a key is wrong.
    """
    url = table.text("url", default_url) if default_url else table.text("url")
    plain = table.flag("allow_plain", False)
    if not _is_address(url):
        raise table.error("url", "not an address of the form https://HOST/PATH")
    if url.startswith("http:") and not plain and not is_loopback(urlsplit(url).hostname or ""):
        raise table.error(
            "url", "it would send tokens in the clear", "use https, or allow_plain = true"
        )
    proxy = table.text("proxy", None)
    # Unlike a server's address, a proxy's may hold a password.
    if proxy is not None and not _is_address(re.sub("//[^/@]*@", "//", proxy, count=1)):
        raise table.error("proxy", "not an address of the form http://HOST:PORT")
    ca_file = table.path("ca_file", None)
    if ca_file and not ca_file.is_file():
        raise table.error("ca_file", f"there is no file {ca_file}")
    return Server(url, read_timeout(table, timeout), ca_file, proxy)


def read_timeout(table: Table, default: float) -> float:
    """Read the key ``timeout``: seconds, ten minutes at most.

    Raises:
        UsageError: it is something else.
    """
    return table.seconds("timeout", default, least=0.1, most=_LONGEST_WAIT)


def _is_address(url: str) -> bool:
    if not re.match(r"https?://[^/\s@]+(/|\Z)", url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
