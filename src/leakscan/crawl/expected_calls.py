"""How many API calls sources cost, beside what GitHub allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.crawl.feeds import repositories, search
from leakscan.crawl.feeds.event_feed import PAGES
from leakscan.crawl.feeds.poll import USUAL_WAIT
from leakscan.crawl.source_names import same

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR, MINUTE = 3600.0, 60.0


@dataclass(frozen=True, slots=True)
class ExpectedCalls:
    """What it costs to look at sources.

    Attributes:
        least: calls an hour while nothing happens in accounts and repositories.
        most: calls an hour when something has happened at each look.
        of_lists: how many of ``least`` are for lists of repositories, whatever the interval is.
        searches: an hour, which have a budget of their own.
        looks: at sources, a minute; those that are answered 304 are no calls, but are looks.
        interval: seconds between two looks at the same events.
    """

    least: int
    most: int
    of_lists: int
    searches: int
    looks: float
    interval: float

    def interval_for(self, allowed: int) -> int | None:
        """Return the seconds between two looks with which ``least`` is what is allowed.

        Args:
            allowed: calls an hour; with as many as the lists cost, or fewer, there is none.
        """
        room = allowed - self.of_lists
        return math.ceil((self.least - self.of_lists) * self.interval / room) if room > 0 else None


def expected_calls(
    sources: Sequence[str], poll: float | None, *, is_anonymous: bool
) -> ExpectedCalls:
    """Estimate what sources cost.

    Public events are new at each look, so that it is read to its end.  All other lists of events
    cost nothing while they do not change, if GitHub knows who asks.  A list of repositories is a
    page as a rule.

    Args:
        sources: each once.
        poll: ``watch.poll``: seconds between two looks; ``None`` for what GitHub asks for.
        is_anonymous: whether GitHub is asked as nobody, who pays for 304, too.
    """
    interval = USUAL_WAIT if poll is None else poll
    looks = HOUR / interval
    public = sources.count("events")
    searches = sources.count("search") * round(HOUR / search.WAIT)
    others = len(sources) - public - sources.count("search")
    accounts = sum(source.startswith(("org:", "user:")) for source in sources)
    of_lists = accounts * round(HOUR / repositories.WAIT)
    unchanged = others * looks if is_anonymous else 0
    return ExpectedCalls(
        least=round(public * PAGES * looks + unchanged) + of_lists,
        most=round((public + others) * PAGES * looks) + of_lists,
        of_lists=of_lists,
        searches=searches,
        looks=((public + others) * looks + of_lists + searches) * MINUTE / HOUR,
        interval=interval,
    )


def told_twice(sources: Sequence[str]) -> dict[str, list[str]]:
    """Return, by organisation, its repositories that are sources of their own besides.

    A repository of a user is none: the user's events are what the user does, not what others do
    there.
    """
    organisations = {same(source): source for source in sources if source.startswith("org:")}
    twice: dict[str, list[str]] = {}
    for source in sources:
        kind, _, name = source.partition(":")
        owner = organisations.get(same(f"org:{name.partition('/')[0]}"))
        if kind == "repo" and owner:
            twice.setdefault(owner, []).append(source)
    return twice
