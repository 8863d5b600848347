"""Git as people run it: with its hooks, and with the settings of a user."""

from __future__ import annotations

import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitrepo import GitRepo, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from forked import Commands

SETTINGS = """\
[user]
    name = Ann Author
    email = ann@example.com
[init]
    defaultBranch = main
[protocol "file"]
    allow = always
[safe]
    directory = *
[gc]
    auto = 0
"""


@dataclass(frozen=True, slots=True)
class Hooked:
    """A repository in which git runs hooks.

    Attributes:
        path: its work tree, or the repository itself if it is bare.
        home: the home of the user who works in it.
        commands: what runs leakscan.
    """

    path: Path
    home: Path
    commands: Commands

    @classmethod
    def init(cls, path: Path, home: Path, commands: Commands, *options: str) -> Hooked:
        """Make a new repository; options are those of ``git init``."""
        home.mkdir(exist_ok=True)
        (home / ".gitconfig").write_text(SETTINGS)
        return cls(path, home, commands).another(path, *options)

    def another(self, path: Path, *options: str) -> Hooked:
        """Make another repository, without any hooks, for the same user."""
        GitRepo.init(path, "--template=", *options)
        return self.at(path)

    def at(self, path: Path) -> Hooked:
        """Work in another folder, as the same user."""
        return Hooked(path, self.home, self.commands)

    @property
    def environment(self) -> dict[str, str]:
        """What the user's programs are started with."""
        return clean_environment(self.home)

    @property
    def hooks(self) -> Path:
        """The folder in which git looks for hooks."""
        named = self.git("rev-parse", "--git-path", "hooks").stdout.removesuffix("\n")
        return self.path / named

    def run(
        self, *command: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program here, whatever comes of it."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environment if env is None else env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            errors="surrogateescape",
        )

    def git(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run git here, which must succeed."""
        done = self.run("git", *arguments)
        assert not done.returncode, done.stderr
        return done

    def leakscan(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run leakscan here, whatever comes of it."""
        return self.commands.run(arguments, env=self.environment, cwd=self.path)

    def install(self, *arguments: str) -> str:
        """Run ``leakscan install-hook`` here, which must succeed; return what it says."""
        done = self.leakscan("install-hook", *arguments)
        assert not done.returncode, done.stderr
        assert not done.stderr
        return done.stdout.decode()

    def hook(self, name: str, content: str | bytes, mode: int = 0o755) -> Path:
        """Write a hook of somebody else's."""
        path = self.hooks / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def commit(
        self, content: str, message: str = "Change something", name: str = "settings.py"
    ) -> subprocess.CompletedProcess[str]:
        """Change one file and try to commit that."""
        (self.path / name).write_text(content)
        self.git("add", "--", name)
        return self.run("git", "commit", "-q", "-m", message)


def files(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what a folder holds: names, modes, contents and what links lead to."""
    return {
        path.name: (
            stat.S_IMODE(path.lstat().st_mode),
            path.readlink() if path.is_symlink() else path.read_bytes(),
        )
        for path in folder.iterdir()
    }
