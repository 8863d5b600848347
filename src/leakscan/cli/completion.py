"""``leakscan completion``."""

from __future__ import annotations

from typing import Literal, get_args

import click

Shell = Literal["bash", "zsh", "fish"]


@click.command()
@click.argument("shell", type=click.Choice(get_args(Shell)))
def completion(shell: Shell) -> None:
    """Print a script that has SHELL complete commands, options and their values.

    For bash, put `source <(leakscan completion bash)` into ~/.bashrc.

    For zsh, put `source <(leakscan completion zsh)` into ~/.zshrc, after compinit.

    For fish, write it to ~/.config/fish/completions/leakscan.fish.
    """
    from click.shell_completion import get_completion_class

    from leakscan.cli import cli

    known = get_completion_class(shell)
    assert known  # noqa: S101 - click has all three
    script = known(cli, {}, "leakscan", "_LEAKSCAN_COMPLETE")
    # Not `source()`, which starts bash to see how old it is.
    click.echo(script.source_template % script.source_vars(), nl=False)
