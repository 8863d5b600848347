"""A stage for responses: a disable hook, a mail server and an alert channel that are real."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from leakscan.demo.sink import Sink, running_sink
from leakscan.ledger.outcomes import Patience
from leakscan.respond.alerts import AlertSettings
from leakscan.respond.hooks.http import HttpHook
from leakscan.respond.hooks.settings import NamedHook
from leakscan.respond.mail import MailSettings
from leakscan.respond.responder import respond
from leakscan.respond.settings import LedgerSettings, ResponseSettings
from leakscan.respond.web import Server
from ledgers import REPLICATE, Desk
from servers import Reply, Request, Web, a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from aiosmtpd.smtp import SMTP, Envelope

    from leakscan.respond.event import Event

SIGNING_KEY = "whsec_c2VjcmV0IGZvciB0ZXN0cyBvbmx5"


@dataclass
class CountingIssuer:
    """An issuer behind the hook that counts: it disables each token once, owned by one of many.

    Attributes:
        effects: by token, how often it was really disabled.
        calls: by token, how often that was asked for.
        delay: seconds that an answer takes.
        most_at_once: the highest number of calls at the same time.
    """

    owners: Sequence[str] = ("ada@example.com",)
    delay: float = 0
    effects: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, request: Request) -> Reply:
        """Answer as an issuer's endpoint does."""
        token = request.json["data"]["token"]
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.calls[token] += 1
            status = "already_disabled" if self.effects[token] else "disabled"
            self.effects[token] = 1
            owner = self.owners[(len(self.effects) - 1) % len(self.owners)]
        time.sleep(self.delay)
        with self._lock:
            self._at_once -= 1
        name = owner.partition("@")[0].title()
        return a_json(
            {"status": status, "owner": {"name": name, "email": owner}, "token": {"name": "ci"}}
        )


class ChoosySink(Sink):
    """A mail server that refuses some addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refused:
            return f"550 5.1.1 <{address}>: Recipient address rejected"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@dataclass
class Stage:
    """A ledger, and what answers leaks."""

    desk: Desk
    issuer: CountingIssuer
    hook: Web
    sink: ChoosySink
    channel: Web
    settings: ResponseSettings

    @classmethod
    def enter(cls, stack: ExitStack, desk: Desk) -> Stage:
        """Start the servers."""
        issuer = CountingIssuer()
        hook = stack.enter_context(running_web(issuer.reply))
        sink = ChoosySink()
        stack.enter_context(running_sink(sink))
        channel = stack.enter_context(running_web(lambda _: (200, {}, b"")))
        alerts = AlertSettings((channel.url.replace("http:", "json:"),))
        server = HttpHook(Server(hook.url, 5), SIGNING_KEY)
        settings = ResponseSettings(
            ledger=LedgerSettings(),
            hooks={"issuer": NamedHook(server, frozenset({REPLICATE.id}))},
            verifier=None,
            mail=MailSettings(
                host="127.0.0.1", port=sink.port, security="none", sender="leaks@example.com"
            ),
            alerts=alerts,
            patience=Patience(),
            concurrency=8,
            lease=timedelta(seconds=60),
        )
        return cls(desk, issuer, hook, sink, channel, settings)

    def configure(self, **changes: Any) -> None:
        """Change the settings."""
        self.settings = replace(self.settings, **changes)

    def hook_at(self, url: str, timeout: float = 1) -> None:
        """Ask another server to disable tokens."""
        hook = HttpHook(Server(url, timeout), SIGNING_KEY)
        self.configure(hooks={"issuer": NamedHook(hook, frozenset({REPLICATE.id}))})

    def respond(self, only: Sequence[int] | None = None) -> list[Event]:
        """Do what is due."""
        rules = {REPLICATE.id: REPLICATE}
        desk = self.desk
        return list(respond(desk.ledger, desk.vault, self.settings, rules, only))

    def results(self) -> list[tuple[str, str]]:
        """Do what is due; return what came of it, sorted."""
        return sorted((event.kind, event.result.value) for event in self.respond())
