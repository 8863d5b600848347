"""Where git looks for hooks, and what keeps leakscan from putting some there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import leakscan
from leakscan.git_hooks.install import Outcome, install, uninstall
from leakscan.git_hooks.interpreter import Interpreter, this_interpreter
from leakscan.git_hooks.script import script_for

if TYPE_CHECKING:
    from hooked import Hooked

OURS = b"#!/bin/sh\n# Guard script of leakscan 1 for pre-commit\n"
THEIRS = "#!/bin/sh\nexit 0\n"


def is_refused(hooked: Hooked, token: str) -> bool:
    """Tell whether the guard keeps a token from being committed."""
    done = hooked.commit(token)
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    return done.returncode == 1 and "settings.py" in done.stderr


def found_there(home: Path) -> Path:
    """Have leakscan found in another folder, too; return that folder."""
    package = Path(leakscan.__file__).parent
    (home / "src").mkdir(parents=True)
    (home / "src/leakscan").symlink_to(package)
    (home / "patterns").symlink_to(package.parent.parent / "patterns")
    return home / "src"


@pytest.mark.parametrize("folder", [".", "deep/er"])
def test_hooks_path_below_the_work_tree(hooked: Hooked, token: str, folder: str) -> None:
    hooked.git("config", "core.hooksPath", "git hooks")
    where = hooked.path / folder
    where.mkdir(parents=True, exist_ok=True)
    said = hooked.at(where).install()
    assert f"'{hooked.path}/git hooks'" in said
    assert "Note" not in said
    assert is_refused(hooked, token)
    assert not (hooked.path / ".git/hooks").exists()


def test_hooks_path_of_all_repositories(hooked: Hooked, token: str, tmp_path: Path) -> None:
    hooked.git("config", "--global", "core.hooksPath", "~/all hooks")
    assert "lies outside of this repository" in hooked.install()
    other = hooked.another(tmp_path / "other")
    assert is_refused(other, token)
    assert is_refused(hooked, token)


def test_hooks_that_belong_to_the_files_of_the_repository(hooked: Hooked, token: str) -> None:
    hooked.git("config", "core.hooksPath", ".githooks")
    hooked.hook("pre-commit", THEIRS)
    hooked.git("add", ".githooks")
    hooked.git("commit", "-qm", "Add a hook for all")
    assert "Do not commit the new ones" in hooked.install()
    assert is_refused(hooked, token)
    hooked.install("--uninstall")
    hooked.git("rm", "--cached", "-q", "settings.py")
    (hooked.path / "settings.py").unlink()
    assert not hooked.git("status", "--porcelain").stdout


def test_hooks_that_husky_makes_anew_are_left_alone(hooked: Hooked) -> None:
    hooked.git("config", "core.hooksPath", ".husky/_")
    hooked.hook("h", THEIRS, 0o644)
    done = hooked.leakscan("install-hook")
    assert done.returncode == 3
    assert b"add `leakscan pre-commit`" in done.stderr
    assert [path.name for path in hooked.hooks.iterdir()] == ["h"]


def test_a_linked_work_tree_shares_its_hooks(hooked: Hooked, token: str, tmp_path: Path) -> None:
    hooked.commit("nothing\n")
    hooked.git("worktree", "add", "-q", "-b", "topic", str(tmp_path / "linked"))
    assert f"{hooked.path}/.git/hooks" in hooked.at(tmp_path / "linked").install()
    assert is_refused(hooked.at(tmp_path / "linked"), token)
    assert is_refused(hooked, token)


def test_a_submodule_has_hooks_of_its_own(hooked: Hooked, token: str, tmp_path: Path) -> None:
    inner = hooked.another(tmp_path / "library")
    inner.commit("nothing\n")
    hooked.git("submodule", "--quiet", "add", str(inner.path), "library")
    submodule = hooked.at(hooked.path / "library")
    said = submodule.install()
    assert f"{hooked.path}/.git/modules/library/hooks" in said
    assert "Note" not in said
    assert is_refused(submodule, token)
    assert not (hooked.path / ".git/hooks/pre-commit").exists()


def test_the_repository_can_be_named(hooked: Hooked, token: str, tmp_path: Path) -> None:
    hooked.at(tmp_path).install("work")
    assert is_refused(hooked, token)
    assert "Removed pre-commit" in hooked.at(tmp_path).install("--uninstall", "work")


def test_variables_of_git_do_not_lead_elsewhere(hooked: Hooked, tmp_path: Path) -> None:
    other = hooked.another(tmp_path / "other")
    environment = hooked.environment | {"GIT_DIR": str(other.path / ".git")}
    done = hooked.commands.run(["install-hook"], env=environment, cwd=hooked.path)
    assert not done.returncode
    assert (hooked.hooks / "pre-commit").exists()
    assert not other.hooks.exists()


@pytest.mark.parametrize("name", [b'it\'s "quoted" $HOME `x`', b"two\nlines", b"caf\xe9 \\n"])
def test_odd_names_of_folders(hooked: Hooked, token: str, tmp_path: Path, name: bytes) -> None:
    """The repository, the interpreter and the packages lie in a folder with an odd name."""
    home = tmp_path / os.fsdecode(name)
    packages = found_there(home)
    (home / "python").symlink_to(sys.executable)
    found = this_interpreter().packages
    interpreter = Interpreter(os.fsencode(home / "python"), (os.fsencode(packages), *found[1:]))
    odd = hooked.another(home / "work")
    odd.hook("pre-commit", "#!/bin/sh\necho > ran\n")
    assert "pre-commit.before-leakscan" in odd.install("--type", "pre-commit")
    script = script_for("pre-commit", interpreter)
    assert install(odd.hooks, "pre-commit", lambda _: script) is Outcome.UPDATED
    assert is_refused(odd, token)
    assert not odd.commit("nothing\n").returncode
    assert (odd.path / "ran").exists()
    (home / "python").unlink()
    assert "nothing was checked" in odd.commit("more\n").stderr


def test_a_virtual_environment(hooked: Hooked, token: str, tmp_path: Path) -> None:
    """What installs the hook also runs it, wherever it finds its packages."""
    home = tmp_path / "it's here"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    packages = next((home / "lib").iterdir()) / "site-packages"
    (packages / "here.pth").write_text("\n".join(filter(os.path.isdir, sys.path)))
    done = hooked.run(home / "bin/python", "-P", "-m", "leakscan", "install-hook")
    assert not done.returncode, done.stderr
    assert is_refused(hooked, token)
    shutil.rmtree(home)
    done = hooked.commit("more\n")
    assert f"there is no {home}/bin/python any more" in done.stderr


def test_a_python_that_git_could_not_run(hooked: Hooked, tmp_path: Path) -> None:
    """What leakscan needs is found by PYTHONPATH alone, and would not be without it."""
    folder = found_there(tmp_path)
    python = tmp_path / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    paths = os.pathsep.join([str(folder), *filter(os.path.isdir, sys.path)])
    environment = hooked.environment | {"PYTHONPATH": paths}
    done = hooked.run(python, "-P", "-m", "leakscan", "install-hook", env=environment)
    assert done.returncode == 3
    assert "would not run leakscan from a git hook" in done.stderr
    assert not hooked.hooks.exists()


def test_no_repository(hooked: Hooked, tmp_path: Path) -> None:
    assert_one_line(hooked.at(tmp_path), 3, "is in no git repository")


def test_inside_of_a_git_directory(hooked: Hooked) -> None:
    assert_one_line(hooked.at(hooked.path / ".git"), 3, "name the work tree")


def test_no_such_folder(hooked: Hooked) -> None:
    done = hooked.leakscan("install-hook", "no/such/folder")
    assert done.returncode == 2


def test_no_git(hooked: Hooked) -> None:
    environment = hooked.environment | {"PATH": "/no/such/folder"}
    done = hooked.commands.run(["install-hook"], env=environment, cwd=hooked.path)
    assert done.returncode == 3
    assert done.stderr.startswith(b"leakscan: the git program was not found")


@pytest.mark.parametrize(
    ("named", "words"),
    [(os.devnull, "which is no folder"), ("README.md/hooks", "Not a directory"),
     ("/proc/hooks", "cannot be changed"), ("/sys", "cannot be changed"),
     ("", "core.hooksPath is empty")],
)  # fmt: skip
def test_where_no_hooks_can_be(hooked: Hooked, named: str, words: str) -> None:
    (hooked.path / "README.md").write_text("Read me.\n")
    hooked.git("config", "core.hooksPath", named)
    assert_one_line(hooked, 3, words)


def test_a_folder_in_the_place_of_the_hook(hooked: Hooked) -> None:
    (hooked.hooks / "pre-commit").mkdir(parents=True)
    assert_one_line(hooked, 3, "is in the way")


def test_two_earlier_hooks(hooked: Hooked) -> None:
    hooked.hook("pre-commit", THEIRS)
    hooked.install()
    hooked.hook("pre-commit", "#!/bin/sh\n# of another tool, which wrote over ours\n")
    assert_one_line(hooked, 3, "pre-commit.before-leakscan")
    assert "Left pre-commit" in hooked.install("--uninstall", "--type", "pre-commit")
    assert (hooked.hooks / "pre-commit.before-leakscan").read_text() == THEIRS


def assert_one_line(hooked: Hooked, status: int, words: str) -> None:
    """Assert that installing fails in one line that says why."""
    done = hooked.leakscan("install-hook")
    assert done.returncode == status
    assert not done.stdout
    assert words in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


# What an interruption leaves.


def test_interrupted_before_ours_was_there(tmp_path: Path) -> None:
    hook = tmp_path / "pre-commit"
    hook.write_text(THEIRS)
    hook.chmod(0o755)
    os.link(hook, tmp_path / "pre-commit.before-leakscan")
    (tmp_path / "pre-commit.leakscan-new").write_bytes(OURS[:9])
    assert install(tmp_path, "pre-commit", lambda _: OURS) is Outcome.BESIDE
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "pre-commit", "pre-commit.before-leakscan",
    ]  # fmt: skip
    assert uninstall(tmp_path, "pre-commit") is Outcome.RESTORED
    assert [path.read_text() for path in tmp_path.iterdir()] == [THEIRS]


@pytest.mark.parametrize("same", ["file", "link", "copy"])
def test_interrupted_and_uninstalled(tmp_path: Path, same: str) -> None:
    hook, kept = tmp_path / "pre-commit", tmp_path / "pre-commit.before-leakscan"
    if same == "link":
        hook.symlink_to("elsewhere")
        kept.symlink_to("elsewhere")
    else:
        hook.write_text(THEIRS)
        os.link(hook, kept) if same == "file" else kept.write_text(THEIRS)
    assert uninstall(tmp_path, "pre-commit") is Outcome.FOREIGN
    assert list(tmp_path.iterdir()) == [hook]


def test_ours_was_deleted_by_hand(tmp_path: Path) -> None:
    (tmp_path / "pre-commit.before-leakscan").write_text(THEIRS)
    (tmp_path / "pre-commit.before-leakscan").chmod(0o755)
    assert install(tmp_path, "pre-commit", lambda _: OURS) is Outcome.BESIDE
    (tmp_path / "pre-commit").unlink()
    assert uninstall(tmp_path, "pre-commit") is Outcome.RESTORED
    assert (tmp_path / "pre-commit").read_text() == THEIRS


def test_a_link_to_our_script_is_ours(tmp_path: Path) -> None:
    """People keep hooks with their other settings, and link to them."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "kept.sh").write_bytes(OURS)
    (tmp_path / "kept.sh").chmod(0o755)
    link = tmp_path / "hooks/pre-commit"
    link.symlink_to("../kept.sh")
    assert install(link.parent, "pre-commit", lambda _: OURS) is Outcome.UNCHANGED
    assert install(link.parent, "pre-commit", lambda ours: ours + b"# newer\n") is Outcome.UPDATED
    assert (tmp_path / "kept.sh").read_bytes() == OURS + b"# newer\n"
    assert link.is_symlink()
    assert uninstall(link.parent, "pre-commit") is Outcome.REMOVED
    assert (tmp_path / "kept.sh").exists()
