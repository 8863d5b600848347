"""The running job, on a real ledger, with feeds and pushes that are at hand."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from leakscan.crawl import desk as desk_module
from leakscan.crawl.desk import MOST_RETURNS, Desk
from leakscan.crawl.engine import MOST_AHEAD, Engine
from leakscan.crawl.feeding import LEASE, Feeding, search_texts
from leakscan.crawl.feeds.events import Event
from leakscan.crawl.feeds.poll import Poll
from leakscan.crawl.hands import Feeder, Inbox, Workers
from leakscan.crawl.looks.follow import Means
from leakscan.crawl.pace import Pace
from leakscan.detect import Detector
from leakscan.errors import LeakscanError
from leakscan.ledger.duties import Duties
from leakscan.ledger.feeds import Feeds
from leakscan.ledger.push_queue import PushQueue
from leakscan.ledger.push_tables import feeds as feed_table
from leakscan.ledger.push_tables import pushes as push_table
from leakscan.ledger.record import Recorder
from leakscan.ledger.runs import start_run
from leakscan.model import Kind, Location
from leakscan.push import Push, PushKind, PushState
from leakscan.rules import load_rules, select_rules
from leakscan.sources.sighting import Sighting
from leakscan.trouble import Trouble, TroubleError
from ledgers import Desk as LedgerDesk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from leakscan.crawl.figures import Figures
    from leakscan.crawl.looks.follow import Spent
    from leakscan.model import Finding
    from leakscan.sources.sighting import Tally

RULES = select_rules(load_rules(), [])
HOST = "github.com"


def a_push(number: int, **changes: object) -> Push:
    push = Push(
        PushKind.PUSH, HOST, number, f"acme/app{number}", "refs/heads/main", "a" * 40,
        f"{number:040x}", datetime.now(UTC), "events",
    )  # fmt: skip
    return replace(push, **changes)  # type: ignore[arg-type]


def an_event(push: Push) -> Event:
    return Event("1", "PushEvent", push.repository, push.repository_id, push.happened_at, push)


@dataclass
class Shelf:
    """A reader of pushes: what each holds, or what goes wrong, by the name of its repository."""

    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    delay: float = 0.0
    reads: Counter[str] = field(default_factory=Counter)
    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    via: str = "git"

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        with self.lock:
            self.reads[push.repository] += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            time.sleep(self.delay)
            spent.git_requests += 1
            text = self.texts.get(push.repository, "")
            tally.read(len(text))
            for match in Detector(RULES).search(text.encode()):
                yield Sighting(match, Location(Kind.BLOB, f"https://{HOST}/{push.repository}"))
            if push.repository in self.errors:
                raise self.errors[push.repository]
        finally:
            with self.lock:
                self.inside -= 1


@dataclass
class Told:
    """A feed that tells what is at hand, one poll after the other; or an error."""

    name: str
    answers: list[Poll | Exception]
    cursors: list[str | None] = field(default_factory=list)

    def poll(self, cursor: str | None) -> Poll:
        self.cursors.append(cursor)
        answer = self.answers.pop(0) if self.answers else Poll(wait=0.2, cursor="end")
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Listener:
    said: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    most_in_hand: int = 0

    def say(self, line: str) -> None:
        self.said.append(line)

    def remark(self, line: str) -> None:
        self.remarks.append(line)

    def found(self, findings: Sequence[Finding]) -> None:
        self.findings += findings

    def show(self, figures: Figures) -> None:
        self.most_in_hand = max(self.most_in_hand, figures.in_hand)


@dataclass
class Watch:
    """An engine on a ledger of its own."""

    ledgers: LedgerDesk
    shelf: Shelf
    feeds: list[Told] = field(default_factory=list)
    listener: Listener = field(default_factory=Listener)
    answered: list[int] = field(default_factory=list)
    engines: list[Engine] = field(default_factory=list)

    def engine(
        self, *, once: bool = True, most: int = 4, seconds: float | None = None, parting: float = 5
    ) -> Engine:
        ledger, vault = self.ledgers.ledger, self.ledgers.vault
        run = start_run(ledger, "public pushes", None, "check")
        desk = Desk(
            queue=PushQueue(ledger),
            host=HOST,
            recorder=Recorder(ledger, vault, Duties(), run),
            present=lambda result: result,
            clean=lambda text: text.replace("hide-me", "***"),
            answer=self.answered.extend,
            teller=self.listener,
            patience=0.5,
        )
        means = Means((self.shelf,), RULES, bytes(32), f"https://{HOST}")
        inbox: Inbox = Inbox()
        paces = {"git": Pace(most), "api": Pace(most)}
        feeders = {
            feed.name: Feeder(feed, lambda poll: search_texts(poll, Detector(RULES), means), inbox)
            for feed in self.feeds
        }
        feeding = Feeding(feeders, Feeds(ledger, LEASE), desk, once)
        workers = Workers(most, means, paces, inbox)
        made = Engine(desk, feeding, workers, means, paces, inbox, once, seconds, parting)
        self.engines.append(made)
        return made

    def run(self, **options: object) -> Figures:
        engine = self.engine(**options)  # type: ignore[arg-type]
        engine.run()
        return engine.desk.figures

    def queue(self, *pushes: Push) -> None:
        PushQueue(self.ledgers.ledger).add(pushes)

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.ledgers.rows("pushes", "state"))


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with LedgerDesk.open(str(tmp_path / "ledger.sqlite3"), tmp_path / "ledger.key") as desk:
        yield Watch(desk, Shelf())


def test_everything_due_is_looked_at_and_counted(
    watch: Watch, new_token: Callable[[], str]
) -> None:
    watch.queue(*map(a_push, range(100)))
    watch.shelf.texts = {f"acme/app{number}": new_token() for number in range(0, 100, 10)}
    figures = watch.run()
    assert (figures.scanned, len(figures.findings)) == (100, 10)
    assert sorted(watch.answered) == sorted(figures.findings)
    assert len(watch.listener.findings) == 10
    assert watch.states() == {"scanned": 100}
    assert set(watch.shelf.reads.values()) == {1}
    rows = watch.ledgers.rows("pushes", "findings, git_requests, run_id")
    assert sum(row.findings for row in rows) == 10
    assert {(row.git_requests, row.run_id) for row in rows} == {(1, 1)}


def test_what_feeds_tell_is_queued_before_they_move_on(watch: Watch) -> None:
    polls: list[Poll | Exception] = [
        Poll(tuple(an_event(a_push(n)) for n in range(5)), read=5, fresh=5, cursor="one", wait=60)
    ]
    watch.feeds = [Told("events", polls)]
    figures = watch.run()
    assert (figures.seen, figures.scanned) == (5, 5)
    assert watch.feeds[0].cursors == [None]
    assert Feeds(watch.ledgers.ledger).cursor("events") == "one"
    (row,) = watch.ledgers.rows("polls")
    assert (row.read, row.pushes, row.fresh) == (5, 5, 5)


def test_a_feed_goes_on_from_its_cursor(watch: Watch) -> None:
    answers: list[Poll | Exception] = [
        Poll((an_event(a_push(n)),), read=1, fresh=1, cursor=str(n), wait=0) for n in range(3)
    ]
    watch.feeds = [Told("events", answers)]
    figures = watch.run(once=False, seconds=2.0)
    assert watch.feeds[0].cursors[:4] == [None, "0", "1", "2"]
    assert figures.scanned == 3


def test_a_feed_that_fails_is_said_once_and_the_others_go_on(watch: Watch) -> None:
    down = TroubleError(Trouble.UNREACHABLE, "no route", "check the network")
    told = Poll((an_event(a_push(1)),), read=1, fresh=1, cursor="x")
    watch.feeds = [Told("org:acme", [down]), Told("user:ada", [ValueError("x")]), Told("e", [told])]
    figures = watch.run()
    assert figures.scanned == 1
    unexpected, expected = sorted(watch.listener.said, key=lambda line: "no route" in line)
    assert expected == "org:acme: no route: check the network"
    assert unexpected.startswith("user:ada: internal error (ValueError in test_engine.py:")
    assert not figures.is_whole
    rows = {row.feed: row.why for row in watch.ledgers.rows("polls", "feed, why")}
    assert rows["org:acme"] == "no route: check the network"
    assert rows["e"] is None


def test_a_secret_in_the_text_of_an_event_is_found(
    watch: Watch, new_token: Callable[[], str]
) -> None:
    from leakscan.crawl.feeds.event_texts import Text

    event = replace(an_event(a_push(1)), push=None, texts=(Text("issue 1", None, new_token()),))
    watch.feeds = [Told("events", [Poll((event,), read=1, fresh=1, cursor="x")])]
    assert len(watch.run().findings) == 1
    assert len(watch.answered) == 1


def test_texts_that_look_like_secrets_are_redacted_in_the_queue(watch: Watch) -> None:
    known = a_push(1, ref="refs/heads/hide-me", default_branch="refs/heads/hide-me")
    unknown = a_push(2, kind=PushKind.BRANCH, ref="refs/heads/hide-me", head=None)
    poll = Poll((an_event(known), an_event(unknown)), read=2, fresh=2, cursor="x")
    watch.feeds = [Told("events", [poll])]
    watch.shelf.errors = {
        "acme/app1": TroubleError(Trouble.GONE, "there is no refs/heads/hide-me here")
    }
    watch.run()
    rows = watch.ledgers.rows("pushes", "ref, default_branch, why")
    assert {tuple(row) for row in rows} == {
        ("refs/heads/***", "refs/heads/***", "there is no refs/heads/*** here"),
        ("", None, None),  # all of it is looked at
    }


def test_no_more_conversations_than_wanted_at_once(watch: Watch) -> None:
    watch.queue(*map(a_push, range(40)))
    watch.shelf.delay = 0.02
    watch.run(most=3)
    assert watch.shelf.most == 3


def test_claims_in_hand_are_bounded_however_much_waits(watch: Watch) -> None:
    watch.queue(*map(a_push, range(2000)))
    assert watch.run(most=4).scanned == 2000
    assert 4 <= watch.listener.most_in_hand <= MOST_AHEAD


def test_a_server_that_asks_for_a_rest_gets_its_claims_back(watch: Watch) -> None:
    watch.queue(*map(a_push, range(50)))
    busy = TroubleError(Trouble.BUSY, "busy", "wait", 500)
    watch.shelf.errors = {f"acme/app{number}": busy for number in range(50)}
    started = time.monotonic()
    figures = watch.run(most=2)
    assert time.monotonic() - started < 10
    assert sum(watch.shelf.reads.values()) <= 2
    assert (figures.scanned, figures.failing) == (0, set())
    assert watch.states() == {"seen": 50}
    assert {row.attempts for row in watch.ledgers.rows("pushes", "attempts")} == {0}


def test_a_push_that_is_always_busy_counts_as_failed_in_the_end(watch: Watch) -> None:
    watch.queue(a_push(1), a_push(2))
    watch.shelf.errors = {"acme/app1": TroubleError(Trouble.BUSY, "busy", "wait", 0.2)}
    figures = watch.run(most=1)
    assert watch.shelf.reads["acme/app1"] == MOST_RETURNS + 1
    assert (figures.scanned, len(figures.failing)) == (1, 1)
    assert watch.states() == {"scanned": 1, "failed": 1}


def test_a_worker_that_meets_the_unexpected_goes_on(watch: Watch) -> None:
    watch.queue(*map(a_push, range(20)))
    watch.shelf.errors = {f"acme/app{number}": RuntimeError("x") for number in range(10)}
    figures = watch.run(most=2)
    assert (figures.scanned, len(figures.failing)) == (10, 10)
    whys = {row.why for row in watch.ledgers.rows("pushes", "why")}
    assert any(
        why and why.startswith("internal error (RuntimeError in test_engine") for why in whys
    )


def test_pushes_of_another_site_are_left_for_its_own_watch(watch: Watch) -> None:
    watch.queue(a_push(1), a_push(2, host="git.example.com"))
    figures = watch.run()
    assert figures.scanned == 1
    assert watch.states() == {"scanned": 1, "seen": 1}
    assert set(watch.shelf.reads) == {"acme/app1"}


def test_when_it_is_stopped_what_is_in_hand_is_ended_and_the_rest_given_back(watch: Watch) -> None:
    watch.queue(*map(a_push, range(60)))
    watch.shelf.delay = 0.3
    engine = watch.engine(once=False, most=2)
    threading.Timer(1.0, engine.stop).start()
    engine.run()
    done = engine.desk.figures.scanned
    assert 0 < done < 60
    assert sum(watch.shelf.reads.values()) == done
    assert watch.states() == {"scanned": done, "seen": 60 - done}


def test_what_does_not_end_in_time_is_given_back(watch: Watch) -> None:
    watch.queue(a_push(1))
    watch.shelf.delay = 3
    engine = watch.engine(once=False, parting=0.2)
    threading.Timer(0.5, engine.stop).start()
    started = time.monotonic()
    engine.run()
    assert time.monotonic() - started < 2.5
    assert watch.states() == {"seen": 1}
    time.sleep(3)  # its outcome comes too late
    assert watch.states() == {"seen": 1}


def test_leases_are_renewed_while_a_look_lasts(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.crawl.engine.RENEWAL", 0.2)
    watch.queue(a_push(1))
    watch.shelf.delay = 1.5
    engine = watch.engine()
    engine.desk.queue = PushQueue(watch.ledgers.ledger, timedelta(seconds=0.7))
    engine.run()
    assert (watch.shelf.reads["acme/app1"], watch.states()) == (1, {"scanned": 1})


def test_a_ledger_that_recovers_is_waited_for(watch: Watch) -> None:
    watch.queue(a_push(1))
    engine = watch.engine()
    failures = iter([True, True, False])
    finish = PushQueue.finish

    class Flaky(PushQueue):
        def finish(self, outcomes: Sequence[object], run: int | None) -> int:
            if next(failures, False):
                raise LeakscanError("the ledger failed", "try again")
            return finish(self, outcomes, run)  # type: ignore[arg-type]

    engine.desk.queue, engine.desk.patience = Flaky(watch.ledgers.ledger), 10
    engine.run()
    assert watch.states() == {"scanned": 1}
    assert watch.listener.said == ["the ledger failed: try again; it is tried again for a moment"]


def test_a_ledger_that_does_not_recover_ends_it_and_nothing_is_lost(watch: Watch) -> None:
    watch.queue(a_push(1))
    engine = watch.engine()

    class Broken(PushQueue):
        def finish(self, outcomes: Sequence[object], run: int | None) -> int:  # noqa: ARG002
            raise LeakscanError("the ledger failed", "make room")

    engine.desk.queue = Broken(watch.ledgers.ledger)
    with pytest.raises(LeakscanError, match="make room"):
        engine.run()
    assert watch.states() == {"scanning": 1}
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with watch.ledgers.ledger.writing() as connection:
        connection.execute(push_table.update().values(lease_until=long_ago))
        connection.execute(feed_table.update().values(due_at=long_ago))
    assert watch.run().scanned == 1


def test_a_run_that_ends_by_itself_waits_for_a_short_rest_only(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "SOON", 5.0)
    watch.queue(a_push(1), a_push(2))
    watch.shelf.errors = {"acme/app1": TroubleError(Trouble.BUSY, "busy", "wait", 0.5)}
    engine = watch.engine(most=1)
    threading.Timer(0.3, watch.shelf.errors.clear).start()
    engine.run()
    assert engine.desk.figures.scanned == 2
    assert PushState.SCANNED in watch.states()
