"""Put a watch together, run it, and see it off."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.cli.detection import open_detectors
from leakscan.cli.watch_answers import Answering
from leakscan.cli.watch_plan import Ending, Plan
from leakscan.crawl.desk import Desk
from leakscan.crawl.engine import Engine
from leakscan.crawl.feeding import LEASE, Feeding, search_texts
from leakscan.crawl.feeds.archive import ArchiveFeed
from leakscan.crawl.feeds.sources import feeds_of
from leakscan.crawl.hands import Feeder, Inbox, Workers
from leakscan.crawl.looks.follow import Means
from leakscan.crawl.looks.readers import ApiReader, GitReader
from leakscan.crawl.pace import Pace
from leakscan.fingerprint import fingerprint, load_key
from leakscan.git.wire import Limits, Wire
from leakscan.ledger.feeds import Feeds
from leakscan.ledger.prune import prune
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.queue import Queue
from leakscan.ledger.record import Recorder
from leakscan.ledger.runs import finish_run, has_findings_key, start_run
from leakscan.model import Coverage, ScanResult, Secret, Skip
from leakscan.push import PushState
from leakscan.report.presentable import presentable, presentable_line
from leakscan.safe_text import encodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from leakscan.cli.ledger_access import Response
    from leakscan.cli.watch_tellers import LiveTeller, LogTeller
    from leakscan.config import Config
    from leakscan.crawl.feeds.poll import Feed
    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.looks.follow import Reader
    from leakscan.detect import Detector
    from leakscan.model import Rule

PARTING, AT_ONCE = 30.0, 2.0
"""Seconds that answers to what was found may take at the end of a watch, and when it is stopped at
once or the ledger fails; what is not done stays due."""

EVERY = 3600.0
"""Seconds between two looks for what the queue need not remember any more."""


def run_watch(
    plan: Plan, github: GitHub, response: Response, teller: LogTeller | LiveTeller
) -> Ending:
    """Watch until it is over.

    Args:
        plan: what to watch.
        github: its API.
        response: the open ledger, and who answers leaks.
        teller: tells people what goes on.

    Raises:
        UsageError: the configuration is wrong, or the fingerprint key is not the ledger's.
        LeakscanError: the ledger failed for good.
    """
    feeds = _feeds(plan, github)
    key = _key(plan.config, response)
    ledger, rules = response.ledger, tuple(response.rules.values())
    started = time.monotonic()
    with (
        open_detectors(plan.config) as detector,
        contextlib.closing(Wire(connections=plan.watch.concurrency)) as wire,
    ):
        run = _begin(plan, github, response, key)
        answering = Answering(response, teller.event, teller.say)
        desk = Desk(
            queue=PushQueue(ledger),
            host=github.host,
            recorder=Recorder(ledger, response.vault, response.settings.duties, run),
            present=lambda result: _presentable(result, rules),
            clean=cleaner(rules),
            answer=answering.answer,
            teller=teller,
        )
        means = Means(
            readers=_readers(plan, github, wire, detector),
            rules=detector().rules,
            key=key,
            site=plan.site.git_url,
        )
        engine = _engine(plan, desk, means, feeds, detector)
        patience = AT_ONCE
        try:
            with _stopping(engine), _tidying(plan, response, teller.say):
                engine.run()
            _end(desk, run, time.monotonic() - started)
            patience = PARTING
        finally:
            answering.finish(patience)
        queue = Queue(ledger)
        return Ending(
            desk.figures,
            sum(desk.queue.counts(PushState.SEEN, PushState.FAILED).values()),
            queue.unfinished(sorted(desk.figures.findings)),
            engine.was_stopped,
            answering.is_well,
        )


def _engine(
    plan: Plan,
    desk: Desk,
    means: Means,
    feeds: Sequence[Feed],
    detector: Callable[[], Detector],
) -> Engine:
    inbox: Inbox = Inbox()
    paces = {
        "git": Pace(plan.watch.concurrency),
        "api": Pace(min(plan.watch.concurrency, plan.watch.api_concurrency)),
    }
    feeders = {
        feed.name: Feeder(feed, lambda poll: search_texts(poll, detector(), means), inbox)
        for feed in feeds
    }
    return Engine(
        desk=desk,
        feeding=Feeding(feeders, Feeds(desk.queue.ledger, LEASE), desk, plan.once),
        workers=Workers(plan.watch.concurrency, means, paces, inbox),
        means=means,
        paces=paces,
        inbox=inbox,
        once=plan.once,
        seconds=plan.seconds,
    )


def _feeds(plan: Plan, github: GitHub) -> list[Feed]:
    watch = plan.watch
    feeds: list[Feed] = list(feeds_of(watch.sources, github, watch.search, watch.poll))
    return feeds + [ArchiveFeed(name, github.host) for name in plan.archives]


def _readers(
    plan: Plan, github: GitHub, wire: Wire, detector: Callable[[], Detector]
) -> tuple[Reader, ...]:
    limits = Limits(
        plan.watch.limits.pack,
        plan.watch.limits.seconds,
        plan.watch.limits.blob,
        plan.watch.limits.depth,
    )
    by_git = GitReader(plan.site.git_url, wire, detector, limits, plan.watch.limits.repository)
    by_api = ApiReader(plan.site.git_url, github, detector, limits)
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
    scope = presentable_line(", ".join((*plan.watch.sources, *plan.archives)))
    return start_run(response.ledger, f"public pushes of {github.host}", scope, check)


def _end(desk: Desk, run: int, seconds: float) -> None:
    """Note what the watch has read and what not; a ledger that fails now has failed before."""
    figures = desk.figures
    gaps = [(f"{n:,} pushes", f"{trouble}") for trouble, n in sorted(figures.skipped.items())]
    gaps += [(f"{figures.partial:,} pushes", "read in part")] if figures.partial else []
    waiting = len(figures.failing | figures.given_back)
    gaps += [(f"{waiting:,} pushes", "to be looked at again")] if waiting else []
    gaps += [(f"feed {name}", feed.trouble) for name, feed in figures.feeds.items() if feed.trouble]
    coverage = Coverage(
        figures.objects,
        figures.bytes,
        seconds,
        () if figures.is_whole else tuple(Skip(what, why) for what, why in gaps),
    )
    finish_run(desk.queue.ledger, run, coverage, len(figures.findings))


def _presentable(result: ScanResult, rules: tuple[Rule, ...]) -> ScanResult:
    """Redact what looks like a secret to any rule, also to those that were not searched for."""
    return presentable(replace(result, rules=rules), show_secrets=False)


def cleaner(rules: tuple[Rule, ...]) -> Callable[[str], str]:
    """Return what redacts a text; it hardly looks at nearly all of them."""
    prefixes = [prefix for rule in rules for prefix in rule.prefixes]

    def clean(text: str) -> str:
        if not any(prefix in text for prefix in prefixes):
            return encodable(text)
        return _presentable(ScanResult(text, (), Coverage(), rules), rules).target

    return clean


@contextlib.contextmanager
def _stopping(engine: Engine) -> Iterator[None]:
    """Have the first signal end the watch in good order, and the next one at once."""
    usual = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup has it
    }

    def stop(_number: int, _frame: FrameType | None) -> None:
        engine.stop()
        for number, handler in usual.items():
            signal.signal(number, handler)

    for number in usual:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _tidying(plan: Plan, response: Response, say: Callable[[str], None]) -> Iterator[None]:
    """Forget old pushes once an hour, in a thread, and once at the end of a run by a timer."""
    is_over = threading.Event()

    def tidy() -> None:
        try:
            before = datetime.now(UTC) - plan.watch.keep
            PushQueue(response.ledger).abandon(before)
            prune(response.ledger, before)
        except Exception as error:  # noqa: BLE001 - the watch goes on without
            say(f"old pushes could not be forgotten ({type(error).__name__}); tried again later")

    def run() -> None:
        while not is_over.wait(EVERY):
            tidy()

    thread = threading.Thread(target=run, name="leakscan-tidy", daemon=True)
    thread.start()
    try:
        yield
        if plan.once:
            tidy()
    finally:
        is_over.set()
