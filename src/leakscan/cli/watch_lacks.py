"""What is not configured, so that a watch finds tokens and nothing, or nobody, comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from leakscan.respond.settings import ResponseSettings


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
