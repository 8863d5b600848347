"""The hooks in ``.pre-commit-hooks.yaml``, run by the real pre-commit program."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from gitrepo import GitRepo
from hooked import Hooked

if TYPE_CHECKING:
    from collections.abc import Callable

    from forked import Commands

CHECKOUT = Path(__file__).parents[2]
SHIPPED = ("src", "patterns", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
TYPES = ("pre-commit", "commit-msg", "pre-push")
PROGRAM = (sys.executable, "-m", "pre_commit")
SYSTEM = ("leakscan-system", "leakscan-commit-msg-system", "leakscan-pre-push-system")
PYTHON = ("leakscan", "leakscan-commit-msg", "leakscan-pre-push")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """Make a repository of leakscan as it is now, for the program to clone."""
    repo = GitRepo.init(tmp_path_factory.mktemp("published") / "leakscan")
    for name in SHIPPED:
        if (CHECKOUT / name).is_dir():
            compiled = shutil.ignore_patterns("__pycache__")  # which other tests write meanwhile
            shutil.copytree(CHECKOUT / name, repo.path / name, ignore=compiled)
        else:
            shutil.copy(CHECKOUT / name, repo.path / name)
    repo.git("add", ".")
    repo.commit("Publish")
    return repo


@pytest.fixture
def work(
    tmp_path: Path, commands: Commands, published: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> Hooked:
    """Make a repository that uses the hooks of the program, with leakscan on the PATH."""
    folder = Path(sys.executable).parent
    assert (folder / "leakscan").exists()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(published.path.parent / "program"))
    work = Hooked.init(tmp_path / "work", tmp_path / "home", commands)
    remote = work.another(tmp_path / "remote.git", "--bare")
    work.git("remote", "add", "origin", remote.path)
    return work


def use(
    work: Hooked, published: GitRepo, hooks: tuple[str, ...] = SYSTEM, options: str = ""
) -> None:
    """Commit a configuration with these hooks and their options; have git run the program."""
    lines = ["repos:", f"- repo: {published.path}", f"  rev: {published.tip()}", "  hooks:"]
    for hook in hooks:
        lines += [f"  - id: {hook}", f"    args: [{options}]"]
    (work.path / ".pre-commit-config.yaml").write_text("\n".join(lines) + "\n")
    work.git("add", ".")
    work.git("commit", "-qm", "Use the guard")
    program(work, "install", *[f"--hook-type={hook}" for hook in TYPES])


def program(work: Hooked, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program, which must succeed."""
    done = work.run(*PROGRAM, *arguments)
    assert not done.returncode, done.stdout + done.stderr
    return done


def refused(done: subprocess.CompletedProcess[str], token: str) -> bool:
    """Tell whether the guard refused, and has not failed otherwise."""
    said = done.stdout + done.stderr
    assert done.returncode in (0, 1), said
    assert token not in said
    assert ("- exit code: 1" in said) == bool(done.returncode), said
    return bool(done.returncode)


def test_each_hook_has_a_twin_that_installs_nothing() -> None:
    manifest = CHECKOUT / ".pre-commit-hooks.yaml"
    checked = [*PROGRAM, "validate-manifest", manifest]
    assert not subprocess.run(checked, capture_output=True, check=False).returncode
    hooks = {hook.pop("id"): hook for hook in yaml.safe_load(manifest.read_text())}
    assert set(hooks) == {*PYTHON, *SYSTEM}
    for name, twin in zip(PYTHON, SYSTEM, strict=True):
        assert hooks[name].pop("language") == "python"
        assert hooks[twin].pop("language") == "system"  # as versions before 4.4 call it, too
        assert hooks[twin].pop("description").startswith(hooks[name].pop("description"))
        assert hooks[name] == hooks[twin]


def test_commits_messages_and_pushes_are_guarded(
    work: Hooked, published: GitRepo, token: str
) -> None:
    use(work, published)
    assert not refused(work.commit("KEY = environ['KEY']\n"), token)
    assert refused(work.commit(f"KEY = '{token}'\n"), token)
    assert refused(work.commit("KEY = environ['KEYS']\n", f"Use {token}"), token)
    assert not refused(work.commit("KEY = environ['KEYS']\n"), token)
    assert not refused(work.run("git", "push", "origin", "main"), token)
    work.commit("KEY = environ['ITS']\n")
    assert not refused(work.run("git", "push", "origin", "main"), token)
    (work.path / "settings.py").write_text(f"KEY = '{token}'\n")
    work.git("commit", "-qam", "Unseen", "--no-verify")
    assert refused(work.run("git", "push", "origin", "main"), token)
    assert refused(work.run("git", "push", "origin", "main:new"), token)


def test_options_are_given_in_the_configuration(
    work: Hooked, published: GitRepo, token: str
) -> None:
    """They come between the command and what the program adds to it."""
    allowing = '[[allow]]\nreason = "all is made up"\npatterns = [".*"]\n'
    (work.path / ".leakscan.toml").write_text(allowing)
    use(work, published, options="--no-suppress")
    assert refused(work.commit(f"KEY = '{token}'\n"), token)
    assert refused(work.commit("nothing\n", f"Use {token}"), token)
    (work.path / "settings.py").write_text(token)
    work.git("commit", "-qam", "Unseen", "--no-verify")
    assert refused(work.run("git", "push", "origin", "main"), token)


def test_the_first_push_of_all_is_guarded(work: Hooked, published: GitRepo, token: str) -> None:
    """The program then names no commits, only the branch."""
    use(work, published)
    (work.path / "settings.py").write_text(f"KEY = '{token}'\n")
    work.git("add", "settings.py")
    work.git("commit", "-qm", "Unseen", "--no-verify")
    work.git("rm", "-q", "settings.py")
    work.git("commit", "-qm", "Hide it", "--no-verify")
    assert refused(work.run("git", "push", "origin", "main"), token)


