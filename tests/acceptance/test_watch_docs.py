"""What docs/watch.md tells an operator to run can be run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from leakscan.cli import cli
from leakscan.cli.coverage_words import WHY
from leakscan.trouble import Trouble

DOCS = Path(__file__).parents[2] / "docs"
UNITS = sorted((DOCS / "systemd").iterdir())
PROGRAM = "/opt/leakscan/bin/leakscan"


def checked(command: str) -> None:
    """Have click read a command line without running it."""
    words = shlex.split(command, comments=True)
    known = cli.get_command(click.Context(cli), words[1])
    assert known, command
    with known.make_context(words[1], words[2:], resilient_parsing=False):
        pass


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_file_is_one(unit: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    for known in UNITS:  # a timer needs its service
        text = known.read_text(encoding="utf-8")
        (tmp_path / known.name).write_text(text.replace(PROGRAM, "/bin/true"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


@pytest.mark.parametrize("unit", [u for u in UNITS if u.suffix == ".service"], ids=lambda u: u.name)
def test_a_service_runs_a_command_that_there_is(unit: Path) -> None:
    (command,) = re.findall(r"^ExecStart=(.+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert command.startswith(PROGRAM)
    checked(command)


def test_the_commands_of_the_page_are_understood() -> None:
    text = (DOCS / "watch.md").read_text(encoding="utf-8")
    commands = re.findall(r"^(?:\$ )?(leakscan (?:watch|coverage).*)$", text, re.MULTILINE)
    commands += [f"leakscan {rest}" for rest in re.findall(rf"{PROGRAM} (.+)$", text, re.MULTILINE)]
    assert len(commands) >= 8
    for command in commands:
        checked(command)


def anchor(heading: str) -> str:
    """Return what GitHub calls a heading in links."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_the_links_of_the_page_lead_somewhere() -> None:
    text = (DOCS / "watch.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    for link in links:
        path, _, heading = link.partition("#")
        target = (DOCS / path).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
        assert not heading or heading in map(anchor, headings), link


def test_every_trouble_has_words() -> None:
    assert set(map(str, Trouble)) <= set(WHY)
