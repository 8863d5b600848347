"""What is not configured, so that a watch finds tokens and nothing, or nobody, comes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.report.amounts import duration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from leakscan.crawl.settings import WatchSettings
    from leakscan.respond.settings import ResponseSettings

TRIED_FOR = timedelta(days=1)
"""How long a push that fails is tried again, about."""


def lacks(settings: ResponseSettings, rules: Collection[str]) -> Iterator[str]:
    """Yield each on one line.

    Args:
        settings: who answers leaks.
        rules: ids of the rules that are searched for.
    """
    handled = {rule for named in settings.hooks.values() for rule in named.rules}
    for rule in sorted(set(rules) - handled):
        yield (
            f"no disable hook is configured for {rule}, so that nothing is disabled: see"
            " docs/hooks.md, or `leakscan issuer init`"
        )
    if settings.mail is None and settings.alerts is None:
        yield "neither [mail] nor [alerts] is configured, so that nobody is told: see docs/mail.md"
    elif settings.mail is None:
        yield "no [mail] is configured, so that no owner is told: see docs/mail.md"
    elif settings.alerts is None:
        yield (
            "no [alerts] are configured, so that the team is not told when something is given up:"
            " see docs/mail.md"
        )


def doubts(watch: WatchSettings, *, is_anonymous: bool) -> Iterator[str]:
    """Yield, each on one line, what of a watch's settings may be meant otherwise.

    Args:
        watch: the settings.
        is_anonymous: whether GitHub is asked without any credential.
    """
    if is_anonymous and "search" in watch.sources:
        yield "the source search needs a token: set github.credentials"
    if watch.keep < TRIED_FOR:
        kept = duration(watch.keep.total_seconds())
        yield (
            f"watch.keep is {kept}: pushes that fail or wait longer are given up, while others"
            " are tried again for a day: set it to 1.day or more"
        )
