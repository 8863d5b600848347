"""Regular expressions that anybody may have written."""

from __future__ import annotations

import subprocess
import sys

import pytest

from leakscan.expressions import compiled
from leakscan.rules import load_rules

SOUND = [
    "r8_EXAMPLE[A-Za-z0-9]+",
    "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
    "[a-z]{20,4000}",
    "(?i)x{,5}|{|{a}",
    "",
]


@pytest.mark.parametrize("expression", [*SOUND, *(rule.pattern for rule in load_rules())])
def test_sound_ones(expression: str) -> None:
    assert compiled(expression).pattern == expression


LARGE = [
    "(?:(?:(?:(?:a{1000}){1000}){1000}){1000}){1000}",
    "(?:(?:a{1000}){0000000001000,}){1000}",
    "(?:(?:a{1000}){,1000}){1000}",
    "(?:(?:a{1000}){1,1000}){1000}",
    "(?:[(]a{1000}){1000}",
    "(?:[]()]a{1000}){1000}",
    "a{1000}{1000}{1000}",
    "(?:a{1000})+{1000}",
    "a{99999999999999999999}",
    "a{2000}" * 5,
]


@pytest.mark.parametrize("expression", LARGE)
def test_repetitions_within_repetitions(expression: str) -> None:
    with pytest.raises(ValueError, match="repetitions stand for more than 10,000 characters"):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("(", "missing"),
        ("[z-a]", "bad character range"),
        (r"\L<word>", "undefined named list"),
        ("(" * 900 + ")" * 900, "too many groups"),
        ("a" * 2001, "longer than 2,000"),
        ("(?x)(?: a{1000} ) {1 0 0 0}", r"\(\?x\)"),
        ("(?ix:a)", r"\(\?x\)"),
    ],
)
def test_wrong_ones(expression: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        compiled(expression)


def test_what_passes_takes_little() -> None:
    """Of the largest ones that pass, memory and time are those of a small program."""
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
from leakscan.expressions import compiled
for text in ("a{9000}", "(?:a{90}){90}", "(?:(?:a|b?){20}){20}", "(?:[a-z]?){500}", "a{9}" * 500):
    compiled(text)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
