"""Read the operator's configuration of what is done about a leak (docs/configuration.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.ledger.duties import Duties
from leakscan.ledger.outcomes import Patience
from leakscan.model import Confidence
from leakscan.respond.alerts import VARIABLE as ALERTS_VARIABLE
from leakscan.respond.alerts import AlertSettings, read_alerts
from leakscan.respond.hooks.settings import NamedHook, read_hooks
from leakscan.respond.mail import MailSettings, read_mail
from leakscan.respond.verify import Verifier, read_verifier
from leakscan.storage import PATIENCE
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.config import Config

_DAY = 86_400.0

SHORTEST_LEASE = 2.0 * PATIENCE
"""Seconds: renewing a lease may have to wait for another writer of the ledger."""


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where the ledger is and where its key; ``None`` is the default of each."""

    url: str | None = field(default=None, repr=False)  # it may hold a password
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """All that the configuration says about answering leaks.

    Attributes:
        concurrency: how many hooks are called at the same time.
        lease: how long an action belongs to the process that took it, unless it says it lives.
        disable_from: the lowest confidence that is disabled, and whose owner is told, unasked.
        hold: after a token is disabled, so long nobody is told, for more may be known soon.
    """

    ledger: LedgerSettings
    hooks: Mapping[str, NamedHook]
    verifier: Verifier | None
    mail: MailSettings | None
    alerts: AlertSettings | None
    patience: Patience
    concurrency: int
    lease: timedelta
    disable_from: Confidence = Confidence.HIGH
    hold: timedelta = timedelta(0)

    @property
    def duties(self) -> Duties:
        """What a finding makes us owe."""
        return Duties(
            disable={name: named.rules for name, named in self.hooks.items()},
            disable_from=self.disable_from,
            verify=self.verifier.rules if self.verifier else frozenset(),
            notify=self.mail is not None,
            hold=self.hold,
            quiet=timedelta(seconds=self.mail.digest_window_seconds if self.mail else 0),
            alert_on=frozenset(self.alerts.on if self.alerts else ()),
        )


def read_ledger_settings(config: Config) -> LedgerSettings:
    """Read the table ``[ledger]``.

    Raises:
        UsageError: it is wrong; file and key are named.
    """
    table = Table(_source(config), "ledger", config.response.get("ledger", {}))
    url = table.text("url", None)
    prefix = "sqlite:///"
    if url and url.startswith(prefix):  # relative to the configuration, as every other path
        url = str(table.source.parent / url.removeprefix(prefix))
    elif url and "://" not in url:
        url = str(table.path("url"))
    settings = LedgerSettings(url, table.path("key_file", None))
    table.done()
    return settings


def read_response_settings(config: Config, environ: Mapping[str, str]) -> ResponseSettings:
    """Read every table of `config.RESPONSE`.

    Args:
        config: the configuration.
        environ: where passwords and keys may be.

    Raises:
        UsageError: a table is wrong; file and key are named.
    """
    source, tables = _source(config), config.response
    table = Table(source, "respond", tables.get("respond", {}))
    concurrency = table.number("concurrency", 16, least=1, most=256)
    lease = table.seconds("lease", 60, least=SHORTEST_LEASE, most=3600)
    patience = Patience(
        table.number("attempts", 8, least=1, most=1000),
        timedelta(seconds=table.seconds("first_delay", 30, least=0, most=_DAY)),
        timedelta(seconds=table.seconds("longest_delay", 3600, least=0, most=_DAY)),
    )
    levels = [level.value for level in Confidence]
    disable_from = table.text("disable_from", Confidence.HIGH.value, choices=levels)
    table.done()
    alerts = "alerts" in tables or environ.get(ALERTS_VARIABLE, "").strip()
    return ResponseSettings(
        ledger=read_ledger_settings(config),
        hooks=read_hooks(tables.get("disable", {}), source, environ),
        verifier=read_verifier(tables["verify"], source) if "verify" in tables else None,
        mail=read_mail(tables["mail"], source, environ) if "mail" in tables else None,
        alerts=read_alerts(tables.get("alerts", {}), source, environ) if alerts else None,
        patience=patience,
        concurrency=concurrency,
        lease=timedelta(seconds=lease),
        disable_from=Confidence(disable_from),
    )


def _source(config: Config) -> Path:
    return config.source or Path("the configuration")
