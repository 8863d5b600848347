"""Play the loop with the real command line, and take down what happened."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leakscan.crawl.github.credentials import VARIABLES
from leakscan.demo.hosting import running_hosting
from leakscan.demo.sink import running_sink
from leakscan.demo.stage import Token, issue_tokens, leak_tokens, push_tokens, write_settings
from leakscan.errors import LeakscanError
from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer
from leakscan.ledger.entries import list_entries
from leakscan.ledger.schema import open_ledger
from leakscan.model import PUBLIC
from leakscan.respond.web import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import EmailMessage
    from pathlib import Path

    from leakscan.ledger.words import Entry

PATIENCE = 50
"""Seconds that a command may take."""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one token: the HTTP status of the account endpoint before and after."""

    token: Token
    before: int
    after: int
    entry: Entry | None

    @property
    def is_well(self) -> bool:
        """Whether a leaked token is dead, and another one alive."""
        return (self.before, self.after) == (200, 401 if self.token.leak else 200)


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened.

    Attributes:
        url: where the issuer was.
        scan, watch: what the commands reported.
        seconds: the longest time from the start of one of them to the end of a token it found.
    """

    url: str
    repository: Path
    tokens: tuple[Played, ...]
    mails: tuple[EmailMessage, ...]
    scan: dict[str, Any]
    watch: dict[str, Any]
    seconds: float

    @property
    def is_well(self) -> bool:
        """Whether the loop is closed: leaked tokens dead, others alive, each owner told once."""
        leaked = {played.token.owner for played in self.tokens if played.token.leak}
        told = sorted(str(mail["to"]).partition("<")[2] for mail in self.mails)
        return all(played.is_well for played in self.tokens) and told == sorted(
            f"{owner}@example.com>" for owner in leaked
        )


def play(folder: Path) -> Facts:
    """Play the whole loop in a folder.

    Raises:
        LeakscanError: something did not work as it should.
    """
    site_folder = folder / "site"
    with (
        Issuer.open(folder / "issuer") as issuer,
        running(issuer) as url,
        running_sink() as sink,
        running_hosting(site_folder) as site,
    ):
        tokens = issue_tokens(issuer)
        repository = folder / "captions"
        leak_tokens(repository, tokens)
        push_tokens(site, tokens)
        settings = write_settings(folder, issuer, url, sink.port, site.url)
        before = _statuses(url, tokens)
        options = ("--format", "json", "--config", str(settings))
        started = [time.time()]
        scan = _run("scan", "--record", "--exposure", PUBLIC, *options, str(repository))
        started.append(time.time())
        watch = _run("watch", "--once", *options)
        entries = tuple(_entries(folder / "ledger.sqlite3"))
        after = _statuses(url, tokens)
        by_secret = {entry.redacted: entry for entry in entries}
        played = tuple(
            Played(token, old, new, by_secret.get(token.secret.redacted()))
            for token, old, new in zip(tokens, before, after, strict=True)
        )
        seconds = max((_lived(one, started) for one in played), default=0)
        return Facts(url, repository, played, tuple(sink.mails), scan, watch, seconds)


def _lived(played: Played, started: Sequence[float]) -> float:
    """Return how long a token lived after the command that found it was started."""
    ended = played.entry and played.entry.disabled_at
    return ended.timestamp() - started[played.token.is_pushed] if ended else 0


def _statuses(url: str, tokens: Sequence[Token]) -> list[int]:
    """Ask the account endpoint about each token."""
    server = Server(f"{url}/v1/account")
    headers = [{"authorization": f"Bearer {token.secret.reveal()}"} for token in tokens]
    return [server.send("GET", header).status for header in headers]


def _run(command: str, *options: str) -> dict[str, Any]:
    """Run a command of leakscan as an operator would; return its report."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEAKSCAN_")}
    for name in VARIABLES:  # nobody's credentials go to our own servers
        kept.pop(name, None)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "leakscan", command, *options],
            env=kept,
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise LeakscanError(
            f"the {command} took longer than {PATIENCE} s",
            "try again on a machine that is less busy",
        ) from None
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing was said"]
        raise LeakscanError(f"the {command} failed ({said[-1]})", "please report it") from None
    return report


def _entries(path: Path) -> Iterator[Entry]:
    with contextlib.closing(open_ledger(str(path))) as ledger:
        yield from list_entries(ledger)
