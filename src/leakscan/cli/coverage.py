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

    from leakscan.cli.coverage_pushes import Listed
    from leakscan.config import Config
    from leakscan.ledger.engine import Ledger


@click.command()
@click.option(
    "--since", type=past_moment, default="24.hours", show_default=True, metavar="WHEN",
    help="From when: 24.hours, 2.weeks, 2026-11-25, 2026-11-25T09:00 (UTC).",
)  # fmt: skip
@click.option("--until", type=past_moment, metavar="WHEN", help="Until when.  [default: now]")
@click.option(
    "--pushes", "one_by_one", is_flag=True,
    help="List the pushes that were not read whole although they may be there.",
)  # fmt: skip
@format_option
@config_option
def coverage(
    since: datetime,
    until: datetime | None,
    one_by_one: bool,
    format: str,
    config_path: Path | None,
) -> None:
    """Say which public pushes were looked at, which were not and why, and how late.

    All of it is of what GitHub's feeds have shown; what they have not shown, nobody here knows.
    Where an archive or the feeds of a watch list tell of the same time, the share of the public
    feed that the watch has seen is estimated from that.

    Exit status: 0 it was said, whatever it is, 2 wrong usage, or there is no ledger, 3 an error.
    """
    from leakscan.cli.coverage_pushes import write_document, write_pushes
    from leakscan.cli.coverage_words import SCHEMA, coverage_document, write_coverage
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.coverage import coverage as sum_up

    end = until or datetime.now(UTC)
    if since >= end:
        raise UsageError("--since is not before --until", "exchange them")
    config = load_config(config_path)
    with opened_ledger(config) as ledger:
        summed = sum_up(ledger, since, end)
        document = {"schema": SCHEMA, **coverage_document(summed)}
        listed = _listed(config, ledger, since, end) if one_by_one else None
        if format == "text":
            write_coverage(summed, sys.stdout)
            if listed:
                click.echo()
                write_pushes(listed, sys.stdout)
        elif listed:
            write_document(document, listed, sys.stdout)
        else:
            click.echo(json.dumps(document, indent=2))


def _listed(config: Config, ledger: Ledger, since: datetime, until: datetime) -> Listed:
    from leakscan.cli.coverage_pushes import Listed, earlier
    from leakscan.crawl.settings import read_watch_settings
    from leakscan.ledger.left_out import left_out, left_out_by_hour

    before = earlier(ledger, since, read_watch_settings(config).keep)
    span = ledger, since, until
    return Listed(left_out(*span), left_out_by_hour(*span), before)


def last_hour(ledger: Ledger) -> dict[str, Any]:
    """Return the shares of the public feed that were seen in the last hour, as JSON values.

    Raises:
        LeakscanError: the ledger failed.
    """
    from leakscan.cli.coverage_words import shares_document
    from leakscan.ledger.coverage import coverage as sum_up

    moment = datetime.now(UTC)
    return shares_document(sum_up(ledger, moment - timedelta(hours=1), moment))
