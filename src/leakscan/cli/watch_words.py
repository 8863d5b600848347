"""The figures of a watch in words, and as plain JSON values."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from leakscan import __version__
from leakscan.cli.aftermath import undecided_line
from leakscan.report.amounts import count, duration, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from leakscan.cli.watch_plan import Ending
    from leakscan.crawl.figures import FeedFigures, Figures
    from leakscan.crawl.github.allowance import Budget

SCHEMA = "leakscan-watch/v1"

MOST_QUIET = 6
"""Rows that sources take in a live view with which nothing is wrong."""

MOST_BUDGETS = 3
"""Budgets that are told one by one; more are summed up."""


def pushes_line(figures: Figures) -> str:
    """Return what became of pushes: ``40 seen · 37 scanned (2 in part) · 3 skipped``."""
    parts = [f"{figures.seen:,} seen"]
    partial = f" ({figures.partial.total():,} in part)" if figures.partial else ""
    parts.append(f"{figures.scanned:,} scanned{partial}")
    if figures.skipped:
        reasons = ", ".join(f"{n:,} {trouble}" for trouble, n in sorted(figures.skipped.items()))
        parts.append(f"{figures.skipped.total():,} skipped ({reasons})")
    if figures.failing:
        parts.append(f"{len(figures.failing):,} failed")
    if figures.given_up:
        parts.append(f"{figures.given_up:,} given up")
    if figures.given_back:
        parts.append(f"{len(figures.given_back):,} given back")
    return " · ".join(parts)


def lag_line(figures: Figures) -> str:
    """Return how late the watch is: ``lag: half within 42 s, 95% within 2 min 3 s``, or nothing."""
    median, most = figures.lags.at(0.5), figures.lags.at(0.95)
    if median is None or most is None:
        return ""
    return f"lag: half within {duration(median)}, 95% within {duration(most)}"


def requests_line(figures: Figures, asked: int) -> str:
    """Return what was asked of the site.

    Args:
        figures: of the watch.
        asked: API calls that feeds made.
    """
    return (
        f"{count(figures.git_requests, 'git request')} · "
        f"{count(figures.api_requests + asked, 'API call')} · {size(figures.received)} received"
    )


def budget_line(budget: Budget) -> str:
    """Return what one credential may still ask: ``env:GH_TOKEN core 4,970 of 5,000``."""
    line = f"{budget.credential} {budget.resource} {budget.remaining:,} of {budget.limit:,}"
    if budget.rests_for:
        return f"{line}, left alone for {duration(budget.rests_for)}"
    return f"{line}, anew in {duration(budget.resets_in)}" if not budget.remaining else line


def budget_lines(budgets: Sequence[Budget]) -> list[str]:
    """Return what credentials may still ask: each on a line, or many of them in one sum."""
    if len(budgets) <= MOST_BUDGETS:
        return [budget_line(budget) for budget in budgets]
    left: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for budget in budgets:
        left[budget.resource] += budget.remaining
        most[budget.resource] += budget.limit
    sums = [f"{resource} {left[resource]:,} of {limit:,}" for resource, limit in most.items()]
    resting = {budget.credential for budget in budgets if budget.rests_for}
    alone = [f"{len(resting):,} left alone"] if resting else []
    credentials = len({budget.credential for budget in budgets})
    return [" · ".join([count(credentials, "credential"), *sums, *alone])]


def log_line(figures: Figures, budgets: Iterable[Budget]) -> str:
    """Return all of it on one line."""
    return " · ".join(summary_lines(figures, budgets))


def summary_lines(figures: Figures, budgets: Iterable[Budget]) -> list[str]:
    """Return all of it on a few lines that fit into a terminal."""
    rests = [
        f"{way} left alone for {duration(rest)}" for way, rest in sorted(figures.rests.items())
    ]
    core = budget_lines([budget for budget in budgets if budget.resource == "core"])
    lag = lag_line(figures)
    return [
        pushes_line(figures),
        " · ".join([count(len(figures.findings), "finding"), *([lag] if lag else [])]),
        " · ".join([requests_line(figures, figures.feed_requests), *rests]),
        *core,
    ]


def rows(figures: Figures, budgets: Iterable[Budget], started: float) -> list[tuple[str, str]]:
    """Return all of it but the sources for a live view, as names and values, what matters first.

    Args:
        figures: of the watch.
        budgets: of the credentials.
        started: when the watch began, by the monotonic clock.
    """
    moment = time.monotonic()
    rate = figures.rate(moment, min(60.0, max(1.0, moment - started)))
    table = [
        ("findings", f"{len(figures.findings):,}"),
        ("pushes", pushes_line(figures)),
        ("running", f"for {duration(moment - started)}"),
        ("in hand", f"{figures.in_hand:,} · {rate:.1f} a second"),
        ("lag", lag_line(figures).removeprefix("lag: ")),
        ("requests", requests_line(figures, figures.feed_requests)),
    ]
    table += [("budget", line) for line in budget_lines(list(budgets))]
    table += [
        ("left alone", f"{way} for {duration(rest)}") for way, rest in sorted(figures.rests.items())
    ]
    return [(name, value) for name, value in table if value]


def source_rows(figures: Figures, most: int) -> list[tuple[str, str]]:
    """Return how the sources are doing in at most so many rows, those with trouble first.

    Those that have the same trouble are one row.  Of the others a few have one each; the last row
    sums up what has none.
    """
    if most < 1:
        return []
    moment, fine = time.monotonic(), []
    alike: dict[str, list[str]] = {}
    for name, feed in sorted(figures.feeds.items()):
        if feed.trouble is None:
            fine.append(name)
        else:
            alike.setdefault(feed.trouble, []).append(name)
    shown = fine if len(fine) <= MOST_QUIET else fine[: MOST_QUIET - 1]
    groups = [*alike.values(), *([name] for name in shown)]
    has_rest = len(shown) < len(fine) or len(groups) > most
    groups = groups[: most - 1 if has_rest else most]
    table = [_source_row(names, figures.feeds, moment) for names in groups]
    told = {name for names in groups for name in names}
    if rest := [feed for name, feed in figures.feeds.items() if name not in told]:
        table.append(("", _rest_line(rest, is_all=not groups)))
    return table


def trouble_rows(figures: Figures, most: int) -> list[tuple[str, str]]:
    """Return what is wrong with sources in at most so many rows; none if nothing is."""
    troubled = {name: feed for name, feed in figures.feeds.items() if feed.trouble}
    return source_rows(replace(figures, feeds=troubled), most)


def _source_row(
    names: Sequence[str], feeds: Mapping[str, FeedFigures], moment: float
) -> tuple[str, str]:
    """Return the row of some sources that are doing alike."""
    first, *others = names
    line = feed_line(feeds[first], moment)
    return first, f"and {len(others):,} more: {line}" if others else line


def _rest_line(feeds: Sequence[FeedFigures], *, is_all: bool) -> str:
    sources = count(len(feeds), "source") if is_all else f"and {count(len(feeds), 'more source')}"
    events, fresh = sum(feed.events for feed in feeds), sum(feed.fresh for feed in feeds)
    parts = [count(events, "event"), count(fresh, "new push", "new pushes")]
    if troubled := sum(feed.trouble is not None for feed in feeds):
        parts.append(f"{troubled:,} with trouble")
    return f"{sources}: {', '.join(parts)}"


def feed_line(feed: FeedFigures, moment: float) -> str:
    """Return how a feed is doing: ``300 events · 40 new pushes · asked 12 s ago, again in 34 s``.

    Args:
        feed: which.
        moment: now, by the monotonic clock.
    """
    told = [count(feed.events, "event"), count(feed.fresh, "new push", "new pushes")]
    parts = [feed.trouble] if feed.trouble else told
    parts += [count(feed.gaps, "gap")] if feed.gaps else []
    if feed.is_over:
        return " · ".join([*parts, "read to its end"])
    if feed.asked_at is None:
        return " · ".join([*parts, "not asked yet"])
    when = f"asked {duration(max(0.0, moment - feed.asked_at))} ago"
    if feed.again_at is not None and feed.again_at >= feed.asked_at:
        when += f", again in {duration(max(0.0, feed.again_at - moment))}"
    return " · ".join([*parts, when])


def document(
    ending: Ending, budgets: Sequence[Budget], share: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return all of it as plain JSON values.

    Args:
        ending: how the watch has ended.
        budgets: of the credentials.
        share: what the ledger says of the coverage.
    """
    figures, lags = ending.figures, ending.figures.lags
    return {
        "schema": SCHEMA,
        "version": __version__,
        "began_at": ending.began_at.isoformat(timespec="seconds"),
        "ended_at": ending.ended_at.isoformat(timespec="seconds"),
        "status": ending.status,
        "reasons": list(reasons(ending)),
        "pushes": _pushes(figures) | {"waiting": ending.waiting, "in_hand": ending.in_hand},
        "left_out": [{"what": skip.what, "why": skip.why} for skip in ending.left_out],
        "findings": len(figures.findings),
        "news": len(figures.news),
        "alive": ending.alive,
        "alive_earlier": ending.alive_earlier,
        "undecided": len(ending.undecided),
        "lacks": list(ending.lacks),
        "refused": [asdict(one) for one in ending.refused],
        "requests": {
            "api": figures.api_requests + figures.feed_requests,
            "git": figures.git_requests,
        },
        "objects": figures.objects,
        "bytes": figures.bytes,
        "received": figures.received,
        "lag_seconds": {
            "median": _rounded(lags.at(0.5)),
            "p95": _rounded(lags.at(0.95)),
            "max": _rounded(lags.longest),
        },
        "feeds": {name: _feed(feed) for name, feed in sorted(figures.feeds.items())},
        "budget": [_budget(budget) for budget in budgets],
        "coverage": share,
    }


