"""``leakscan watch``."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import config_option, format_option, refuse_empty, span
from leakscan.config import load_config
from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from leakscan.cli.watch_plan import Ending, Plan
    from leakscan.config import Config
    from leakscan.crawl.github.allowance import Budget
    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.settings import WatchSettings
    from leakscan.ledger.engine import Ledger


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="Ask every source once (search: for one page), do all that is due, and stop.",
)
@click.option(
    "--for",
    "seconds",
    type=span,
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
    "--retry",
    is_flag=True,
    help="Look again at all that could not be read before, once what was wrong is mended.",
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
    retry: bool,
    via: str | None,
    concurrency: int | None,
    format: str,
    quiet: bool,
    config_path: Path | None,
) -> None:
    """Watch public GitHub: look at what is pushed, disable what leaked, tell its owner.

    Runs until it is stopped, by Ctrl-C or SIGTERM, which lets it end what it has in hand; a second
    one stops it at once. Of archives alone it reads all there is, and ends. Any number may run at
    the same time on one ledger: they share the work. See docs/watch.md.

    Exit status: 0 nothing new was found, and all was read of what GitHub told, 1 something was
    found that is new or not known to be dead, 2 wrong usage, 3 an error, something was not read
    whole, or a token may be alive.
    """
    from leakscan.cli.watch_plan import Plan
    from leakscan.crawl.settings import read_github_settings

    gc.enable()  # a long run makes cycles
    if once and seconds is not None:
        raise UsageError("--once and --for together", "say how it is to end: by one of them")
    _refuse_nonsense(sources, archives, format, is_endless=not once and seconds is None)
    config = load_config(config_path)
    settings = _settings(config, sources, archives, via, concurrency)
    plan = Plan(
        config=config,
        site=read_github_settings(config),
        watch=settings,
        archives=archives,
        once=once,
        seconds=seconds,
        retry=retry,
    )
    context.exit(_watch(plan, format, quiet=quiet))


def _settings(
    config: Config,
    sources: tuple[str, ...],
    archives: tuple[str, ...],
    via: str | None,
    concurrency: int | None,
) -> WatchSettings:
    """Read what the configuration says, but for what the command line says instead.

    Raises:
        UsageError: it is wrong, or nothing would be watched.
    """
    from leakscan.crawl.settings import read_watch_settings
    from leakscan.crawl.source_names import check_sources, each_once

    check_sources(sources, "--source: ")
    settings = read_watch_settings(config)
    settings = replace(
        settings,
        sources=each_once(sources) or settings.sources,
        via=via or settings.via,
        concurrency=concurrency or settings.concurrency,
    )
    if not settings.sources and not archives:
        what = f"{config.source}: watch.sources: nothing would be watched"
        raise UsageError(what, 'write ["events"], or say --archive')
    return settings


def _watch(plan: Plan, format: str, *, quiet: bool) -> int:
    """Watch, tell people of it, and return the exit status."""
    from leakscan.cli.ledger_access import opened_response
    from leakscan.cli.watch_views import LiveView, LogView
    from leakscan.cli.watching import run_watch
    from leakscan.crawl.github.access import open_github

    github: GitHub | None = None

    def budgets() -> tuple[Budget, ...]:
        return github.budget() if github else ()

    is_live = sys.stderr.isatty() and not quiet and os.environ.get("TERM") != "dumb"
    with opened_response(plan.config) as response:
        with LiveView(budgets) if is_live else LogView(budgets, quiet=quiet) as view:
            at_once = plan.watch.api_concurrency
            github = open_github(plan.site, os.environ, view.say, at_once=at_once)
            with contextlib.closing(github):
                ending = run_watch(plan, github, response, view)
        if format == "json" or not quiet or ending.status:
            said = view.said if plan.once else set()
            _show(ending, budgets(), format, response.ledger, said)
    return ending.status


def _show(
    ending: Ending, budgets: tuple[Budget, ...], format: str, ledger: Ledger, said: Collection[str]
) -> None:
    """Write how it has ended, but for what was said a moment ago."""
    from leakscan.cli.coverage import last_hour
    from leakscan.cli.watch_words import document, log_line, remarks, summary_lines

    if format == "json":
        click.echo(json.dumps(document(ending, budgets, last_hour(ledger)), indent=2))
        return
    is_short = sys.stdout.isatty()
    lines = summary_lines if is_short else lambda *some: [log_line(*some)]
    for line in lines(ending.figures, budgets):
        click.echo(line)
    for remark in remarks(ending):
        if remark not in said and remark.partition(": ")[2] not in said:
            click.echo(f"leakscan: {remark}", err=True)


def _refuse_nonsense(
    sources: tuple[str, ...], archives: tuple[str, ...], format: str, *, is_endless: bool
) -> None:
    """Refuse options that make no sense.

    Raises:
        UsageError: they do not.
    """
    refuse_empty({"--source": "".join(sources) if sources else None})
    refuse_empty({"--archive": "".join(archives) if archives else None})
    if format == "json" and is_endless:
        raise UsageError("--format json is for a watch that ends", "say --once or --for as well")
