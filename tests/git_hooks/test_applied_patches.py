"""``git am`` with the hook pre-applypatch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from hooked import Hooked


@pytest.fixture
def patched(hooked: Hooked) -> Hooked:
    """Make a repository with one commit, and a branch ``side`` that is to bring patches."""
    hooked.commit("nothing\n", name="first")
    hooked.git("checkout", "-qb", "side")
    return hooked


def patches(hooked: Hooked, **contents: str) -> Path:
    """Write a mailbox with a patch for each of these files; return it."""
    for name, content in contents.items():
        (hooked.path / name).write_text(content)
        hooked.git("add", name)
        hooked.git("commit", "-qnm", f"Add {name}")
    box = hooked.path.parent / "mailbox"
    box.write_text(hooked.git("format-patch", "--stdout", "main").stdout)
    hooked.git("checkout", "-q", "main")
    return box


@pytest.mark.parametrize("folder", ["", "sub", "linked work tree"])
def test_a_patch_that_adds_a_token_is_stopped(patched: Hooked, token: str, folder: str) -> None:
    box = patches(patched, one="fine\n", two=f"KEY = '{token}'\n", three="fine\n")
    patched.install()
    place = patched
    if folder == "sub":
        place = patched.at(patched.path / "sub")
        place.path.mkdir()
    elif folder:
        place = patched.at(patched.path.parent / folder)
        patched.git("worktree", "add", "-q", "-b", "other", place.path)
    done = place.run("git", "am", "-q", box)
    assert done.returncode == 1
    assert "leakscan stopped this commit" in done.stderr
    assert "two:1" in done.stderr
    assert "go on with git am --continue, or git am --abort" in done.stderr
    assert "Mend it and `git add` it, then:  git am --continue\n" in done.stderr
    assert "git restore" not in done.stderr
    assert token not in done.stdout + done.stderr
    assert place.git("log", "--format=%s").stdout == "Add one\nChange something\n"
    top = place.git("rev-parse", "--show-toplevel").stdout.rstrip("\n")
    (place.at(patched.path.parent / top).path / "two").write_text("KEY = environ['KEY']\n")
    place.git("-C", top, "add", "two")
    place.git("am", "-q", "--continue")
    assert place.git("log", "-2", "--format=%s").stdout == "Add three\nAdd two\n"


def test_patches_without_tokens_are_applied_without_a_word(patched: Hooked) -> None:
    box = patches(patched, one="fine\n", two="fine\n")
    patched.install()
    done = patched.git("am", "-q", box)
    assert done.stdout + done.stderr == ""
    assert patched.git("rev-list", "--count", "HEAD").stdout == "3\n"


def test_no_answer_is_given_where_nobody_asked(patched: Hooked) -> None:
    """On a terminal, as `leakscan pre-commit` gives one to those who run it by hand."""
    box = patches(patched, one="fine\n")
    patched.install()
    on_terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))"
    done = patched.run(sys.executable, "-c", on_terminal, "git", "am", "-q", box)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_an_earlier_hook_adds_to_a_patch_is_looked_at(patched: Hooked, token: str) -> None:
    box = patches(patched, one="fine\n")
    patched.hook("pre-applypatch", f"#!/bin/sh\necho {token} > made && git add made\n")
    patched.install()
    done = patched.run("git", "am", "-q", box)
    assert done.returncode == 1
    assert "after pre-applypatch.before-leakscan has run" in done.stderr


def test_a_rebase_moves_what_is_committed(patched: Hooked, token: str) -> None:
    """Whichever way git goes about it; the token stands in the branch before and after."""
    patches(patched, one=token)
    patched.commit("more\n", name="second")
    patched.hook("pre-applypatch", "#!/bin/sh\necho >> ../ran\n")
    patched.install()
    patched.git("checkout", "-q", "side")
    patched.git("rebase", "-q", "--apply", "main")
    assert patched.git("rev-list", "--count", "HEAD").stdout == "3\n"
    assert (patched.path.parent / "ran").read_text() == "\n"


def test_a_guard_that_is_gone_lets_no_patch_through(patched: Hooked) -> None:
    box = patches(patched, one="fine\n")
    patched.install()
    path = patched.hooks / "pre-applypatch"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join("python=/no\n" if line[:7] == "python=" else line for line in lines))
    done = patched.run("git", "am", "-q", box)
    assert done.returncode == 1
    assert "nothing was checked" in done.stderr
    assert "to skip once" not in done.stderr
