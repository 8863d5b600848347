"""``leakscan install-hook``: have git run the guard by itself."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.guard.install import Outcome, install, uninstall
from leakscan.guard.script import HOOKS, KEPT

if TYPE_CHECKING:
    from leakscan.guard.place import Place

_WORDS = {
    Outcome.INSTALLED: "Installed {hook} in {folder}.",
    Outcome.BESIDE: "Installed {hook} in {folder}; the hook that was there runs after it,"
    " as {kept}.",
    Outcome.UPDATED: "Brought {hook} in {folder} up to date.",
    Outcome.UNCHANGED: "{hook} in {folder} is up to date already.",
    Outcome.REMOVED: "Removed {hook} from {folder}.",
    Outcome.RESTORED: "Removed {hook} from {folder}; the hook that was there before is back.",
    Outcome.ABSENT: "There is no {hook} in {folder}.",
    Outcome.FOREIGN: "Left {hook} in {folder} alone: leakscan did not put it there.",
}


@click.command("install-hook")
@click.option(
    "--type",
    "hooks",
    type=click.Choice(HOOKS),
    multiple=True,
    help="Which git hook; may be repeated.  [default: pre-commit, commit-msg and pre-push;"
    " pre-receive in a bare repository]",
)
@click.option("--uninstall", "remove", is_flag=True, help="Take the hooks away again.")
@click.argument(
    "repository",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
def install_hook(hooks: tuple[str, ...], remove: bool, repository: Path) -> None:
    """Have git check every commit, message and push in REPOSITORY for tokens.

    REPOSITORY is a folder in a work tree, by default the present one, or a bare repository on a
    server.  A hook that is there already is kept and runs after leakscan's; --uninstall puts it
    back.  core.hooksPath is respected.
    """
    from leakscan.guard.place import find_place

    place = find_place(repository)
    if remove:
        _remove(place, hooks or HOOKS, named=bool(hooks))
    else:
        _install(place, hooks or (HOOKS[3:] if place.bare else HOOKS[:3]))


def _install(place: Place, hooks: tuple[str, ...]) -> None:
    from leakscan.guard.interpreter import this_interpreter
    from leakscan.guard.script import script_for

    interpreter = this_interpreter()
    for hook in hooks:
        _say(place, hook, install(place.folder, hook, script_for(hook, interpreter)))
    folder = _shown(place.folder)
    if place.shared:
        click.echo(
            f"Note: {folder} lies outside of this repository (core.hooksPath); the hooks there"
            " run in every repository that uses it."
        )
    if place.tracked:
        click.echo(
            f"Note: files in {folder} belong to this repository.  Do not commit the new ones:"
            " they name the Python of this machine."
        )


def _remove(place: Place, hooks: tuple[str, ...], *, named: bool) -> None:
    """Take hooks away; of those that were not asked for by name, tell only what was done."""
    told = False
    for hook in hooks:
        outcome = uninstall(place.folder, hook)
        if named or outcome in (Outcome.REMOVED, Outcome.RESTORED):
            _say(place, hook, outcome)
            told = True
    if not told:
        click.echo(f"There are no hooks of leakscan in {_shown(place.folder)}.")


def _say(place: Place, hook: str, outcome: Outcome) -> None:
    words = _WORDS[outcome]
    click.echo(words.format(hook=hook, folder=_shown(place.folder), kept=hook + KEPT))


def _shown(path: Path) -> str:
    from leakscan.safe_text import safe_text

    return shlex.quote(safe_text(str(path)))