def reasons(ending: Ending) -> Iterator[str]:
    """Yield each reason for an exit status of 3."""
    for skip in ending.left_out:
        yield f"{skip.what}: {skip.why}"
    if ending.alive:
        yield f"{ending.alive:,} not known to be dead: see `leakscan findings list`"
    if ending.alive_earlier:
        tokens = count(ending.alive_earlier, "token")
        yield f"{tokens} found earlier may be alive: see `leakscan findings list`"
    if not ending.answered_well:
        yield "not all that was due could be done: run `leakscan respond`"


def remarks(ending: Ending) -> Iterator[str]:
    """Yield what a person should know besides: each reason for an exit status of 3 among it."""
    yield from reasons(ending)
    if ending.left_out:
        yield "what was and was not looked at: see `leakscan coverage --pushes`"
    if ending.waiting:
        yield f"{ending.waiting:,} to be looked at later: run `leakscan watch` again"
    if ending.in_hand:
        yield f"{ending.in_hand:,} of them in hand of another watch, or of one that died just now"
    if ending.figures.findings and not ending.alive:
        yield f"{count(len(ending.figures.findings), 'finding')}: see `leakscan findings list`"
    if ending.undecided:
        yield undecided_line(ending.undecided)
    yield from ending.lacks


def _pushes(figures: Figures) -> dict[str, Any]:
    return {
        "seen": figures.seen,
        "repeated": figures.repeated,
        "scanned": figures.scanned,
        "partial": figures.partial.total(),
        "skipped": {trouble.value: n for trouble, n in sorted(figures.skipped.items())},
        "failed": len(figures.failing),
        "given_up": figures.given_up,
    }


def _feed(feed: FeedFigures) -> dict[str, Any]:
    return {
        "polls": feed.polls,
        "events": feed.events,
        "fresh": feed.fresh,
        "malformed": feed.malformed,
        "unread": feed.unread,
        "gaps": feed.gaps,
        "trouble": feed.trouble,
    }


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        "credential": budget.credential,
        "resource": budget.resource,
        "remaining": budget.remaining,
        "limit": budget.limit,
        "resets_in": _rounded(budget.resets_in),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
