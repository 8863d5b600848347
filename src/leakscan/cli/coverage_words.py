"""The coverage of a watch, for people and as plain JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from leakscan.report.amounts import count, duration, size
from leakscan.report.words import encodable_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leakscan.ledger.coverage import FeedTrouble, WatchCoverage
    from leakscan.ledger.fates import Fates
    from leakscan.ledger.shares import Lag, Share

SCHEMA = "leakscan-coverage/v1"

WHY = {
    "gone": "deleted, or private by the time of the look",
    "blocked": "blocked by the site, as after a DMCA notice",
    "empty": "nothing in it",
    "nameless": "the name of its repository looks like a secret, and was not kept",
    "refused": "the server refused, as for what is deleted or private",
    "barred": "the server gave us nothing, whatever we asked for",
    "local": "this machine failed, as with a full disk",
    "too-large": "larger than watch.limits allows",
    "too-long": "took longer than watch.limits.seconds",
    "busy": "the server failed, or asked to come again later",
    "unreachable": "the server could not be reached",
    "broken": "what the server sent was damaged",
    "unknown": "files, objects or commits left out",
}
"""What troubles mean, in words."""

KINDS = {
    "push": ("push", "pushes"),
    "branch": ("new branch", "new branches"),
    "tag": ("new tag", "new tags"),
    "public": ("repository made public", "repositories made public"),
}
"""Kinds of pushes in words, one and many."""

_MOST_NAMED = 3
"""Feeds that are named of those that fail for the same reason."""


def write_coverage(coverage: WatchCoverage, out: TextIO) -> None:
    """Write it for people, in characters that ``out`` can hold."""
    out.writelines(encodable_by(out, f"{line}\n") for line in _lines(coverage))


def _lines(coverage: WatchCoverage) -> Iterator[str]:
    total = coverage.total
    yield f"{coverage.since:%Y-%m-%d %H:%M} to {coverage.until:%Y-%m-%d %H:%M} UTC"
    yield ""
    if not total.seen and not coverage.polls:
        yield "Nothing was watched in this time."
        return
    yield f"Pushes that feeds told of    {total.seen:>9,}"
    yield from _fates(total)
    yield ""
    yield from _known("By kind", _kinds(coverage))
    yield from _known("Found", _found(coverage))
    yield from _known("Until we were told", _lag(coverage.seen_lag))
    yield from _known("Until it was scanned", _lag(coverage.ended_lag))
    yield from _known("Looked at last", _ways(coverage))
    yield from _known("Requests", _requests(coverage))
    yield from _known("Read", _read(coverage))
    yield ""
    for name, sums in sorted(coverage.polls.items()):
        parts = [f"asked {_times(sums.polls)}"]
        parts += [
            count(sums.read, "event"),
            "1 new push" if sums.fresh == 1 else f"{sums.fresh:,} new pushes",
        ]
        parts += [f"{_times(sums.failed)} in vain"] if sums.failed else []
        parts += [f"{sums.malformed:,} not understood or not read whole"] if sums.malformed else []
        parts += [count(sums.gaps, "gap")] if sums.gaps else []
        yield f"{name:<24}  {' · '.join(parts)}"
    yield ""
    if coverage.troubles:
        yield from _troubles(coverage)
        yield ""
    yield from _share_lines(coverage)


def _fates(total: Fates) -> Iterator[str]:
    yield f"  scanned whole              {total.whole:>9,}"
    for what, troubles in (
        ("scanned in part", total.partial),
        ("skipped", total.skipped),
        ("failed, tried again later", total.failed),
        ("given up", total.gave_up),
    ):
        for trouble, number in sorted(troubles.items()):
            yield f"  {what:<26} {number:>9,}  {WHY.get(trouble, trouble)}"
    if total.waiting + total.in_hand:
        yield f"  not looked at yet          {total.waiting + total.in_hand:>9,}"


def _kinds(coverage: WatchCoverage) -> str:
    """Count by kind: of a new branch and the push that made it, GitHub tells as of two."""
    numbers = {kind: fates.seen for kind, fates in coverage.by_kind.items()}
    return ", ".join(
        f"{numbers[kind]:,} {KINDS[kind][numbers[kind] != 1]}" for kind in KINDS if kind in numbers
    )


def _found(coverage: WatchCoverage) -> str:
    seen = coverage.watched
    return f"{count(seen.findings, 'different token')}, {seen.new:,} new"


def _ways(coverage: WatchCoverage) -> str:
    ways = {"git": "with git", "api": "through the API"}
    return ", ".join(
        f"{number:,} {ways.get(way, way)}" for way, number in sorted(coverage.by_via.items())
    )


def _troubles(coverage: WatchCoverage) -> Iterator[str]:
    """Say what is wrong with feeds, then what was: each reason once, whomever it holds for."""
    names: dict[tuple[bool, str], list[str]] = {}
    for name, trouble in sorted(coverage.troubles.items()):
        names.setdefault((trouble.is_over, trouble.why), []).append(name)
    for (is_over, why), some in sorted(names.items(), key=lambda item: item[0][0]):
        at = max(coverage.troubles[name].at for name in some)
        rest = len(some) - _MOST_NAMED
        shown = ", ".join(some[:_MOST_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
        verb = "Failed" if is_over else "Fails" if len(some) == 1 else "Fail"
        since = ", and answered since" if is_over else ""
        yield f"{verb}, last at {at:%Y-%m-%d %H:%M:%S} UTC{since}: {shown}"
        yield f"  {why}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _known(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"{name:<24}  {value}"


def _lag(lag: Lag | None) -> str:
    if lag is None:
        return ""
    return (
        f"{duration(lag.median)} for half of them, {duration(lag.p95)} for 95%,"
        f" {duration(lag.longest)} at most"
    )


def _requests(coverage: WatchCoverage) -> str:
    asked = sum(sums.requests for sums in coverage.polls.values())
    costs = coverage.costs
    return (
        f"{count(costs.git_requests, 'git request')} and"
        f" {count(costs.api_requests, 'API call')} for pushes,"
        f" {count(asked, 'API call')} for feeds"
    )


def _read(coverage: WatchCoverage) -> str:
    costs = coverage.costs
    read = f"{count(costs.objects, 'object')}, {size(costs.bytes)}"
    return f"{read}, from {size(costs.received)} received"


def _share_lines(coverage: WatchCoverage) -> Iterator[str]:
    gaps = sum(sums.gaps for sums in coverage.polls.values())
    yield "These are the pushes that GitHub's feeds have shown us; others they have not shown."
    if gaps:
        yield f"{count(gaps, 'time')} a feed may have moved on before we asked again."
    if coverage.of_archive:
        told = _share(coverage.of_archive)
        yield f"Of the pushes that archives know, the live feeds had told of {told}."
    if coverage.of_list:
        told = _share(coverage.of_list)
        yield f"Of those that the watch list told of, the public feed had told of {told}."
    if not coverage.of_archive and not coverage.of_list:
        yield (
            "What share of all pushes that is cannot be said: read the same hours from GH Archive"
            " (`leakscan watch --archive`) to estimate it."
        )


def _share(share: Share) -> str:
    return (
        f"{share.told:,} of {share.known:,}: {share.share:.1%}"
        f" (between {share.low:.1%} and {share.high:.1%} with 95% confidence)"
    )


def coverage_document(coverage: WatchCoverage) -> dict[str, Any]:
    """Return it as plain JSON values."""
    return {
        "since": coverage.since.isoformat(),
        "until": coverage.until.isoformat(),
        "pushes": _fates_document(coverage.total),
        "by_kind": _each(coverage.by_kind),
        "by_feed": _each(coverage.by_feed),
        "by_via": dict(coverage.by_via),
        "findings": coverage.watched.findings,
        "new_findings": coverage.watched.new,
        "objects": coverage.costs.objects,
        "bytes": coverage.costs.bytes,
        "received": coverage.costs.received,
        "requests": {
            "git": coverage.costs.git_requests,
            "api": coverage.costs.api_requests
            + sum(sums.requests for sums in coverage.polls.values()),
        },
        "lag_seconds": {
            "seen": _lag_document(coverage.seen_lag),
            "scanned": _lag_document(coverage.ended_lag),
        },
        "feeds": {
            name: asdict(sums) | _trouble_document(coverage.troubles.get(name))
            for name, sums in sorted(coverage.polls.items())
        },
        "share": shares_document(coverage),
    }


def _trouble_document(trouble: FeedTrouble | None) -> dict[str, Any]:
    if trouble is None:
        return {"trouble": None, "last_failure": None}
    last = {"at": trouble.at.isoformat(), "why": trouble.why}
    return {"trouble": None if trouble.is_over else trouble.why, "last_failure": last}


def shares_document(coverage: WatchCoverage) -> dict[str, Any]:
    """Return the estimated shares of the public feed as plain JSON values; null if unknown."""
    return {
        "since": coverage.since.isoformat(),
        "until": coverage.until.isoformat(),
        "of_archive": _share_document(coverage.of_archive),
        "of_watch_list": _share_document(coverage.of_list),
    }


def _each(some: Mapping[str, Fates]) -> dict[str, Any]:
    return {name: _fates_document(fates) for name, fates in sorted(some.items())}


def _fates_document(fates: Fates) -> dict[str, Any]:
    return {
        "seen": fates.seen,
        "scanned": fates.scanned,
        "partial": dict(fates.partial),
        "skipped": dict(fates.skipped),
        "failed": dict(fates.failed),
        "gave_up": dict(fates.gave_up),
        "waiting": fates.waiting + fates.in_hand,
    }


def _lag_document(lag: Lag | None) -> dict[str, Any] | None:
    if lag is None:
        return None
    return {"median": lag.median, "p95": lag.p95, "max": lag.longest, "pushes": lag.pushes}


def _share_document(share: Share | None) -> dict[str, Any] | None:
    if share is None:
        return None
    return asdict(share) | {"share": round(share.share, 4)}
