"""Comments that allow a token, in every way that people write them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from leakscan.detect import Detector
from leakscan.detect.detector import LINE_CONTEXT
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable

RULE = "replicate-api-token"
ALLOW = f"leakscan: allow[{RULE}]"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(select_rules(load_rules(), ()))


def said(detector: Detector, data: bytes) -> str | None:
    (match,) = detector.search(data)
    return match.allowed


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("key = '{}'", None),
        ("key = '{}'  # " + ALLOW + " made for tests", "made for tests"),
        ("key = '{}'  # " + ALLOW, ""),
        ("key = '{}'  # " + ALLOW + "  \t", ""),
        ("key = '{}'  # " + ALLOW + " -- ...", ""),
        ('{{"key": "{}", "note": "' + ALLOW + '"}}', ""),
        ("key = '{}'  # " + ALLOW + ": made for tests", "made for tests"),
        ("key = '{}'  # " + ALLOW + " - ünïcode", "ünïcode"),
        ("key = '{}'  # LeakScan:allow [" + RULE.upper() + "] loud", "loud"),
        ("key = '{}'  # leakscan: allow[other, " + RULE + " ,x] several", "several"),
        ("key = '{}'  # leakscan: allow[other] not this one", None),
        ("key = '{}'  # leakscan: allow[] none", None),
        ("key = '{}'  # leakscan: allow[" + RULE + " no end", None),
        ("key = '{}'  # leakscan: allow everything", None),
        ("key = '{}'  # leakscan: allow[other] a leakscan: allow[" + RULE + "] b", "b"),
        ("key = '{}'  # leakscan: allow[" + RULE + "] a leakscan: allow[other] b", "a"),
        ("key = '{}'  # " + ALLOW + " " + ALLOW + " second", "second"),
        ("/* " + ALLOW + " before it */ key = '{}'", "before it"),
        ("/* " + ALLOW + " */ key = '{}'", ""),
        (ALLOW + " {}", ""),
        ("<k>{}</k> <!-- " + ALLOW + " in a page --> <p>", "in a page"),
        ("{{# " + ALLOW + " in a template #}}{}", "in a template"),
        ("(* " + ALLOW + " in OCaml *) {}", "in OCaml"),
        (ALLOW + " above\n{}", None),
        (ALLOW + " above\r{}", None),
        ("{}\n" + ALLOW + " below", None),
        ("{}\r\n" + ALLOW + " below", None),
        ("{} # " + ALLOW + " dos\r\n", "dos"),
        ("{} # " + ALLOW + " old mac\rmore", "old mac"),
    ],
)
def test_a_comment(detector: Detector, token: str, line: str, reason: str | None) -> None:
    assert said(detector, line.format(token).encode()) == reason


def test_bytes_that_are_no_text(detector: Detector, token: str) -> None:
    assert (
        said(detector, f"{token} # {ALLOW} ".encode() + b"caf\xe9")
        == "caf\N{REPLACEMENT CHARACTER}"
    )


@pytest.mark.parametrize("before", [True, False])
def test_only_so_far_on_a_long_line(detector: Detector, token: str, before: bool) -> None:
    comment = f"{ALLOW} near */"

    def line(distance: int) -> bytes:
        gap = " " * distance
        return (comment + gap + token if before else token + gap + comment).encode()

    assert said(detector, line(LINE_CONTEXT - len(comment))) == "near"
    assert said(detector, line(LINE_CONTEXT)) is None


def test_every_token_of_the_line(detector: Detector, new_token: Callable[[], str]) -> None:
    line = f"{new_token()} {new_token()} # {ALLOW} both\n{new_token()}"
    assert [match.allowed for match in detector.search(line.encode())] == ["both", "both", None]


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 3000])
def test_a_stream_may_end_its_chunks_anywhere(detector: Detector, token: str, size: int) -> None:
    """Also between a token and its comment."""
    filling = "x" * 700 + "\n"
    near = f"{filling * 3}key = {token}  # {'-' * 400} {ALLOW} {'far away ' * 20}\n"
    before = f"/* {ALLOW} {'y' * 500} */ {token}\n{filling * 3}{token}"
    whole = (near + before).encode()
    cuts = [*range(0, len(whole), size), len(whole)]
    found = list(detector.search_stream(whole[start:end] for start, end in pairwise(cuts)))
    assert found == detector.search(whole)
    assert [bool(match.allowed) for match in found] == [True, True, False]
