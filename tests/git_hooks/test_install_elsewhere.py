"""Repositories that lie apart from their files, and hooks that lie apart from repositories."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hooked import files
from leakscan.git_hooks.install import install
from leakscan.git_hooks.interpreter import Interpreter
from leakscan.git_hooks.script import COMMIT_HOOKS, script_for

if TYPE_CHECKING:
    from pathlib import Path

    from hooked import Hooked


def test_a_work_tree_apart_from_its_repository(hooked: Hooked, token: str, tmp_path: Path) -> None:
    """As people keep the settings in their home: the variables name both."""
    git_dir, tree = tmp_path / "dot files", tmp_path / "tree"
    hooked.another(git_dir, "--bare")
    (tree / "sub").mkdir(parents=True)
    for cwd, named in ((tree, "."), (tree / "sub", str(tree)), (git_dir, "../tree")):
        led = {"GIT_DIR": os.path.relpath(git_dir, cwd), "GIT_WORK_TREE": named}
        environment = hooked.environment | led
        done = hooked.commands.run(["install-hook"], env=environment, cwd=cwd)
        assert not done.returncode, done.stderr
        assert f"pre-commit in '{git_dir}/hooks'" in done.stdout.decode()
        assert b"Note" not in done.stdout
    environment = hooked.environment | {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(tree)}
    (tree / "profile").write_text(token)
    place = hooked.at(tree)
    assert not place.run("git", "add", "profile", env=environment).returncode
    done = place.run("git", "commit", "-qm", "Leak", env=environment)
    assert done.returncode == 1
    assert "profile:1" in done.stderr
    done = hooked.commands.run(["install-hook", "--uninstall"], env=environment, cwd=tree)
    assert done.stdout.count(b"Removed") == 4


def test_a_repository_that_is_named_counts_whatever_the_variables_say(
    hooked: Hooked, tmp_path: Path
) -> None:
    other = hooked.another(tmp_path / "other")
    led = {"GIT_DIR": str(other.path / ".git"), "GIT_WORK_TREE": str(other.path)}
    hooked.commands.run(["install-hook", "."], env=hooked.environment | led, cwd=hooked.path)
    assert (hooked.hooks / "pre-commit").exists()
    assert not other.hooks.exists()


def test_hooks_of_all_repositories_from_outside_of_any(
    hooked: Hooked, token: str, tmp_path: Path
) -> None:
    outside = hooked.at(tmp_path)
    done = outside.leakscan("install-hook")
    assert done.returncode == 3
    assert b"is in no git repository" in done.stderr
    outside.git("config", "--global", "core.hooksPath", "~/git hooks")
    said = outside.install()
    assert f"Installed pre-commit in '{hooked.home}/git hooks'" in said
    assert "every repository" in said
    assert hooked.commit(token).returncode == 1
    assert outside.install("--uninstall").count("Removed") == 4
    assert outside.leakscan("install-hook", ".").returncode == 3  # that is no repository


@pytest.mark.parametrize("hook", COMMIT_HOOKS)
def test_a_hook_that_would_never_run_is_refused(
    hooked: Hooked, server: Hooked, token: str, hook: str
) -> None:
    done = server.leakscan("install-hook", "--type", hook)
    assert done.returncode == 2
    assert f"{hook} would never run" in done.stderr.decode()
    assert not server.hooks.exists()
    hooked.commit("nothing\n")
    hooked.git("push", "-q", "origin", "main")
    linked = hooked.at(server.path.parent / "linked")
    server.git("worktree", "add", "-q", linked.path, "main")
    server.install("--type", hook)
    if hook == "pre-commit":
        assert linked.commit(token).returncode == 1


def test_a_hooks_folder_that_leads_elsewhere(hooked: Hooked, token: str, tmp_path: Path) -> None:
    (tmp_path / "my hooks").mkdir()
    (hooked.path / ".git/hooks").symlink_to(tmp_path / "my hooks")
    said = hooked.install()
    assert f"leads to '{tmp_path}/my hooks', outside of this repository" in said
    assert "core.hooksPath" not in said
    assert hooked.commit(token).returncode == 1


def test_no_token_in_a_path_is_shown(hooked: Hooked, token: str, tmp_path: Path) -> None:
    """Neither when the hooks are installed nor when they say that nothing was checked."""
    home = tmp_path / token
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    packages = next((home / "lib").iterdir()) / "site-packages"
    (packages / "here.pth").write_text("\n".join(filter(os.path.isdir, sys.path)))
    work = hooked.another(home / "work")
    (tmp_path / f"x {token}").mkdir()
    (work.path / ".git/hooks").symlink_to(tmp_path / f"x {token}")
    work.hook("pre-commit", "#!/bin/sh\n")
    (work.path / token).touch()
    options = ("--type", "pre-commit", "--", "--config", token)
    done = work.run(home / "bin/python", "-m", "leakscan", "install-hook", *options)
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    (home / "bin/python").unlink()
    gone = work.commit("nothing\n").stderr
    assert "any more" in gone
    assert "to do without" in gone
    work.hook("pre-commit", "#!/bin/sh\n# of another tool\n")
    shown += gone + work.install("--uninstall")
    assert token not in shown
    assert shown.count(f"{token[:3]}{token[3:7]}...") == 10


def test_an_interrupt_ends_a_hook_without_a_traceback(hooked: Hooked, tmp_path: Path) -> None:
    """Ctrl-C while leakscan is imported; while Python starts, the hook is deaf to it."""
    (tmp_path / "leakscan").mkdir()
    (tmp_path / "leakscan/__main__.py").write_text("import os\nos.kill(os.getpid(), 2)\n")
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nkill -INT $$\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    interpreter = Interpreter(os.fsencode(program), (os.fsencode(tmp_path),))
    script = script_for("pre-commit", interpreter)
    install(hooked.hooks, "pre-commit", lambda _: script)
    done = hooked.run(hooked.hooks / "pre-commit")
    assert (done.returncode, done.stdout + done.stderr) == (128 + signal.SIGINT, "")
    (tmp_path / "leakscan/__main__.py").write_text("start = lambda: print('it ran')\n")
    done = hooked.run(hooked.hooks / "pre-commit")
    assert (done.returncode, done.stdout + done.stderr) == (0, "it ran\n")


def test_an_interrupt_ends_the_command_without_a_traceback(hooked: Hooked) -> None:
    """From the first look on."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(2, signal.default_int_handler)\n"  # it may be ignored, as under nohup
        "def stop(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'leakscan.glance': os.kill(os.getpid(), 2)\n"
        "sys.addaudithook(stop)\n"
        "from leakscan.__main__ import start\n"
        "start()\n"
    )
    done = hooked.run(sys.executable, "-c", code, "pre-commit")
    assert (done.returncode, done.stdout + done.stderr) == (-signal.SIGINT, "")


def test_files_that_an_installation_has_left_are_removed(tmp_path: Path) -> None:
    (tmp_path / "pre-commit.leakscan-new.123").write_bytes(b"half")
    install(tmp_path, "pre-commit", lambda _: b"#!/bin/sh\n# Guard script of leakscan 1 for x\n")
    assert list(files(tmp_path)) == ["pre-commit"]
