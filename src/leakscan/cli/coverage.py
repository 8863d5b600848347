"""``leakscan coverage``."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from leakscan.cli.options import config_option, format_option, past_moment
from leakscan.config import load_config
from leakscan.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.ledger.engine import Ledger


@click.command()
@click.option(
    "--since", type=past_moment, default="24.hours", show_default=True, metavar="WHEN",
    help="From when: 24.hours, 2.weeks, 2026-11-25, 2026-11-25T09:00 (UTC).",
)  # fmt: skip
@click.option("--until", type=past_moment, metavar="WHEN", help="Until when.  [default: now]")
@format_option
@config_option
def coverage(since: datetime, until: datetime | None, style: str, config_path: Path | None) -> None:
    """Say which public pushes were looked at, which were not and why, and how late.

    All of it is of what GitHub's feeds have shown; what they have not shown, nobody here knows.
    Where an archive or the feeds of a watch list tell of the same time, the share of the public
    feed that the watch has seen is estimated from that.
    """
    from leakscan.cli.coverage_words import SCHEMA, coverage_document, write_coverage
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.coverage import coverage as sum_up

    end = until or datetime.now(UTC)
    if since >= end:
        raise UsageError("--since is not before --until", "exchange them")
    with opened_ledger(load_config(config_path)) as ledger:
        summed = sum_up(ledger, since, end)
    if style == "json":
        click.echo(json.dumps({"schema": SCHEMA, **coverage_document(summed)}, indent=2))
        return
    write_coverage(summed, sys.stdout)


def last_hour(ledger: Ledger) -> dict[str, Any]:
    """Return the shares of the public feed that were seen in the last hour, as JSON values.

    Raises:
        LeakscanError: the ledger failed.
    """
    from leakscan.cli.coverage_words import shares_document
    from leakscan.ledger.coverage import coverage as sum_up

    moment = datetime.now(UTC)
    return shares_document(sum_up(ledger, moment - timedelta(hours=1), moment))
