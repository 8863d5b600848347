"""Tokens in pieces, broken at every place."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.detect import Detector
from leakscan.detect.decode.joined import Joined
from leakscan.model import Confidence
from leakscan.rules import load_rules, select_rules

SURE = {
    "python": '" "', "python lines": '"\n    "', "plus": "' + '", "java": '" +\n        "',
    "plus first": '"\n  + "', "php": "' . '", "lua": '" .. "', "basic": '" & "',
    "basic lines": '" & _\r\n    "', "sql": "' || '", "elixir": '" <> "', "shell": "\"'",
    "shell lines": "\\\n", "docker": "\\\n    ", "c lines": '" \\\n "', "cmd": "^\r\n",
    "bytes": '" b"', "f-string": "' f'", "template": "` + `", "escaped": '\\" + \\"',
    "zero width": "\u200b", "joiner": "\u200d", "word joiner": "\u2060", "mark": "\ufeff",
    "soft hyphen": "\u00ad", "colour": "\x1b[1;31m", "tag": "<wbr/>", "span": "</span><span>",
    "named": "&#8203;",
}  # fmt: skip

DOUBTFUL = {"line": "\n", "indented": "\n  ", "quoted mail": "\r\n> ", "written out": "\\n",
            "arguments": "', '"}  # fmt: skip

EARLY = {"tag", "span", "named", "indented", "quoted mail", "written out", "escaped", "c lines"}
"""What is not looked for within a prefix."""


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(select_rules(load_rules(), ()))


def written(token: str, at: int, between: str) -> bytes:
    quote = between[0] if between[0] in "\"'`" else ""
    behind = between[-1] if quote else ""
    return f"TOKEN = {quote}{token[:at]}{between}{token[at:]}{behind}\nnext".encode()


@pytest.mark.parametrize("between", SURE)
def test_pieces_that_belong_together(detector: Detector, token: str, between: str) -> None:
    for at in range(3 if between in EARLY else 1, 40):
        (match,) = detector.search(written(token, at, SURE[between]))
        assert (match.secret.reveal(), match.spelling) == (token, "pieces")
        assert match.confidence is Confidence.HIGH
        assert (match.start, match.line) == (8 + (SURE[between][0] in "\"'`"), 1)
        assert match.length == 40 + len(SURE[between].encode())


@pytest.mark.parametrize("between", DOUBTFUL)
def test_pieces_that_may_not_belong_together(detector: Detector, token: str, between: str) -> None:
    for at in range(3 if between in EARLY else 1, 40):
        (match,) = detector.search(written(token, at, DOUBTFUL[between]))
        assert match.secret.reveal() == token
        assert match.confidence is Confidence.MEDIUM
        assert "may not belong together" in match.reasons[0]


def test_markdown(detector: Detector, token: str) -> None:
    (match,) = detector.search(token.replace("_", "\\_").encode())
    assert (match.secret.reveal(), match.confidence) == (token, Confidence.HIGH)


def test_a_whole_token_beside_a_seam_is_not_doubted(detector: Detector, token: str) -> None:
    (match,) = detector.search(f'x("{token}", "more")\nnext'.encode())
    assert (match.confidence, match.spelling) == (Confidence.HIGH, None)


def test_lines_of_words_are_no_token(detector: Detector) -> None:
    matches = detector.search(b"r8_normal\nr8_uniform\ncosine\nsine\ntangent\nexp\nlog\n" * 20)
    assert {match.confidence for match in matches} <= {Confidence.LOW}


@given(data=st.lists(st.sampled_from([*b"ar8_\"'+\\\n\x1b[m<>", b"\xe2\x80\x8b"]), max_size=80))
def test_origins_are_exact(data: list[int | bytes]) -> None:
    text = b"".join(bytes([one]) if isinstance(one, int) else one for one in data)
    for anchor in range(0, len(text), 7):
        decoded = Joined().decode(text, anchor, 0, len(text))
        if decoded:
            assert len(decoded.origin) == len(decoded.text) + 1
            assert bytes(text[at] for at in decoded.origin[:-1]) == decoded.text


@pytest.mark.parametrize(
    "piece", [b'r8_"', b"r8_\\", b"r8_<", b'r8_" + ', b"r8_\n", b"r8_a\\n", b"\x1b["]
)
def test_hostile_text_takes_linear_time(detector: Detector, piece: bytes) -> None:
    started = time.monotonic()
    detector.search(piece * (400_000 // len(piece)))
    assert time.monotonic() - started < 20
