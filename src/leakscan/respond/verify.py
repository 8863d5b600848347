"""Ask the issuer's account endpoint whether a token works.

Replicate's is ``GET https://api.replicate.com/v1/account``
(https://replicate.com/docs/reference/http#account.get); 200 means valid, 401 invalid, and whatever
else unknown.  It allows 3,000 requests a minute.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.ledger.words import Verdict
from leakscan.respond.failure import AttemptError, asked_wait, presentable
from leakscan.respond.server_settings import REPLICATE, read_server
from leakscan.respond.web import Unanswered
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.model import Secret
    from leakscan.respond.web import Server

ACCOUNT_URL = "https://api.replicate.com/v1/account"

_LONGEST_NAME = 100


class Pace:
    """Spaces calls out evenly over all threads.

    Args:
        per_minute: how many calls a minute.
    """

    def __init__(self, per_minute: int) -> None:
        self._gap = 60 / per_minute
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until the next call may be made."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        time.sleep(turn - now)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Asks one endpoint.  It may be called from many threads.

    Attributes:
        rules: ids of the rules whose secrets it is asked about.
    """

    server: Server
    rules: frozenset[str]
    pace: Pace = field(compare=False)

    def verify(self, token: Secret) -> tuple[Verdict, str | None]:
        """Ask once.

        Returns:
            The verdict, and the username of the account, where the answer has one.

        Raises:
            AttemptError: the endpoint did not answer, or is busy.
        """
        self.pace.wait()
        headers = {"authorization": f"Bearer {token.reveal()}", "accept": "application/json"}
        try:
            reply = self.server.send("GET", headers)
        except Unanswered as error:
            raise AttemptError(presentable(f"{self.server.host}: {error}"), down=True) from None
        if reply.status == 200:
            return _valid(reply.body, token)
        if reply.status == 401:
            return Verdict.INVALID, None
        if reply.status == 429 or reply.status >= 500:
            raise AttemptError(f"HTTP {reply.status}", asked_wait(reply.headers), down=True)
        return Verdict.UNKNOWN, None


def read_verifier(content: object, source: Path) -> Verifier:
    """Read the table ``[verify]``.

    Raises:
        UsageError: it is wrong; file and key are named.
    """
    table = Table(source, "verify", content)
    server = read_server(table, ACCOUNT_URL, timeout=5)
    rules = frozenset(table.texts("rules", REPLICATE))
    pace = Pace(table.number("per_minute", 1000, least=1, most=100_000))
    table.done()
    return Verifier(server, rules, pace)


def _valid(body: bytes, token: Secret) -> tuple[Verdict, str | None]:
    """Read an account; only one who answers like an issuer is believed."""
    try:
        account = json.loads(body)
    except (ValueError, RecursionError):
        return Verdict.UNKNOWN, None
    if not isinstance(account, dict) or not isinstance(account.get("type"), str):
        return Verdict.UNKNOWN, None
    name = account.get("username")
    return Verdict.VALID, presentable(name, token)[:_LONGEST_NAME] if isinstance(
        name, str
    ) else None
