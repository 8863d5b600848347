"""``leakscan completion``, in the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitrepo import clean_environment
from leakscan.cli import COMMANDS

if TYPE_CHECKING:
    from forked import Commands

ASK = {
    "bash": """
        source "$SCRIPT"
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        function compopt { echo "<$2>"; }
        [[ $(complete -p leakscan) == *"-F _leakscan_completion leakscan" ]] || exit 9
        _leakscan_completion leakscan
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    # Outside of its editor zsh completes nothing: what the script hands it is printed instead.
    "zsh": """
        function compdef { [[ "$*" == "_leakscan_completion leakscan" ]] || exit 9; }
        function compadd { print -rl -- ${(P)@[-1]}; }
        function _describe { print -rl -- ${${(P)@[-2]}%%:*}; }
        function _path_files { print "<default>"; }
        source "$SCRIPT"
        words=("$@"); CURRENT=$#
        _leakscan_completion
    """,
    "fish": """
        source "$SCRIPT"
        complete --do-complete (string join -- ' ' $argv) | string replace -r '\\t.*' ''
        true  # though nothing was replaced
    """,
}
START = {
    "bash": ("bash", "--norc", "-c", ASK["bash"], "bash"),
    "zsh": ("zsh", "-f", "-c", ASK["zsh"], "zsh"),
    "fish": ("fish", "--no-config", "-c", ASK["fish"]),
}


@pytest.fixture(params=START)
def shell(request: pytest.FixtureRequest) -> str:
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Have the shells find the program under its name, and no file of a user."""
    program = tmp_path / "bin/leakscan"
    program.parent.mkdir()
    run = "from leakscan.__main__ import start; start()"
    program.write_text(f"#!{sys.executable}\nimport sys; sys.argv[0] = 'leakscan'\n{run}\n")
    program.chmod(0o755)
    path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
    return clean_environment(tmp_path) | {"PATH": path, "SCRIPT": str(tmp_path / "script")}


def completed(shell: str, environment: dict[str, str], *words: str) -> list[str]:
    """Ask a shell how the last of the words may go on, by the script that it is given."""
    script = subprocess.run(
        ["leakscan", "completion", shell], env=environment, capture_output=True, check=True
    )
    Path(environment["SCRIPT"]).write_bytes(script.stdout)
    asked = subprocess.run(
        [*START[shell], "leakscan", *words], env=environment, capture_output=True, check=False
    )
    assert (asked.returncode, asked.stderr.decode()) == (0, "")
    return asked.stdout.decode().split()


def test_commands(shell: str, environment: dict[str, str]) -> None:
    assert set(completed(shell, environment, "")) == set(COMMANDS)
    assert completed(shell, environment, "sc") == ["scan"]
    assert set(completed(shell, environment, "rules", "")) == {"check", "list", "show", "test"}


def test_options(shell: str, environment: dict[str, str]) -> None:
    offered = completed(shell, environment, "scan", "--")
    assert {"--range", "--format", "--no-suppress", "--help"} <= set(offered)
    assert completed(shell, environment, "scan", ".", "--rec") == ["--record"]


def test_values(shell: str, environment: dict[str, str]) -> None:
    assert set(completed(shell, environment, "scan", "--min-confidence", "")) == {
        "high",
        "medium",
        "low",
    }
    assert completed(shell, environment, "completion", "z") == ["zsh"]


def test_files(shell: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(environment["HOME"])
    (folder / "some.toml").touch()
    monkeypatch.chdir(folder)
    for words in (["scan", "so"], ["scan", ".", "--config", "so"]):
        assert completed(shell, environment, *words) == (
            ["some.toml"] if shell == "fish" else ["<default>"]
        )


def test_rules(shell: str, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[rules]\npaths = ['none.toml']\n")
    for config in ([], ["--config", str(tmp_path / "own.toml")]):  # that cannot be used
        offered = completed(shell, environment, "scan", *config, "--rules", "")
        assert {"all", "replicate-api-token", "github-token"} <= set(offered)
    offered = completed(shell, environment, "scan", "--rules", "github-token,")
    assert "github-token,replicate-api-token" in offered
    assert "github-token,github-token" not in offered


@pytest.mark.parametrize("shell", START)
def test_the_script_names_the_program(shell: str, commands: Commands) -> None:
    done = commands.run(["completion", shell], env=clean_environment())
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"_LEAKSCAN_COMPLETE={shell}_complete" in done.stdout.decode()
    assert "_leakscan_completion" in done.stdout.decode()


def test_completing_is_no_failure(commands: Commands) -> None:
    asked = {"_LEAKSCAN_COMPLETE": "bash_complete", "COMP_WORDS": "leakscan sc", "COMP_CWORD": "1"}
    done = commands.run([], env=clean_environment() | asked)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"plain,scan\n", b"")


def test_no_shell_is_one_clear_line(commands: Commands) -> None:
    done = commands.run(["completion"], env=clean_environment())
    usage, line = done.stderr.decode().splitlines()
    assert (done.returncode, usage[:27]) == (2, "Usage: leakscan completion ")
    assert line == "leakscan: Missing argument '{bash|zsh|fish}'."


def test_an_unknown_shell(commands: Commands) -> None:
    done = commands.run(["completion", "tcsh"], env=clean_environment())
    assert done.returncode == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.stderr.decode()
