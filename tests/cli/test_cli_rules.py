"""``leakscan rules`` from the outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from leakscan.cli import cli
from leakscan.errors import UsageError
from leakscan.rules import shipped_folder
from sealing import sealed_text

if TYPE_CHECKING:
    from pathlib import Path

VECTOR = "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"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEAKSCAN_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["rules", *arguments], input=stdin)


def test_list_says_which_rules_are_on() -> None:
    result = run("list")
    assert result.exit_code == 0
    states = {line.split()[1]: line.split()[0] for line in result.stdout.splitlines()}
    assert states.pop("replicate-api-token") == "on"
    assert set(states.values()) == {"off"}


def test_list_follows_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('rules.enable = ["npm-access-token"]')
    result = run("list", "--config", "c.toml", "--format", "json")
    listed = json.loads(result.stdout)
    assert listed["schema"] == "leakscan-rules/v1"
    assert [r["id"] for r in listed["rules"] if r["active"]] == ["npm-access-token"]


def test_list_knows_that_a_checkout_switches_no_rule_off(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".leakscan.toml").write_text('[rules]\nenable = ["npm-access-token"]\n')
    states = {line.split()[1]: line.split()[0] for line in run("list").stdout.splitlines()}
    assert {rule for rule in states if states[rule] == "on"} == {
        "npm-access-token",
        "replicate-api-token",
    }


def test_show() -> None:
    result = run("show", "npm-access-token")
    assert result.exit_code == 0
    assert "crc32 of body, 6 of base62" in result.stdout
    assert "npm token revoke" in result.stdout
    shown = json.loads(run("show", "npm-access-token", "--format", "json").stdout)
    assert shown["rules"][0]["checksum"]["encoding"] == "base62"


def test_show_an_unknown_rule() -> None:
    result = run("show", "npm")
    assert isinstance(result.exception, UsageError)
    assert "did you mean npm-access-token?" in str(result.exception)


def test_check_of_everything_and_of_one_folder() -> None:
    for arguments in ((), (str(shipped_folder()),)):
        result = run("check", *arguments)
        assert result.exit_code == 0
        assert "Rules checked: 7." in result.stdout


def test_check_names_every_problem(tmp_path: Path) -> None:
    text = (shipped_folder() / "npm-access-token.toml").read_text()
    (tmp_path / "long.toml").write_text(text.replace("max_length = 40", "max_length = 50"))
    (tmp_path / "odd.toml").write_text(text.replace("default", "defualt"))
    result = run("check", str(tmp_path))
    assert result.exit_code == 1
    assert "long.toml: max_length: 50, but no match is that long" in result.stdout
    assert "odd.toml: defualt: unknown key" in result.stdout


def test_check_tells_which_files_have_an_id_that_is_taken(tmp_path: Path) -> None:
    text = (shipped_folder() / "npm-access-token.toml").read_text()
    shipped = shipped_folder() / "npm-access-token.toml"
    (tmp_path / "one.toml").write_text(text)
    for name in ("two.toml", "three.toml"):
        (tmp_path / name).write_text(text.replace("npm-access-token", "own-token"))
    result = run("check", "one.toml", "two.toml", "three.toml", str(shipped))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"one.toml: id: npm-access-token is already the rule of {shipped}",
        "three.toml: id: own-token is already the rule of two.toml",
    ]


def test_own_rules_that_are_off_are_told_of(tmp_path: Path) -> None:
    text = (shipped_folder() / "npm-access-token.toml").read_text()
    (tmp_path / "own.toml").write_text(text.replace("npm-access-token", "own-token"))
    (tmp_path / "off.toml").write_text('rules.paths = ["own.toml"]\n')
    (tmp_path / "on.toml").write_text('rules.paths = ["own.toml"]\nrules.enable = ["own-token"]\n')
    told = "own-token: loaded but off"
    assert told in run("test", "--config", "off.toml", "nothing").stderr
    assert told not in run("test", "--config", "off.toml", "--rule", "all", "nothing").stderr
    assert told not in run("test", "--config", "on.toml", "nothing").stderr


def test_a_file_of_a_checkout_that_is_none_is_told_of(tmp_path: Path) -> None:
    (tmp_path / ".leakscan.toml").write_text("")
    scan = CliRunner().invoke(cli, ["scan", "-"], input="nothing")
    assert ".leakscan.toml is not used: this folder is in no git checkout" in scan.stderr
    (tmp_path / ".git").mkdir()
    scan = CliRunner().invoke(cli, ["scan", "-"], input="nothing")
    assert "not used" not in scan.stderr


def test_test_takes_a_name_for_a_text_and_says_so(tmp_path: Path, token: str) -> None:
    (tmp_path / "a.env").write_text(token)
    result = run("test", "a.env")
    assert result.exit_code == 0
    assert "leakscan rules test - < FILE" in result.stdout


def test_test_finds_a_token_and_does_not_show_it(token: str) -> None:
    result = run("test", f"key = {token}")
    assert result.exit_code == 1
    assert "replicate-api-token" in result.stdout
    assert "confidence: high" in result.stdout
    assert "checksum:   unknown" in result.stdout
    assert "because:    " in result.stdout
    assert token not in result.stdout
    assert token[:7] in result.stdout


def test_test_reads_standard_input(token: str) -> None:
    result = run("test", "-", stdin=f"one\ntwo {token}\n")
    assert result.exit_code == 1
    assert "line 2, column 5" in result.stdout


def test_test_with_another_rule() -> None:
    assert run("test", VECTOR).exit_code == 0
    for name in ("npm-access-token", "all"):
        result = run("test", "--rule", name, VECTOR)
        assert result.exit_code == 1
        assert "checksum:   valid" in result.stdout


def test_test_without_a_candidate() -> None:
    result = run("test", "nothing here")
    assert result.exit_code == 0
    assert result.stdout == "No candidate.\n"


def test_a_text_that_cannot_be_read_whole_has_perhaps_a_candidate() -> None:
    result = run("test", "-", stdin=sealed_text())
    assert (result.exit_code, "No candidate" in result.stdout) == (3, False)
    assert result.stdout.startswith("not read: of zip that is written as text: ")
