"""Writes the page of all commands: ``python docs/commands.py > docs/commands.md``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from leakscan.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 90
HEAD = """\
# Commands

What `--help` prints of every command. `python docs/commands.py > docs/commands.md` writes this
page anew; a test holds it to the program.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for context in commands(context_of(cli, "leakscan")):
        text = context.get_help().rstrip()
        parts.append(f"## {context.command_path}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def commands(context: click.Context) -> Iterator[click.Context]:
    """Yield a command and all below it, in the order of the help."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command, name  # noqa: S101 - it was listed
            if not command.hidden:
                yield from commands(context_of(command, name, context))


def context_of(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    """Return a command as if it were called by this name, below another one or below none."""
    settings = {**command.context_settings, "terminal_width": WIDTH}
    return click.Context(command, info_name=name, parent=parent, **settings)


if __name__ == "__main__":
    sys.stdout.write(page())
