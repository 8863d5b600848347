"""Hooks that run beside ours, and ours when somebody has changed or replaced it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hooked import files
from leakscan.errors import LeakscanError
from leakscan.git_hooks.install import Outcome, install, uninstall
from leakscan.git_hooks.script import is_edited

if TYPE_CHECKING:
    from pathlib import Path

    from hooked import Hooked

THEIRS = "#!/bin/sh\necho >> ran\n"


def test_what_an_earlier_hook_stages_is_looked_at(hooked: Hooked, token: str) -> None:
    """As formatters and generators do."""
    hooked.hook("pre-commit", "#!/bin/sh\ncp ../made made.py && git add made.py\n")
    hooked.install()
    made = hooked.path.parent / "made"
    made.write_text(f"KEY = '{token}'\n")
    done = hooked.commit("nothing\n")
    assert done.returncode == 1
    assert "after pre-commit.before-leakscan has run:\nleakscan stopped this commit" in done.stderr
    assert "made.py:1" in done.stderr
    assert token not in done.stderr
    assert hooked.run("git", "rev-parse", "--verify", "HEAD").returncode
    hooked.git("rm", "-q", "--cached", "made.py")
    made.write_text("KEY = environ['KEY']\n")
    assert not hooked.commit("nothing\n").returncode
    assert hooked.git("show", "HEAD:made.py").stdout == made.read_text()


def test_what_an_earlier_hook_writes_into_a_message_is_looked_at(
    hooked: Hooked, token: str
) -> None:
    """As those do that add a Change-Id."""
    hooked.hook("commit-msg", '#!/bin/sh\ncat ../added >> "$1"\n')
    hooked.install()
    added = hooked.path.parent / "added"
    added.write_text(f"\nSeen-with: {token}\n")
    done = hooked.commit("nothing\n")
    assert done.returncode == 1
    assert "after commit-msg.before-leakscan has run:" in done.stderr
    assert token not in done.stderr
    added.write_text("\nSeen-with: care\n")
    assert not hooked.commit("nothing\n").returncode
    assert hooked.git("log", "-1", "--format=%b").stdout == "Seen-with: care\n\n"


def test_looking_again_says_nothing_new(hooked: Hooked, token: str) -> None:
    hooked.hook("pre-commit", THEIRS)
    hooked.install()
    (hooked.path / "settings.py").write_text(token)
    hooked.git("add", ".")
    hooked.git("commit", "-qnm", "Unseen")
    done = hooked.commit(f"{token}\nmore\n")
    assert not done.returncode
    assert len([line for line in done.stderr.splitlines() if "settings.py" in line]) == 1
    assert "again" not in done.stderr


def test_an_earlier_hook_that_git_ignored_is_said_to_stay_so(hooked: Hooked) -> None:
    hooked.hook("pre-commit", THEIRS, 0o644)
    hooked.hook("commit-msg", THEIRS)
    said = hooked.install().splitlines()
    assert said[0].endswith("not executable: it stays ignored, as pre-commit.before-leakscan.")
    assert said[1].endswith("runs after it, as commit-msg.before-leakscan.")


def test_our_own_script_is_never_an_earlier_one(hooked: Hooked) -> None:
    """It would run itself for ever."""
    hooked.install("--type", "pre-commit")
    script = (hooked.hooks / "pre-commit").read_bytes()
    kept = hooked.hook("pre-commit.before-leakscan", script)
    done = hooked.commit("nothing\n")
    assert done.returncode == 1
    assert "took its own hook (pre-commit.before-leakscan) for an earlier one" in done.stderr
    hooked.install("--type", "pre-commit")
    assert not kept.exists()
    assert not hooked.commit("nothing\n").returncode
    hooked.hook("pre-commit.before-leakscan", script)
    hooked.install("--uninstall")
    assert files(hooked.hooks) == {}


def test_ours_that_another_tool_has_replaced(hooked: Hooked) -> None:
    hooked.hook("pre-commit", THEIRS)
    hooked.install("--type", "pre-commit")
    hooked.hook("pre-commit", "#!/bin/sh\n# of another tool, which wrote over ours\n")
    before = files(hooked.hooks)
    for named in ([], ["--type", "pre-commit"]):
        said = hooked.install("--uninstall", *named)
        assert said.startswith("Left pre-commit in ")
        assert "still pre-commit.before-leakscan, and does not run" in said
        assert files(hooked.hooks) == before
    remedy = said.partition("To have it back:  ")[2].partition("   ")[0]
    assert not hooked.at(hooked.path.parent).run("sh", "-c", remedy).returncode
    assert [held[1] for held in files(hooked.hooks).values()] == [THEIRS.encode()]


@pytest.mark.parametrize("change", ["appended", "inserted", "other shell"])
def test_what_somebody_has_added_to_ours_is_kept(hooked: Hooked, change: str) -> None:
    hooked.hook("commit-msg", THEIRS)
    hooked.install()
    before = files(hooked.hooks)
    for name in ("pre-commit", "commit-msg"):
        script = (hooked.hooks / name).read_text()
        hooked.hook(name, {
            "appended": script + "make lint\n",
            "inserted": script.replace("\ncheck()", "\nmake lint\ncheck()"),
            "other shell": script.replace("#!/bin/sh", "#!/bin/dash"),
        }[change])  # fmt: skip
    edited = files(hooked.hooks)
    assert edited != before
    kept = {f"{name}.edited": edited[name] for name in ("pre-commit", "commit-msg")}
    told = hooked.install()
    assert told.count("Somebody had changed it") == 2
    assert "kept as pre-commit.edited, which does not run" in told
    assert files(hooked.hooks) == before | kept
    assert hooked.install().count("up to date already") == 4
    for name in ("pre-commit", "commit-msg"):
        (hooked.hooks / name).write_bytes((hooked.hooks / f"{name}.edited").read_bytes())
    told = hooked.install("--uninstall")
    assert told.count("Somebody had changed it") == 2
    assert "is back. Somebody had changed it" in told
    theirs = {"commit-msg": before["commit-msg.before-leakscan"]}
    assert files(hooked.hooks) == theirs | kept


def test_what_was_kept_of_an_earlier_change_is_not_lost(hooked: Hooked) -> None:
    hooked.install("--type", "pre-commit")
    hooked.hook("pre-commit.edited", THEIRS)
    path = hooked.hooks / "pre-commit"
    path.write_text(path.read_text() + "make lint\n")
    before = files(hooked.hooks)
    for options in (["--type", "pre-commit"], ["--uninstall"]):
        done = hooked.leakscan("install-hook", *options)
        assert done.returncode == 3
        assert b"both pre-commit and an earlier pre-commit.edited" in done.stderr
        assert files(hooked.hooks) == before


def test_options_are_no_change(hooked: Hooked) -> None:
    """They are read and kept, whoever wrote them."""
    hooked.install("--type", "pre-commit")
    path = hooked.hooks / "pre-commit"
    path.write_text(path.read_text().replace('set -- "$@"', 'set -- --no-suppress "$@"'))
    assert not is_edited(path.read_bytes())
    assert "already, with --no-suppress." in hooked.install("--type", "pre-commit")
    assert sorted(files(hooked.hooks)) == ["pre-commit"]


def test_an_edited_script_elsewhere_stays_where_it_is(tmp_path: Path, hooked: Hooked) -> None:
    """Only the link to it is taken away."""
    hooked.install("--type", "pre-commit")
    path = hooked.hooks / "pre-commit"
    elsewhere = tmp_path / "mine.sh"
    elsewhere.write_text(path.read_text() + "make lint\n")
    path.unlink()
    path.symlink_to(elsewhere)
    assert uninstall(hooked.hooks, "pre-commit") is Outcome.REMOVED
    assert files(hooked.hooks) == {}
    assert elsewhere.exists()


def test_something_else_in_the_place_of_the_kept_one(tmp_path: Path) -> None:
    """A hook that is there is not taken for one that cannot have two names."""
    (tmp_path / "pre-commit").write_text(THEIRS)
    (tmp_path / "pre-commit.before-leakscan").symlink_to("pre-commit")
    before = files(tmp_path)
    with pytest.raises(LeakscanError, match="there are both"):
        install(tmp_path, "pre-commit", lambda _: sys.executable.encode())
    assert files(tmp_path) == before