def test_what_counts_is_what_is_staged(work: Hooked, published: GitRepo, token: str) -> None:
    use(work, published)
    work.commit("nothing\n")
    (work.path / "settings.py").write_text("something\n")
    work.git("add", "settings.py")
    (work.path / "settings.py").write_text(token)
    assert not refused(work.run("git", "commit", "-m", "Half of it"), token)
    assert (work.path / "settings.py").read_text() == token
    work.git("add", "settings.py")
    (work.path / "settings.py").write_text("nothing any more\n")
    assert refused(work.run("git", "commit", "-m", "The other half"), token)
    assert (work.path / "settings.py").read_text() == "nothing any more\n"


def link(work: Hooked, text: str) -> None:
    (work.path / "link").symlink_to(text)
    work.git("add", "link")


def rename(work: Hooked, text: str) -> None:
    work.git("mv", "settings.py", text)


def submodule(work: Hooked, text: str) -> None:
    work.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{text}")


def merge(work: Hooked, text: str) -> None:
    work.git("checkout", "-qB", "side", "before~1")
    work.git("commit", "-q", "--allow-empty", "-n", "-m", "Go another way")
    work.git("merge", "-q", "--no-commit", "before")
    (work.path / "merged.txt").write_text(text)
    work.git("add", "merged.txt")


def sparse(work: Hooked, text: str) -> None:
    """Stage a file that the work tree does not have."""
    object_id = GitRepo(work.path).git("hash-object", "-w", "--stdin", stdin=text.encode())
    work.git("update-index", "--add", "--cacheinfo", f"100644,{object_id},away/key")
    work.git("update-index", "--skip-worktree", "away/key")


@pytest.mark.parametrize("stage", [link, rename, submodule, merge, sparse])
def test_whatever_a_commit_may_hold_is_looked_at(
    work: Hooked, published: GitRepo, token: str, stage: Callable[[Hooked, str], None]
) -> None:
    use(work, published)
    work.commit("nothing\n")
    work.git("tag", "before")
    stage(work, token)
    assert refused(work.run("git", "commit", "-m", "Leak"), token)
    work.git("reset", "-q", "--hard", "before")
    stage(work, "nothing-to-see")
    assert not refused(work.run("git", "commit", "-m", "Fine"), token)


def test_all_files_can_be_looked_at(work: Hooked, published: GitRepo, token: str) -> None:
    use(work, published)
    assert "Passed" in program(work, "run", "--all-files").stdout
    (work.path / "settings.py").write_text(token)
    work.git("add", "settings.py")
    work.git("commit", "-qnm", "Unseen")
    assert refused(work.run(*PROGRAM, "run", "--all-files"), token)


def test_a_commit_that_adds_nothing_passes_whatever_stands_in_head(
    work: Hooked, published: GitRepo, token: str
) -> None:
    use(work, published)
    (work.path / "settings.py").write_text(token)
    work.git("add", "settings.py")
    work.git("commit", "-qnm", "Unseen")
    assert not refused(work.run("git", "commit", "--amend", "-m", "Say more"), token)
    assert not refused(work.commit("nothing\n", name="other"), token)
    work.git("rm", "-q", "settings.py")
    assert not refused(work.run("git", "commit", "-m", "Remove it"), token)


LOCAL = """
- repo: local
  hooks:
  - id: another
    name: another
    entry: sh -c 'echo >> ran'
    language: system
    always_run: true
    pass_filenames: false
    stages: [pre-commit]
"""

ORDERS = {
    "ours, then the program's": ("ours", "program"),
    "the program's, then ours": ("program", "ours"),
    "the program's twice": ("program", "ours", "program"),
    "the program's twice, then ours": ("program", "ours", "program", "ours"),
    "ours twice": ("ours", "program", "ours"),
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_program_and_install_hook_go_together(work: Hooked, token: str, order: str) -> None:
    (work.path / ".pre-commit-config.yaml").write_text("repos:" + LOCAL)
    work.git("add", ".")
    for step in ORDERS[order]:
        if step == "ours":
            work.install()
        else:
            program(work, "install", *[f"--hook-type={hook}" for hook in TYPES])
    ran = work.path.parent / "ran"
    (work.path / "ran").symlink_to(ran)
    assert work.commit(token).returncode == 1
    ran.unlink(missing_ok=True)
    done = work.commit("nothing\n")
    assert not done.returncode, done.stderr
    assert ran.read_text() == "\n"
    assert not work.run("git", "push", "origin", "main").returncode
    work.install("--uninstall")
    ran.unlink()
    assert not work.commit(token).returncode
    assert ran.read_text() == "\n"
    program(work, "uninstall", *[f"--hook-type={hook}" for hook in TYPES])
    assert [path for path in work.hooks.iterdir() if path.suffix != ".sample"] == []


def test_the_program_can_install_leakscan_itself(
    work: Hooked, published: GitRepo, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes a virtual environment; what leakscan needs comes from that of the tests, offline."""
    packages = sysconfig.get_path("purelib")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", packages)
    for option in ("PIP_NO_INDEX", "PIP_NO_DEPS"):
        monkeypatch.setenv(option, "1")
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip's way to say that there is none
    use(work, published, PYTHON)
    assert not refused(work.commit("KEY = environ['KEY']\n"), token)
    assert refused(work.commit(f"KEY = '{token}'\n"), token)
    assert refused(work.commit("KEY = environ['KEYS']\n", f"Use {token}"), token)
    assert not refused(work.run("git", "push", "origin", "main"), token)
    installed = (published.path.parent / "program").glob("*/py_env-*/bin/leakscan")
    assert len(list(installed)) == 1
