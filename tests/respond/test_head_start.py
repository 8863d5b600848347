"""What a scan has found is answered beside it, and a scan never waits for that."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import LeakscanError
from leakscan.model import ChecksumVerdict, Confidence, Kind, Location, Match, Secret
from leakscan.respond import head_start
from leakscan.respond.head_start import HeadStart
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_start, "PATIENCE", 0.05)


@pytest.mark.usefixtures("at_once")
def test_what_was_found_is_answered_while_the_scan_goes_on(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    diary.wait(1)
    head.tell(a_sighting("two"))
    head.tell(a_sighting("two", "elsewhere"))
    head.tell(a_sighting("one"))
    diary.wait(2)
    assert head.finish(is_over=True) == ["one", "two"]
    assert diary.lines == ["one", "two"]


def test_a_scan_that_ends_soon_answers_itself(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    assert head.finish(is_over=True) == []
    assert diary.lines == []


def test_a_scan_that_is_stopped_has_it_answered(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("one"))
    head.tell(a_sighting("two"))
    assert head.finish(is_over=False) == ["one", "two"]
    assert diary.lines == ["one,two"]


def test_nothing_is_started_for_a_clean_scan(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    assert head.finish(is_over=True) == ()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


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
    events = head.finish(is_over=False)
    assert events[0] == "first"
    assert list(events[1:]) == [f"{number:04}" for number in range(len(events) - 1)]
    assert 10 < len(events) <= head_start.MOST


def test_what_is_too_long_for_the_pipe_is_left_to_the_end(diary: Diary) -> None:
    head = HeadStart(diary.answer)
    head.tell(a_sighting("x" * 5000))
    head.tell(a_sighting("short"))
    assert head.finish(is_over=False) == ["short"]


@pytest.mark.usefixtures("at_once")
def test_an_answer_that_fails_is_left_to_the_end(diary: Diary) -> None:
    def fail_once(sightings: Sequence[Sighting]) -> Sequence[Event]:
        if not diary.lines:
            diary.answer(sightings)
            raise LeakscanError("the ledger is locked")
        return diary.answer(sightings)

    head = HeadStart(fail_once)
    head.tell(a_sighting("one"))
    diary.wait(1)
    head.tell(a_sighting("two"))
    assert head.finish(is_over=False) == ["two"]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("end", ["killed", "a bug"])
def test_a_scan_survives_its_head_start(diary: Diary, end: str) -> None:
    def die(sightings: Sequence[Sighting]) -> Sequence[Event]:
        diary.answer(sightings)
        if end == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise RuntimeError

    head = HeadStart(die)
    head.tell(a_sighting("one"))
    diary.wait(1)
    for number in range(100):
        head.tell(a_sighting(str(number)))
    assert head.finish(is_over=True) == ()
    assert diary.lines == ["one"]


class KilledScan:
    """A process that is killed when it has done its work, with all that it leaves behind."""

    def __init__(self, work: Callable[[int], None]) -> None:
        self._reading, held = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                work(held)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)
        os.close(held)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL

    def await_end(self) -> None:
        """Wait until nothing is left: all that it started holds the pipe."""
        assert os.read(self._reading, 1) == b""
        os.close(self._reading)


def test_what_a_killed_scan_had_found_is_answered(diary: Diary) -> None:
    scan = KilledScan(lambda _held: HeadStart(diary.answer).tell(a_sighting("one")))
    scan.await_end()
    assert diary.lines == ["one"]


def test_it_ends_with_a_killed_scan_though_workers_hold_its_pipe(
    diary: Diary, tmp_path: Path
) -> None:
    def work(held: int) -> None:
        HeadStart(diary.answer).tell(a_sighting("one"))
        worker = os.fork()
        if not worker:
            os.close(held)
            time.sleep(60)
        (tmp_path / "worker").write_text(str(worker))

    scan = KilledScan(work)
    scan.await_end()
    assert diary.lines == ["one"]
    os.kill(int((tmp_path / "worker").read_text()), signal.SIGKILL)
