"""Every shipped rule is sound, and the check notices each way in which one is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from leakscan.detect.rulecheck import check_rule
from leakscan.model import Examples
from leakscan.rules import load_rules, read_rule, select_rules, shipped_folder
from leakscan.rules.parse import OPTIONAL, REQUIRED

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.model import Rule

RULES = load_rules()
REPLICATE = select_rules(RULES, ["replicate-api-token"])[0]
NPM = select_rules(RULES, ["npm-access-token"])[0]
GITHUB = select_rules(RULES, ["github-token"])[0]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_shipped_rules_are_sound(rule: Rule) -> None:
    assert check_rule(rule) == []


@pytest.mark.parametrize(
    ("rule", "changes", "problem"),
    [
        (REPLICATE, {"pattern": r"(?<!x)r8_(?P<body>\w{37})"}, "pattern: hyperscan rejects it"),
        (REPLICATE, {"pattern": r"r8_(?P<body>.(.)\2{35})"}, "pattern: hyperscan rejects it"),
        (REPLICATE, {"pattern": r"r8_(?P<body>x"}, "pattern: "),
        (REPLICATE, {"pattern": r"r8_(?P<body>[^ ]{37})"}, "pattern: a match can hold bytes"),
        (REPLICATE, {"placeholders": ("(",)}, "placeholders: "),
        (REPLICATE, {"max_length": 39}, "max_length: 39, but a match can be longer"),
        (REPLICATE, {"max_length": 41}, "max_length: 41, but no match is that long"),
        (REPLICATE, {"prefixes": ("r8_", "r9_")}, "prefixes: no match starts with 'r9_'"),
        (REPLICATE, {"prefixes": ("r9_",)}, "prefixes: a match can also start with 'r8'"),
        (GITHUB, {"prefixes": ("ghp_", "gho_", "ghs_")}, "a match can also start with 'ghu'"),
        (REPLICATE, {"pattern": r"\br8_(?P<body>[0-9A-Za-z]{37})\b"}, "pattern: it says \\b"),
        (NPM, {"checksum": None}, "checksum: the pattern has a group for it"),
        (REPLICATE, {"examples": Examples()}, "examples.positive: none"),
        (REPLICATE, {"alphabet": "[0-9]"}, "examples.positive: number 1 has only low"),
        (REPLICATE, {"checksum": NPM.checksum}, "number 1 has only low confidence (checksum"),
        (
            REPLICATE,
            {"examples": Examples(("r8_",), ("x",))},
            "number 1 is not found: r8_ stands in it, but",
        ),
        (REPLICATE, {"examples": Examples(("x",), ("x",))}, "is not found: no prefix stands in it"),
    ],
)
def test_problems_are_named(rule: Rule, changes: dict[str, object], problem: str) -> None:
    problems = check_rule(replace(rule, **changes))
    assert problem in "\n".join(problems)


def test_the_guides_rule_is_sound_and_every_key_is_explained(tmp_path: Path) -> None:
    guide = (shipped_folder().parent / "docs" / "rules.md").read_text(encoding="utf-8")
    file = tmp_path / "acme.toml"
    file.write_text(guide.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    assert check_rule(read_rule(file)) == []
    table = guide.split("## Keys")[1].split("##")[0]
    for key in REQUIRED + OPTIONAL:
        assert f"`{key}`" in table


def test_a_negative_example_that_is_found(token: str) -> None:
    rule = replace(REPLICATE, examples=Examples((token,), ("nothing", f"key={token}")))
    (problem,) = check_rule(rule)
    assert problem.startswith("examples.negative: number 2 is reported with high confidence")
    assert token not in problem


def test_examples_are_never_quoted(token: str) -> None:
    rule = replace(REPLICATE, alphabet="[0-9]", examples=Examples((token,), (token,)))
    assert token[3:] not in "\n".join(check_rule(rule))
