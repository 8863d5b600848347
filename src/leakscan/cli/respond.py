"""``leakscan respond``."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import config_option, format_option
from leakscan.config import load_config
from leakscan.errors import LeakscanError
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.cli.ledger_access import Response
    from leakscan.config import Config


@click.command()
@format_option
@click.option("--quiet", "-q", is_flag=True, help="Say nothing unless something failed: for cron.")
@click.option(
    "--check",
    is_flag=True,
    help="Only check configuration, ledger, keys and templates; asks no server.",
)
@config_option
@click.pass_context
def respond(
    context: click.Context, format: str, quiet: bool, check: bool, config_path: Path | None
) -> None:
    """Do all that is due: verify, disable, tell the owners, tell the team.

    What failed is due again later, so run this every minute.  Any number may run at the same
    time: no two do the same thing.

    Exit status: 0 all went well or nothing was due, 2 wrong usage, 3 something failed or was
    given up.
    """
    from leakscan.cli.events import SCHEMA, event_document, event_line, is_well, summary_line
    from leakscan.cli.ledger_access import opened_response
    from leakscan.ledger.queue import Queue
    from leakscan.respond.responder import respond as do_what_is_due

    gc.enable()  # a long run makes cycles
    config = load_config(config_path)
    if check:
        _check(config)
        return
    events = []
    error = None
    with opened_response(config) as response:
        try:
            for event in do_what_is_due(
                response.ledger, response.vault, response.settings, response.rules
            ):
                events.append(event)
                if format == "text" and not (quiet and is_well([event])):
                    click.echo(event_line(event))
            remarks = list(_remarks(response))
            next_due = Queue(response.ledger).next_due()
        except LeakscanError as failure:  # what was done until then is told all the same
            error, remarks, next_due = failure, [], None
    if format == "json":
        document = {
            "schema": SCHEMA,
            "events": [event_document(event) for event in events],
            "next_due": next_due and next_due.isoformat(),
            "remarks": remarks,
            "error": error and str(error),
        }
        click.echo(json.dumps(document, indent=2))
    elif error or not (quiet and is_well(events)):
        click.echo(summary_line(events, next_due))
        for remark in remarks:
            click.echo(f"leakscan: {remark}", err=True)
    if error:
        raise error
    context.exit(0 if is_well(events) else 3)


def _remarks(response: Response) -> Iterator[str]:
    """Yield what else a person should know: what nobody does, and what was given up."""
    from leakscan.ledger.queue import Queue
    from leakscan.ledger.words import ActionKind, ActionState

    settings = response.settings
    usable = {(ActionKind.DISABLE, name) for name in settings.hooks}
    for (kind, responder, state), count in sorted(Queue(response.ledger).backlog().items()):
        actions = f"{count} {kind} {'action' if count == 1 else 'actions'} ({responder})"
        if state is ActionState.GAVE_UP:
            yield f"{actions} given up: see `leakscan findings list --attention`"
        elif state is ActionState.DUE and not (
            (kind, responder) in usable
            or (kind is ActionKind.VERIFY and settings.verifier)
            or (kind is ActionKind.NOTIFY and settings.mail)
            or (kind is ActionKind.ALERT and settings.alerts)
        ):
            yield (
                f"{actions} due, but the configuration names nobody who does it: name it"
                " again, or resolve the findings"
            )


def _check(config: Config) -> None:
    """Open and compose all that a response and a watch need; say what there is, and what is not.

    Raises:
        UsageError: the configuration or a template is wrong.
        LeakscanError: something cannot be opened.
    """
    from leakscan.cli.ledger_access import opened_response
    from leakscan.cli.readiness import parts, require_ready, shortcomings, watched

    with opened_response(config) as response:
        require_ready(response, config)
        watch, remarks = watched(config)
        for name, value in (parts(response, config) | watch).items():
            click.echo(f"{name:<13}  {safe_text(value)}")
        lines = [*shortcomings(response, config), *remarks]
        for line in lines or ["Nothing is wrong here."]:
            click.echo(safe_text(line))
    click.echo("No server was asked whether it answers.")
