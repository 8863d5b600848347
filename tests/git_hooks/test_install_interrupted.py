"""Installing and uninstalling, killed at each step, and twice at once."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from hooked import files
from leakscan.git_hooks.install import LEGACY, install, uninstall
from leakscan.git_hooks.script import KEPT, THE_PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable

HOOK = "pre-commit"
OLDER = "#!/bin/sh\n# Guard script of leakscan 1 for pre-commit\n"
OURS = OLDER + "# newer\n"
THEIRS = "#!/bin/sh\nexit 0\n"

Folder = dict[str, tuple[object, ...]]


def put(folder: Path, content: str, name: str = HOOK) -> None:
    (folder / name).write_text(content)
    (folder / name).chmod(0o755)


def linked(folder: Path) -> None:
    put(folder, THEIRS, "shared.sh")
    (folder / HOOK).symlink_to("shared.sh")


def moved(folder: Path) -> None:
    """Have the pre-commit program installed twice, the second time over ours."""
    program = f"#!/bin/sh\n{THE_PROGRAMS}\n"
    for name, content in ((HOOK, program), (HOOK + LEGACY, OLDER), (HOOK + KEPT, program)):
        put(folder, content, name)


def beside(folder: Path) -> None:
    put(folder, OLDER)
    put(folder, THEIRS, HOOK + KEPT)


EARLIER: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _folder: None,
    "a hook": lambda folder: put(folder, THEIRS),
    "a link": linked,
    "an older one of ours": lambda folder: put(folder, OLDER),
    "an older one of ours beside a hook": beside,
    "ours, moved by the pre-commit program": moved,
}

ACTIONS: dict[str, Callable[[Path], object]] = {
    "install": lambda folder: install(folder, HOOK, lambda _: OURS.encode()),
    "uninstall": lambda folder: uninstall(folder, HOOK),
}


@pytest.fixture
def before(tmp_path: Path, earlier: str) -> Path:
    """Make a folder with what there is earlier."""
    folder = tmp_path / "before"
    folder.mkdir()
    EARLIER[earlier](folder)
    return folder


def at_each_step(
    before: Path, action: str, *lacking: str, meanwhile: str | None = None
) -> list[Path]:
    """Act in copies of a folder; return those, one for each step at which that ended."""
    after = before.with_name("after")
    after.mkdir()
    told = {"before": str(before), "after": str(after), "hook": HOOK, "script": OURS,
            "action": action, "meanwhile": meanwhile, "lacking": lacking}  # fmt: skip
    command = [sys.executable, Path(__file__).with_name("stepped.py")]
    done = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return sorted(after.iterdir())


def result(folder: Path, *actions: str) -> Folder:
    """Return what a copy of a folder holds when these have been done there."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy, symlinks=True)
    for action in actions:
        ACTIONS[action](copy)
    held = files(copy)
    shutil.rmtree(copy)
    return held


def content(folder: Path) -> bytes | None:
    """Return what git would run."""
    path = folder / HOOK
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("lacking", [(), ("os.link",)], ids=["links", "no links"])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("earlier", EARLIER)
def test_killed_at_each_step(before: Path, action: str, lacking: tuple[str, ...]) -> None:
    """Git always runs a whole hook, no hook is lost, and doing it again puts all right."""
    uninstalled = shutil.copytree(before, before.with_name("uninstalled"), symlinks=True)
    ACTIONS["uninstall"](uninstalled)
    whole = {content(before), content(uninstalled), OURS.encode()}
    theirs = [held for held in files(before).values() if held[1] == THEIRS.encode()]
    folders = at_each_step(before, action, *lacking)
    assert folders or files(uninstalled) == files(before)
    for killed in folders:
        assert content(killed) in whole
        assert all(held in files(killed).values() for held in theirs)
        assert result(killed, action) == result(before, action)
        assert result(killed, "uninstall") == files(uninstalled)


@pytest.mark.parametrize(
    ("action", "meanwhile"),
    [("install", "install"), ("install", "uninstall"), ("uninstall", "install")],
)
@pytest.mark.parametrize("earlier", ["nothing", "a hook", "an older one of ours beside a hook"])
def test_two_at_once(before: Path, action: str, meanwhile: str) -> None:
    """The end is as if one had come after the other."""
    ends = (result(before, action, meanwhile), result(before, meanwhile, action))
    for folder in at_each_step(before, action, meanwhile=meanwhile):
        assert files(folder) in ends


@pytest.mark.parametrize("lacking", [("fcntl.flock",), ("fcntl.flock", "os.link")])
@pytest.mark.parametrize("earlier", ["a hook"])
def test_two_at_once_without_locks(before: Path, lacking: tuple[str, ...]) -> None:
    """One may fail, but ours is there in the end, and runs what was there before."""
    folders = at_each_step(before, "install", *lacking, meanwhile="install")
    assert folders
    for folder in folders:
        assert result(folder, "install") == result(before, "install")


def test_what_another_has_installed_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a script is made from is read when nobody else can change it any more."""
    put(tmp_path, OURS)
    second = Thread(target=install, args=(tmp_path, HOOK, lambda ours: ours + b"# second\n"))
    at_the_lock, lock = Event(), fcntl.flock

    def first(ours: bytes) -> bytes:
        monkeypatch.setattr(fcntl, "flock", lambda *args: (at_the_lock.set(), lock(*args)))
        second.start()
        assert at_the_lock.wait(30)
        return ours + b"# first\n"

    install(tmp_path, HOOK, first)
    second.join()
    assert content(tmp_path) == f"{OURS}# first\n# second\n".encode()
