"""Words that are completed in a terminal, with the tab key, in the shells themselves."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from gitrepo import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = f"""\
#!{sys.executable}
import os, sys
if "_LEAKSCAN_COMPLETE" in os.environ or "completion" in sys.argv:
    sys.argv[0] = "leakscan"
    from leakscan.__main__ import start
    start()
print("<" + "|".join(sys.argv[1:]) + ">")
"""
"""Completes as leakscan does, and prints what else it is given."""

TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])"
SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
PREPARE = {"zsh": "autoload -Uz compinit; compinit -u -D; "}
LONGEST = 30.0
"""Seconds that a shell is waited for."""


class Typist:
    """Types commands into a shell.  Use it as a context manager.

    Args:
        shell: its name.
        home: where the user's files are, and where the shell is started.
        before: a command to run first.
    """

    def __init__(self, shell: str, home: Path, before: str = "") -> None:
        program = home / "bin/leakscan"
        program.parent.mkdir()
        program.write_text(PROGRAM)
        program.chmod(0o755)
        path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
        env = clean_environment(home) | {"PATH": path, "TERM": "dumb"}
        script = home / "bin/script"
        script.write_bytes(subprocess.check_output(["leakscan", "completion", shell], env=env))
        self._shell, self._home, self._env = shell, home, env
        self._first = f"{before}{PREPARE.get(shell, '')}source {script}; echo 'rea''dy'\n"

    def __enter__(self) -> Typist:
        self._process = subprocess.Popen(
            [sys.executable, "-c", TERMINAL, *SHELLS[self._shell]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=self._home,
            env=self._env,
        )
        self._shown = b""
        self._type(self._first)
        self._wait_for(rb"ready")
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()  # which hangs up on the shell
        self._process.communicate()

    def given(self, start: str) -> str:
        """Type the start of a command and a tab; return the arguments that it is run with."""
        self._shown = b""
        self._type(f"{start}\t\n")
        return self._wait_for(rb"<([^\r\n<>]*)>\r?\n")[1].decode()

    def _type(self, text: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(text.encode())

    def _wait_for(self, pattern: bytes) -> re.Match[bytes]:
        shown = self._process.stdout
        assert shown
        end = time.monotonic() + LONGEST
        while not (found := re.search(pattern, self._shown)):
            ready, _, _ = select.select([shown], [], [], max(0, end - time.monotonic()))
            more = ready and os.read(shown.fileno(), 1 << 16)
            assert more, self._shown
            self._shown += more
        return found


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


VALUES = {
    "scan --format=sar": "scan|--format=sarif",
    "scan --format=s": "scan|--format=sarif",
    "install-hook --type=pre-r": "install-hook|--type=pre-receive",
    "install-hook --type pre-r": "install-hook|--type|pre-receive",
    "scan --range=a..b --min-conf": "scan|--range=a..b|--min-confidence",
    "rules show rep": "rules|show|replicate-api-token",
    "rules test x --rule=rep": "rules|test|x|--rule=replicate-api-token",
    "scan --rules rep": "scan|--rules|replicate-api-token",
    "scan --rules=al": "scan|--rules=all",
    "scan --rules all,rep": "scan|--rules|all,replicate-api-token",
}
FILES = {
    "scan --also sar": "scan|--also|sarif=",  # and no space, for the file follows
    "scan --also sarif=lea": "scan|--also|sarif=leaks.sarif",
    "scan --also=sarif=lea": "scan|--also=sarif=leaks.sarif",
    "scan --config=two": "scan|--config=two words.toml",
    "scan --config two": "scan|--config|two words.toml",
    "scan --format=sarif su": "scan|--format=sarif|sub",
}


def test_what_the_tab_key_makes_of_a_word(shell: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("leaks.sarif", "two words.toml"):
        (tmp_path / name).touch()
    with Typist(shell, tmp_path) as typist:
        made = {start: typist.given(f"leakscan {start}") for start in VALUES | FILES}
    # Some shells leave the slash behind a folder, some take it away when the line is done.
    assert {start: words.rstrip("/") for start, words in made.items()} == VALUES | FILES


def test_a_bash_that_takes_no_word_apart_at_equals_signs(tmp_path: Path) -> None:
    with Typist("bash", tmp_path, "COMP_WORDBREAKS=${COMP_WORDBREAKS//=}; ") as typist:
        made = {start: typist.given(f"leakscan {start}") for start in VALUES}
    assert made == VALUES
