"""Hex digits in every layout."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import time
from itertools import accumulate

import pytest
from decoding import (
    TEXTS,
    check,
    new_text,
    per_megabyte_of_source_text,
    places,
    seeds,
    sound,
    takes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.detect.decode.hexadecimal import Hexadecimal

HEX = Hexadecimal()


def wrapped(text: bytes, width: int, unit: str, between: str, end: str = "\n") -> bytes:
    """Return a text in lines of `width` bytes."""
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return end.join(between.join(unit.format(byte) for byte in line) for line in lines).encode()


LAYOUTS = {
    "digits": lambda text: text.hex().encode(),
    "upper case": lambda text: text.hex().upper().encode(),
    "spaces": lambda text: text.hex(" ").encode(),
    "colons": lambda text: text.hex(":").encode(),
    "hyphens": lambda text: text.hex("-").upper().encode(),
    "groups": lambda text: text.hex(" ", -2).encode(),
    "groups, in upper case": lambda text: text.hex(" ", -2).upper().encode(),
    "a list": lambda text: wrapped(text, 99, "0x{:02x}", ", "),
    "a dense list": lambda text: wrapped(text, 99, "0x{:02X}", ","),
    "a list, wrapped": lambda text: wrapped(text, 12, "0x{:02x}", ", ", ",\n  "),
    "a list with a byte a line": lambda text: wrapped(text, 1, "0x{:02x}", "", ",\r\n\t"),
    "spaces, wrapped": lambda text: wrapped(text, 16, "{:02x}", " "),
    "spaces, wrapped, with one behind": lambda text: wrapped(text, 16, "{:02x}", " ", " \r\n"),
    "colons, wrapped": lambda text: wrapped(text, 15, "{:02x}", ":", ":\n    "),
    "lines of digits": lambda text: wrapped(text, 30, "{:02x}", ""),
    "lines of digits of DOS": lambda text: wrapped(text, 30, "{:02X}", "", "\r\n"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("known", TEXTS)
@given(seed=seeds, before=st.binary(max_size=7), after=st.binary(max_size=40))
@settings(max_examples=20)
def test_a_text_is_read_back(
    layout: str, known: bytes, seed: int, before: bytes, after: bytes
) -> None:
    # Up to seven bytes come before it: a line break is never where only digits can tell.
    text = new_text(seed, known)
    data = b"[" + LAYOUTS[layout](before + text + after) + b"]"
    anchors = [anchor for _, anchor in places(HEX, known, data)]
    assert anchors, data
    decoded = [HEX.decode(data, anchor, 0, len(data)) for anchor in anchors]
    read = next(one for one in decoded if one is not None and text in one.text)
    sound(read, 0, len(data))
    at = read.text.index(text)
    # What is written from there on is the text and nothing else.
    stop = read.origin[at + len(text)]
    written = data[read.origin[at] : stop].lower()
    digits = b"".join(written.replace(b"0x", b"").split())
    assert digits.translate(None, b",:-").rstrip(b"]") == text.hex().encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(seed=seeds, before=st.binary(max_size=60), after=st.binary(max_size=60))
def test_digits_are_read_wherever_lines_end(
    end: str, seed: int, before: bytes, after: bytes
) -> None:
    token = new_text(seed)
    data = wrapped(before + token + after, 30, "{:02x}", "", end)
    decoded = [HEX.decode(data, anchor, 0, len(data)) for _, anchor in places(HEX, b"r8_", data)]
    assert any(one is not None and token in one.text for one in decoded)


@given(known=st.binary(min_size=2, max_size=16), seed=seeds)
def test_any_text_has_literals(known: bytes, seed: int) -> None:
    text = new_text(seed, known)
    check(HEX, known, text, (b"<", text.hex().encode(), b">"))
    check(HEX, known, text, (b"<", text.hex().upper().encode(), b">"))
    assert all(len(form.literal) >= 3 for form in HEX.forms(known))


@given(seed=seeds, before=st.integers(0, 40))
@settings(max_examples=60)
def test_dumps_with_offsets_are_read(seed: int, before: int) -> None:
    token = new_text(seed)
    text = b"k" * before + token + b"\nend\n"
    splits = before % 16 > 13
    for dump in (hexdump(text), xxd(text)):
        data = b"$ dump\n" + dump + b"$\n"
        anchors = [anchor for _, anchor in places(HEX, b"r8_", data)]
        assert anchors or splits
        for anchor in anchors:
            decoded = HEX.decode(data, anchor, 0, len(data))
            assert decoded is not None
            assert decoded.text == text
            sound(decoded, 0, len(data))
            at = decoded.origin[before]
            assert data[at : at + 2] == b"72"


def hexdump(text: bytes) -> bytes:
    lines = []
    for at in range(0, len(text), 16):
        row = text[at : at + 16]
        digits = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}"
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}  {digits:48}  |{shown}|\n")
    return "".join(lines).encode()


def xxd(text: bytes) -> bytes:
    lines = []
    for at in range(0, len(text), 16):
        row = text[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        groups = " ".join(row[i : i + 2].hex() for i in range(0, len(row), 2))
        lines.append(f"{at:08x}: {groups:39}  {shown}\n")
    return "".join(lines).encode()


@pytest.mark.parametrize(
    "command", [["xxd"], ["xxd", "-p"], ["xxd", "-i"], ["hexdump", "-C"], ["od", "-tx1"]]
)
def test_what_programs_write_is_read(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    token = new_text(8)
    text = b"key = " + token + b"\n"
    data = subprocess.run(command, input=text, capture_output=True, check=True).stdout
    anchors = [anchor for _, anchor in places(HEX, b"r8_", data)]
    assert anchors
    decoded = [HEX.decode(data, anchor, 0, len(data)) for anchor in anchors]
    assert any(one is not None and token in one.text for one in decoded)


ITEMS = st.from_regex(rb"0[xX][0-9A-Fa-f]{2}", fullmatch=True)

WRONG = st.from_regex(
    rb"(0[xX])?[0-9A-Fa-f]{1,4}|0[xX]|[xX][0-9a-f]{2}|00[xX][0-9a-f]{2}", fullmatch=True
)

COMMA_OR_BLANK = st.from_regex(rb"(,|\s)\s{0,3}|,?\s{40}", fullmatch=True)

AHEAD = [b"", b"44 ", b"[", b"7, ", b"x72 ,", b"0x3 ", b"0x390,", b"0x41;"]

BEHIND = [
    b"",
    b" 44",
    b"]",
    b",",
    b", 0x3",
    b",0x390",
    b" x33",
    b" ,0x41",
    b"," + b" " * 41 + b"0x41",
]

BETWEEN = COMMA_OR_BLANK | st.sampled_from([b"", b";", b",,", b" ,", b":", b"-", b"," + b" " * 41])


@given(
    units=st.lists(st.tuples(ITEMS, COMMA_OR_BLANK), min_size=1, max_size=12),
    before=st.sampled_from(AHEAD),
    after=st.sampled_from(BEHIND),
    which=st.integers(0, 11),
)
@settings(max_examples=300)
def test_lists_are_read_whatever_separates_their_items(
    units: list[tuple[bytes, bytes]], before: bytes, after: bytes, which: int
) -> None:
    # What stands around them is none of them.
    *firsts, (last, _) = units
    parts = [part for unit in firsts for part in unit] + [last]
    data = b"".join((before, *parts, after))
    starts = list(accumulate(map(len, parts), initial=len(before)))
    anchor = starts[::2][which % len(units)]
    decoded = HEX.decode(data, anchor, 0, len(data))
    assert decoded is not None
    assert decoded.text == bytes(int(item, 16) for item, _ in units)
    assert list(decoded.origin) == [*starts[:-1:2], starts[-1]]


@given(
    units=st.lists(st.tuples(ITEMS | WRONG, BETWEEN), max_size=12),
    cut=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
@settings(max_examples=300)
def test_lists_end_where_they_are_none_any_more(
    units: list[tuple[bytes, bytes]], cut: tuple[int, int]
) -> None:
    data = b"".join(part for unit in units for part in unit)
    low = min(cut[0], len(data))
    high = max(low, len(data) - cut[1])
    for anchor in range(low, high + 1):
        sound(HEX.decode(data, anchor, low, high), low, high)
        decoded = HEX.decode(data, anchor, 0, len(data))
        sound(decoded, 0, len(data))
        if decoded and data[anchor : anchor + 2].lower() == b"0x":
            start, stop = decoded.origin[0], decoded.origin[-1]
            items = data[start:stop].replace(b",", b" ").split()
            assert decoded.text == bytes(int(item, 16) for item in items)
            assert all(re.fullmatch(rb"0[xX][0-9A-Fa-f]{2}", item) for item in items)
            for item, origin in zip(items, decoded.origin, strict=False):
                assert data[origin : origin + 4] == item
            assert stop == decoded.origin[-2] + 4


@pytest.mark.parametrize(
    ("data", "anchor", "text", "origin"),
    [
        (b"44 0x72 0x38,0x5f 0x39", 3, b"r8_9", [3, 8, 13, 18, 22]),
        (b"44 0x72 0x38,0x5f 0x39", 13, b"r8_9", [3, 8, 13, 18, 22]),
        (b"0x31,0x390", 0, b"1", [0, 4]),
        (b"0x31,0x32 0x3", 0, b"12", [0, 5, 9]),
        (b"0x31,0x32, x33", 5, b"12", [0, 5, 9]),
        (b"0x3,0x32,0x33", 4, b"23", [4, 9, 13]),
        (b"0x310,0x32,0x33", 6, b"23", [6, 11, 15]),
    ],
)
def test_what_is_no_item_of_a_list_is_left_out(
    data: bytes, anchor: int, text: bytes, origin: list[int]
) -> None:
    decoded = HEX.decode(data, anchor, 0, len(data))
    assert decoded is not None
    assert decoded.text == text
    assert list(decoded.origin) == origin


def test_the_first_forms_are_digits_without_gaps_in_either_case() -> None:
    for known in (*TEXTS, b"\x1f\x8b\x08", b"PK\x03\x04"):
        digits = known[:3].hex().encode()
        lower, second, *_ = HEX.forms(known)
        assert digits.startswith(lower.literal)
        either = lower.literal.isdigit()
        assert either or second.literal == lower.literal.upper()
        rare = [form for form in HEX.forms(known) if form.is_rare]
        assert len(rare) == len(list(HEX.forms(known))) - (1 if either else 2)
        assert not any(form.literal.isalnum() and b"x" not in form.literal for form in rare)


def test_lines_that_are_long_enough_are_not_glued_together() -> None:
    tokens = [new_text(seed) for seed in range(3)]
    data = b"\n".join(token.hex().encode() for token in tokens)
    decoded = HEX.decode(data, 81, 0, len(data))
    assert decoded is not None
    assert decoded.text == tokens[1]
    words = b"sum " + tokens[0].hex().encode() + b" cafe"
    decoded = HEX.decode(words, 4, 0, len(words))
    assert decoded is not None
    assert decoded.text == tokens[0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_containers_are_read_from_their_beginning(layout: str) -> None:
    packed = gzip.compress(new_text(1) * 40, mtime=0)
    data = b"x = " + LAYOUTS[layout](packed)
    (_, anchor), *_ = places(HEX, b"\x1f\x8b\x08", data)
    decoded = HEX.decode(data, anchor, anchor, len(data))
    assert decoded is not None
    assert decoded.text == packed


def test_megabytes_are_read_quickly() -> None:
    data = (b"\x1f\x8b\x08" + bytes(range(256)) * 32_768).hex().encode()
    start = time.process_time()
    decoded = HEX.decode(data, 0, 0, len(data))
    assert time.process_time() - start < 4
    assert decoded is not None
    assert isinstance(decoded.origin, range)
    assert len(decoded.text) == len(data) // 2


@pytest.mark.parametrize(("low", "high"), [(0, 7), (1, 8), (2, 5), (3, 9)])
def test_no_byte_outside_of_the_window_is_read(low: int, high: int) -> None:
    data = b"72385f6162"
    decoded = HEX.decode(data, 4, low, high)
    start = low + low % 2
    if high < 6:
        assert decoded is None
        return
    assert decoded is not None
    assert decoded.text == bytes.fromhex(data[start : high - high % 2].decode())
    assert list(decoded.origin) == list(range(start, high + 1, 2))[: len(decoded.text) + 1]
    assert HEX.decode(data, 0, 2, 10) is None


def test_what_is_no_hex_is_none() -> None:
    assert HEX.decode(b"0x7, 0x72", 0, 0, 9) is None
    assert HEX.decode(b"nothing", 2, 0, 7) is None
    assert HEX.decode(b"", 0, 0, 0) is None
    assert HEX.decode(b"7", 0, 0, 1) is None


@given(data=st.text(alphabet="0x72aF5:-, \r\n|g", max_size=300).map(str.encode), seed=seeds)
@settings(max_examples=300)
def test_any_bytes(data: bytes, seed: int) -> None:
    low = seed % (len(data) + 1)
    anchor = min(low + seed % 7, len(data))
    sound(HEX.decode(data, anchor, low, len(data)), low, len(data))
    sound(HEX.decode(data, anchor, 0, anchor + 5), 0, anchor + 5)


@pytest.mark.parametrize(
    "unit",
    [b"7", b"72 ", b"72:", b"72\n", b"0x72,", b"7238\n", b"72" + b" " * 39, b"0x72" + b" " * 40]
    + [b"00000000: 7238\n", b"0000000  72  38 |r8|\n", b"72" * 30 + b"\n", b"0x", b"00000 "],
)
def test_hostile_data_take_linear_time(unit: bytes) -> None:
    data = unit * (1_000_000 // len(unit))
    for shift in range(len(unit)):
        if data[shift : shift + 2].isalnum():
            middle = len(data) // 2 // len(unit) * len(unit) + shift
            start = time.process_time()
            sound(HEX.decode(data, middle, 0, len(data)), 0, len(data))
            assert time.process_time() - start < 2
            break
    assert takes(HEX, data) < 2


def test_source_text_holds_hardly_a_literal() -> None:
    assert per_megabyte_of_source_text(HEX) < 2
