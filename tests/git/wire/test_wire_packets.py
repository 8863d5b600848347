"""Packets come out as they went in, however they are cut on the way."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.backend import pkt
from leakscan.git.wire import packets
from leakscan.git.wire.packets import CutOffError, Mark, PacketError, Packets, SaidError, packet

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKS = {b"0000": Mark.FLUSH, b"0001": Mark.DELIMITER, b"0002": Mark.RESPONSE_END}

lines = st.one_of(
    st.sampled_from(sorted(MARKS)),
    st.binary(max_size=40).filter(lambda line: not line.startswith(b"ERR ")).map(pkt),
)


def packets_of(pieces: Iterable[bytes]) -> Packets:
    """Read from pieces as if they arrived one by one."""
    rest = iter([piece for piece in pieces if piece])
    return Packets(lambda: next(rest, b""))


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    """Cut a stream into pieces of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(stream[:size])
        stream = stream[size:]
    return [*pieces, stream]


def read_lines(reader: Packets) -> None:
    """Read lines until they end."""
    while reader.line() is not Mark.CLOSED:
        pass


sizes = st.lists(st.integers(1, 30), max_size=40)


@given(st.lists(lines, max_size=12), sizes)
def test_lines_survive_any_cut(sent: list[bytes], at: list[int]) -> None:
    reader = packets_of(cut(b"".join(sent), at))
    for line in sent:
        assert reader.line() == MARKS.get(line, line[4:].removesuffix(b"\n"))
    assert reader.line() is Mark.CLOSED


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=12), sizes)
def test_the_first_band_survives_any_cut(sent: list[tuple[int, bytes]], at: list[int]) -> None:
    stream = b"".join(pkt(bytes([band]) + data) for band, data in sent) + b"0000" + pkt("after")
    reader = packets_of(cut(stream, at))
    pieces = list(reader.pack())
    assert b"".join(pieces) == b"".join(data for band, data in sent if band == 1)
    assert all(pieces)
    assert reader.line() == b"after"


@given(st.binary(max_size=60), sizes)
def test_the_rest_is_what_was_not_read(data: bytes, at: list[int]) -> None:
    reader = packets_of(cut(pkt("first\n") + data, at))
    assert reader.line() == b"first"
    assert b"".join(reader.rest()) == data


@given(st.binary(max_size=200), sizes)
def test_whatever_comes_is_data_or_an_error(stream: bytes, at: list[int]) -> None:
    with contextlib.suppress(PacketError, SaidError):
        read_lines(packets_of(cut(stream, at)))
    with contextlib.suppress(PacketError, SaidError):
        list(packets_of(cut(stream, at)).pack())


@pytest.mark.parametrize(
    "start", [b"0003", b"+0ff", b"-001", b"0x10", b" 1f ", b"1_00", b"fff1", b"ffff"]
)
def test_what_is_no_length_is_refused(start: bytes) -> None:
    with pytest.raises(PacketError):
        packets_of([start + b"x" * 70_000]).line()


@pytest.mark.parametrize("stream", [b"000", b"0009abc", b"0005"])
def test_a_line_that_is_cut_off_is_told_from_the_end(stream: bytes) -> None:
    with pytest.raises(CutOffError):
        packets_of([stream]).line()


@pytest.mark.parametrize(
    "stream", [b"", b"0005", b"0006\x01", pkt(b"\x01data"), pkt(b"\x01data") + b"0009\x01abc"]
)
def test_a_pack_ends_with_a_flush_only(stream: bytes) -> None:
    with pytest.raises(CutOffError):
        list(packets_of([stream]).pack())


@pytest.mark.parametrize("stream", [b"0004", b"0001", b"0002", pkt(b"\x04data"), pkt(b"\0data")])
def test_a_pack_has_bands(stream: bytes) -> None:
    with pytest.raises(PacketError):
        list(packets_of([stream + b"0000"]).pack())


@pytest.mark.parametrize("sent", [pkt(b"\x03out of order"), pkt("ERR out of order")])
def test_a_failure_is_told(sent: bytes) -> None:
    with pytest.raises(SaidError) as caught:
        list(packets_of([pkt(b"\x01data"), pkt(b"\x02half done"), sent, b"0000"]).pack())
    assert caught.value.message == b"out of order"


def test_a_failure_may_come_instead_of_a_line() -> None:
    with pytest.raises(SaidError) as caught:
        packets_of([pkt("ERR no such thing\n")]).line()
    assert caught.value.message == b"no such thing\n"


@pytest.mark.parametrize("flood", [pkt("line\n"), b"0000", b"0004"])
def test_lines_without_end_are_not_read(flood: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MOST_TEXT", 100_000)
    reader = Packets(lambda: flood * 100)
    with pytest.raises(PacketError, match="that are no pack"):
        read_lines(reader)


@pytest.mark.parametrize("flood", [pkt(b"\x02still counting"), pkt(b"\x01")])
def test_a_pack_without_data_is_not_read(flood: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MOST_TEXT", 100_000)
    with pytest.raises(PacketError, match="that are no pack"):
        list(Packets(lambda: flood * 100).pack())


def test_a_long_line_in_single_bytes_takes_no_quadratic_time() -> None:
    line = packet(b"x" * 65_000)
    pieces = [bytes([byte]) for byte in line]
    started = time.process_time()
    assert packets_of(pieces).line() == b"x" * 65_000
    # Joining them one by one would copy 2 GB.
    assert time.process_time() - started < 1
