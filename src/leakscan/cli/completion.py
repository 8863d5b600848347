"""``leakscan completion``."""

from __future__ import annotations

from typing import Literal, get_args

import click

Shell = Literal["bash", "zsh", "fish"]


class _Shells(click.Choice[str]):
    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        """Add nothing to the usage, which names them; click would, on a line for each."""
        return ""


@click.command()
@click.argument("shell", type=_Shells(get_args(Shell)))
def completion(shell: Shell) -> None:
    """Print a script that has SHELL complete commands, options and their values.

    For bash, put `source <(leakscan completion bash)` into ~/.bashrc.

    For zsh, put `source <(leakscan completion zsh)` into ~/.zshrc, after compinit.

    For fish, write it to ~/.config/fish/completions/leakscan.fish.
    """
    from click.shell_completion import get_completion_class

    from leakscan.cli import cli
    from leakscan.cli.completing import register

    register()
    known = get_completion_class(shell)
    script = known(cli, {}, "leakscan", "_LEAKSCAN_COMPLETE")
    # Not `source()`, which starts bash to see how old it is.
    click.echo(script.source_template % script.source_vars(), nl=False)
