"""``leakscan digests`` from the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from leakscan.cli import cli
from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEAKSCAN_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("LEAKSCAN_DIGEST_KEY", "a key for this test")


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["digests", *arguments], input=stdin)


def test_build_and_ask(tmp_path: Path, new_token: Callable[[], str]) -> None:
    issued, other = new_token(), new_token()
    (tmp_path / "tokens").write_text(f"{issued}\r\n\n{new_token()}\n{issued}")
    result = run("build", "tokens", "--output", "issued.digests")
    assert result.exit_code == 0, result.exception
    assert result.stdout == "Wrote issued.digests.  Different tokens: 2.\n"

    result = run("check", "issued.digests", stdin=f"{issued}\n{other}\n")
    assert result.exit_code == 0
    verdicts = [line.split("  ")[0].strip() for line in result.stdout.splitlines()]
    assert verdicts == ["issued", "not issued"]
    assert issued not in result.stdout
    assert other not in result.stdout


def test_build_reads_standard_input(tmp_path: Path, token: str) -> None:
    for arguments in ((), ("-",)):
        result = run("build", *arguments, "--output", "out", stdin=f"{token}\n")
        assert result.exit_code == 0
    assert (tmp_path / "out").stat().st_size == 64 + 16


def test_the_key_may_come_from_a_file(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("another key, in a file")
    (tmp_path / "c.toml").write_text('digests.key_file = "key"')
    run("build", "--output", "out", "--key-file", "key", stdin=token)
    result = run("check", "out", stdin=token)
    assert "built with another key" in str(result.exception)
    monkeypatch.delenv("LEAKSCAN_DIGEST_KEY")
    result = run("check", "out", "--config", "c.toml", stdin=token)
    assert result.stdout.startswith("issued ")


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        (b"", "no tokens were given"),
        (b"\n \n", "no tokens were given"),
        (b"id,token\n", "line 1: no known rule finds it"),
        (b"r8_a\n", "line 1: no known rule finds it"),
        (b"r8_\xff", "line 1: not UTF-8 text"),
    ],
)
def test_a_list_of_something_else_is_refused(tmp_path: Path, stdin: bytes, message: str) -> None:
    result = run("build", "--output", "out", stdin=stdin)
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_trying_a_rule_asks_the_list(tmp_path: Path, new_token: Callable[[], str]) -> None:
    issued, other = new_token(), new_token()
    run("build", "--output", "issued.digests", stdin=issued)
    (tmp_path / "c.toml").write_text('digests.file = "issued.digests"')
    for token, verdict in ((issued, "yes"), (other, "no")):
        result = CliRunner().invoke(cli, ["rules", "test", "--config", "c.toml", token])
        assert f"issued:     {verdict}" in result.stdout
