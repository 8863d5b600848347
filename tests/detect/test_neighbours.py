"""What looks like a sign by chance is told from one by what stands beside it."""

from __future__ import annotations

import pytest

from leakscan.detect.detector import Detector
from leakscan.rules import load_rules, select_rules

DETECTOR = Detector(select_rules(load_rules(), ()))

BY_CHANCE = {
    "a table of bytes": b"0x38, 0x72, 0x73, 0x00, 0x72,\n\t0x6f, 0x74, 0x6f, 0x72, 0x39,",
    "a signature in base64": b" vslq4p9aBOr8\n 0hwg4UK7uAizgoadE1zN\n bb1HVwt8eQr8=\n =p7zU\n",
    "a continued line": b"all: tar\\\n\tzip\n",
    "a number behind a backslash": b"aws_account=891511536143\\naws_profile=server",
    "a decimal number": b"see item 4114;&nbsp;",
    "base64 of something else": b"XyRcCyN5HDcyOya6ijwBlQMZxnpXkbD",
}

SIGNS = {
    "a list of bytes": b"{0x72, 0x38, 0x5f, 0x61}",
    "a list with few to a line": b"0x72,\n    0x38,\n    0x5f,\n    0x61,\n",
    "a broken line of a mail": b"r8=\n_abcd",
    "a byte of a mail": b"r8=5Fabcd",
    "a continued word": b"TOKEN=r\\\n    8_abcd",
    "an octal number": b"\\162\\070\\137",
    "a zero more": b"\\0162\\0070\\0137",
    "a reference": b"&#114;&#56;&#95;",
    "a quoted line": b"> r8\n> _abcdefg",
    "a quoted line of a mail": b"> r8\n> =5Fabcdefg",
    "a line of Windows": b"r8\r\n    _abcdefg",
    "a percent sign on the next line": b"r8\n%5Fabcdefg",
    "breaks of a mail": b"r8=\n=\n_abcdefg",
    "a string on the next line": b'r8\n" + "_abcdefg',
    "far away": b"r8\n" + b" " * 60 + b"\n" + b" " * 90 + b"_abcdefg",
}


def is_suspect(text: bytes) -> bool:
    return DETECTOR.look(text).is_suspect


@pytest.mark.parametrize("text", BY_CHANCE.values(), ids=BY_CHANCE)
def test_chance_is_not_worth_a_closer_look(text: bytes) -> None:
    assert not is_suspect(text)


@pytest.mark.parametrize("text", SIGNS.values(), ids=SIGNS)
def test_a_sign_is(text: bytes) -> None:
    assert is_suspect(text)
