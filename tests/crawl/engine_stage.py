"""A watch on a ledger of its own, with feeds and pushes that are at hand."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.crawl.desk import Desk
from leakscan.crawl.engine import Engine
from leakscan.crawl.feeders import Feeders
from leakscan.crawl.feeding import LEASE, Feeding
from leakscan.crawl.feeds.events import Event
from leakscan.crawl.feeds.poll import Poll
from leakscan.crawl.hands import Inbox, Workers
from leakscan.crawl.looks.follow import Means
from leakscan.crawl.pace import Pace
from leakscan.crawl.texts import search_texts
from leakscan.detect import Detector
from leakscan.ledger.duties import Duties
from leakscan.ledger.feeds import Feeds
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.record import Recorder
from leakscan.ledger.runs import start_run
from leakscan.model import Kind, Location
from leakscan.rules import load_rules, select_rules
from leakscan.sources.sighting import Sighting
from pushes import HOST, a_push

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakscan.crawl.figures import Figures
    from leakscan.crawl.looks.follow import Spent
    from leakscan.model import Finding
    from leakscan.push import Push
    from leakscan.sources.sighting import Tally
    from ledgers import Desk as LedgerDesk

RULES = select_rules(load_rules(), [])
DEADLINE = 30.0


def an_event(push: Push) -> Event:
    return Event("1", "PushEvent", push.repository, push.repository_id, push.happened_at, push)


def a_poll(*pushes: Push, cursor: str = "end", wait: float = 60.0) -> Poll:
    events = tuple(map(an_event, pushes))
    return Poll(events, read=len(events), fresh=len(events), cursor=cursor, wait=wait)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def run_beside(engine: Engine, then: Callable[[], None]) -> None:
    """Run an engine while something else goes on; if that fails, the engine ends."""
    troubles: list[BaseException] = []

    def go_on() -> None:
        try:
            then()
        except BaseException as error:  # noqa: BLE001 - it is raised below
            troubles.append(error)
            engine.stop()

    thread = threading.Thread(target=go_on)
    thread.start()
    engine.run()
    thread.join()
    if troubles:
        raise troubles[0]


@dataclass
class Shelf:
    """A reader of pushes: what each holds, or what goes wrong, by the name of its repository.

    Attributes:
        mended_after: how often a push goes wrong; ``None`` for always.
        gate: closed while it is not set; whoever reads waits before it.
    """

    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    mended_after: int | None = None
    delay: float = 0.0
    gate: threading.Event = field(default_factory=threading.Event)
    reads: Counter[str] = field(default_factory=Counter)
    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    via: str = "git"
    pace: Pace = field(default_factory=lambda: Pace(4))

    def __post_init__(self) -> None:
        self.gate.set()

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        name = push.repository
        with self.lock:
            self.reads[name] += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            time.sleep(self.delay)
            assert self.gate.wait(DEADLINE)
            spent.git_requests += 1
            text = self.texts.get(name, "")
            if text:
                tally.read(len(text))
            for match in Detector(RULES).search(text.encode()):
                yield Sighting(match, Location(Kind.BLOB, f"https://{HOST}/{name}"))
            is_mended = self.mended_after is not None and self.reads[name] > self.mended_after
            if name in self.errors and not is_mended:
                raise self.errors[name]
        finally:
            with self.lock:
                self.inside -= 1


@dataclass
class Told:
    """A feed that tells what is at hand, one poll after the other; or an error.

    Attributes:
        then: called when nothing is left to tell.
        gate: closed while it is not set; who asks waits before it.
    """

    name: str
    answers: list[Poll | Exception]
    then: Callable[[], None] = lambda: None
    cursors: list[str | None] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def poll(self, cursor: str | None) -> Poll:
        self.cursors.append(cursor)
        assert self.gate.wait(DEADLINE)
        if not self.answers:
            self.then()
            return Poll(wait=60, cursor="end")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def some_feeds(count: int) -> list[Told]:
    """Make feeds of repositories that tell of one push each."""
    return [Told(f"repo:acme/app{number}", [a_poll(a_push(number))]) for number in range(count)]


@dataclass
class Listener:
    said: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    old: list[Finding] = field(default_factory=list)
    most_in_hand: int = 0

    def say(self, line: str) -> None:
        self.said.append(line)

    def remark(self, line: str) -> None:
        self.remarks.append(line)

    def found(self, findings: Sequence[Finding]) -> None:
        self.findings += findings

    def known(self, findings: Sequence[Finding]) -> None:
        self.old += findings

    def show(self, figures: Figures) -> None:
        self.most_in_hand = max(self.most_in_hand, figures.in_hand)


@dataclass
class Watch:
    """An engine on a ledger of its own.

    Attributes:
        shelf, others: the ways of reading pushes, the first one first.
    """

    ledgers: LedgerDesk
    shelf: Shelf = field(default_factory=Shelf)
    others: tuple[Shelf, ...] = ()
    feeds: list[Told] = field(default_factory=list)
    listener: Listener = field(default_factory=Listener)
    answered: list[int] = field(default_factory=list)

    @property
    def pushes(self) -> PushQueue:
        return PushQueue(self.ledgers.ledger, HOST)

    def engine(
        self,
        *,
        once: bool = True,
        most: int = 4,
        parting: float = 5,
        soon: float = 5,
        first_wait: float | None = None,
    ) -> Engine:
        """Make an engine.

        Args:
            once, parting, soon: of the engine.
            most: workers.
            first_wait: seconds after which a feed that fails is asked again; ``None`` for as usual.
        """
        ledger, vault = self.ledgers.ledger, self.ledgers.vault
        run = start_run(ledger, "public pushes", None, "check")
        desk = Desk(
            queue=self.pushes,
            recorder=Recorder(ledger, vault, Duties(), run),
            present=lambda result: result,
            clean=lambda text: text.replace("hide-me", "***"),
            answer=self.answered.extend,
            view=self.listener,
            patience=0.5,
        )
        self.shelf.pace = Pace(most)
        means = Means((self.shelf, *self.others), RULES, bytes(32), f"https://{HOST}")
        inbox: Inbox = Inbox()
        feeders = Feeders(
            self.feeds, lambda poll: search_texts(poll, Detector(RULES), means), inbox
        )
        for lane in feeders.lanes if first_wait is not None else ():
            lane.first_wait = first_wait
        return Engine(
            desk=desk,
            feeding=Feeding(feeders, Feeds(ledger, LEASE), desk, once),
            workers=Workers(most, means, inbox, moment=0.05),
            means=means,
            inbox=inbox,
            once=once,
            parting=parting,
            turn=0.05,
            idle=0.05,
            soon=soon,
        )

    def run(self, **options: float) -> Figures:
        engine = self.engine(**options)  # type: ignore[arg-type]
        engine.run()
        return engine.desk.figures

    def queue(self, *pushes: Push) -> None:
        self.pushes.add(pushes)

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.ledgers.rows("pushes", "state"))

    def attempts(self) -> set[int]:
        return {row.attempts for row in self.ledgers.rows("pushes", "attempts")}
