"""Where a candidate begins and ends: escapes, binary formats, identifiers and longer runs."""

from __future__ import annotations

import marshal
import pickle
import pickletools
import py_compile
import random
import string
from typing import TYPE_CHECKING

import pytest

from leakscan.detect.boundaries import boundary_doubts
from leakscan.model import Confidence

if TYPE_CHECKING:
    from pathlib import Path

BASE62 = string.ascii_letters + string.digits
LEFT, RIGHT = 96, 4
"""What the detector shows of the surroundings."""


def new_token(seed: int = 1) -> str:
    rng = random.Random(seed)  # noqa: S311 - for tests
    return "r8_" + "".join(rng.choices(BASE62, k=37))


TOKEN = new_token()


def doubts(left: bytes, right: bytes) -> list[tuple[Confidence, str]]:
    return boundary_doubts(left[-LEFT:], right[:RIGHT], len(TOKEN))


def doubts_in(data: bytes) -> list[tuple[Confidence, str]]:
    """Look for the token in a file, where it stands exactly once."""
    assert data.count(TOKEN.encode()) == 1
    left, right = data.split(TOKEN.encode())
    return doubts(left, right)


def level(left: bytes, right: bytes) -> Confidence:
    levels = [level for level, _ in doubts(left, right)]
    return min(levels, key=lambda level: level.rank, default=Confidence.HIGH)


@pytest.mark.parametrize(
    "left",
    [
        rb"\n",
        rb"\012",
        rb"\0",
        rb"\x22",
        rb"\u0022",
        rb"\U00000022",
        rb"\u{22}",
        b"%3D",
        b"%253D",
        b"%25253d",
        b"%u003D",
        b"token=3D",
        b"token:=20",
        b"\x1b[32m",
        b"\x1b[1;32m",
        b"\x1b[38;5;10m",
        rb"\u001b[32m",
        rb"\u001B[0m",
        rb"\x1b[32m",
        rb"\x1b\[32m",
        rb"\e[1m",
        rb"\E[1m",
        rb"\033[0m",
        rb"\033[01;31m",
        rb"\33[0m",
        rb"\u{1b}[32m",
        rb"\U0000001b[32m",
        rb"\\u001b[32m",
        b"%1B[32m",
        b"%1b%5B32m",
        b"%251B%255B32m",
        b"&#27;[32m",
        b"&#x1b;[32m",
        b"^[[32m",
        "\u241b[32m".encode(),
        b"=1B[32m",
        b"[32m",
        b"[0;1m",
        b"_x000D_",
        b"curl -u",
        b"curl '-u",
        b"(",
        b"_",
        b"**_",
        b"--",
        b"key-",
        b"2026-01-31-",
        b"REPLICATE-",
        "令牌".encode(),
        b"",
    ],
)
def test_what_may_stand_before_a_token(left: bytes) -> None:
    assert doubts(b" " + left, b"\n") == []
    assert doubts(left, b"") == []


@pytest.mark.parametrize(
    "right",
    [
        rb"\u001b[0m",
        rb"\n",
        b"%22",
        b"=3D",
        b"&quot;",
        b"_x000D_",
        b"_ ",
        b"**",
        b"-->",
        b"-",
        b"--\n",
        b",",
        b")",
        b"@host",
        b":x",
        "、".encode(),
        b"",
    ],
)
def test_what_may_stand_after_a_token(right: bytes) -> None:
    assert doubts(b"= ", right) == []


@pytest.mark.parametrize(
    "left",
    [b"x", b"token", b"nr8", b"n", b"3D", b"2m", b"x20", b"[m", b"a-u", b"=41", b"=4d", b"V"],
)
def test_a_letter_or_digit_before_is_low(left: bytes) -> None:
    assert level(b" " + left, b"\n") is Confidence.LOW


@pytest.mark.parametrize("right", [b"a", b"0123", b"Z\n", b"x1b["])
def test_a_letter_or_digit_after_is_low(right: bytes) -> None:
    assert level(b"= ", right) is Confidence.LOW


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (b" my_", b"\n"),
        (b" MY__", b"\n"),
        (b"= ", b"_old"),
        (b"= ", b"-old"),
        (b"= ", b"__x"),
        (b'"eyJhbGciOiJIUzI1NiJ9Q-', b'"'),
    ],
)
def test_a_piece_of_an_identifier_or_of_data_is_medium(left: bytes, right: bytes) -> None:
    assert level(left, right) is Confidence.MEDIUM


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        TOKEN,
        TOKEN.encode(),
        [TOKEN],
        (TOKEN, 7),
        {"token": TOKEN, "name": "x"},
        {TOKEN: "r"},
        [1, TOKEN, 2],
    ],
    ids=["text", "bytes", "list", "tuple", "value", "key", "between"],
)
def test_pickles(value: object, protocol: int, optimize: bool) -> None:
    pickled = pickle.dumps(value, protocol)
    if optimize and protocol:  # without memo, text of protocol 0 has no end that is sure
        pickled = pickletools.optimize(pickled)
    assert doubts_in(pickled) == []


