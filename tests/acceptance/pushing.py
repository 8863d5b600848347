"""Pushes from a repository to a server, through hooks that run leakscan."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hooked import Hooked

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from forked import Commands


def running(hook: str, *options: str) -> str:
    """Return a script for git that runs leakscan with the Python of the tests."""
    return f'#!/bin/sh\nexec "{sys.executable}" -I -m leakscan {hook} {" ".join(options)} "$@"\n'


def listing_imports(hook: str) -> str:
    """Return a script for git that has Python list on standard error what it imports."""
    return f'#!/bin/sh\nexec "{sys.executable}" -I -X importtime -m leakscan {hook} "$@"\n'


@dataclass(frozen=True)
class Pushing:
    """A developer's repository, and what it is pushed to.

    Attributes:
        work: the repository, on the branch ``main``.
        server: its remote ``origin``; has one commit of it.
    """

    work: Hooked
    server: Hooked

    @classmethod
    def made(cls, folder: Path, commands: Commands) -> Pushing:
        """Make both; nothing guards them yet."""
        work = Hooked.init(folder / "work", folder / "home", commands)
        server = work.another(folder / "server.git", "--bare")
        work.git("remote", "add", "origin", server.path)
        made = cls(work, server)
        made.add("README.md", "Nothing to see here.\n")
        work.git("push", "-q", "origin", "main")
        return made

    def guard(self, hook: str, *options: str) -> None:
        """Have leakscan guard a hook, on the side on which git runs it."""
        side = self.server if hook == "pre-receive" else self.work
        side.hook(hook, running(hook, *options))

    def add(self, name: str, content: str, message: str = "Change something") -> str:
        """Commit one file, unseen; return the id of the commit."""
        path = self.work.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        self.work.git("add", "--", name)
        self.work.git("commit", "-q", "--no-verify", "-m", message)
        return self.tip()

    def tip(self, revision: str = "HEAD") -> str:
        """Return the id of what a revision names in the repository."""
        return self.work.git("rev-parse", "--verify", revision).stdout.strip()

    def push(self, *arguments: str, to: str | Path = "origin") -> subprocess.CompletedProcess[str]:
        """Push through the hooks, whatever comes of it."""
        return self.work.run("git", "push", "-q", to, *arguments)

    def passes(self, *arguments: str, to: str | Path = "origin") -> str:
        """Push, which must succeed; return what is said."""
        done = self.push(*arguments, to=to)
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    def stopped(self, *arguments: str, to: str | Path = "origin") -> str:
        """Push, which must fail and change nothing; return what is said."""
        before = self.refs
        done = self.push(*arguments, to=to)
        assert done.returncode
        assert self.refs == before
        return done.stdout + done.stderr

    def has(self, oid: str) -> bool:
        """Tell whether the server has an object."""
        return not self.server.run("git", "cat-file", "-e", oid).returncode

    @property
    def refs(self) -> str:
        """What the server's refs lead to."""
        return self.server.git("for-each-ref", "--format=%(refname) %(objectname)").stdout
