"""Ask GitHub's API, within its limits."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from github.Auth import Auth

from leakscan.crawl.github.addresses import below, host_of, next_page
from leakscan.crawl.github.answers import Answer, ApiMeter, Reply, judge
from leakscan.crawl.github.client import LONGEST_ANSWER, PER_PAGE, TIMEOUT, Client
from leakscan.crawl.github.credentials import Anonymous, RefusedError
from leakscan.errors import UsageError
from leakscan.safe_text import safe_text
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from leakscan.crawl.github.allowance import Budget
    from leakscan.crawl.github.credentials import Credential, Refused
    from leakscan.crawl.github.governor import Governor

JSON = "application/vnd.github+json"

REREAD = 15.0
"""Seconds after which it is looked whether a credential that was refused has been replaced."""

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_SUSPENDED = ("account was suspended", "installation has been suspended")


class GitHub:
    """GitHub, or a GitHub Enterprise Server.  Safe to share between threads.

    It never waits for a limit to pass, but raises at once, so that the caller can do other work.
    Only what is urgent waits until fewer requests are under way.

    Args:
        api_url: where the API is, such as ``https://api.github.com``.
        governor: says when to send a request, and as whom.
        tell: told in a sentence, once, when a credential is refused, and when it is used again.
        timeout: seconds that a request may take.

    Attributes:
        host: name of the site, such as ``github.com``.
    """

    def __init__(
        self,
        api_url: str,
        governor: Governor,
        tell: Callable[[str], None],
        timeout: int = TIMEOUT,
    ) -> None:
        self.host = host_of(api_url)
        self._base = api_url.rstrip("/")
        self._governor = governor
        self._tell = tell
        self._timeout = timeout
        self._of_thread = _OfThread()
        self._clients: list[Client] = []
        self._spent: dict[Credential, tuple[str | None, float]] = {}
        self._unusable: dict[Credential, str] = {}

    @property
    def is_anonymous(self) -> bool:
        """Whether it is asked without any credential, which it allows 60 times an hour."""
        return all(isinstance(one, Anonymous) for one in self._governor.credentials)

    def get(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        etag: str | None = None,
        accept: str | None = None,
        resource: str = "core",
        meter: ApiMeter | None = None,
        raw: bool = False,
        urgent: bool = False,
        longest: int = LONGEST_ANSWER,
    ) -> Answer:
        """Ask for something, following redirects on the same server.

        Args:
            path: from the base of the API on, quoted, or a whole URL below it.
            parameters: of the query.
            etag: of the answer that is known; 304 means that it is still right.
            accept: media type, if not JSON.
            resource: what GitHub calls the kind of request.
            meter: what the requests are counted in.
            raw: give the bytes of the answer.
            urgent: draw on what is kept for feeds, and wait for room.
            longest: bytes of an answer that are read.

        Raises:
            TroubleError: there is no such thing, or it cannot be had (now).
        """
        if not path.startswith("/"):
            path = below(self._base, path, path)
        headers = {"Accept": accept or JSON} | ({"If-None-Match": etag} if etag else {})
        request = _Request(path, parameters or {}, headers, longest)
        meter = ApiMeter() if meter is None else meter
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                reply = self._ask(request, resource, meter, urgent=urgent)
                if reply.status not in _REDIRECTS:
                    return judge(reply, safe_text(path), raw=raw)
                request = self._redirected(request, reply)
            raise TroubleError(Trouble.BROKEN, f"{safe_text(path)}: GitHub redirects without end")
        except TroubleError as error:
            error.requests = meter.requests
            raise

    def pages(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        most: int,
        accept: str | None = None,
        resource: str = "core",
        meter: ApiMeter | None = None,
        urgent: bool = False,
    ) -> Iterator[Answer]:
        """Yield the pages of a list, as far as each links to the next, and ``most`` at most.

        Raises:
            TroubleError: a page cannot be had.
        """
        parameters = {"per_page": PER_PAGE, **(parameters or {})}
        seen = set()
        for _ in range(most):
            answer = self.get(
                path, parameters, accept=accept, resource=resource, meter=meter, urgent=urgent
            )
            yield answer
            following = next_page(answer)
            if following is None or following in seen:
                return
            seen.add(following)
            path, parameters = below(self._base, following, path), {}

    @property
    def refused(self) -> tuple[Refused, ...]:
        """The credentials that GitHub refuses now, so that they are not used."""
        return self._governor.refused()

    def budget(self) -> tuple[Budget, ...]:
        """Return what is left, by credential and resource."""
        return self._governor.budget()

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            client.close()
        for credential in self._governor.credentials:
            credential.close()

    def _ask(self, request: _Request, resource: str, meter: ApiMeter, *, urgent: bool) -> Reply:
        """Send a request as one credential after the other, until one is not at its limit."""
        self._take_back()
        renewed: set[Credential] = set()
        patience = float(self._timeout) if urgent else 0.0
        while True:
            turn = self._governor.choose(resource, urgent=urgent, patience=patience)
            reply = None
            try:
                token = turn.credential.token()
                reply = self._send(turn.credential, token, request, meter)
            except RefusedError as error:
                self._put_aside(turn.credential, None, str(error))
                continue
            finally:
                is_limited = self._governor.finish(turn, reply)
            if is_limited:
                continue
            if token is None or not _is_refused(reply):
                return reply
            if turn.credential in renewed or not self._renew(turn.credential, token):
                self._put_aside(turn.credential, token, reply.message or str(reply.status))
            renewed.add(turn.credential)

    def _send(
        self, credential: Credential, token: str | None, request: _Request, meter: ApiMeter
    ) -> Reply:
        bearer, client = self._of_thread.clients.get(credential) or self._connect(credential)
        bearer.use(token)
        meter.requests += 1
        reply = client.send(
            "GET", request.path, request.parameters, request.headers, request.longest
        )
        meter.take(reply)
        return reply

    def _connect(self, credential: Credential) -> tuple[_Bearer, Client]:
        bearer = _Bearer()
        client = Client(self._base, bearer, self._timeout)
        self._of_thread.clients[credential] = bearer, client
        self._clients.append(client)
        return bearer, client

    def _put_aside(self, credential: Credential, token: str | None, why: str) -> None:
        if self._governor.put_aside(credential, why):
            self._spent[credential] = token, time.monotonic()
            until = "; until then it is not used" if credential.is_reread else ""
            self._tell(f"GitHub refuses {credential.name} ({why}): {credential.remedy}{until}")

    def _take_back(self) -> None:
        """Use credentials again that have been replaced since they were put aside."""
        for credential, (token, moment) in list(self._spent.items()):
            if token is None or time.monotonic() < moment + REREAD:
                continue
            self._spent[credential] = token, time.monotonic()
            if self._renew(credential, token) and self._spent.pop(credential, (None, 0.0))[0]:
                self._governor.take_back(credential)
                self._tell(f"{credential.name} has been replaced: it is used again")

    def _renew(self, credential: Credential, spent: str) -> bool:
        """Look for another token; what is wrong with one that cannot be used is said once."""
        try:
            is_new = credential.renew(spent)
        except UsageError as error:
            text = str(error)
            if self._unusable.get(credential) != text:
                self._unusable[credential] = text
                self._tell(text)
            return False
        self._unusable.pop(credential, None)
        return is_new

    def _redirected(self, request: _Request, reply: Reply) -> _Request:
        url = below(self._base, reply.headers.get("location", "//nowhere"), request.path)
        parameters = {} if urlsplit(url).query else request.parameters
        return _Request(url, parameters, request.headers, request.longest)


@dataclass(frozen=True, slots=True)
class _Request:
    path: str
    parameters: Mapping[str, str | int]
    headers: Mapping[str, str]
    longest: int


class _OfThread(threading.local):
    """Clients of one thread: PyGithub's are not to be shared."""

    def __init__(self) -> None:
        self.clients: dict[Credential, tuple[_Bearer, Client]] = {}


class _Bearer(Auth):
    """Says who asks, with a token that may be another one each time."""

    def __init__(self) -> None:
        self._token: str | None = None

    def use(self, token: str | None) -> None:
        """Send this token from now on, or none."""
        self._token = token

    @property
    def token_type(self) -> str:
        return "Bearer"

    @property
    def token(self) -> str:
        return self._token or ""

    def authentication(self, headers: dict[str, str]) -> None:
        if self._token is not None:
            super().authentication(headers)


def _is_refused(reply: Reply) -> bool:
    """Tell whether GitHub refuses the credential, whatever is asked for."""
    message = reply.message.lower()
    is_suspended = reply.status == 403 and any(words in message for words in _SUSPENDED)
    return reply.status == 401 or is_suspended