@pytest.mark.parametrize("protocol", range(1, pickle.HIGHEST_PROTOCOL + 1))
def test_the_end_of_a_longer_text_in_a_pickle(protocol: int) -> None:
    assert doubts_in(pickle.dumps(["Authorization: Bearer " + TOKEN, "x"], protocol)) == []


@pytest.mark.parametrize(
    "code",
    [
        "t = {token!r}\n",
        "t = {token!r}, 1, None, True\n",
        "def f(a={token!r}, b='x'):\n    return a, 'more'\n",
        "h = {{'Authorization': 'Bearer {token}', 'x': 1}}\nprint('x')\n",
        "t = {bytes!r}\nz = 'other'\n",
    ],
)
def test_compiled_python(code: str, tmp_path: Path) -> None:
    source = tmp_path / "leak.py"
    source.write_text(code.format(token=TOKEN, bytes=TOKEN.encode()))
    compiled = py_compile.compile(str(source), str(tmp_path / "leak.pyc"), doraise=True)
    assert doubts_in((tmp_path / "leak.pyc").read_bytes()) == [], compiled


def test_marshal() -> None:
    for value in ({"t": TOKEN, "u": "x"}, [TOKEN.encode(), "x"], ("token=" + TOKEN, 1)):
        for version in range(marshal.version + 1):
            assert doubts_in(marshal.dumps(value, version)) == []


def length_prefixed() -> dict[str, bytes]:
    """Make what programs write with libraries that these tests do not need."""
    token = TOKEN.encode()
    return {
        "protobuf, fields 1 and 2": b"\x0a\x28" + token + b"\x12\x03abc",
        "protobuf, fields 3 and 6": b"\x1a\x28" + token + b"2\x03abc",
        "protobuf, fields 9 and 12": b"\x08\x01\x4a\x28" + token + b"b\x05hello",
        "msgpack, map": b"\x82\xa5token\xd9\x28" + token + b"\xa4name\xa1x",
        "msgpack, before a number": b"\x92\xd9\x28" + token + b"\x41",
        "msgpack, two bytes": b"\x92\xda\x00\x28" + token + b"A",
        "CBOR": b"\x82\x78\x28" + token + b"\x61x",
        "Java constants": b"\x01\x00\x28" + token + b"\x01\x00\x04Code",
        "Java, writeUTF": b"\xac\xed\x00\x05w\x2a\x00\x28" + token + b"x",
        "BSON": b"\x02token\x00\x29\x00\x00\x00" + token + b"\x00\x02a",
        "Thrift, big endian": b"\x0b\x00\x01\x00\x00\x00\x28" + token + b"x",
        "Parquet, little endian": b"\x28\x00\x00\x00" + token + b"x",
        "Avro": b"\x00\x02\x50" + token + b"\x06abc",
        "Avro, before text": b"Obj\x01\x02\x50" + token + b"A" * 33,
        "little endian, two bytes": b"\x28\x00" + token + b"x",
    }


@pytest.mark.parametrize("name", length_prefixed())
def test_a_length_before_a_token_says_where_it_ends(name: str) -> None:
    assert doubts_in(length_prefixed()[name]) == []


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (b"print(", b"abcd"),  # an opening parenthesis in text
        ("print\uff0c(".encode(), b"abcd"),
        (b"\x1b[1m(", b"abcd"),
        (b"\x00\x01)", b"abc\x00"),  # another length
        (b"\x29\x00\x00\x00", b"abcd"),
        (b"aP", b"\n"),
        (b"\x00aP", b"\n"),
        (b" V", b"\nx"),
        (b"\x00\x01\x02", b"a\x00"),
    ],
)
def test_what_is_no_length_proves_nothing(left: bytes, right: bytes) -> None:
    assert level(left, right) is Confidence.LOW


def test_any_surroundings_are_judged() -> None:
    rng = random.Random(9)  # noqa: S311 - for tests
    for _ in range(3000):
        left, right = rng.randbytes(rng.randrange(LEFT)), rng.randbytes(rng.randrange(RIGHT + 1))
        for _, why in boundary_doubts(left, right, rng.randrange(1, 5000)):
            assert why
