"""Which proxies and certificates to use: what the environment says, as for `requests`."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.git.urls import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORITIES = ("GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that name certificates to trust instead of those of certifi; the first one counts."""


def trusted(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return the context for https: certificates are always verified.

    Raises:
        UsageError: the environment names certificates that cannot be read.
    """
    import certifi
    from urllib3.util.ssl_ import create_urllib3_context

    named = next((name for name in AUTHORITIES if environment.get(name)), None)
    source = Path(environment[named] if named else certifi.where())
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    try:
        if source.is_dir():
            context.load_verify_locations(capath=str(source))
        else:
            context.load_verify_locations(cafile=str(source))
    except OSError as error:  # an SSLError is one, too
        why = error.strerror or "no certificates in it"
        remedy = f"check {named}" if named else "install certifi anew"
        raise UsageError(f"{source} cannot be read ({why})", remedy) from None
    return context


def proxy_for(url: str) -> str | None:
    """Return the proxy for a URL that the environment names, with its credentials.

    Raises:
        UsageError: it is of a kind that is not supported.
    """
    from requests.utils import get_environ_proxies, select_proxy

    proxy: str | None = select_proxy(url, get_environ_proxies(url))
    if not proxy:
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        shown = without_credentials(proxy)
        raise UsageError(f"cannot use the proxy {shown}", "name an http or https proxy")
    return proxy
