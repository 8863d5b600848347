"""Answers without an end, and limits on those that have one."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from wire_stage import HEAD, Stage, broken, sound

from hub.backend import GitFault, pkt
from leakscan.git.wire import Limits, Meter, Wire, packets
from leakscan.trouble import Trouble, TroubleError
from servers import dripping, running_socket

if TYPE_CHECKING:
    from leakscan.git.wire import Arriving


# What never ends.


def test_a_pack_may_be_too_large(stage: Stage) -> None:
    stage.push(None, stage.commits[9])
    with stage.wire.fetch_push(
        stage.url, None, stage.commits[9], Limits(), stage.meter
    ) as arriving:
        size = sum(map(len, arriving))
    stage.push(None, stage.commits[9], Limits(bytes=size))
    error = broken(stage, Limits(bytes=size - 1))
    assert error.trouble is Trouble.TOO_LARGE
    assert re.search(rf"\(its pack of \d+ objects is larger than {size - 1:,} bytes\)", error.what)


def test_a_pack_without_end_is_not_read_for_ever(stage: Stage) -> None:
    fault = GitFault.result(HEAD)
    fault.endless = pkt(b"\x01" + b"x" * 5000)
    stage.server.faults = [fault]
    error = broken(stage, Limits(bytes=1_000_000))
    assert error.trouble is Trouble.TOO_LARGE
    assert "larger than 1,000,000 bytes" in error.what
    assert stage.meter.received < 1_200_000
    stage.server.faults = []
    sound(stage)


@pytest.mark.parametrize("flood", [pkt(b"\x02Counting objects\r"), pkt(b"\x01")])
def test_progress_without_end_is_not_read_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, flood: bytes
) -> None:
    monkeypatch.setattr(packets, "MOST_TEXT", 100_000)
    fault = GitFault.result(HEAD)
    fault.endless = flood * 100
    stage.server.faults = [fault]
    assert broken(stage).trouble is Trouble.BROKEN


def test_refs_without_end_are_not_read_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packets, "MOST_TEXT", 100_000)
    fault = GitFault.result(b"")
    fault.endless = pkt("1" * 40 + " refs/heads/main\n") * 100
    stage.server.faults = [fault]
    with pytest.raises(TroubleError) as caught:
        stage.wire.refs(stage.url, stage.meter)
    assert caught.value.trouble is Trouble.BROKEN


# What takes too long.


def in_time(stage: Stage, limits: Limits, most: float = 5.0) -> TroubleError:
    """Fetch a push, which must fail before some seconds have passed; return the error."""
    started = time.monotonic()
    error = broken(stage, limits)
    assert time.monotonic() - started < most
    return error


def test_a_pack_that_trickles_takes_too_long(stage: Stage) -> None:
    stage.server.faults = [GitFault("POST", drip=0.05, drip_after=200)]
    error = in_time(stage, Limits(seconds=0.6))
    assert error.trouble is Trouble.TOO_LONG
    assert "not done within 0.6 s" in str(error)
    stage.server.faults = []
    sound(stage)


def test_refs_that_trickle_take_too_long(stage: Stage) -> None:
    stage.server.faults = [GitFault(drip=0.05)]
    started = time.monotonic()
    with pytest.raises(TroubleError) as caught:
        stage.wire.refs(stage.url, stage.meter, seconds=0.6)
    assert caught.value.trouble is Trouble.TOO_LONG
    assert time.monotonic() - started < 5


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-result\r\n"


@pytest.mark.parametrize(
    "words",
    [
        ANSWER,
        ANSWER + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 50,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 99999\r\n\r\n" + b"x" * 100,
    ],
    ids=["headers", "chunk", "continue", "unwanted"],
)
def test_no_part_of_an_answer_may_trickle_for_ever(stage: Stage, words: bytes) -> None:
    with running_socket(dripping(words, every=0.01)) as url:
        started = time.monotonic()
        asked = stage.wire.fetch_push(url, None, "1" * 40, Limits(seconds=1), stage.meter)
        with pytest.raises(TroubleError) as caught, asked:
            pass
        assert time.monotonic() - started < 5
    assert caught.value.trouble is Trouble.TOO_LONG


def read_slowly(arriving: Arriving) -> None:
    """Read a pack with a break after each piece."""
    for _ in arriving:
        time.sleep(0.3)


def test_a_reader_that_is_slow_takes_too_long(stage: Stage) -> None:
    limits = Limits(seconds=0.5)
    stage.server.faults = [GitFault("POST", drip=0.001, drip_after=200)]
    started = time.monotonic()
    with (
        stage.wire.fetch_push(stage.url, None, stage.commits[9], limits, stage.meter) as arriving,
        pytest.raises(TroubleError) as caught,
    ):
        read_slowly(arriving)
    assert caught.value.trouble is Trouble.TOO_LONG
    # Not even what is read ahead is handed on then.
    assert time.monotonic() - started < 4


def test_patience_ends_where_nothing_comes(stage: Stage) -> None:
    stage.wire = Wire(patience=0.4)
    stage.server.faults = [GitFault("POST", delay=30)]
    error = in_time(stage, Limits(), 20)
    assert error.trouble is Trouble.UNREACHABLE
    assert "no answer in time" in str(error)
    stage.server.faults = [GitFault("POST", drip=30, drip_after=300)]
    error = in_time(stage, Limits(), 20)
    assert error.trouble is Trouble.BROKEN
    assert "nothing came for 0.4 s" in str(error)


def test_patience_begins_anew_with_each_byte(stage: Stage) -> None:
    stage.push(None, stage.commits[9])
    almost = stage.meter.received - 80
    stage.wire = Wire(patience=1)
    stage.server.faults = [GitFault("POST", drip=0.02, drip_after=almost)]
    started = time.monotonic()
    stage.push(None, stage.commits[9])
    assert time.monotonic() - started > 1.2


def test_the_end_of_an_answer_is_not_waited_for(stage: Stage) -> None:
    fault = GitFault("POST", endless=b" ", drip=1.0, drip_after=10**9)
    stage.server.faults = [fault]
    started = time.monotonic()
    sound(stage)
    assert time.monotonic() - started < 10
    stage.server.faults = []
    sound(stage)
    assert stage.server.connections == 2


def test_the_clock_of_one_look_does_not_stop_the_next(stage: Stage) -> None:
    for _ in range(3):
        objects, _ = stage.push(stage.commits[4], stage.commits[9], Limits(seconds=5))
        assert objects
    stage.meter = Meter()
    time.sleep(0.1)
    sound(stage)
    assert stage.server.connections == 1
