"""What a scan has found is answered beside it, and a scan never waits for that."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import LeakscanError
from leakscan.model import ChecksumVerdict, Confidence, Kind, Location, Match, Secret
from leakscan.processes import message, write_all
from leakscan.respond import head_start
from leakscan.respond.head_start import HeadStart
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from leakscan.respond.event import Event


def a_sighting(secret: str, note: str | None = None) -> Sighting:
    match = Match("rule", Secret(secret), 0, 1, 1, Confidence.HIGH, ChecksumVerdict.UNKNOWN)
    return Sighting(match, Location(Kind.BLOB, "repository", note=note))


class Diary:
    """Writes down in a file what it was called with, and waits until it may go on."""

    def __init__(self, folder: Path) -> None:
        self.file, self.gate = folder / "answered", folder / "gate"

    def answer(self, sightings: Sequence[Sighting]) -> Sequence[Event]:
        secrets = [sighting.match.secret.reveal() for sighting in sightings]
        with self.file.open("a", encoding="ascii") as file:
            file.write(",".join(secrets) + "\n")
        while self.gate.exists():
            time.sleep(0.01)
        return secrets  # type: ignore[return-value] - they travel as any others

    @property
    def lines(self) -> list[str]:
        return self.file.read_text("ascii").splitlines() if self.file.exists() else []

    def wait(self, lines: int) -> None:
        while len(self.lines) < lines:
            time.sleep(0.01)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing have waited long enough before the scan ends, however busy the machine is."""
    monkeypatch.setattr(head_start, "PATIENCE", 600)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_start, "PATIENCE", 0.05)


def ended(head: HeadStart, *, is_over: bool) -> Sequence[Event]:
    head.finish(is_over=is_over)
    return head.events


