"""The signs that are written down must be those that the encodings have."""

from __future__ import annotations

from pathlib import Path

from known_signs import text

from leakscan import known_signs
from leakscan.detect import Detector
from leakscan.rules import load_rules, select_rules


def test_the_file_is_up_to_date() -> None:
    assert Path(known_signs.__file__).read_text() == text(), "run tests/detect/known_signs.py"


def test_the_rules_that_are_on_begin_so() -> None:
    rules = select_rules(load_rules(), ())
    prefixes = {prefix.encode() for rule in rules for prefix in rule.prefixes}
    assert set(known_signs.PREFIXES) == prefixes


def test_other_rules_have_signs_of_their_own(token: str) -> None:
    detector = Detector(select_rules(load_rules(), ["all"]))
    assert detector.search(token[::-1].encode())
    assert not detector.search(b"nothing")
