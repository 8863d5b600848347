"""What ``--help`` says, and that the documentation says the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from gitrepo import clean_environment
from leakscan.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forked import Commands

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN = [page for page in PAGES if page.name not in ("commands.md", "CHANGELOG.md")]
CODE = re.compile(
    r"^```(\w*)\n(.*?)^```|(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)", re.MULTILINE | re.DOTALL
)
"""A block of code with its language, or a span, which may go on in the next line."""

CALL = re.compile(r"(?<![\w./@:-])(?<!from )(?<!import )(?<!-u )leakscan +(.*)")
OF_GIT = {"--amend", "--cleanup", "--no-status", "--no-verify"}
"""Options of git that pages name without it."""

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def commands(
    command: click.Command = cli, *names: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """List every command with the words that it is called by."""
    yield names, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below, name
            yield from commands(below, *names, name)


COMMANDS = dict(commands())


def options_of(command: click.Command) -> set[str]:
    context = click.Context(command, help_option_names=["-h", "--help"])
    listed = [[*p.opts, *p.secondary_opts] for p in command.get_params(context)]
    return {name for names in listed for name in names if name.startswith("--")}


def faults(call: str) -> list[str]:
    """Return what a call of leakscan names that there is not."""
    # What follows an operator of the shell is another command; a comment may tell of options.
    words = re.split(r" [|>&;]|;|&&|\)", call)[0].split()
    names: tuple[str, ...] = ()
    while words and isinstance(COMMANDS[names], click.Group):
        word = words[0].rstrip(".,:")
        if word.startswith("-"):
            break
        if (*names, word) not in COMMANDS:
            return [] if names and not re.fullmatch("[a-z-]+", word) else [f"command {word}"]
        names = (*names, word)
        words = words[1:]
    if "--" in words and names == ("install-hook",):  # then come options for the git hook
        names, words = ("pre-commit",), words[words.index("--") + 1 :]
    known = options_of(COMMANDS[names])
    return [f"option {option}" for option in OPTION.findall(" ".join(words)) if option not in known]


def calls(page: Path) -> list[str]:
    """List the calls of leakscan in the code of a page."""
    text = page.read_text(encoding="utf-8")
    lines: list[str] = []
    for language, block, span in CODE.findall(text):
        some = (block or span.replace("\n", " ")).replace("\\\n", " ").splitlines()
        # In a console, the other lines are what the commands print.
        lines += [line for line in some if language != "console" or line.startswith("$ ")]
    return [found[1] for found in CALL.finditer("\n".join(lines))]


def test_the_page_of_commands_is_what_help_says() -> None:
    page = ROOT / "docs/commands.md"
    done = subprocess.run(
        [sys.executable, str(page.with_suffix(".py"))],
        env=clean_environment(Path("/no-such-home")),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == page.read_text(encoding="utf-8"), "write docs/commands.md anew"


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_a_command_and_its_options_have_help(names: tuple[str, ...]) -> None:
    command = COMMANDS[names]
    assert command.help
    assert command.get_short_help_str(1000).endswith(".")
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name


def test_every_command_prints_its_help(commands: Commands) -> None:
    for names in COMMANDS:
        shown = commands.run([*names, "--help"], env=clean_environment())
        assert shown.returncode == 0, names
        assert shown.stdout.decode().startswith(" ".join(["Usage: leakscan", *names]))
        assert commands.run([*names, "-h"], env=clean_environment()).stdout == shown.stdout


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_a_page_calls_only_what_there_is(page: Path) -> None:
    assert {call: found for call in calls(page) if (found := faults(call))} == {}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_an_option_that_a_page_names_alone_is_one(page: Path) -> None:
    spans = [span for _, _, span in CODE.findall(page.read_text(encoding="utf-8"))]
    alone = {option for span in spans if span.startswith("--") for option in OPTION.findall(span)}
    known = {option for command in COMMANDS.values() for option in options_of(command)}
    assert alone - known - OF_GIT == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_filled_in(page: Path) -> None:
    """No line stands for a table or a figure that is still to be measured, as `@TABLE@` does."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^\s*@[A-Z_]+@\s*$", text, re.MULTILINE) == []


def test_the_pages_call_most_commands() -> None:
    called = {call.split()[0] for page in WRITTEN for call in calls(page)}
    assert {"scan", "watch", "respond", "rules", "issuer", "findings", "ledger"} <= called


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("scna .", "command scna"),
        ("scan . --rnage a..b", "option --rnage"),
        ("rules lst", "command lst"),
        ("install-hook . -- --no-such", "option --no-such"),
        ("scan .  # or --no-such", "option --no-such"),
        ("--no-such", "option --no-such"),
    ],
)
def test_a_wrong_call_is_seen(call: str, fault: str) -> None:
    assert faults(call) == [fault]
