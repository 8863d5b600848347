"""The figures of a watch in words, and as plain JSON values."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from leakscan.report.amounts import count, duration, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from leakscan.cli.watch_plan import Ending
    from leakscan.crawl.figures import Figures
    from leakscan.crawl.github.allowance import Budget

SCHEMA = "leakscan-watch/v1"


def pushes_line(figures: Figures) -> str:
    """Return what became of pushes: ``40 seen · 37 scanned (2 in part) · 3 skipped``."""
    parts = [f"{figures.seen:,} seen"]
    partial = f" ({figures.partial:,} in part)" if figures.partial else ""
    parts.append(f"{figures.scanned:,} scanned{partial}")
    if figures.skipped:
        reasons = ", ".join(f"{n:,} {trouble}" for trouble, n in sorted(figures.skipped.items()))
        parts.append(f"{figures.skipped.total():,} skipped ({reasons})")
    if figures.failing:
        parts.append(f"{len(figures.failing):,} failed")
    if figures.given_back:
        parts.append(f"{len(figures.given_back):,} given back")
    return " · ".join(parts)


def lag_line(figures: Figures) -> str:
    """Return how late the watch is: ``lag 42 s, 95% within 2 min 3 s``; empty if unknown."""
    median, most = figures.lags.at(0.5), figures.lags.at(0.95)
    if median is None or most is None:
        return ""
    return f"lag {duration(median)}, 95% within {duration(most)}"


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
        return f"{line}, rests for {duration(budget.rests_for)}"
    return f"{line}, anew in {duration(budget.resets_in)}" if not budget.remaining else line


def log_line(figures: Figures, budgets: Iterable[Budget]) -> str:
    """Return all of it on one line."""
    parts = [
        pushes_line(figures),
        count(len(figures.findings), "finding"),
        lag_line(figures),
        requests_line(figures, figures.feed_requests),
        *(f"no {way} for {duration(rest)}" for way, rest in sorted(figures.rests.items())),
        *(budget_line(budget) for budget in budgets if budget.resource == "core"),
    ]
    return " · ".join(part for part in parts if part)


def rows(figures: Figures, budgets: Iterable[Budget], started: float) -> list[tuple[str, str]]:
    """Return all of it for a live view, as names and values.

    Args:
        figures: of the watch.
        budgets: of the credentials.
        started: when the watch began, by the monotonic clock.
    """
    moment = time.monotonic()
    rate = figures.rate(moment, min(60.0, max(1.0, moment - started)))
    table = [
        ("pushes", pushes_line(figures)),
        ("in hand", f"{figures.in_hand:,} · {rate:.1f} a second"),
        ("findings", f"{len(figures.findings):,}"),
        ("lag", lag_line(figures).removeprefix("lag ")),
        ("requests", requests_line(figures, figures.feed_requests)),
    ]
    table += [("budget", budget_line(budget)) for budget in budgets]
    table += [
        ("resting", f"{way} for {duration(rest)}") for way, rest in sorted(figures.rests.items())
    ]
    for name, feed in sorted(figures.feeds.items()):
        gaps = f" · {count(feed.gaps, 'gap')}" if feed.gaps else ""
        line = f"{count(feed.events, 'event')} · {feed.fresh:,} new{gaps}"
        table.append((name, feed.trouble or line))
    return [(name, value) for name, value in table if value]


def document(
    figures: Figures, budgets: Sequence[Budget], waiting: int, share: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return all of it as plain JSON values.

    Args:
        figures: of the watch.
        budgets: of the credentials.
        waiting: pushes that wait in the ledger, also those that other watches have queued.
        share: what the ledger says of the coverage.
    """
    lags = figures.lags
    return {
        "schema": SCHEMA,
        "pushes": {
            "seen": figures.seen,
            "repeated": figures.repeated,
            "scanned": figures.scanned,
            "partial": figures.partial,
            "skipped": {trouble.value: n for trouble, n in sorted(figures.skipped.items())},
            "failed": len(figures.failing),
            "waiting": waiting,
        },
        "findings": len(figures.findings),
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
        "feeds": {
            name: {
                "polls": feed.polls,
                "events": feed.events,
                "fresh": feed.fresh,
                "malformed": feed.malformed,
                "gaps": feed.gaps,
                "trouble": feed.trouble,
            }
            for name, feed in sorted(figures.feeds.items())
        },
        "budget": [
            {
                "credential": budget.credential,
                "resource": budget.resource,
                "remaining": budget.remaining,
                "limit": budget.limit,
                "resets_in": _rounded(budget.resets_in),
            }
            for budget in budgets
        ],
        "coverage": share,
    }


def remarks(ending: Ending) -> Iterator[str]:
    """Yield what a person should know besides."""
    figures = ending.figures
    if ending.waiting:
        yield f"{ending.waiting:,} to be looked at later: run `leakscan watch` again"
    if figures.partial or figures.failing:
        yield "what was not read, and why: see `leakscan coverage`"
    if ending.alive:
        yield f"{ending.alive} not known to be dead: see `leakscan findings list`"
    if not ending.answered_well:
        yield "not all that was due could be done: run `leakscan respond`"
    for name, feed in sorted(figures.feeds.items()):
        if feed.trouble:
            yield f"{name} told nothing: {feed.trouble}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
