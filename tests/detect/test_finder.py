"""What is looked at closer, what is not, and that it takes no more time for being hostile."""

from __future__ import annotations

import base64
import gzip
import time
from typing import TYPE_CHECKING

import pytest

from corpus.builder import samples
from leakscan.detect import Detector
from leakscan.detect.confirm import MAX_SAME
from leakscan.model import Unread
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(select_rules(load_rules(), ()))


def secrets(detector: Detector, data: bytes) -> set[str]:
    found = detector.search_blob(data)
    return {match.secret.reveal() for match in found if not isinstance(match, Unread)}


def test_the_gate_lets_through_whatever_the_finder_would_find(detector: Detector) -> None:
    for sample in samples(3):
        found = detector._finder.matches(sample.data)
        assert [m.secret for m in detector.search(sample.data)] == [m.secret for m in found]


@pytest.mark.parametrize("at", range(12, 70, 6))
def test_hex_in_pieces(detector: Detector, token: str, at: int) -> None:
    digits = token.encode().hex()
    data = f'bytes.fromhex("{digits[:at]}" "{digits[at:]}")'
    assert token in secrets(detector, data.encode())


@pytest.mark.parametrize("around", ["echo {} | rev", '"{}" 日本語', "{}x = 1"])
def test_what_follows_a_token_that_is_written_backwards(
    detector: Detector, token: str, around: str
) -> None:
    assert token in secrets(detector, around.format(token[::-1]).encode())


UNSEEN = "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD))
)


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_characters_that_nobody_sees(detector: Detector, token: str, unseen: str) -> None:
    for at in range(1, len(token)):
        assert token in secrets(detector, (token[:at] + unseen + token[at:]).encode())


def test_each_of_many_that_are_put_together(
    detector: Detector, new_token: Callable[[], str]
) -> None:
    tokens = [new_token() for _ in range(120)]
    data = ",\n".join(f'"{token[:20]}" + "{token[20:]}"' for token in tokens)
    assert set(tokens) <= secrets(detector, data.encode())


def test_one_packed_token_a_line(detector: Detector, new_token: Callable[[], str]) -> None:
    tokens = [new_token() for _ in range(12)]
    packed = [gzip.compress(f"KEY={token}\n".encode()) for token in tokens]
    lines = b"\n".join(base64.b64encode(one).rstrip(b"=") for one in packed)
    assert set(tokens) <= secrets(detector, lines)


def test_what_cannot_be_read_of_a_container_that_is_written_as_text(
    detector: Detector, token: str
) -> None:
    packed = gzip.compress(f"KEY={token}\n".encode() + bytes(range(256)) * 40)
    found = detector.search_blob(b"secret: " + base64.b64encode(packed[:-9]))
    assert [one.why for one in found if isinstance(one, Unread)] == [
        "of gzip that is written as text: it is cut short"
    ]


def test_one_token_in_too_many_places(detector: Detector, token: str) -> None:
    data = f"KEY={token}\n".encode() * (2 * MAX_SAME)
    for written in (data, base64.b64encode(data), data.replace(b"=", b'="').replace(b"\n", b'"\n')):
        assert len(detector.search(written)) == MAX_SAME


@pytest.mark.parametrize(
    "unit",
    [b"H4sI", b"H4sI\n", b"UEsDB", b"cjhfAcjhfcjhfAA", b"_8r", b"r8_\n", b"\\x72\\", b"72385",
     b"&#114;&", b"=72=", b"%72%38%5", b"r\0008\0_\0", b"0x72, ", b'r8_"+"'],
    ids=repr,
)  # fmt: skip
def test_signs_without_end_take_linear_time(detector: Detector, unit: bytes) -> None:
    detector.search(b'"r8_x"')  # what is loaded once

    def takes(size: int) -> float:
        started = time.process_time()
        detector.search_blob(unit * (size // len(unit)))
        return time.process_time() - started

    assert takes(120_000) < 6 * takes(30_000) + 0.5
