"""What is found of one family of tokens in some encoding is found of every other."""

from __future__ import annotations

import random
import string
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from corpus.concatenation import CONCATENATIONS
from corpus.encodings import ENCODINGS, QUOTED, encoded
from leakscan.detect import Detector
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from leakscan.model import Rule

SHIPPED = load_rules()
REPLICATE = select_rules(SHIPPED, ["replicate-api-token"])[0]


def family(*prefixes: str, length: int = 30) -> Rule:
    """Make a rule of tokens with some prefixes and a body of so many characters."""
    return replace(
        REPLICATE,
        id=f"family-of-{len(prefixes)}",
        prefixes=prefixes,
        pattern=f"(?:{'|'.join(prefixes)})(?P<body>[0-9A-Za-z]{{{length}}})",
        max_length=max(map(len, prefixes)) + length,
    )


FAMILIES = {
    "all that are shipped": SHIPPED,
    "two that differ at the end": [family("acme_", "acmx_")],
    "of two rules": [family("sk_live_"), REPLICATE, family("sk_test_", "pk_live_")],
    "long": [family("acme_live_key_")],
    "of hex digits": [family("feed"), family("cafe")],
    "two alike": [family("zz_")],
    "short": [family("AKZ", length=16)],
}


def tokens(rules: list[Rule]) -> list[str]:
    """Return a token of each prefix: of the examples, or with a check sum that is wrong."""
    rng = random.Random(7)  # noqa: S311 - these are no secrets
    letters = string.ascii_letters + string.digits
    found = []
    for rule in rules:
        given = Detector([rule]).search("\n".join(rule.examples.positive).encode())
        known = {match.secret.reveal() for match in given}
        for prefix in rule.prefixes:
            made = prefix + "".join(rng.choices(letters, k=rule.max_length - len(prefix)))
            found.append(next((one for one in sorted(known) if one.startswith(prefix)), made))
    return found


@pytest.mark.parametrize("rules", FAMILIES.values(), ids=FAMILIES)
def test_every_encoding_is_found_of_every_prefix(rules: list[Rule]) -> None:
    detector = Detector(rules)
    missed = []
    for token in tokens(rules):
        plain = b"# settings\nTOKEN=" + token.encode() + b"\nlast=1\n"
        twin = plain.replace(token.encode(), b"~" + token[1:].encode())
        texts = {way.name: encoded(plain, twin, way)[0] for way in ENCODINGS}
        texts["plain"] = QUOTED[0] + token.encode() + QUOTED[1]
        texts |= {way.name: way.data(token, len(token) // 2) for way in CONCATENATIONS}
        missed += [
            (token[:6], name)
            for name, data in texts.items()
            if token not in {match.secret.reveal() for match in detector.search_blob(data)}
        ]
    assert not missed


@pytest.mark.parametrize("rules", FAMILIES.values(), ids=FAMILIES)
def test_what_is_common_is_found_in_every_version_of_a_file(rules: list[Rule]) -> None:
    sparing = Detector(rules).sparing()
    common = [way for way in ENCODINGS if way.name.startswith("base64, alignment")]
    for token in tokens(rules):
        plain = b"# settings\nTOKEN=" + token.encode() + b"\nlast=1\n"
        for text in (plain, *(encoded(plain, b"#" + plain, way)[0] for way in common)):
            for found in (sparing.search_known_file(text), sparing.search_message(text)):
                assert token in {match.secret.reveal() for match in found}, (token[:6], text)