@pytest.mark.usefixtures("at_once")
def test_what_was_found_is_answered_while_the_scan_goes_on(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    diary.wait(1)
    head.tell(a_sighting("two"))
    head.tell(a_sighting("two", "elsewhere"))
    head.tell(a_sighting("one"))
    diary.wait(2)
    assert ended(head, is_over=True) == ["one", "two"]
    assert diary.lines == ["one", "two"]


@pytest.mark.usefixtures("patient")
def test_a_scan_that_ends_soon_answers_itself(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    assert ended(head, is_over=True) == []
    assert diary.lines == []


@pytest.mark.usefixtures("patient")
def test_a_scan_that_is_stopped_has_it_answered(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    head.tell(a_sighting("two"))
    assert ended(head, is_over=False) == ["one", "two"]
    assert diary.lines == ["one,two"]


def test_nothing_is_started_for_a_clean_scan(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert ended(HeadStart(diary.answer), is_over=True) == ()


def test_a_scan_goes_on_where_there_can_be_no_process(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    head = HeadStart(diary.answer)
    for number in range(3000):  # more than there may be open files
        head.tell(a_sighting(str(number)))
    assert ended(head, is_over=False) == ()


@pytest.mark.usefixtures("at_once")
def test_a_scan_does_not_wait_for_a_slow_answer(diary: Diary) -> None:
    diary.gate.touch()
    head = HeadStart(diary.answer)
    head.tell(a_sighting("first"))
    diary.wait(1)
    started = time.monotonic()
    for number in range(5000):  # more than a pipe holds, and more than it takes
        head.tell(a_sighting(f"{number:04}"))
    assert time.monotonic() - started < 20
    diary.gate.unlink()
    events = ended(head, is_over=False)
    assert events[0] == "first"
    assert list(events[1:]) == [f"{number:04}" for number in range(len(events) - 1)]
    assert 10 < len(events) <= head_start.MOST


@pytest.mark.usefixtures("patient")
def test_a_secret_may_be_longer_than_what_a_pipe_takes_at_once(diary: Diary) -> None:
    long = ["a" * 5000, "b" * 300_000, "c" * 5000]
    head = HeadStart(diary.answer)
    for secret in long:
        head.tell(a_sighting(secret))
        while head._unsent:  # the next sighting sends the rest
            head.tell(a_sighting("short"))
    head.tell(a_sighting("short"))
    ended(head, is_over=False)
    (line,) = diary.lines
    assert sorted(line.split(",")) == [*long, "short"]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("error", [LeakscanError("the ledger is locked"), RuntimeError("a bug")])
def test_an_answer_that_fails_is_left_to_the_end(diary: Diary, error: Exception) -> None:
    def fail_once(sightings: Sequence[Sighting]) -> Sequence[Event]:
        if not diary.lines:
            diary.answer(sightings)
            raise error
        return diary.answer(sightings)

    head = HeadStart(fail_once)
    head.tell(a_sighting("one"))
    diary.wait(1)
    head.tell(a_sighting("two"))
    assert ended(head, is_over=False) == ["two"]


@pytest.mark.usefixtures("at_once")
def test_a_scan_survives_its_head_start(diary: Diary) -> None:
    def die(sightings: Sequence[Sighting]) -> Sequence[Event]:
        diary.answer(sightings)
        os.kill(os.getpid(), signal.SIGKILL)
        return ()

    head = HeadStart(die)
    head.tell(a_sighting("one"))
    diary.wait(1)
    for number in range(100):
        head.tell(a_sighting(str(number)))
    assert ended(head, is_over=True) == ()
    assert diary.lines == ["one"]


@pytest.mark.usefixtures("at_once")
def test_half_a_result_is_none(diary: Diary) -> None:
    """Nobody reads it before the end, so that it is killed in the middle of writing this."""

    def much(sightings: Sequence[Sighting]) -> Sequence[Event]:
        diary.answer(sightings)
        return ["x" * 1_000_000]  # type: ignore[list-item] - as above

    head = HeadStart(much)
    head.tell(a_sighting("one"))
    diary.wait(1)
    assert head._pipes
    write_all(head._pipes[0], message(head_start._End.LEAVE))
    while not head_start._is_ready(head._pipes[1], 60):
        pass
    os.kill(head._pid, signal.SIGKILL)
    assert ended(head, is_over=True) == ()


@pytest.mark.usefixtures("patient")
def test_who_holds_the_pipe_keeps_nobody_waiting(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    stray = os.fork()
    if not stray:
        time.sleep(600)
    assert ended(head, is_over=False) == ["one"]
    os.kill(stray, signal.SIGKILL)
    os.waitpid(stray, 0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_start, "PARTING", 0.5)
    monkeypatch.setattr(head_start, "LAST", 1)


@pytest.mark.usefixtures("impatient")
def test_an_interrupted_scan_waits_only_a_moment(diary: Diary) -> None:
    def slowly(sightings: Sequence[Sighting]) -> Iterator[Event]:
        yield from diary.answer(sightings)
        time.sleep(600)

    head = HeadStart(slowly)
    head.tell(a_sighting("one"))
    assert ended(head, is_over=False) == ["one"]


@pytest.mark.usefixtures("impatient", "at_once")
@pytest.mark.parametrize("is_deaf", [False, True])
def test_nor_does_it_wait_for_who_reads_nothing(diary: Diary, is_deaf: bool) -> None:
    def never(sightings: Sequence[Sighting]) -> Iterator[Event]:
        if is_deaf:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        yield from diary.answer(sightings)
        time.sleep(600)

    head = HeadStart(never)
    head.tell(a_sighting("first"))
    diary.wait(1)
    for number in range(900):  # more than the pipe takes
        head.tell(a_sighting(f"{number} " * 100))
    assert head._unsent
    assert ended(head, is_over=False) == (() if is_deaf else ["first"])


@pytest.mark.usefixtures("impatient", "at_once")
@pytest.mark.parametrize("signals", [1, 2])
def test_who_interrupts_at_the_end_need_not_wait(diary: Diary, signals: int) -> None:
    def slowly(sightings: Sequence[Sighting]) -> Iterator[Event]:
        if signals == 2:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        yield from diary.answer(sightings)
        time.sleep(600)

    head = HeadStart(slowly)
    head.tell(a_sighting("one"))
    diary.wait(1)
    for number in range(signals):  # long after it has begun to wait, also on a busy machine
        threading.Timer(1 + number / 4, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        head.finish(is_over=True)
    assert head.events == (["one"] if signals == 1 else ())
    with pytest.raises(ProcessLookupError):
        os.kill(head._pid, 0)


class KilledScan:
    """A process that is killed when it has done its work, with all that it leaves behind."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._reading, held = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                os.dup2(held, 1)  # which whatever it starts has, too
                os.close(held)
                work()
            finally:
                os.kill(os.getpid(), signal.SIGKILL)
        os.close(held)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL

    def await_end(self) -> None:
        """Wait until nothing is left."""
        assert os.read(self._reading, 1) == b""
        os.close(self._reading)


def test_what_a_killed_scan_had_found_is_answered(diary: Diary) -> None:
    scan = KilledScan(lambda: HeadStart(diary.answer).tell(a_sighting("one")))
    scan.await_end()
    assert diary.lines == ["one"]


def test_it_ends_with_a_killed_scan_though_workers_hold_its_pipe(
    diary: Diary, tmp_path: Path
) -> None:
    def work() -> None:
        HeadStart(diary.answer).tell(a_sighting("one"))
        worker = os.fork()
        if not worker:
            os.close(1)
            time.sleep(600)
        (tmp_path / "worker").write_text(str(worker))

    scan = KilledScan(work)
    scan.await_end()
    assert diary.lines == ["one"]
    os.kill(int((tmp_path / "worker").read_text()), signal.SIGKILL)


def test_it_holds_nothing_of_the_scan_open(diary: Diary) -> None:
    """A worker notices that its scan was killed by nobody's reading what it found."""
    reading, writing = os.pipe()
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    os.close(reading)
    with pytest.raises(BrokenPipeError):  # as soon as the process has closed its copy
        write_all(writing, bytes(1 << 20))
    os.close(writing)
    assert ended(head, is_over=False) == ["one"]
