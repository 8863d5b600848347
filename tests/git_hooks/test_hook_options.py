"""The options that ``leakscan install-hook`` has the hooks run with."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from hooked import files
from leakscan.errors import UsageError
from leakscan.git_hooks.interpreter import Interpreter
from leakscan.git_hooks.script import CLIENT_HOOKS, HOOKS, command_of, options_of, script_for

if TYPE_CHECKING:
    from pathlib import Path

    from hooked import Hooked

ALLOWING = '[[allow]]\nreason = "all is made up"\npatterns = [".*"]\n'
"""Suppresses every token."""


def allow(hooked: Hooked) -> None:
    """Have everything suppressed, unless the hooks are told otherwise."""
    (hooked.path / ".leakscan.toml").write_text(ALLOWING)
    hooked.git("add", ".leakscan.toml")
    hooked.git("commit", "-qnm", "Allow")


def is_refused(hooked: Hooked, token: str) -> bool:
    """Tell whether the guard keeps a token from being committed."""
    done = hooked.commit(f"KEY = '{token}'\n")
    hooked.git("reset", "-q", "--hard")
    assert done.returncode in (0, 1), done.stderr
    return bool(done.returncode)


def test_a_hook_runs_with_its_options_until_it_is_given_others(hooked: Hooked, token: str) -> None:
    allow(hooked)
    said = hooked.install("--type", "pre-commit", "--", "--no-suppress")
    assert said == f"Installed pre-commit in {hooked.hooks} with --no-suppress.\n"
    assert is_refused(hooked, token)
    before = files(hooked.hooks)
    assert "already, with --no-suppress." in hooked.install("--type", "pre-commit")
    assert files(hooked.hooks) == before
    said = hooked.install("--type", "pre-commit", "--", "--no-suppress", "--min-confidence=high")
    assert "up to date, with --no-suppress --min-confidence=high." in said
    assert is_refused(hooked, token)
    assert "up to date, without options." in hooked.install("--type", "pre-commit", "--")
    assert "already." in hooked.install("--type", "pre-commit")
    assert not is_refused(hooked, token)


def test_an_update_keeps_the_options_of_each_hook(hooked: Hooked, token: str) -> None:
    hooked.install()
    hooked.install("--type", "commit-msg", "--", "--no-suppress")
    path = hooked.hooks / "commit-msg"
    path.write_text(path.read_text().replace("leakscan ", "leakscan 0.0.1 older ", 1))
    told = hooked.install().splitlines()
    assert [line.endswith("with --no-suppress.") for line in told] == [False, True, False, False]
    allow(hooked)
    assert hooked.commit("nothing\n", f"Use {token}").returncode == 1
    hooked.install("--type", "commit-msg", "--")
    assert not hooked.commit("nothing\n", f"Use {token}").returncode


def test_all_hooks_take_the_options(hooked: Hooked, server: Hooked, token: str) -> None:
    """Options come before what git tells a hook: a file, or the names of a remote."""
    allow(hooked)
    told = hooked.install("--", "--no-suppress").splitlines()
    assert [line.endswith("with --no-suppress.") for line in told] == [True] * len(CLIENT_HOOKS)
    assert hooked.commit("nothing\n", f"Use {token}").returncode == 1
    (hooked.path / "settings.py").write_text(token)
    hooked.git("add", ".")
    hooked.git("commit", "-qnm", "Unseen")
    assert "1 token" in hooked.run("git", "push", "origin", "main").stdout
    server.install("--", "--no-suppress", "--format", "jsonl")
    done = hooked.run("git", "push", "--no-verify", "origin", "main")
    assert done.returncode
    assert 'remote: {"' in done.stderr
    assert server.run("git", "rev-parse", "--verify", "main").returncode


def test_an_earlier_hook_is_given_what_git_tells_only(hooked: Hooked) -> None:
    hooked.hook("commit-msg", '#!/bin/sh\necho "$@" > ran\n')
    said = hooked.install("--type", "commit-msg", "--", "--no-suppress")
    assert "with --no-suppress; the hook that was there runs after it" in said
    assert not hooked.commit("nothing\n").returncode
    assert (hooked.path / "ran").read_text() == ".git/COMMIT_EDITMSG\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [(["--no-such"], "No such option"), (["--format", "poem"], "'poem' is not one of"),
     (["--config"], "requires an argument"), (["--help"], "No such option"),
     (["--no-suppress", "FILE"], "unexpected extra argument"), (["--", "x"], "unexpected"),
     (["--config", "two\nlines"], "a line break"), ([""], "unexpected extra argument")],
)  # fmt: skip
def test_what_the_command_does_not_take_is_refused(
    hooked: Hooked, options: list[str], reason: str
) -> None:
    for hook in HOOKS:
        done = hooked.leakscan("install-hook", f"--type={hook}", "--", *options)
        assert done.returncode == 2
        assert not done.stdout
        assert reason in done.stderr.decode()
        assert f"options of `leakscan {command_of(hook)}`" in done.stderr.decode()
        assert len(done.stderr.splitlines()) == 1
    assert not hooked.hooks.exists()


def test_options_that_are_kept_are_checked_too(hooked: Hooked) -> None:
    """This leakscan may be another one than that which has installed them."""
    hooked.install("--", "--no-suppress")
    path = hooked.hooks / "commit-msg"
    path.write_text(path.read_text().replace("--no-suppress", "--no-supper"))
    before = files(hooked.hooks)
    done = hooked.leakscan("install-hook")
    assert done.returncode == 2
    assert b"commit-msg hook cannot run with --no-supper" in done.stderr
    path.write_text(path.read_text().replace("--no-supper", "'"))
    assert b"cannot be read" in hooked.leakscan("install-hook").stderr
    assert hooked.install("--").count("without options") == len(CLIENT_HOOKS)
    assert {*files(hooked.hooks)} == {*before}


def test_uninstalling_takes_no_options(hooked: Hooked) -> None:
    hooked.install("--", "--no-suppress")
    assert hooked.leakscan("install-hook", "--uninstall", "--", "--no-suppress").returncode == 2
    assert hooked.leakscan("install-hook", "--uninstall", "--").returncode == 2
    hooked.install("--uninstall")
    assert "with" not in hooked.install("--type", "pre-commit")


@pytest.mark.parametrize("name", [b'it\'s $HOME `x` "y"', b"caf\xe9 \\n{}%s", b'a "$@"'])
def test_odd_values(hooked: Hooked, token: str, name: bytes) -> None:
    config = hooked.path.parent / os.fsdecode(name)
    config.write_text(ALLOWING)
    hooked.install("--type", "pre-commit", "--", "--config", str(config))
    assert hooked.install("--type", "pre-commit").count("already, with --config '")
    assert not is_refused(hooked, token)
    config.write_text("")
    assert is_refused(hooked, token)


def test_terminal_escapes_are_not_shown(hooked: Hooked) -> None:
    (hooked.path / "\x1b[2J").touch()
    assert "[2J" in (told := hooked.install("--", "--config", "\x1b[2J"))
    assert "\x1b" not in told


@pytest.mark.parametrize("word", ['"$HOME/x"', "~/x", "`pwd`/x"])
def test_what_the_shell_expands_is_not_taken_for_itself(tmp_path: Path, word: str) -> None:
    interpreter = Interpreter(b"/python", (os.fsencode(tmp_path),))
    script = script_for("pre-commit", interpreter, ("--config", "WORD"))
    with pytest.raises(UsageError, match="give them again"):
        options_of(script.replace(b"WORD", word.encode()))
    assert options_of(script.replace(b"WORD", f"'{word}'".encode())) == ("--config", word)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_script_tells_its_options(tmp_path: Path, hook: str) -> None:
    interpreter = Interpreter(os.fsencode(sys.executable), (os.fsencode(tmp_path),))
    for options in ((), ("--one", "a b"), ("",), ('"$@"', 'x "$@"'), ("\udce9'",)):
        assert options_of(script_for(hook, interpreter, options)) == options
    assert options_of(b"#!/bin/sh\n# of an older leakscan\n") == ()
    broken = script_for(hook, interpreter, ["--one"]).replace(b"--one", b"'")
    with pytest.raises(UsageError, match="cannot be read"):
        options_of(broken)


@pytest.mark.parametrize("form", [["--config", "mine.toml"], ["--config=mine.toml"]])
def test_a_configuration_is_found_from_wherever_git_runs_the_hook(
    hooked: Hooked, token: str, form: list[str]
) -> None:
    folder = hooked.path / "within"
    folder.mkdir()
    (folder / "mine.toml").write_text(ALLOWING)
    said = hooked.at(folder).install("--type", "pre-commit", "--", "--no-suppress", *form)
    assert f"{folder / 'mine.toml'}.\n" in said
    hooked.install(
        "--type", "pre-commit", "--", *form[:-1], form[-1].replace("mine", "within/mine")
    )
    assert not is_refused(hooked, token)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "mine.toml: cannot read it: No such file"), ("[rules", "mine.toml: not a TOML file"),
     (ALLOWING.replace(".*", "("), "no regular expression that can be used"),
     ('rules.enable = ["no-such-rule"]', "no-such-rule")],
)  # fmt: skip
def test_a_configuration_that_no_hook_could_run_with_is_refused(
    hooked: Hooked, server: Hooked, content: str | None, problem: str
) -> None:
    for place in (hooked, server):
        if content is not None:
            (place.path / "mine.toml").write_text(content)
        done = place.leakscan("install-hook", "--", "--config", "mine.toml")
        assert done.returncode == 2
        assert problem in done.stderr.decode()
        assert len(done.stderr.splitlines()) == 1
        assert not place.hooks.exists()
