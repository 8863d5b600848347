"""Rule files: what is accepted, and how clearly the rest is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leakscan.errors import RuleError, UsageError
from leakscan.model import Checksum, Severity
from leakscan.rules import load_rules, read_rule, require_known, select_rules, shipped_folder

RULE = """
id = "acme-key"
name = "Acme key"
issuer = "Acme"
description = "Opens the Acme API."
severity = "low"
prefixes = ["acme_"]
pattern = '(?P<prefix>acme_)(?P<body>[0-9a-f]{20})'
max_length = 25
alphabet = '[0-9a-f]'
"""
SUM = {"algorithm": "crc32", "over": "body", "encoding": "base62", "width": 6}


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.toml"
    path.write_text(RULE)
    return path


def test_the_shipped_rules() -> None:
    rules = load_rules()
    assert [path.stem for path in sorted(shipped_folder().iterdir())] == [r.id for r in rules]
    assert [rule.id for rule in rules if rule.default] == ["replicate-api-token"]
    for rule in rules:
        assert rule.references
        assert rule.remediation
        assert rule.context


def test_the_replicate_rule_asserts_no_checksum() -> None:
    (rule,) = select_rules(load_rules(), [])
    assert rule.checksum is None
    assert rule.severity is Severity.CRITICAL
    assert (rule.max_length, rule.alphabet) == (40, "[0-9A-Za-z]")


def test_loading_is_quick_enough_for_a_commit_hook() -> None:
    load_rules()
    times = []
    for _ in range(10):
        begin = time.perf_counter()
        load_rules()
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.03  # 3 ms where nothing else runs


def test_loading_imports_no_search_engine() -> None:
    code = "import sys, leakscan.rules as r; r.load_rules(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"hyperscan", "regex", "numpy", "difflib", "rich"} & set(done.stdout.split())


def test_an_operators_rule_file(rule_file: Path) -> None:
    by_file = load_rules([rule_file])
    assert by_file == load_rules([rule_file.parent])
    assert by_file[-1].id == "acme-key"
    assert not by_file[-1].default


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('id = "acme-key"', 'id = "Acme Key"', "id: 'Acme Key'"),
        ('id = "acme-key"', 'id = "all"', "id: 'all'"),
        ('name = "Acme key"', "", "name: missing"),
        ('name = "Acme key"\nissuer = "Acme"', "", "name, issuer: missing"),
        ('name = "Acme key"', "name = 5", "name: expected a text"),
        ('name = "Acme key"', 'name = ""', "name: expected a text"),
        ('"low"', '"lowish"', "severity: 'lowish' is none of"),
        ('["acme_"]', "[]", "prefixes: at least one"),
        ('["acme_"]', '["é"]', "prefixes: at least one"),
        ('["acme_"]', '"acme_"', "prefixes: expected a list"),
        ("(?P<body>", "(", "pattern: no group"),
        ("{20})", "{20}", "pattern: missing )"),
        ("'[0-9a-f]'", "'0-9a-f'", "alphabet: not a character class"),
        ("= 25", "= 5", "max_length: no longer"),
        ("= 25", "= -25", "max_length: expected a whole number"),
        ("= 25", "= true", "max_length: expected a whole number"),
        ("= 25", "= 25\ndefault = 1", "default: expected true or false"),
        ("= 25", "= 25\ncolour = 1", "colour: unknown key"),
        ("= 25", "= 25\nplaceholders = ['(']", "placeholders: "),
        ("= 25", "= 25\nexamples.good = []", "examples.good: unknown key"),
        ("= 25", "= 25\nexamples = []", "examples: expected a table"),
        ("= 25", '= 25\nchecksum.algorithm = "crc32"', "checksum.over, encoding, width: missing"),
        ("= 25", "= 25 25", "not a TOML file"),
        ("= 25", "= " + "9" * 5000, "not a TOML file"),
        ("= 25", "= 25\nchecksum = " + "0x" + "9" * 5000, "not so large a number"),
        ("{20})", "{20}(?:(?:a{1000}){1000}){1000})", "pattern: its repetitions"),
        ("'[0-9a-f]'", "'" + "a" * 3000 + "'", "alphabet: "),
    ],
)
def test_a_wrong_rule_is_named_with_file_and_key(
    rule_file: Path, old: str, new: str, named: str
) -> None:
    rule_file.write_text(RULE.replace(old, new))
    with pytest.raises(RuleError) as caught:
        load_rules([rule_file])
    assert str(rule_file) in str(caught.value)
    assert named in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("algorithm", "md5", "'md5' is none of crc32"),
        ("over", "all", "'all' is none of body, prefix+body"),
        ("encoding", "base58", "'base58' is none of"),
        ("width", 5, "base62 takes 6 to 64"),
        ("pad", "00", "exactly one character"),
        ("byte_order", "middle", "'middle' is none of big, little"),
        ("salt", "x", "unknown key"),
    ],
)
def test_a_wrong_checksum_is_named(rule_file: Path, key: str, value: object, named: str) -> None:
    with pytest.raises(RuleError, match=rf"checksum\.{key}: ") as caught:
        load_rules([rule_file], {"acme-key": {"checksum": {**SUM, key: value}}})
    assert named in str(caught.value)
    assert "rules.override.acme-key" in str(caught.value)


def test_an_id_is_taken_once(rule_file: Path) -> None:
    rule_file.write_text(RULE.replace("acme-key", "npm-access-token"))
    with pytest.raises(RuleError, match=r"already the rule of .*npm-access-token\.toml"):
        load_rules([rule_file])


def test_a_missing_file_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="cannot read it"):
        load_rules([tmp_path / "absent.toml"])
    with pytest.raises(RuleError, match="no rule files"):
        load_rules([tmp_path])


@pytest.mark.timeout(20)
def test_a_pipe_and_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (tmp_path / "pipe.toml", tmp_path, Path("/dev/zero")):
        with pytest.raises(RuleError, match="cannot read it: no regular file"):
            load_rules([path])


def test_an_override_states_a_checksum() -> None:
    override = {"replicate-api-token": {"checksum": SUM, "severity": "high"}}
    (rule,) = select_rules(load_rules(overrides=override), [])
    assert rule.checksum == Checksum("crc32", "body", "base62", 6)
    assert rule.severity is Severity.HIGH


def test_an_override_may_remove_a_checksum() -> None:
    rules = load_rules(overrides={"npm-access-token": {"checksum": {}}})
    assert select_rules(rules, ["npm-access-token"])[0].checksum is None


def test_an_override_cannot_change_an_id_or_name_no_rule() -> None:
    with pytest.raises(UsageError, match="id: cannot be overridden"):
        load_rules(overrides={"npm-access-token": {"id": "x"}})
    with pytest.raises(UsageError, match=r"rules\.override\.npm: no such rule.*npm-access-token"):
        load_rules(overrides={"npm": {}})


def test_select_rules() -> None:
    rules = load_rules()
    assert select_rules(rules, ["all"]) == rules
    chosen = select_rules(rules, ["zuplo-api-key", "github-token", "zuplo-api-key"])
    assert [rule.id for rule in chosen] == ["github-token", "zuplo-api-key"]
    with pytest.raises(UsageError, match=r"githb-token: no such rule: did you mean github-token"):
        select_rules(rules, ["githb-token"])
    with pytest.raises(UsageError, match="no rule is active"):
        select_rules(rules[:1], [])


def test_read_rule_reads_one_file() -> None:
    assert read_rule(shipped_folder() / "zuplo-api-key.toml").id == "zuplo-api-key"


def test_an_id_that_is_known_or_not() -> None:
    require_known("here", "npm-access-token", load_rules())
    with pytest.raises(UsageError, match=r"here: no such rule: did you mean replicate-api-token"):
        require_known("here", "replicate", load_rules())
