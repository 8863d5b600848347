"""``leakscan install-hook``: have git run the guard by itself."""

from __future__ import annotations

import os
import shlex
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.errors import UsageError
from leakscan.git_hooks.install import EDITED, Outcome, install, installed, uninstall
from leakscan.git_hooks.script import (
    CLIENT_HOOKS,
    COMMIT_HOOKS,
    HOOKS,
    KEPT,
    SERVER_HOOKS,
    command_of,
    options_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.git_hooks.place import Place

_WORDS = {
    Outcome.INSTALLED: "Installed {hook} in {folder}{options}.",
    Outcome.BESIDE: "Installed {hook} in {folder}{options}; the hook that was there runs after it,"
    " as {kept}.",
    Outcome.BESIDE_IGNORED: "Installed {hook} in {folder}{options}; the hook that was there is not"
    " executable: it stays ignored, as {kept}.",
    Outcome.UPDATED: "Brought {hook} in {folder} up to date{comma}{options}.",
    Outcome.UPDATED_EDITED: "Brought {hook} in {folder} up to date{comma}{options}. {edited}",
    Outcome.UNCHANGED: "{hook} in {folder} is up to date already{comma}{options}.",
    Outcome.REMOVED: "Removed {hook} from {folder}.",
    Outcome.REMOVED_EDITED: "Removed {hook} from {folder}. {edited}",
    Outcome.RESTORED: "Removed {hook} from {folder}; the hook that was there before is back.",
    Outcome.RESTORED_EDITED: "Removed {hook} from {folder}; the hook that was there before is back."
    " {edited}",
    Outcome.ABSENT: "There is no {hook} in {folder}.",
    Outcome.FOREIGN: "Left {hook} in {folder} alone: leakscan did not put it there.",
    Outcome.STRANDED: "Left {hook} in {folder} alone: another tool has put it in the place of"
    " leakscan's. The hook that was there before both is still {kept}, and does not run."
    " To have it back:  mv {kept_path} {path}   To drop it:  rm {kept_path}",
}

_EDITED = "Somebody had changed it: so it is kept as {hook}" + EDITED + ", which does not run."


class _TakingHookOptions(click.Command):
    """Hands on, as ``hook_options``, what stands after ``--``; None where there is no ``--``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = list(takewhile(lambda argument: argument != "--", args))
        given = None if own == args else tuple(args[len(own) + 1 :])
        ctx.params["hook_options"] = given
        return super().parse_args(ctx, own)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- HOOK_OPTIONS]"]


@click.command("install-hook", cls=_TakingHookOptions)
@click.option(
    "--type",
    "hooks",
    type=click.Choice(HOOKS),
    multiple=True,
    help="Which git hook; may be repeated.  [default: pre-commit, commit-msg, pre-applypatch and"
    " pre-push; pre-receive in a bare repository]",
)
@click.option("--uninstall", "remove", is_flag=True, help="Take the hooks away again.")
@click.argument(
    "repository",
    required=False,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
def install_hook(
    hooks: tuple[str, ...],
    remove: bool,
    repository: Path | None,
    hook_options: tuple[str, ...] | None,
) -> None:
    """Have git check every commit, message and push in REPOSITORY for tokens.

    REPOSITORY is a folder in a work tree, by default the present one, or a bare repository on a
    server.  A hook that is there already is kept and runs after leakscan's; --uninstall puts it
    back.  core.hooksPath is respected; outside of repositories, that of the user.

    The hooks run leakscan's commands with HOOK_OPTIONS.  Installing again keeps these, or replaces
    them by others; a `--` with nothing after it takes them away.

    leakscan install-hook --type pre-receive /srv/git/app.git -- --no-suppress
    """
    from leakscan.git_hooks.place import find_place

    if remove and hook_options is not None:
        raise UsageError("--uninstall takes no options for hooks", "leave out the `--`")
    place = find_place(repository)
    if remove:
        _remove(place, hooks or HOOKS, named=bool(hooks))
    else:
        in_vain = [hook for hook in hooks if hook in COMMIT_HOOKS and not place.commits]
        if in_vain:
            raise UsageError(
                f"{in_vain[0]} would never run in {place.folder}: nobody commits there",
                "name a repository with a work tree, or use --type pre-receive",
            )
        _install(place, hooks or (SERVER_HOOKS if place.bare else CLIENT_HOOKS), hook_options)


def _install(place: Place, hooks: tuple[str, ...], given: tuple[str, ...] | None) -> None:
    from leakscan.git_hooks.interpreter import this_interpreter
    from leakscan.git_hooks.script import script_for
    from leakscan.report.presentable import presentable_line

    def write(hook: str, ours: bytes) -> bytes:
        options = _with_absolute_paths(options_of(ours) if given is None else given)
        return script_for(hook, interpreter, options, presentable_line)

    for hook in hooks:
        _check(hook, options_of(installed(place.folder, hook)) if given is None else given)
    interpreter = this_interpreter()
    for hook in hooks:
        outcome = install(place.folder, hook, partial(write, hook))
        options = options_of(installed(place.folder, hook))
        without = "" if given is None else " without options"
        _say(place, hook, outcome, f" with {_shown(*options)}" if options else without)
    folder = _shown(place.folder)
    if place.shared and place.leads:
        click.echo(
            f"Note: {folder} leads to {_shown(place.leads)}, outside of this repository; the hooks"
            " there run in every repository whose hooks lead there."
        )
    elif place.shared:
        click.echo(
            f"Note: {folder} lies outside of this repository (core.hooksPath); the hooks there"
            " run in every repository that uses it."
        )
    if place.tracked:
        click.echo(
            f"Note: files in {folder} belong to this repository.  Do not commit the new ones:"
            " they name the Python of this machine."
        )


def _check(hook: str, options: Sequence[str]) -> None:
    """See whether the command of a hook takes these options, and can run with them.

    Raises:
        UsageError: it does not, or the configuration is wrong.
    """
    from leakscan.cli import cli

    command = cli.get_command(click.get_current_context(), command_of(hook))
    assert command, hook  # noqa: S101 - each hook has one
    known = [option for option in command.params if isinstance(option, click.Option)]
    try:
        command = click.Command(hook, params=[*known], add_help_option=False)
        taken = command.make_context(hook, [*options]).params
        reason = "a line break" if any("\n" in option for option in options) else ""
    except click.UsageError as error:
        reason = error.format_message().rstrip(".")
    if reason:
        raise UsageError(
            f"the {hook} hook cannot run with {_shown(*options)} ({reason})",
            f"name after `--` options of `leakscan {command_of(hook)}`, or none",
        )
    if taken["config_path"]:
        _try_configuration(taken["config_path"], taken["rules"])


def _try_configuration(path: Path, rules: Sequence[str]) -> None:
    """Read all of a configuration that a hook will need only when it is about something.

    Raises:
        UsageError: it is wrong.
    """
    from leakscan.cli.detection import open_detector
    from leakscan.config import load_config
    from leakscan.suppress.baseline import read_baseline
    from leakscan.suppress.suppressor import load_suppressor

    config = load_config(path)
    load_suppressor(config, is_ours=False)
    if config.baseline_file:
        read_baseline(config.baseline_file)
    with open_detector(config, rules):
        pass


def _with_absolute_paths(options: Sequence[str]) -> tuple[str, ...]:
    """Return options with absolute paths behind ``--config``: git runs hooks in several folders."""
    absolute: list[str] = []
    for before, option in zip(("", *options), options, strict=False):
        name, equals, path = option.partition("=")
        if before == "--config":
            absolute.append(os.path.abspath(option))  # noqa: PTH100 - links stay as they are named
        elif name == "--config" and equals:
            absolute.append(f"--config={os.path.abspath(path)}")  # noqa: PTH100 - as above
        else:
            absolute.append(option)
    return tuple(absolute)


def _remove(place: Place, hooks: tuple[str, ...], *, named: bool) -> None:
    """Take hooks away; of those that were not asked for by name, tell only what was done."""
    told = False
    for hook in hooks:
        outcome = uninstall(place.folder, hook)
        if named or outcome not in (Outcome.ABSENT, Outcome.FOREIGN):
            _say(place, hook, outcome)
            told = True
    if not told:
        click.echo(f"There are no hooks of leakscan in {_shown(place.folder)}.")


def _say(place: Place, hook: str, outcome: Outcome, options: str = "") -> None:
    kept = hook + KEPT
    told = _WORDS[outcome].format(
        hook=hook,
        kept=kept,
        folder=_shown(place.folder),
        path=_shown(place.folder / hook),
        kept_path=_shown(place.folder / kept),
        edited=_EDITED.format(hook=hook),
        comma="," if options else "",
        options=options,
    )
    click.echo(told)


def _shown(*words: str | Path) -> str:
    from leakscan.report.presentable import presentable_line

    return shlex.join(presentable_line(str(word)) for word in words)
