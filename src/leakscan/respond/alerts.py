"""Alert the team where it looks: mail, Slack, Teams, a webhook, whatever apprise can reach.

The address of such a channel holds its credentials.  None is ever shown: a channel is called
by its scheme and its place in the list.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.ledger.duties import DISABLED, GAVE_UP, TROUBLE
from leakscan.respond.deadline import within
from leakscan.safe_text import safe_text
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import apprise

VARIABLE = "LEAKSCAN_ALERT_URLS"

EVENTS = (GAVE_UP, DISABLED, TROUBLE)
"""What there may be an alert about."""

DEFAULT_EVENTS = (GAVE_UP, TROUBLE)


_PATIENCE = 30.0
"""Seconds that a channel may take, whatever it does."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Whom to alert, and about what.

    Attributes:
        urls: channels as apprise writes them, such as ``slack://...``; never shown.
        on: which of `EVENTS` are told.
    """

    urls: tuple[str, ...] = field(repr=False)
    on: tuple[str, ...] = DEFAULT_EVENTS


def read_alerts(table: object, source: Path, environ: Mapping[str, str]) -> AlertSettings:
    """Read the ``[alerts]`` table.

    Args:
        table: the table, as TOML made it: ``urls`` or ``urls_file``, and ``on``.
        source: the file that it stands in; paths are relative to its folder.
        environ: the environment; its ``LEAKSCAN_ALERT_URLS`` comes before the table's.

    Raises:
        UsageError: a key is unknown or wrong, there is no URL, or apprise knows one not.
    """
    keys = Table(source, "alerts", table)
    on = keys.texts("on", DEFAULT_EVENTS, choices=EVENTS)
    given = keys.texts("urls", None)
    file = keys.path("urls_file", None)
    keys.done()
    if environ.get(VARIABLE, "").strip():
        urls = {f"{VARIABLE}: number {n}": url for n, url in _numbered(environ[VARIABLE].split())}
    elif given is not None and file is not None:
        raise keys.error("urls_file", "there are urls, too", "use one of the two")
    elif file is not None:
        urls = {f"{file}: line {n}": url for n, url in _numbered(_lines(file, keys))}
    else:
        urls = {f"{source}: alerts.urls: number {n}": url for n, url in _numbered(given or ())}
    if not urls:
        raise keys.error("urls", "missing", f"set urls, urls_file or {VARIABLE}")
    for where, url in urls.items():
        _channel(url, where)
    return AlertSettings(tuple(urls.values()), on)


@dataclass(frozen=True, slots=True)
class Alert:
    """What the team is told, as plain text."""

    title: str
    body: str
    is_urgent: bool


def send_alert(
    settings: AlertSettings, alert: Alert, skip: Collection[str] = ()
) -> tuple[frozenset[str], str | None]:
    """Send one alert to every channel.

    Args:
        settings: whom to tell.
        alert: what.
        skip: marks of channels that have it already.

    Returns:
        The marks of the channels that have it now, and a line on those which did not take it;
        ``None`` if all did.

    Raises:
        UsageError: apprise does not know a URL.
    """
    took, failed = set(skip), []
    for number, url in enumerate(settings.urls, start=1):
        if channel_mark(url) in took:
            continue
        if _took(_channel(url, f"alerts.urls: number {number}"), alert):
            took.add(channel_mark(url))
        else:
            failed.append(f"{_scheme(url)} (number {number})")
    why = f"no alert could be sent by {', '.join(failed)}" if failed else None
    return frozenset(took), why


def channel_mark(url: str) -> str:
    """Return what tells a channel from others without telling its URL."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def _took(channel: apprise.Apprise, alert: Alert) -> bool:
    try:
        with _unlogged():
            return within(_PATIENCE, lambda: _notify(channel, alert))
    except Exception:  # noqa: BLE001 - a hundred channels, each with errors that may hold its URL
        return False


def _notify(channel: apprise.Apprise, alert: Alert) -> bool:
    import apprise

    kinds = apprise.NotifyType
    taken = channel.notify(
        "\n".join(safe_text(line) for line in alert.body.splitlines()),
        title=safe_text(alert.title),
        notify_type=kinds.FAILURE if alert.is_urgent else kinds.INFO,
        body_format=apprise.NotifyFormat.TEXT,
    )
    return bool(taken)


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the paths of requests, which are the credentials of some services, out of logs."""
    log = logging.getLogger("urllib3")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _channel(url: str, where: str) -> apprise.Apprise:
    """Make one channel.

    Raises:
        UsageError: apprise does not know the URL.
    """
    import apprise

    # What it logs holds URLs, and without a handler Python would print it.
    logging.getLogger("apprise").disabled = True
    # It need not keep anything on the disk between two alerts.
    asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY)
    channel = apprise.Apprise(asset=asset)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it imports modules that Python will drop
            is_known = "://" in url and channel.add(url) and len(channel) == 1
    except Exception:  # noqa: BLE001 - as above: whatever it is, it may hold the URL
        is_known = False
    if not is_known:
        raise UsageError(f"{where}: no URL that apprise knows", "see its list of services")
    return channel


def _scheme(url: str) -> str:
    return safe_text(url.partition("://")[0][:20])


def _lines(file: Path, keys: Table) -> list[str]:
    """Read a file of URLs; lines keep their place, so that it can be told."""
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise keys.error("urls_file", f"cannot read it: {error.strerror}") from None
    except UnicodeDecodeError:
        raise keys.error("urls_file", "not UTF-8 text", "write one URL a line") from None


def _numbered(texts: Sequence[str]) -> list[tuple[int, str]]:
    """Count from one; blank texts and comments count, but are left out."""
    numbered = ((number, text.strip()) for number, text in enumerate(texts, start=1))
    return [(number, text) for number, text in numbered if text and not text.startswith("#")]
