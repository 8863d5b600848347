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


def fault(detector: Detector, data: bytes) -> str | None:
    (match,) = detector.search(data)
    assert match.allowed is None
    return match.allow_fault


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("key = '{}'  # " + ALLOW + " made for tests", "made for tests"),
        ("key = '{}'  # " + ALLOW + ": made for tests", "made for tests"),
        ("key = '{}'  # " + ALLOW + " - ünïcode", "ünïcode"),
        ("key = '{}'  # " + ALLOW + " REASON: made for tests", "REASON: made for tests"),
        ("key = '{}'  # LeakScan:allow [" + RULE.upper() + "] loud", "loud"),
        ("key = '{}'  # leakscan : allow[" + RULE + "] spaced", "spaced"),
        ("key = '{}'  # leakscan: allow[other, " + RULE + " ,x] several", "several"),
        ("key = '{}'  # leakscan: allow[other] a leakscan: allow[" + RULE + "] b", "b"),
        ("key = '{}'  # leakscan: allow[other a leakscan: allow[" + RULE + "] b", "b"),
        ("key = '{}'  # leakscan: allow[" + RULE + "] a leakscan: allow[other] b", "a"),
        ("key = '{}'  # " + ALLOW + " " + ALLOW + " second", "second"),
        ("/* " + ALLOW + " before it */ key = '{}'", "before it"),
        ("# " + ALLOW + " above\n{} # " + ALLOW + " here", "here"),
        ("<k>{}</k> <!-- " + ALLOW + " in a page --> <p>", "in a page"),
        ("{{# " + ALLOW + " in a template #}}{}", "in a template"),
        ("(* " + ALLOW + " in OCaml *) {}", "in OCaml"),
        ("{} # " + ALLOW + " dos\r\n", "dos"),
        ("{} # " + ALLOW + " old mac\rmore", "old mac"),
    ],
)
def test_a_comment(detector: Detector, token: str, line: str, reason: str) -> None:
    (match,) = detector.search(line.format(token).encode())
    assert (match.allowed, match.allow_fault) == (reason, None)


NO_REASON = "its allow comment gives no reason"
NO_RULE = "its allow comment names no rule"
NO_BRACKET = "its allow comment has no ] behind the rule"
NO_COLON = 'its allow comment has no colon behind "leakscan"'
ABOVE = "the allow comment above it must stand on the token's own line"


def naming(other: str) -> str:
    return f"its allow comment names {other}, not the rule {RULE}"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("key = '{}'  # " + ALLOW, NO_REASON),
        ("key = '{}'  # " + ALLOW + "  \t", NO_REASON),
        ("key = '{}'  # " + ALLOW + " -- ...", NO_REASON),
        ("key = '{}'  # " + ALLOW + " REASON", NO_REASON),
        ("key = '{}'  # " + ALLOW + " <reason>", NO_REASON),
        ('{{"key": "{}", "note": "' + ALLOW + '"}}', NO_REASON),
        ("/* " + ALLOW + " */ key = '{}'", NO_REASON),
        (ALLOW + " {}", NO_REASON),
        ("key = '{}'  # leakscan: allow doc", NO_RULE),
        ("key = '{}'  # leakscan:allow", NO_RULE),
        ("key = '{}'  # leakscan: allow[] doc", NO_RULE),
        ("key = '{}'  # leakscan: allow[ ] doc", NO_RULE),
        ("key = '{}'  # leakscan: allow[*] doc", naming('"*"')),
        ("key = '{}'  # leakscan: allow[all] doc", naming('"all"')),
        ("key = '{}'  # leakscan: allow[replicate] doc", naming('"replicate"')),
        (
            "key = '{}'  # leakscan: allow[Replicate API token] doc",
            naming('"Replicate API token"'),
        ),
        ("key = '{}'  # leakscan: allow[a, b] doc", naming('"a, b"')),
        ("key = '{}'  # leakscan: allow[" + "x" * 31 + "] doc", naming("something else")),
        ("key = '{}'  # leakscan: allow[" + RULE + " doc", NO_BRACKET),
        ("key = '{}'  # leakscan allow[" + RULE + "] doc", NO_COLON),
        ("key = '{}'  # leakscan: allow[x] a leakscan: allow[y] b", naming('"x"')),
        ("key = '{}'  # leakscan: allow[x] a " + ALLOW, NO_REASON),
        ("# " + ALLOW + " above\n{}", ABOVE),
        ("<!-- " + ALLOW + " above -->\r\n{}", ABOVE),
        (ALLOW + " above\r{}", ABOVE),
        ("# leakscan: allow above\n{}", ABOVE),
        ("# " + ALLOW + " above\n{} # leakscan: allow here", NO_RULE),
    ],
)
def test_what_is_wrong_with_a_comment(
    detector: Detector, token: str, line: str, wrong: str
) -> None:
    assert fault(detector, line.format(token).encode()) == wrong


@pytest.mark.parametrize(
    "line",
    [
        "key = '{}'",
        "key = '{}'  # by leakscan allow it",
        "key = '{}'  # leakscan: allowed",
        "key = '{}'  # leakscan: see allow[" + RULE + "] x",
        "other = 1  # " + ALLOW + " of that line\n{}",
        "/* " + ALLOW + " of that line */ other = 1\n{}",
        "# " + ALLOW + " above\n\n{}",
        "{}\n# " + ALLOW + " below",
        "{}\r\n# " + ALLOW + " below",
    ],
)
def test_what_is_no_comment_of_the_token(detector: Detector, token: str, line: str) -> None:
    assert fault(detector, line.format(token).encode()) is None


def test_no_other_token_is_quoted(detector: Detector, new_token: Callable[[], str]) -> None:
    one, other = new_token(), new_token()
    found = detector.search(f"{one} # leakscan: allow[{other}] doc".encode())
    assert [match.allow_fault for match in found] == [naming("something else"), NO_BRACKET]


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
    assert fault(detector, line(LINE_CONTEXT)) is None


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
