"""Repositories for tests, made with the real git and deaf to the machine's settings."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

ANN = ("Ann Author", "ann@example.com")
CARL = ("Carl Committer", "carl@example.com")
START = 1_700_000_000

CONFIG = {
    "commit.gpgSign": "false",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.hooksPath": os.devnull,
    "gc.auto": "0",
    "init.defaultBranch": "main",
    "protocol.file.allow": "always",
    "safe.directory": "*",
    "tag.gpgSign": "false",
}
"""Settings of every git command of the tests; a scan runs without them."""

Person = tuple[str, str]


def clean_environment(home: Path | None = None) -> dict[str, str]:
    """The environment without any git or leakscan setting, and with no user's files."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GIT_", "LEAKSCAN_", "XDG_"))
    }
    home_settings = {"HOME": str(home)} if home else {}
    return kept | home_settings | {"GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}


@dataclass
class GitRepo:
    """A git repository at ``path``; each method is one thing that people do to one."""

    path: Path
    bare: bool = False

    def __post_init__(self) -> None:
        self._clock = itertools.count(START, 60)

    @classmethod
    def init(cls, path: Path, *options: str) -> GitRepo:
        """Make a new repository; options are those of ``git init``."""
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path, bare="--bare" in options)
        repo.git("init", "--quiet", *options)
        return repo

    # Running git.

    def run(
        self,
        *arguments: str | bytes,
        stdin: bytes = b"",
        author: Person = ANN,
        committer: Person = CARL,
        check: bool = True,
    ) -> bytes:
        """Run one git command here and return its raw output."""
        options = [part for item in CONFIG.items() for part in ("-c", "=".join(item))]
        done = subprocess.run(
            ["git", *options, *arguments],
            cwd=self.path,
            env=self._environment(author, committer),
            input=stdin,
            capture_output=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"git {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def git(self, *arguments: str | bytes, stdin: bytes = b"", **options: Any) -> str:
        """Run one git command here and return its output as text, without the last newline."""
        output = self.run(*arguments, stdin=stdin, **options)
        return output.decode("utf-8", "surrogateescape").rstrip("\n")

    def _environment(self, author: Person, committer: Person) -> dict[str, str]:
        date = f"{next(self._clock)} +0000"
        return clean_environment() | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": author[0],
            "GIT_AUTHOR_EMAIL": author[1],
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": committer[0],
            "GIT_COMMITTER_EMAIL": committer[1],
            "GIT_COMMITTER_DATE": date,
        }

    # The work tree and its history.

    @property
    def git_dir(self) -> Path:
        """The directory that holds the objects and refs of this work tree."""
        return self.path / self.git("rev-parse", "--git-common-dir")

    def write(self, name: str | bytes, content: str | bytes) -> Path:
        """Write one file of the work tree, with its directories."""
        path = self.path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def stage(self, name: str | bytes, content: str | bytes) -> None:
        """Write one file and stage it."""
        self.write(name, content)
        self.git("add", "--force", "--", name)

    def commit(self, message: str | bytes = "Change something", **who: Person) -> str:
        """Commit what is staged (it may be nothing) and return the commit's id."""
        text = message.encode() if isinstance(message, str) else message
        self.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F-", stdin=text, **who)
        return self.tip()

    def add(self, name: str | bytes, content: str | bytes, message: str = "Add a file") -> str:
        """Write, stage and commit one file; return the commit's id."""
        self.stage(name, content)
        return self.commit(message)

    def remove(self, name: str, message: str = "Remove a file") -> str:
        """Remove one file and commit that."""
        self.git("rm", "-q", "--", name)
        return self.commit(message)

    def merge(self, branch: str, **files: str) -> str:
        """Merge a branch, with files that neither side has; return the merge commit's id."""
        self.git("merge", "--quiet", "--no-ff", "--no-commit", branch)
        for name, content in files.items():
            self.stage(name, content)
        return self.commit(f"Merge {branch}")

    def tip(self, revision: str = "HEAD") -> str:
        """Return the id of the object that a revision names."""
        return self.git("rev-parse", "--verify", revision)

    def forget(self) -> None:
        """Empty every reflog, so that what was reset away is dangling."""
        self.git("reflog", "expire", "--expire=now", "--all")
        for name in ("ORIG_HEAD", "FETCH_HEAD"):
            (self.git_dir / name).unlink(missing_ok=True)

    def pack(self) -> None:
        """Leave no loose object: pack them all, dangling ones too."""
        self.git("repack", "-q", "-a", "-d", "-k")
        folders = (self.git_dir / "objects").glob("??")
        loose = [folder.name + file.name for folder in folders for file in folder.iterdir()]
        if loose:
            base = str(self.git_dir / "objects/pack/pack")
            self.git("pack-objects", "-q", base, stdin="\n".join(loose).encode())
            self.git("prune-packed", "-q")

    def packs(self) -> list[Path]:
        """List the packs of this repository."""
        return sorted((self.git_dir / "objects/pack").glob("*.pack"))

    # Objects by hand.

    def hash_object(self, kind: str, content: bytes) -> str:
        """Write one object of any content as a loose object, however malformed."""
        return self.git("hash-object", "-t", kind, "-w", "--literally", "--stdin", stdin=content)

    def tree(self, *entries: tuple[str, bytes, str]) -> str:
        """Write a tree of ``(mode, name, id)`` without any of git's checks."""
        content = b"".join(
            mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries
        )
        return self.hash_object("tree", content)

    def commit_tree(self, tree: str, message: str = "Hand-made", ref: str = "") -> str:
        """Commit a tree as it is, on no branch or on the given ref."""
        commit = self.git("commit-tree", tree, "-m", message)
        if ref:
            self.git("update-ref", ref, commit)
        return commit

    def loose_path(self, oid: str) -> Path:
        """Return where the loose object of this id lies."""
        return self.git_dir / "objects" / oid[:2] / oid[2:]

    # Other repositories made from this one.

    def clone(self, destination: Path, *options: str, url: str | None = None) -> GitRepo:
        """Clone this repository; options are those of ``git clone``."""
        self.git("clone", "-q", *options, url or str(self.path), str(destination))
        return GitRepo(destination, bare="--bare" in options or "--mirror" in options)

    def copy(self, destination: Path) -> GitRepo:
        """Copy this repository as it is; what is committed next has the same date in both."""
        shutil.copytree(self.path, destination, symlinks=True)
        copied = GitRepo(destination, self.bare)
        now = next(self._clock)
        self._clock, copied._clock = itertools.count(now, 60), itertools.count(now, 60)
        return copied

    def worktree(self, destination: Path, branch: str) -> GitRepo:
        """Add a linked work tree on a new branch."""
        self.git("worktree", "add", "-q", "-b", branch, str(destination))
        return GitRepo(destination)
