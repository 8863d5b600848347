"""Put a watch together, run it, and see it off."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.cli.detection import open_detectors
from leakscan.cli.watch_answers import Answering
from leakscan.cli.watch_forgetting import Forgetting
from leakscan.cli.watch_lacks import doubts, lacks
from leakscan.cli.watch_plan import Ending, Plan
from leakscan.cli.watch_reasons import left_out
from leakscan.cli.watch_retry import retry
from leakscan.cli.watch_signals import ending_in_order
from leakscan.crawl.desk import Desk
from leakscan.crawl.engine import Engine
from leakscan.crawl.feeders import Feeders
from leakscan.crawl.feeding import LEASE, Feeding
from leakscan.crawl.feeds.archive import ArchiveFeed
from leakscan.crawl.feeds.sources import feeds_of
from leakscan.crawl.hands import Inbox, Workers
from leakscan.crawl.looks.follow import Means
from leakscan.crawl.looks.naming import NamingReader
from leakscan.crawl.looks.readers import ApiReader, GitReader
from leakscan.crawl.pace import Pace
from leakscan.crawl.texts import search_texts
from leakscan.errors import UsageError
from leakscan.fingerprint import fingerprint, load_key
from leakscan.git.urls import without_credentials
from leakscan.git.wire import Limits, Wire
from leakscan.ledger.entries import list_undecided
from leakscan.ledger.feeds import Feeds
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.queue import Queue
from leakscan.ledger.record import Recorder
from leakscan.ledger.runs import finish_run, has_findings_key, start_run
from leakscan.ledger.watched import WATCH, pending
from leakscan.model import Coverage, ScanResult, Secret
from leakscan.push import PushState
from leakscan.report.encoded_signs import EncodedSigns
from leakscan.report.presentable import presentable, presentable_line
from leakscan.safe_text import encodable, safe_text
from leakscan.sources.leftovers import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from leakscan.cli.ledger_access import Response
    from leakscan.cli.watch_views import LiveView, LogView
    from leakscan.config import Config
    from leakscan.crawl.feeds.poll import Feed
    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.looks.follow import Reader
    from leakscan.detect import Detector
    from leakscan.model import Rule, Skip

_WAITING = (PushState.SEEN, PushState.FAILED, PushState.SCANNING)
"""What is not ended; in hand may be what a watch that died has left behind."""

LAST_ANSWERS, AT_ONCE = 30.0, 2.0
"""Seconds that answers to what was found may take at the end of a watch, and when it is stopped at
once or the ledger fails; what is not done stays due."""


def run_watch(plan: Plan, github: GitHub, response: Response, view: LogView | LiveView) -> Ending:
    """Watch until it is over.

    Args:
        plan: what to watch.
        github: its API.
        response: the open ledger, and who answers leaks.
        view: tells people what goes on.

    Raises:
        UsageError: the configuration is wrong, or the fingerprint key is not the ledger's.
        LeakscanError: the ledger failed for good.
    """
    sweep()
    feeds = _feeds(plan, github)
    key = _key(plan.config, response)
    started, began_at = time.monotonic(), datetime.now(UTC)
    with (
        open_detectors(plan.config) as detector,
        contextlib.closing(Wire(connections=plan.watch.concurrency)) as wire,
    ):
        run = _begin(plan, github, response, key)
        searched = detector().rules
        lacking = _tell_lacks(plan, github, response, searched, view)
        answering = Answering(response, view.event, view.say)
        desk = _desk(github, response, run, searched, answering, view)
        means = _means(plan, github, wire, detector, key)
        engine = _engine(plan, desk, means, feeds, detector)
        patience = AT_ONCE
        try:
            if plan.retry:
                _retry_first(desk, feeds, plan.watch.keep, view)
            _run(engine, plan.watch.keep, view)
            waiting = desk.queue.counts(*_WAITING)
            reasons = _reasons(desk, engine, waiting)
            _note_end(desk, run, time.monotonic() - started, reasons)
            patience = LAST_ANSWERS
        finally:
            answering.finish(patience)
        found, ledger = desk.figures.findings, response.ledger
        alive = Queue(ledger).unfinished(sorted(found))
        return Ending(
            desk.figures,
            left_out=reasons,
            waiting=sum(waiting.values()),
            in_hand=waiting[PushState.SCANNING],
            alive=alive,
            alive_earlier=max(0, pending(ledger) - alive),
            undecided=tuple(list_undecided(ledger, found, response.settings.duties)),
            answered_well=answering.is_well,
            lacks=lacking,
            refused=github.refused,
            began_at=began_at,
        )


def _tell_lacks(
    plan: Plan,
    github: GitHub,
    response: Response,
    searched: Sequence[Rule],
    view: LogView | LiveView,
) -> tuple[str, ...]:
    """Say what the configuration lacks to answer leaks, and what is doubtful in it."""
    lacking = (
        *lacks(response.settings, [rule.id for rule in searched]),
        *doubts(plan.watch, is_anonymous=github.is_anonymous),
    )
    for lack in lacking:
        view.remark(lack)
    return lacking


def _run(engine: Engine, keep: timedelta, view: LogView | LiveView) -> None:
    """Run the engine, and forget beside it what has waited too long."""
    forgetting = Forgetting(engine.desk.queue, keep, view.say)
    with ending_in_order(engine.stop), forgetting:
        engine.run()
    engine.desk.figures.given_up += forgetting.given_up


def _retry_first(
    desk: Desk, feeds: Sequence[Feed], keep: timedelta, view: LogView | LiveView
) -> None:
    """Make due again what was left out before, and say how much that is."""
    names = [feed.name for feed in feeds]
    view.remark(desk.try_for_a_while(lambda: retry(desk.queue, names, keep)))


def _desk(
    github: GitHub,
    response: Response,
    run: int,
    searched: tuple[Rule, ...],
    answering: Answering,
    view: LogView | LiveView,
) -> Desk:
    ledger, rules = response.ledger, tuple(response.rules.values())
    return Desk(
        queue=PushQueue(ledger, github.host),
        recorder=Recorder(ledger, response.vault, response.settings.duties, run),
        present=lambda result: _presentable(result, rules),
        clean=cleaner(rules, searched),
        answer=answering.answer,
        view=view,
    )


def _means(
    plan: Plan, github: GitHub, wire: Wire, detector: Callable[[], Detector], key: bytes
) -> Means:
    return Means(
        readers=_readers(plan, github, wire, detector),
        rules=detector().rules,
        key=key,
        site=plan.site.git_url,
        asks_about_refusals=not github.is_anonymous,
    )


def _engine(
    plan: Plan,
    desk: Desk,
    means: Means,
    feeds: Sequence[Feed],
    detector: Callable[[], Detector],
) -> Engine:
    inbox: Inbox = Inbox()
    feeders = Feeders(feeds, lambda poll: search_texts(poll, detector(), means), inbox)
    return Engine(
        desk=desk,
        feeding=Feeding(feeders, Feeds(desk.queue.ledger, LEASE), desk, plan.once),
        workers=Workers(plan.watch.concurrency, means, inbox),
        means=means,
        inbox=inbox,
        once=plan.once,
        seconds=plan.seconds,
    )


def _feeds(plan: Plan, github: GitHub) -> list[Feed]:
    watch = plan.watch
    feeds: dict[str, Feed] = {
        feed.name: feed for feed in feeds_of(watch.sources, github, watch.search, watch.poll)
    }
    for archive in plan.archives:
        feed = ArchiveFeed(archive, github.host)
        if feed.name in feeds:
            what = f"--archive {safe_text(without_credentials(archive))} is there twice"
            raise UsageError(what, "say it once")
        feeds[feed.name] = feed
    return list(feeds.values())


def _readers(
    plan: Plan, github: GitHub, wire: Wire, detector: Callable[[], Detector]
) -> tuple[Reader, ...]:
    chosen, most = plan.watch.limits, plan.watch.concurrency
    limits = Limits(
        bytes=chosen.pack, seconds=chosen.seconds, blob_bytes=chosen.blob, depth=chosen.depth
    )
    by_git = NamingReader(
        GitReader(plan.site.git_url, wire, detector, limits, chosen.repository, Pace(most)),
        github,
    )
    by_api = ApiReader(
        plan.site.git_url, github, detector, limits, Pace(min(most, plan.watch.api_concurrency))
    )
    ways: dict[str, tuple[Reader, ...]] = {
        "git": (by_git,),
        "api": (by_api,),
        "auto": (by_git, by_api),
    }
    return ways[plan.watch.via]


def _key(config: Config, response: Response) -> bytes:
    return load_key(config.fingerprint_key_file, make=not has_findings_key(response.ledger))


def _begin(plan: Plan, github: GitHub, response: Response, key: bytes) -> int:
    """Note in the ledger that a watch begins."""
    check = fingerprint(key, "leakscan ledger", Secret("fingerprint key check"))
    scope = ", ".join((*plan.watch.sources, *map(without_credentials, plan.archives)))
    scope = presentable_line(scope)
    return start_run(response.ledger, f"{WATCH}{github.host}", scope, check)


def _reasons(desk: Desk, engine: Engine, waiting: Mapping[PushState, int]) -> tuple[Skip, ...]:
    """Return why this is no all-clear; that another watch is at work alone is no reason."""
    in_vain = min(desk.queue.in_vain(), waiting[PushState.SCANNING])
    unbegun = waiting[PushState.SEEN] + waiting[PushState.SCANNING] - in_vain
    failed_before = max(0, waiting[PushState.FAILED] - len(desk.figures.failing))
    return tuple(
        left_out(
            desk.figures,
            unbegun if engine.was_stopped else 0,
            engine.unreached,
            failed=failed_before,
            in_vain=in_vain,
        )
    )


def _note_end(desk: Desk, run: int, seconds: float, reasons: tuple[Skip, ...]) -> None:
    """Note what the watch has read and what not; a ledger that fails now has failed before."""
    figures = desk.figures
    coverage = Coverage(figures.objects, figures.bytes, seconds, reasons)
    finish_run(desk.queue.ledger, run, coverage, len(figures.findings))


def _presentable(result: ScanResult, rules: tuple[Rule, ...]) -> ScanResult:
    """Redact what looks like a secret to any rule, also to those that were not searched for."""
    return presentable(replace(result, rules=rules), show_secrets=False, encoded=result.rules)


def cleaner(rules: tuple[Rule, ...], searched: tuple[Rule, ...]) -> Callable[[str], str]:
    """Return what redacts a text; it hardly looks at nearly all of them.

    Args:
        rules: all that are known.
        searched: those whose secrets are redacted where they stand encoded, too.
    """
    prefixes = [prefix for rule in rules for prefix in rule.prefixes]
    signs = EncodedSigns(searched)

    def clean(text: str) -> str:
        shown = encodable(text)
        if not any(prefix in shown for prefix in prefixes) and not signs.stand_in(shown.encode()):
            return shown
        return _presentable(ScanResult(text, (), Coverage(), searched), rules).target

    return clean
