"""Hex digits in every layout."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_percent import (
    TEXTS,
    check,
    new_text,
    per_megabyte_of_source_text,
    places,
    seeds,
    sound,
    takes,
)

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
    assert time.process_time() - start < 1
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
            assert time.process_time() - start < 0.5
            break
    assert takes(HEX, data) < 0.5


def test_source_text_holds_hardly_a_literal() -> None:
    assert per_megabyte_of_source_text(HEX) < 2
