"""``leakscan rehearse``: see before a token leaks whether it would be found and answered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import config_option, refuse_empty
from leakscan.config import load_config
from leakscan.errors import LeakscanError, UsageError
from leakscan.model import PUBLIC
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from leakscan.crawl.checked import Checked
    from leakscan.respond.rehearsal import Rehearsed
    from leakscan.respond.settings import ResponseSettings

_MOST_NAMED = 10
"""Of those that failed, in the last line; each has a line of its own before."""


@click.group()
def rehearse() -> None:
    """Ask the real hooks, servers and GitHub before a token leaks.  Nothing is recorded.

    Exit status: 0 all did what they have to, 2 wrong usage, 3 one did not.
    """


@rehearse.command()
@config_option
def hooks(config_path: Path | None) -> None:
    """Ask every disable hook, and the verifier, about a token that nobody has issued."""
    from leakscan.cli.ledger_access import opened_settings
    from leakscan.respond.rehearsal import rehearse_calls
    from leakscan.rules import load_rules

    config = load_config(config_path)
    rules = {rule.id: rule for rule in load_rules(config.rule_paths, config.overrides)}
    with opened_settings(config) as settings:
        if not settings.hooks and not settings.verifier:
            raise UsageError(
                "the configuration names no disable hook",
                "see docs/hooks.md, or `leakscan issuer init`",
            )
        _tell(rehearse_calls(settings, rules))


@rehearse.command()
@click.option("--to", metavar="ADDRESS", help="Send it there; without this, it is only printed.")
@click.option("--locale", metavar="TAG", help="Language of the owner, such as de-AT.")
@click.option(
    "--tokens", type=click.IntRange(1, 50), default=1, show_default=True, metavar="N",
    help="How many leaked tokens it tells of.",
)  # fmt: skip
@click.option("--exposure", metavar="TEXT", default=PUBLIC, help="As in scan --exposure.")
@click.option("--html", is_flag=True, help="Print the HTML part: redirect it to a file.")
@config_option
def mail(
    to: str | None,
    locale: str | None,
    tokens: int,
    exposure: str,
    html: bool,
    config_path: Path | None,
) -> None:
    """Print the mail that an owner would get, or send it to yourself."""
    from leakscan.ledger.words import Owner
    from leakscan.report.presentable import presentable_line
    from leakscan.respond.rehearsal import example_mail, rehearse_mail

    refuse_empty({"--to": to, "--exposure": exposure, "--locale": locale})
    if to and html:
        raise UsageError("--html is for printing", "leave out --to, or --html")
    settings = _settings(config_path).mail
    if settings is None:
        raise UsageError("the configuration has no [mail]", "see docs/mail.md")
    owner = Owner("Ada Lovelace", to or "ada@example.com", locale)
    message = example_mail(settings, owner, tokens, presentable_line(exposure))
    if "To" not in message:
        raise UsageError("--to: no address that mail can be sent to", "write ada@example.com")
    if to:
        _tell([rehearse_mail(settings, message)])
        return
    part = message.get_body(("html",) if html else ("plain",))
    assert part is not None  # noqa: S101 - every mail that is composed has both
    if not html:
        for name in ("From", "To", "Reply-To", "Subject"):
            if name in message:
                click.echo(f"{name}: {safe_text(str(message[name]))}")
        click.echo()
    click.echo(part.get_content(), nl=False)


@rehearse.command()
@config_option
def alerts(config_path: Path | None) -> None:
    """Send an alert to every channel of the team that says that it is none."""
    from leakscan.respond.rehearsal import rehearse_alerts

    settings = _settings(config_path).alerts
    if settings is None:
        raise UsageError("the configuration has no [alerts]", "see docs/mail.md#alerts")
    _tell([rehearse_alerts(settings)])


@rehearse.command()
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="Ask about this in the place of watch.sources: events, search, org:NAME, user:NAME or"
    " repo:OWNER/NAME; may be repeated.",
)
@config_option
def github(sources: tuple[str, ...], config_path: Path | None) -> None:
    """Ask GitHub for all that a watch would need.

    Each credential, each source, the git server, and whether the API calls suffice. It takes a
    tenth of the calls that are left at most, and says which sources it did not ask about.
    """
    from leakscan.cli.rehearse_github import rehearse_github

    _tell(rehearse_github(config_path, sources))


def _settings(config_path: Path | None) -> ResponseSettings:
    from leakscan.respond.settings import read_response_settings

    return read_response_settings(load_config(config_path), os.environ)


def _tell(rehearsed: Iterable[Rehearsed | Checked]) -> None:
    """Say how each did.

    Raises:
        LeakscanError: one did not do what it has to.
    """
    failed = []
    for one in rehearsed:
        mark = "note" if one.is_well is None else "well" if one.is_well else "FAILED"
        click.echo(f"{mark:<6}  {safe_text(one.who)}  {safe_text(one.answer)}")
        failed += [one.who] if mark == "FAILED" else []
    if failed:
        more = f" and {len(failed) - _MOST_NAMED:,} more" if len(failed) > _MOST_NAMED else ""
        what = f"{', '.join(failed[:_MOST_NAMED])}{more} would not work"
        raise LeakscanError(what, "mend it, then rehearse again")
