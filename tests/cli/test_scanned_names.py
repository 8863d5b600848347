"""The name of what is scanned, where that is an encoded secret: no command shows it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from gitrepo import clean_environment
from leakscan.cli import cli
from leakscan.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from forked import Commands


@pytest.fixture
def encoded(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


@pytest.fixture
def folder(tmp_path: Path, encoded: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder whose name is an encoded secret."""
    monkeypatch.setenv("LEAKSCAN_FINGERPRINT_KEY", "0f" * 32)
    monkeypatch.delenv("LEAKSCAN_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / encoded
    folder.mkdir()
    return folder


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "sarif", "github"])
def test_a_scan(
    folder: Path, encoded: str, new_token: Callable[[], str], format: str, tmp_path: Path
) -> None:
    inside = new_token()
    (folder / "a.env").write_text(inside)
    (tmp_path / "c.toml").write_text("")
    options = ("--format", format, "--config", str(tmp_path / "c.toml"))
    result = CliRunner().invoke(cli, ["scan", *options, str(folder)])
    assert result.exit_code == 1
    assert "a.env" in result.output
    assert encoded[12:24] not in result.output


def test_the_configuration_of_a_checkout(
    folder: Path, encoded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".git").mkdir()
    (folder / ".leakscan.toml").write_text("")
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(cli, ["scan", "-"], input="nothing")
    assert "leakscan: configuration: " in result.stderr
    assert ".leakscan.toml" in result.stderr
    assert encoded[12:24] not in result.output


def test_what_is_not_there(folder: Path, encoded: str, commands: Commands) -> None:
    done = commands.run(["scan", str(folder / "none")], env=clean_environment(folder))
    assert done.returncode == TargetError.exit_status
    error = done.stderr.decode()
    assert "/none does not exist" in error
    assert encoded[12:24] not in error
