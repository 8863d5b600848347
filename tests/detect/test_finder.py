"""What is looked at closer, what is not, and that it takes no more time for being hostile."""

from __future__ import annotations

import base64
import gzip
import random
import string
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from corpus.builder import alone, samples
from leakscan.detect import Detector
from leakscan.detect.confirm import MAX_SAME
from leakscan.detect.encodings import DECODERS, SPELLED, signs
from leakscan.detect.finder import Finder
from leakscan.model import Confidence, Unread
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.detect.decode.decoder import Decoder

RNG = random.Random(1)  # noqa: S311

SIGNS = signs((b"r8_",))


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


@pytest.mark.parametrize("between", [");f(", ", 1) ", ") + g("])
def test_two_that_are_put_together_close_to_one_another(
    detector: Detector, new_token: Callable[[], str], between: str
) -> None:
    one, other = new_token(), new_token()
    data = f'f("{one[:20]}" + "{one[20:]}"{between}"{other[:20]}" + "{other[20:]}")'
    assert {one, other} <= secrets(detector, data.encode())


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


LARGE, SMALL = 200_000, 50_000

MOST_SECONDS = 30e-6
"""For each byte: several times what the slowest hostile text takes, on a machine that is busy."""


def made_of(pieces: Callable[[], bytes]) -> bytes:
    """Return a text that goes on and on."""
    text = bytearray()
    while len(text) < LARGE:
        text += pieces()
    return bytes(text[:LARGE])


def characters(count: int) -> bytes:
    return "".join(RNG.choices(string.ascii_letters + string.digits, k=count)).encode()


def low_token() -> bytes:
    return b"r8_" + characters(37).lower()


def ends_soon(detector: Detector, data: bytes) -> bool:
    started = time.process_time()
    detector._finder.matches(data)
    return time.process_time() - started < MOST_SECONDS * len(data)


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.name)
@pytest.mark.parametrize("behind", [0, 40])
def test_no_sign_without_end_keeps_it_busy(
    detector: Detector, decoder: Decoder, behind: int
) -> None:
    """Each sign again and again, be it with as many characters behind it as a token has."""
    slow = []
    for sign in [sign for sign in SIGNS if sign.decoder is decoder]:
        size = SMALL if sign.is_rare else LARGE
        literal = sign.literal
        times = size // (len(literal) + behind)
        data = b"".join(literal + characters(behind) for _ in range(times))
        if not ends_soon(detector, data):
            slow.append(literal)
    assert not slow


HOSTILE = {
    "every sign": b"".join(sign.literal for sign in SIGNS),
    "all encodings": b"\\x72\\x38\\x5f%72%38%5f&#114;&#56;&#95;=72=38=5F'r8_' + 'a' _8r cjhf",
    "escapes": b"\\x72\\x38\\x5f",
    "escapes of something else": b"\\x72\\x38\\x5e",
    "escapes of escapes": b"\\x5cx72\\x5cx38\\x5cx5f",
    "backslashes": b"\\" * 80 + b"x72\\",
    "percent": b"%72%38%5f",
    "entities": b"&#114;&#56;&#95;",
    "entities of something else": b"&#1148_",
    "equals": b"=72=38=5F",
    "soft line breaks": b"r8_=\n",
    "hex": b"72385f",
    "hex of hex": b"373233383566",
    "a list": b"0x72, 0x38, 0x5f, ",
    "a dump": b"00000010  72 38 5f 72 38 5f 72 38  5f 72 38 5f 72 38 5f 72  |r8_r8_r8|\n",
    "a broken dump": b"00000010  72 38 5f 72 38 5f 72 38  5f 72 38 5f 72 38 5f 72 -\n",
    "UTF-16": b"r\x008\x00_\0",
    "UTF-16 in pieces": b"r\x008\x00_\0\0\0",
    "base64 in pieces": b"cjhf!",
    "strings": b'"r8_" + ',
    "half a string": b'r8"x',
    "lines": b"r8_\n",
    "containers": b"H4sIAAAA\n",
    "one token": b"r8_" + b"a" * 37 + b" ",
}  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_no_text_without_end_keeps_it_busy(detector: Detector, unit: bytes) -> None:
    assert ends_soon(detector, made_of(lambda: unit))


def test_no_disorder_keeps_it_busy(detector: Detector) -> None:
    mixing = [sign.literal for sign in SIGNS if sign.decoder in SPELLED]
    assert ends_soon(detector, made_of(lambda: RNG.choice(SIGNS).literal))
    assert ends_soon(detector, made_of(lambda: RNG.choice(mixing)))


@pytest.mark.parametrize("ways", range(4))
def test_no_doubtful_tokens_keep_it_busy(detector: Detector, ways: int) -> None:
    data = made_of(lambda: low_token() + b" ")
    for encode in [base64.b64encode, bytes.hex, base64.b64encode][:ways]:
        data = encode(data)
        data = data.encode() if isinstance(data, str) else data
    assert ends_soon(detector, data[:LARGE])


def test_what_is_not_decoded_is_told(token: str) -> None:
    """Only of what is made for it, and what stands there plainly is found all the same."""
    told: list[Unread] = []
    finder = Finder(select_rules(load_rules(), ()), (b"r8_",), None, None, told.append)

    def found(data: bytes) -> bool:
        return any(match.secret.reveal() == token for match in finder.matches(data))

    for sample in alone(2):
        finder.matches(sample.data)
    assert not told
    assert found(made_of(lambda: RNG.choice(SIGNS).literal) + f" {token}\n".encode())
    assert [one.why for one in told] == ["more of it looks encoded than is decoded of one text"]


def test_a_token_behind_doubtful_ones(detector: Detector, token: str) -> None:
    data = made_of(lambda: b"r8_" + characters(3)) + b"\n" + token.encode()
    for written in (data, data[::-1], base64.b64encode(data)):
        found = [m for m in detector.search(written) if m.confidence is not Confidence.LOW]
        assert token in {match.secret.reveal() for match in found}


def test_it_is_ready_without_what_takes_long_to_load() -> None:
    """Neither engine is loaded until there is a candidate, or much to search."""
    code = (
        "import sys\n"
        "from leakscan.detect.finder import Finder\n"
        "from leakscan.rules import load_rules, select_rules\n"
        "finder = Finder(select_rules(load_rules(), ()), (b'r8_',), None, None)\n"
        "assert not finder.matches(b'cjhf H4sI 7238 \\\\x72')\n"
        "print({'regex', 'hyperscan', 'html'} & set(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
