"""``leakscan install-hook`` with the real git: what runs, what is refused, what is put back."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from hooked import files
from leakscan.git_hooks.install import install
from leakscan.git_hooks.interpreter import Interpreter
from leakscan.git_hooks.script import CLIENT_HOOKS, script_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from hooked import Hooked

RECORDING = '#!/bin/sh\necho "$@" >> ran\ncat >> told\n'
"""A hook that writes down what it is given."""

FAILING = "#!/bin/sh\necho no from the old hook >&2\nexit 7\n"


def test_commits_messages_and_pushes_are_guarded(
    hooked: Hooked, server: Hooked, token: str
) -> None:
    assert hooked.install().count("Installed") == len(CLIENT_HOOKS)
    assert sorted(files(hooked.hooks)) == sorted(CLIENT_HOOKS)
    done = hooked.commit(f"KEY = '{token}'\n")
    assert done.returncode == 1
    assert "settings.py" in done.stderr
    assert token not in done.stderr + done.stdout
    done = hooked.commit("KEY = environ['KEY']\n", f"Use {token}")
    assert done.returncode == 1
    assert token not in done.stderr + done.stdout
    assert hooked.run("git", "rev-parse", "--verify", "HEAD").returncode
    assert not hooked.commit("KEY = environ['KEY']\n").returncode
    hooked.git("push", "-q", "origin", "main")
    (hooked.path / "settings.py").write_text(f"KEY = '{token}'\n")
    hooked.git("commit", "-qam", "Unseen", "--no-verify")
    assert hooked.run("git", "push", "origin", "main").returncode
    assert not server.git("log", "--format=%s").stdout.count("Unseen")


def test_a_server_refuses_a_push_whatever_the_developer_has_installed(
    hooked: Hooked, server: Hooked, token: str
) -> None:
    assert "pre-receive" in server.install()
    assert list(files(server.hooks)) == ["pre-receive"]
    hooked.commit("KEY = environ['KEY']\n")
    hooked.git("push", "-q", "origin", "main")
    hooked.commit(f"KEY = '{token}'\n")
    done = hooked.run("git", "push", "origin", "main")
    assert done.returncode
    assert "remote: " in done.stderr
    assert token not in done.stderr
    assert server.git("rev-list", "--count", "main").stdout == "1\n"


def test_an_earlier_hook_runs_after_ours_with_the_same_arguments(
    hooked: Hooked, token: str
) -> None:
    hooked.hook("commit-msg", RECORDING)
    before = files(hooked.hooks)
    said = hooked.install("--type", "commit-msg")
    assert "the hook that was there runs after it" in said
    assert hooked.commit("nothing\n", f"Use {token}").returncode == 1
    assert not (hooked.path / "ran").exists()
    assert not hooked.commit("nothing\n").returncode
    assert (hooked.path / "ran").read_text() == ".git/COMMIT_EDITMSG\n"
    assert "is back" in hooked.install("--uninstall")
    assert files(hooked.hooks) == before


@pytest.mark.parametrize("hook", ["pre-push", "pre-receive"])
def test_both_hooks_are_told_what_is_pushed(hooked: Hooked, server: Hooked, hook: str) -> None:
    place = server if hook == "pre-receive" else hooked
    place.hook(hook, RECORDING)
    place.install("--type", hook)
    hooked.commit("nothing\n")
    hooked.git("push", "-q", "origin", "main", "main:topic")
    told = (place.path / "told").read_text().splitlines()
    assert sorted(line.split()[2].rpartition("/")[2] for line in told) in (
        ["main", "topic"],
        ["refs/heads/main", "refs/heads/topic"],
    )
    assert not (place.path / "told").read_text().endswith("\n\n")


def test_an_earlier_hook_that_reads_nothing_is_no_trouble(hooked: Hooked, server: Hooked) -> None:
    hooked.hook("pre-push", "#!/bin/sh\nexec true\n")
    hooked.install()
    hooked.commit("nothing\n")
    assert not hooked.git("push", "-q", "origin", "main").stderr
    assert server.git("rev-parse", "main").stdout


@pytest.mark.parametrize("hook", ["pre-commit", "commit-msg"])
def test_an_earlier_hook_can_still_refuse(hooked: Hooked, hook: str) -> None:
    hooked.hook(hook, FAILING)
    hooked.install()
    done = hooked.commit("nothing\n")
    assert (done.returncode, done.stderr) == (1, "no from the old hook\n")
    assert not hooked.run("git", "commit", "-q", "-n", "-m", "Unchecked").returncode


def test_an_earlier_hook_can_still_refuse_a_push(hooked: Hooked, server: Hooked) -> None:
    hooked.hook("pre-push", FAILING)
    hooked.install("--type", "pre-push")
    hooked.commit("nothing\n")
    assert "no from the old hook" in hooked.run("git", "push", "origin", "main").stderr
    assert server.run("git", "rev-parse", "--verify", "main").returncode


def linked(hooked: Hooked) -> None:
    hooked.hook("shared.sh", RECORDING)
    (hooked.hooks / "pre-commit").symlink_to("shared.sh")


def dangling(hooked: Hooked) -> None:
    (hooked.hooks).mkdir()
    (hooked.hooks / "pre-commit").symlink_to("no such file")


KINDS: dict[str, tuple[Callable[[Hooked], object], bool]] = {
    "program": (lambda hooked: shutil.copy("/bin/false", hooked.hook("pre-commit", "")), False),
    "without #!": (lambda hooked: hooked.hook("pre-commit", "echo >> ran\n"), True),
    "for the owner only": (lambda hooked: hooked.hook("pre-commit", RECORDING, 0o700), True),
    "ignored": (lambda hooked: hooked.hook("pre-commit", FAILING, 0o644), False),
    "link": (linked, True),
    "dangling link": (dangling, False),
}
"""Hooks that people have, and whether they write that they ran."""


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_hook_there_was_runs_and_is_put_back(hooked: Hooked, kind: str) -> None:
    make, runs = KINDS[kind]
    make(hooked)
    before = files(hooked.hooks)
    hooked.install()
    done = hooked.commit("nothing\n")
    assert done.returncode == (kind == "program"), done.stderr
    assert (hooked.path / "ran").exists() == runs
    hooked.install("--uninstall")
    assert files(hooked.hooks) == before


def test_installing_again_changes_nothing(hooked: Hooked) -> None:
    hooked.hook("pre-commit", RECORDING)
    hooked.install()
    before = files(hooked.hooks)
    assert hooked.install().count("up to date already") == len(CLIENT_HOOKS)
    assert files(hooked.hooks) == before


@pytest.mark.parametrize("fault", ["older", "not executable"])
def test_installing_again_brings_up_to_date(hooked: Hooked, token: str, fault: str) -> None:
    hooked.hook("pre-commit", RECORDING)
    hooked.install()
    path = hooked.hooks / "pre-commit"
    before = files(hooked.hooks)
    if fault == "older":
        path.write_text("#!/bin/sh\n# Guard script of leakscan 0.0.1 for pre-commit\n")
    path.chmod(0o644)
    assert f"Brought pre-commit in {hooked.hooks} up to date" in hooked.install()
    assert files(hooked.hooks) == before
    assert hooked.commit(token).returncode == 1


def test_the_hooks_run_for_all_users_however_careful_the_installer(hooked: Hooked) -> None:
    command = f"umask 077 && exec {sys.executable} -m leakscan install-hook"
    assert not hooked.run("sh", "-c", command).returncode
    assert {mode for mode, _ in files(hooked.hooks).values()} == {0o755}


def test_it_runs_without_the_variables_of_a_shell(hooked: Hooked, token: str) -> None:
    for name, value in (("user.name", "Ann"), ("user.email", "ann@example.com")):
        hooked.git("config", name, value)
    hooked.install()
    bare = {"PATH": "/usr/bin:/bin"}
    (hooked.path / "a").write_text("nothing\n")
    hooked.git("add", "a")
    assert not hooked.run("git", "commit", "-qm", "Fine", env=bare).returncode
    (hooked.path / "a").write_text(token)
    done = hooked.run("git", "commit", "-qam", "Leak", env=bare)
    assert done.returncode == 1
    assert "replicate" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_what_a_shell_sets_does_not_decide_what_runs(hooked: Hooked, token: str) -> None:
    """Neither the folder that is committed to nor PYTHONPATH can replace a module."""
    for name in ("leakscan.py", "click.py", "os.py"):
        (hooked.path / name).write_text("raise SystemExit(0)\n")
    aside = {"PYTHONPATH": str(hooked.path), "PYTHONSAFEPATH": "1"}
    environment = hooked.environment
    start = (
        "import sys; sys.path.remove(sys.argv.pop(1));from leakscan.__main__ import start; start()"
    )
    command = (sys.executable, "-P", "-c", start, hooked.path, "install-hook")
    done = hooked.run(*command, env=environment | aside)
    assert not done.returncode, done.stderr
    (hooked.path / "a").write_text(token)
    hooked.git("add", "a")
    done = hooked.run("git", "commit", "-qm", "Leak", env=environment | aside)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("program", "packages"),
    [(b"/no/such/python", ()), (os.fsencode(sys.executable), (b"/no/such/folder",)),
     (b"/etc/hostname", ()), (b"/bin", ())],
    ids=["no Python", "no leakscan", "no program", "a folder"],
)  # fmt: skip
@pytest.mark.parametrize("earlier", [True, False])
def test_what_cannot_look_lets_nothing_through(
    hooked: Hooked, program: bytes, packages: tuple[bytes, ...], earlier: bool
) -> None:
    if earlier:
        hooked.hook("pre-commit", RECORDING)
    script = script_for("pre-commit", Interpreter(program, packages))
    install(hooked.hooks, "pre-commit", lambda _: script)
    done = hooked.commit("nothing\n")
    assert done.returncode == 1
    assert "nothing was checked, so nothing passes" in done.stderr
    assert not (hooked.path / "ran").exists()
    remedy = done.stderr.partition("to do without: ")[2].partition("\n")[0]
    assert not hooked.run("git", "commit", "-qnm", "Skip once").returncode
    (hooked.path / "sub").mkdir()
    assert not hooked.at(hooked.path / "sub").run("sh", "-c", remedy).returncode
    assert not hooked.commit("more\n").returncode
    assert (hooked.path / "ran").exists() == earlier


def test_a_server_that_cannot_look_lets_nothing_through(hooked: Hooked, server: Hooked) -> None:
    server.hook("pre-receive", RECORDING)
    gone = Interpreter(b"/no/such/python", ())
    install(server.hooks, "pre-receive", lambda _: script_for("pre-receive", gone))
    hooked.commit("nothing\n")
    done = hooked.run("git", "push", "origin", "main")
    assert done.returncode
    assert "Tell those who run the server" in done.stderr
    assert "to do without" not in done.stderr
    assert "remove this file" in (server.hooks / "pre-receive").read_text()
    assert server.run("git", "rev-parse", "--verify", "main").returncode


def test_uninstall_leaves_alone_what_is_not_ours(hooked: Hooked) -> None:
    hooked.hook("pre-commit", FAILING)
    before = files(hooked.hooks)
    assert "Left pre-commit" in hooked.install("--uninstall", "--type", "pre-commit")
    assert "There are no hooks of leakscan" in hooked.install("--uninstall")
    assert "There is no pre-push" in hooked.install("--uninstall", "--type", "pre-push")
    assert files(hooked.hooks) == before


def test_one_hook_can_be_taken_away_alone(hooked: Hooked) -> None:
    hooked.install()
    hooked.install("--uninstall", "--type", "pre-push")
    assert sorted(files(hooked.hooks)) == sorted({*CLIENT_HOOKS} - {"pre-push"})


def test_variables_of_the_pre_commit_program_do_not_mislead(
    hooked: Hooked, server: Hooked, token: str
) -> None:
    """One of its hooks may push to elsewhere, which has nothing to do with what it was told."""
    hooked.install("--type", "pre-push")
    hooked.commit("nothing\n")
    hooked.git("branch", "harmless")
    hooked.commit(token)
    told = {"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin",
            "PRE_COMMIT_LOCAL_BRANCH": "harmless", "PRE_COMMIT_TO_REF": "harmless"}  # fmt: skip
    done = hooked.run("git", "push", "origin", "main", env=hooked.environment | told)
    assert done.returncode
    assert server.run("git", "rev-parse", "--verify", "main").returncode
