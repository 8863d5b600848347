"""Send one request to GitHub's API through PyGithub, which neither sleeps nor retries here."""

from __future__ import annotations

import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from github.Requester import HTTPRequestsConnectionClass, Requester, RequestsResponse
from urllib3.exceptions import HTTPError, ProtocolError

from leakscan import __version__
from leakscan.crawl.bodies import pieces_of
from leakscan.crawl.github.answers import Reply
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import ItemsView, Mapping

    from github.Auth import Auth

USER_AGENT = f"leakscan/{__version__}"
"""GitHub wants to know who asks."""

VERSION = "2022-11-28"
"""Of the API: https://docs.github.com/en/rest/about-the-rest-api/api-versions."""

PER_PAGE = 100
"""Most entries that a page of any list may have."""

TIMEOUT = 30
"""Seconds that a request may take.  GitHub itself gives up after ten:
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts."""

LONGEST_ANSWER = 48 * 1024 * 1024
"""Bytes, after decompression.  A comparison has 3 MB at most, a blob in base64 140."""


class Client:
    """Speaks to one server as one user over one connection, for one thread.

    Args:
        base_url: where paths start, such as ``https://api.github.com``.
        auth: how PyGithub says who asks; ``None`` for nobody.
        timeout: seconds that a request may take, and until the first byte of an answer.
    """

    def __init__(self, base_url: str, auth: Auth | None, timeout: int) -> None:
        self._requester = Requester(
            auth=auth,
            base_url=base_url,
            timeout=timeout,
            user_agent=USER_AGENT,
            per_page=PER_PAGE,
            verify=True,
            retry=0,
            pool_size=1,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
        self._connection = _Connection(base_url, timeout)
        self._host = urlsplit(base_url).netloc.rpartition("@")[2]

    def send(
        self,
        verb: str,
        path: str,
        parameters: Mapping[str, str | int],
        headers: Mapping[str, str],
        longest: int = LONGEST_ANSWER,
    ) -> Reply:
        """Send a request; a redirect is not followed, but returned.

        Args:
            verb: ``GET`` or ``POST``.
            path: from the base on, or a whole URL on the same server.
            parameters: of the query.
            headers: besides those that say who asks.
            longest: bytes of an answer that are read.

        Raises:
            TroubleError: no whole answer came; the text does not repeat the path.
        """
        self._connection.longest = longest
        try:
            self._requester.requestJson(
                verb,
                path,
                dict(parameters),
                {"X-GitHub-Api-Version": VERSION, **headers},
                cnx=self._connection,
            )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _unreachable(self._host, error) from None
        return self._connection.reply

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _Connection(HTTPRequestsConnectionClass):
    """Keeps the answer to itself.

    PyGithub would sleep on a 202 without end, follow a 301 without its query, and stumble over a
    strange rate limit; nor does it bound how long or how large an answer may be.
    """

    def __init__(self, base_url: str, timeout: int) -> None:
        parts = urlsplit(base_url)
        super().__init__(parts.hostname or "", parts.port, timeout=timeout, retry=0, pool_size=1)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.session = _Session()
        self.session.auth = Requester.noopAuth  # or .netrc would be looked at
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self.adapter)
        self.longest = LONGEST_ANSWER
        self.reply = Reply(0, {}, b"")

    def getresponse(self) -> RequestsResponse:
        over_at = time.monotonic() + (self.timeout or 0)
        with self.session.request(
            self.verb,
            self._origin + self.url,
            headers=self.headers,
            data=self.input,
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,
        ) as answer:
            content = bytearray()
            for piece in pieces_of(answer, over_at - time.monotonic(), decode=True):
                content += piece
                if len(content) > self.longest:
                    raise TroubleError(
                        Trouble.TOO_LARGE, f"the answer is longer than {self.longest} bytes"
                    )
            headers = {name.lower(): value for name, value in answer.headers.items()}
            credential = self.headers.get("Authorization", "").partition(" ")[2]
            status, received = answer.status_code, answer.raw.tell()
            self.reply = Reply(status, headers, bytes(content), received, credential)
            return _Nothing(answer)


class _Session(requests.Session):
    """Leaves redirects alone; else their bodies would be read without a bound."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find none."""


class _Nothing(RequestsResponse):
    """What PyGithub is shown: that all went well, and no more."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(answer)
        self.status = 200

    def getheaders(self) -> ItemsView[str, str]:
        return dict[str, str]().items()

    def read(self) -> str:
        return ""


def _unreachable(host: str, error: Exception) -> TroubleError:
    """Say why no answer came, without the URL."""
    if isinstance(error, requests.exceptions.SSLError):
        why = "its certificate cannot be trusted, or TLS failed"
    elif isinstance(error, requests.Timeout):
        why = "no whole answer in time"
    else:
        why = _reason(error)
    return TroubleError(
        Trouble.UNREACHABLE, f"{host} cannot be reached: {why}", "check network and github.api_url"
    )


def _reason(error: Exception) -> str:
    cause: Any = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return str(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return "the answer was cut off" if isinstance(error, ProtocolError) else type(error).__name__
