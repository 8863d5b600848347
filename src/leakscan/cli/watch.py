"""``leakscan watch``."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import config_option, format_option, refuse_empty
from leakscan.config import load_config
from leakscan.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.crawl.github.allowance import Budget
    from leakscan.crawl.github.calls import GitHub

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _span(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """Read a span of time such as ``10m``."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if not found or not int(found[1]):
        raise click.BadParameter(f"{text!r} is no span of time: use 90s, 10m, 2h or 1d")
    return float(int(found[1]) * _UNITS[found[2]])


@click.command()
@click.option("--once", is_flag=True, help="Ask every source once, do all that is due, and stop.")
@click.option(
    "--for",
    "seconds",
    callback=_span,
    metavar="SPAN",
    help="Stop after so long: 90s, 10m, 2h, 1d.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="Watch this in the place of watch.sources: events, search, org:NAME, user:NAME or"
    " repo:OWNER/NAME; may be repeated.",
)
@click.option(
    "--archive",
    "archives",
    multiple=True,
    metavar="HOURS|FILE|URL",
    help="Read GH Archive too: 2026-01-02-3, 2026-01-02, a range of them, a file or a URL; may be"
    " repeated.",
)
@click.option(
    "--via",
    type=click.Choice(["auto", "git", "api"]),
    help="How to read pushes, in the place of watch.via.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Pushes in hand at once, in the place of watch.concurrency.",
)
@format_option
@click.option(
    "--quiet", "-q", is_flag=True, help="Write only what was found or went wrong: for cron."
)
@config_option
@click.pass_context
def watch(
    context: click.Context,
    once: bool,
    seconds: float | None,
    sources: tuple[str, ...],
    archives: tuple[str, ...],
    via: str | None,
    concurrency: int | None,
    style: str,
    quiet: bool,
    config_path: Path | None,
) -> None:
    """Watch public GitHub: look at what is pushed, disable what leaked, tell its owner.

    Runs until it is stopped, by Ctrl-C or SIGTERM, which lets it end what it has in hand; a second
    one stops it at once. Any number may run at the same time on one ledger: they share the work.
    See docs/watch.md.

    Exit status: 0 nothing was found, and all was read of what GitHub told, 1 something was found,
    2 wrong usage, 3 an error, something was not read whole, or a token may be alive.
    """
    from leakscan.cli.coverage import last_hour
    from leakscan.cli.ledger_access import opened_response
    from leakscan.cli.watch_plan import Plan
    from leakscan.cli.watch_tellers import LiveTeller, LogTeller
    from leakscan.cli.watch_words import document, log_line, remarks
    from leakscan.cli.watching import run_watch
    from leakscan.crawl.github.access import open_github
    from leakscan.crawl.settings import read_github_settings, read_watch_settings

    gc.enable()  # a long run makes cycles
    _refuse_nonsense(sources, archives, style, is_endless=not once and seconds is None)
    config = load_config(config_path)
    settings = read_watch_settings(config)
    settings = replace(
        settings,
        sources=sources or settings.sources,
        via=via or settings.via,
        concurrency=concurrency or settings.concurrency,
    )
    if not settings.sources and not archives:
        what = f"{config.source}: watch.sources: nothing would be watched"
        raise UsageError(what, 'write ["events"], or say --archive')
    plan = Plan(config, read_github_settings(config), settings, archives, once, seconds)
    github: GitHub | None = None

    def budgets() -> tuple[Budget, ...]:
        return github.budget() if github else ()

    is_live = sys.stderr.isatty() and not quiet
    with opened_response(config) as response:
        with LiveTeller(budgets) if is_live else LogTeller(budgets, quiet=quiet) as teller:
            at_once = settings.api_concurrency
            github = open_github(plan.site, os.environ, teller.say, at_once=at_once)
            with contextlib.closing(github):
                ending = run_watch(plan, github, response, teller)
        if style == "json":
            shares = last_hour(response.ledger)
            written = document(ending.figures, budgets(), ending.waiting, shares)
            click.echo(json.dumps(written, indent=2))
        elif not quiet or ending.status:
            click.echo(log_line(ending.figures, budgets()))
            for remark in remarks(ending):
                click.echo(f"leakscan: {remark}", err=True)
    context.exit(ending.status)


def _refuse_nonsense(
    sources: tuple[str, ...], archives: tuple[str, ...], style: str, *, is_endless: bool
) -> None:
    """Refuse options that make no sense.

    Raises:
        UsageError: they do not.
    """
    refuse_empty({"--source": "".join(sources) if sources else None})
    refuse_empty({"--archive": "".join(archives) if archives else None})
    if style == "json" and is_endless:
        raise UsageError("--format json is for a watch that ends", "say --once or --for as well")
