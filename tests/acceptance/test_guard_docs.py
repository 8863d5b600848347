"""That README.md and docs/guard.md show what the guard prints: it is made to print it again."""

from __future__ import annotations

import re
import shlex
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hooked import Hooked

if TYPE_CHECKING:
    from forked import Commands

ROOT = Path(__file__).parents[2]
GUARD = (ROOT / "docs/guard.md").read_text(encoding="utf-8")
OF_README = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Guard\n")[2]
PAGES = {"README.md": OF_README.partition("\n## ")[0], "docs/guard.md": GUARD}

SHOWN = [
    pytest.param(block, id=f"{name}-{number}")
    for name, text in PAGES.items()
    for number, block in enumerate(
        re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    )
]
LEFT_OUT = "…"
"""Stands in a line of its own for others."""

PLACE = re.compile(r"^(?:remote:)? +([^\s:]+):(\d+):(\d+)\b", re.MULTILINE)


@pytest.fixture
def work(tmp_path: Path, commands: Commands) -> Hooked:
    """Make a repository that the guard looks at, with a server that it looks at, too."""
    made = Hooked.init(tmp_path / "work", tmp_path / "home", commands)
    server = made.another(tmp_path / "server.git", "--bare")
    server.install()
    assert not made.commit("nothing\n", name="README.md").returncode
    made.git("remote", "add", "origin", server.path)
    made.git("push", "-q", "-u", "origin", "HEAD")
    made.install("--type", "pre-commit", "--type", "commit-msg")
    return made


@pytest.mark.parametrize("block", SHOWN)
def test_a_page_shows_what_is_printed(block: str, work: Hooked, token: str) -> None:
    """The same command, and the same place of the token, in a repository made for it."""
    place = PLACE.search(block)
    assert place, "it says nowhere that a token was found: teach this test what is run here"
    plant(work, token, *place.groups())
    command, shown = "git push", block
    if block.startswith("$ "):
        command, _, shown = block.removeprefix("$ ").partition("\n")
    if command.startswith("git push"):
        work.git("commit", "-qnm", "Call the API", "--author=Ada <ada@example.com>")
    done = work.run(*shlex.split(command), env=work.environment)
    assert done.returncode
    printed = normal(done.stderr)
    if shown.startswith("remote:"):  # not what git says to it
        printed = [line for line in printed if line.startswith("remote:")]
    stated = normal(shown)
    assert fits(stated, printed), "\n".join(
        unified_diff(stated, printed, "stated", "printed", "", "")
    )


def plant(work: Hooked, token: str, name: str, line: str, column: str) -> None:
    """Stage a file with a token in one place of it."""
    file = work.path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    before = "KEY = '".rjust(int(column) - 1)
    assert len(before) == int(column) - 1
    file.write_text("\n" * (int(line) - 1) + f"{before}{token}'\n")
    work.git("add", "--", name)


def normal(text: str) -> list[str]:
    """Return lines without what is different each time, nor what git fills them up with."""
    text = re.sub(r"r8_\w{4}\.\.\.\w{4}", "r8_****...****", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "*" * 12, text)
    return [line.rstrip() for line in text.splitlines()]


def fits(stated: list[str], printed: list[str]) -> bool:
    """Whether lines are the same, but for those that are left out."""
    expressions = [
        "(?:.*\n)+" if line.removeprefix("remote:").strip() == LEFT_OUT else re.escape(f"{line}\n")
        for line in stated
    ]
    return bool(re.fullmatch("".join(expressions), "".join(f"{line}\n" for line in printed)))


def test_both_pages_show_it() -> None:
    assert {str(param.id).rpartition("-")[0] for param in SHOWN} == set(PAGES)
