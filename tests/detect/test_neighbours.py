"""What looks like a sign by chance is told from one by what stands beside it."""

from __future__ import annotations

import random
import re
import string
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from leakscan.detect.detector import Detector
from leakscan.detect.neighbours import beside, then
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable

NESTED = [
    ("r8_", "r8_stg_"),
    ("sk-", "sk-proj-"),
    ("ab_", "ab_cd"),
    ("ghp", "ghp_"),
    ("xx_ab_", "ab_"),
]

BETWEEN_DIGITS = {
    "a line end": b"\n",
    "a line end that is written out": b"\\r\\n",
    "a comment": b"\n * ",
    "a line of a mail": b"=\r\n",
    "a tag": b"<br>\n",
    "a line of cmd": b"^\r\n",
    "a colour": b"\x1b[0m",
    "something unseen": b"\xe2\x80\x8b",
    "a string": b'"\n  r"',
}

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
    "a percent sign in a string": b'r8%5Fab" + // c\n "cdefghij"',
    "a reference in a string": b'r8&#95;ab", "cdefghij"',
    "a string in UTF-16": 'r8_a" + "bcdefghijklm"'.encode("utf-16-le"),
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


@pytest.mark.parametrize("prefixes", NESTED)
def test_a_prefix_that_begins_another_may_stand_beside_anything(prefixes: tuple[str, str]) -> None:
    shortest = min(prefixes, key=len).encode()
    known = tuple(sorted(prefix.encode() for prefix in prefixes))
    assert beside(known).get(shortest, (b"", b""))[1] == b""
    assert shortest not in then(known)


def test_tokens_of_two_rules_of_which_one_begins_as_the_other(new_token: Callable[[], str]) -> None:
    (rule,) = select_rules(load_rules(), ())
    pattern = rule.pattern.replace("r8_", "r8_stg_")
    longer = replace(rule, id="staging", prefixes=("r8_stg_",), pattern=pattern, max_length=44)
    detector = Detector([rule, longer])
    one, other = new_token(), new_token().replace("r8_", "r8_stg_")
    for text in (f"A={one}\n", f"B={other}\n", f"A={one}\nB={other}\n"):
        looked = detector.look(text.encode())
        assert {match.secret.reveal() for match in looked.found} >= {
            token for token in (one, other) if token in text
        }


@pytest.mark.parametrize("seed", range(15))
def test_whatever_tokens_begin_with_a_plain_one_is_found(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same every time, on purpose
    (rule,) = select_rules(load_rules(), ())
    first = "".join(rng.choices(string.ascii_letters + "0123456789_-=%&.:/#", k=rng.randint(4, 8)))
    prefixes = first, first + "".join(rng.choices(string.ascii_letters + "_-", k=3)), first[1:]
    rules = [
        replace(
            rule,
            id=f"rule-{number}",
            prefixes=(prefix,),
            pattern=f"(?P<prefix>{re.escape(prefix)})(?P<body>[0-9A-Za-z]{{37}})",
            max_length=len(prefix) + 37,
        )
        for number, prefix in enumerate(prefixes)
    ]
    detector = Detector(rules)
    for prefix in prefixes:
        token = prefix + "".join(rng.choices(string.ascii_letters + string.digits, k=37))
        for text in (token, f"K={token}\n", f'"{token}"', f"x {token} y"):
            found = detector.look(text.encode()).found
            assert token in {match.secret.reveal() for match in found}


@pytest.mark.parametrize("between", BETWEEN_DIGITS.values(), ids=BETWEEN_DIGITS)
@pytest.mark.parametrize("width", [20, 32, 40])
def test_digits_may_be_interrupted(token: str, between: bytes, width: int) -> None:
    digits = token.encode().hex().encode()
    lines = (digits[at : at + width] for at in range(0, len(digits), width))
    assert is_suspect(b'"' + between.join(lines) + b'"')


@pytest.mark.parametrize("comment", ["// ключ\n", "/* clé */ ", "# 鍵\n"])
def test_a_comment_is_written_in_any_language(comment: str) -> None:
    assert is_suspect(f'"r8_Q7" + {comment}"mZ2kXv9T"'.encode())
