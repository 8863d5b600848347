"""``leakscan findings``: read the ledger, and close what is done."""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import config_option, format_option, past_moment
from leakscan.config import load_config
from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import ColumnElement

    from leakscan.config import Config


@click.group()
def findings() -> None:
    """Read what the ledger knows of leaked tokens, and close what is done."""


@findings.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are resolved, too.")
@click.option("--attention", is_flag=True, help="Only those for which something was given up.")
@click.option("--undecided", is_flag=True, help="Only those too unsure to be disabled unasked.")
@click.option("--rule", metavar="ID", help="Only those of this rule.")
@click.option("--owner", metavar="EMAIL", help="Only those of this owner.")
@click.option("--repository", metavar="TEXT", help="Only those seen where the name has this text.")
@click.option(
    "--since", type=past_moment, metavar="WHEN",
    help="Only those seen since then: 2.weeks, 2026-11-25, 2026-11-25T09:00 (UTC).",
)  # fmt: skip
@format_option
@config_option
def list_(
    everything: bool,
    attention: bool,
    undecided: bool,
    rule: str | None,
    owner: str | None,
    repository: str | None,
    since: datetime | None,
    format: str,
    config_path: Path | None,
) -> None:
    """List findings, newest first."""
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.entries import list_with_actions

    config = load_config(config_path)
    conditions = list(_conditions(everything, attention, rule, owner, repository, since))
    if undecided:
        conditions.append(_undecided(config))
    with opened_ledger(config) as ledger:
        rows = list_with_actions(ledger, *conditions)
        if format == "json":
            from leakscan.report.ledger_documents import SCHEMA, entry_document

            documents = [entry_document(*row) for row in rows]
            click.echo(json.dumps({"schema": SCHEMA, "findings": documents}, indent=2))
            return
        from leakscan.report.ledger_text import write_list

        if not write_list(rows, sys.stdout):
            click.echo("No findings.")


@findings.command()
@click.argument("name", metavar="ID")
@format_option
@config_option
def show(name: str, format: str, config_path: Path | None) -> None:
    """Show all about one finding.

    ID is its number, its redacted secret, or the first 6 digits or more of its fingerprint.
    """
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger import entries
    from leakscan.report.ledger_text import MOST_PLACES, write_entry

    with opened_ledger(load_config(config_path)) as ledger:
        entry = entries.find_entry(ledger, name)
        most = MOST_PLACES if format == "text" else None
        with ledger.reading() as connection:
            owed = entries.actions_of(connection, entry.id)
            count = entries.count_sightings(connection, entry.id)
            places = entries.sightings_of(connection, entry.id, most)
            is_kept = entries.keeps_secret(connection, entry.id)
    if format == "json":
        from leakscan.report.ledger_documents import SCHEMA, entry_document

        document = {"schema": SCHEMA, "finding": entry_document(entry, owed, places)}
        click.echo(json.dumps(document, indent=2))
        return
    write_entry(entry, owed, places, count, sys.stdout, is_kept=is_kept)


@findings.command()
@click.argument("name", metavar="ID")
@click.option("--reason", required=True, help="Why, for those who read the ledger later.")
@config_option
def resolve(name: str, reason: str, config_path: Path | None) -> None:
    """Close a finding: nothing is done about it any more, and its secret is wiped."""
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.closing import resolve as close
    from leakscan.ledger.entries import find_entry
    from leakscan.report.presentable import presentable_line

    if not reason.strip():
        raise UsageError("--reason is empty", "say why")
    with opened_ledger(load_config(config_path)) as ledger:
        entry = find_entry(ledger, name)
        if not close(ledger, entry, presentable_line(reason.strip()), _user()):
            raise UsageError(f"#{entry.id} is resolved already", f"leakscan findings show {name}")
    click.echo(f"#{entry.id} is resolved.")


@findings.command()
@click.argument("name", metavar="ID")
@config_option
def reopen(name: str, config_path: Path | None) -> None:
    """Open a finding that was closed; then scan its place again, for its secret is gone."""
    import os

    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.closing import reopen as open_again
    from leakscan.ledger.entries import find_entry
    from leakscan.respond.settings import read_response_settings

    config = load_config(config_path)
    with opened_ledger(config) as ledger:
        entry = find_entry(ledger, name)
        if not open_again(ledger, entry, read_response_settings(config, os.environ).duties):
            raise UsageError(f"#{entry.id} is open", f"leakscan findings show {name}")
    click.echo(f"#{entry.id} is open; now scan its place again with --record.")


@findings.command()
@click.argument("name", metavar="ID")
@config_option
def retry(name: str, config_path: Path | None) -> None:
    """Make due at once what was given up for a finding, or waits for its next attempt."""
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.closing import try_again
    from leakscan.ledger.entries import claimed_until, find_entry

    with opened_ledger(load_config(config_path)) as ledger:
        entry = find_entry(ledger, name)
        count = try_again(ledger, entry)
        claimed = None if count else claimed_until(ledger, entry.id)
    if claimed:
        raise UsageError(
            f"a process has claimed what is to be done for #{entry.id} until"
            f" {claimed:%Y-%m-%d %H:%M:%S} UTC",
            "wait for it; should it die, `leakscan respond` takes over then",
        )
    if not count:
        raise UsageError(
            f"nothing is to be tried again for #{entry.id}",
            f"see `leakscan findings show {entry.id}`",
        )
    click.echo(f"{count} due for #{entry.id}; now run `leakscan respond`.")


@findings.command()
@click.argument("name", metavar="ID")
@config_option
def disable(name: str, config_path: Path | None) -> None:
    """Have a finding disabled that is too unsure to be so unasked, and its owner told."""
    import os

    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.closing import owe_disabling
    from leakscan.ledger.entries import find_entry
    from leakscan.respond.settings import read_response_settings

    config = load_config(config_path)
    with opened_ledger(config) as ledger:
        entry = find_entry(ledger, name)
        is_due = owe_disabling(ledger, entry, read_response_settings(config, os.environ).duties)
    todo = "run `leakscan respond`" if is_due else "scan its place again with --record"
    click.echo(f"#{entry.id} is to be disabled; now {todo}.")


@findings.command()
@config_option
def export(config_path: Path | None) -> None:
    """Write all findings with their places and actions to standard output, one JSON a line."""
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.entries import list_with_actions, sightings_of
    from leakscan.report.ledger_documents import SCHEMA, entry_document

    with opened_ledger(load_config(config_path)) as ledger:
        for entry, owed in list_with_actions(ledger):
            with ledger.reading() as connection:
                places = sightings_of(connection, entry.id)
            document = {"schema": SCHEMA, **entry_document(entry, owed, places)}
            click.echo(json.dumps(document))


def _conditions(
    everything: bool,
    attention: bool,
    rule: str | None,
    owner: str | None,
    repository: str | None,
    since: datetime | None,
) -> Iterator[ColumnElement[bool]]:
    from leakscan.ledger import standing

    if not everything:
        yield standing.is_open()
    if attention:
        yield standing.needs_attention()
    if rule:
        yield standing.of_rule(rule)
    if owner:
        yield standing.of_owner(owner)
    if repository:
        yield standing.seen_in(repository)
    if since:
        yield standing.seen_since(since)


def _undecided(config: Config) -> ColumnElement[bool]:
    import os

    from leakscan.ledger.duties import undecided
    from leakscan.respond.settings import read_response_settings

    return undecided(read_response_settings(config, os.environ).duties)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return "unknown"
