"""Make a small, believable repository with synthetic tokens on every kind of surface.

It lets anybody try leakscan offline, and it tells tests and benchmarks what a complete
scan has to find.  Every token is random, made when it is needed, and worth nothing.
"""

from __future__ import annotations

import itertools
import os
import random
import string
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.errors import LeakscanError, UsageError
from leakscan.model import Kind, Secret

if TYPE_CHECKING:
    from pathlib import Path

CHARACTERS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
FIRST_COMMIT = 1_750_000_000
AUTHOR = ("Sam Sample", "sam@example.com")
ISOLATED = {
    "commit.gpgSign": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.excludesFile": os.devnull,
    "core.hooksPath": os.devnull,
    "init.defaultBranch": "main",
    "tag.gpgSign": "false",
}
README = "# captions\n\nWrites captions for images.  Set REPLICATE_API_TOKEN first.\n"
APP = """\
import sys

import replicate

print(replicate.run("salesforce/blip", input={"image": open(sys.argv[1], "rb")}))
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """One synthetic token, and where it was put.

    ``where`` is the place in words, ``path`` the path of the file or the full name of the
    ref, ``commit`` the commit that brought it in.  ``current`` says whether the tip of a
    branch still shows it, and is ``None`` where that means nothing.
    """

    secret: Secret
    kind: Kind
    where: str
    path: str | None = None
    commit: str | None = None
    current: bool | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A repository that was made, and every token planted in it."""

    path: Path
    planted: tuple[Planted, ...]


def mint(rng: random.Random) -> Secret:
    """Make a token: ``r8_`` and 37 random characters with an upper, a lower and a digit."""
    while True:
        body = "".join(rng.choices(string.ascii_letters + string.digits, k=37))
        if all(set(body) & set(kind) for kind in CHARACTERS):
            return Secret("r8_" + body)


def make_sample(directory: Path, rng: random.Random | None = None) -> Sample:
    """Make the sample repository in a directory that is empty or does not exist yet.

    Tokens come from ``rng``, or else from the system's own randomness.
    """
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise UsageError(f"{directory} is not empty", "name a directory that does not exist")
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {directory} ({error.strerror})", "name another") from error
    story = _Story(SampleGit(directory), rng or random.SystemRandom())
    return Sample(directory, story.write())


class SampleGit:
    """Drives the git program in one directory, deaf to the user's own configuration.

    Author and committer are fixed, and the clock moves an hour with every command.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._clock = itertools.count(FIRST_COMMIT, 3600)
        self._options = [part for item in ISOLATED.items() for part in ("-c", "=".join(item))]

    def __call__(self, *arguments: str) -> str:
        """Run one git command and return what it printed, without the last newline."""
        command = ["git", *self._options, *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.directory,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                text=True,
            )
        except FileNotFoundError as error:
            raise LeakscanError("the git program was not found", "install git") from error
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or ["no message"])[-1]
            what = f"git {arguments[0]} failed ({last})"
            raise LeakscanError(what, "check the directory and git itself") from error
        return done.stdout.rstrip("\n")

    def environment(self) -> dict[str, str]:
        """Take the user's environment without any git setting, and add ours."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        name, email = AUTHOR
        date = f"{next(self._clock)} +0000"
        return kept | {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_COMMITTER_DATE": date,
            "LC_ALL": "C",
        }

    def commit(self, message: str, files: dict[str, str] | None = None) -> str:
        """Write the files, commit the whole work tree, and return the commit's id."""
        for name, content in (files or {}).items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        self("add", "--all")
        self("commit", "--quiet", "--message", message)
        return self("rev-parse", "HEAD")


class _Story:
    """Writes the history of a little project, and leaks a token at every turn."""

    def __init__(self, git: SampleGit, rng: random.Random) -> None:
        self.git = git
        self.rng = rng
        self.planted: list[Planted] = []

    def write(self) -> tuple[Planted, ...]:
        """Make the repository; return what was planted, in the order of planting."""
        self.git("init", "--quiet")
        self.env_file_later_removed()
        self.config_file()
        self.symlink()
        self.commit_message()
        self.merge_only()
        self.tag_message()
        self.branch_name()
        self.reset_away()
        self.stash()
        return tuple(self.planted)

    def plant(
        self,
        secret: Secret,
        kind: Kind,
        where: str,
        *,
        path: str | None = None,
        commit: str | None = None,
        current: bool | None = None,
    ) -> None:
        """Keep a record of one planted token."""
        self.planted.append(Planted(secret, kind, where, path, commit, current))

    def env_file_later_removed(self) -> None:
        """Commit a .env file and remove it again, which removes nothing from history."""
        token = mint(self.rng)
        env = f"# local settings\nREPLICATE_API_TOKEN={token.reveal()}\n"
        commit = self.git.commit(
            "Caption images with Replicate", {"README.md": README, "app.py": APP, ".env": env}
        )
        self.git("rm", "--quiet", ".env")
        self.git.commit("Remove the .env file", {".gitignore": ".env\n"})
        where = "a .env file, later removed"
        self.plant(token, Kind.BLOB, where, path=".env", commit=commit, current=False)

    def config_file(self) -> None:
        """Commit a configuration file that is still there, and note a token on its commit."""
        token, noted = mint(self.rng), mint(self.rng)
        path = "config/settings.toml"
        settings = f'[replicate]\nmodel = "salesforce/blip"\napi_token = "{token.reveal()}"\n'
        commit = self.git.commit("Keep the settings in one place", {path: settings})
        where = "a configuration file, still there"
        self.plant(token, Kind.BLOB, where, path=path, commit=commit, current=True)
        self.git("notes", "add", "--message", f"Deployed with {noted.reveal()}", commit)
        self.plant(noted, Kind.NOTE, "a note on a commit", commit=self.tip("refs/notes/commits"))

    def symlink(self) -> None:
        """Commit a symbolic link that points into a directory named after a token."""
        token = mint(self.rng)
        path = "models/latest"
        link = self.git.directory / path
        link.parent.mkdir()
        link.symlink_to(f"../cache/{token.reveal()}/blip")
        commit = self.git.commit("Point to the newest model")
        where = "the target of a symbolic link"
        self.plant(token, Kind.SYMLINK, where, path=path, commit=commit, current=True)

    def commit_message(self) -> None:
        """Leave a token in the message of a commit."""
        token = mint(self.rng)
        message = (
            "Try again when the service is busy\n\nReproduce it with:\n"
            f"  curl -H 'Authorization: Bearer {token.reveal()}' api.replicate.com/v1/models"
        )
        commit = self.git.commit(message, {"app.py": APP.replace("run(", "run_again(")})
        self.plant(token, Kind.COMMIT_MESSAGE, "a commit message", commit=commit)

    def merge_only(self) -> None:
        """Bring a file in with a merge commit that neither of its parents has."""
        token = mint(self.rng)
        self.git("switch", "--quiet", "--create", "batches")
        self.git.commit("Caption a folder at once", {"batch.py": "import app\n"})
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--no-commit", "batches")
        script = f"#!/bin/sh\nREPLICATE_API_TOKEN={token.reveal()} python app.py\n"
        commit = self.git.commit("Merge branch 'batches'", {"deploy.sh": script})
        where = "a file that only a merge commit brought in"
        self.plant(token, Kind.BLOB, where, path="deploy.sh", commit=commit, current=True)

    def tag_message(self) -> None:
        """Leave a token in the message of an annotated tag."""
        token = mint(self.rng)
        message = f"First release\n\nBuilt with REPLICATE_API_TOKEN={token.reveal()}"
        self.git("tag", "--annotate", "--message", message, "v0.1.0")
        self.plant(token, Kind.TAG_MESSAGE, "the message of tag v0.1.0")

    def branch_name(self) -> None:
        """Name a branch after a token."""
        token = mint(self.rng)
        self.git("branch", f"debug/{token.reveal()}", "main~1")
        ref = f"refs/heads/debug/{token.reveal()}"
        self.plant(token, Kind.REF_NAME, "the name of a branch", path=ref)

    def reset_away(self) -> None:
        """Commit a token, then reset the branch: the commit is left dangling."""
        token = mint(self.rng)
        call = f'client = Client(api_token="{token.reveal()}")\n'
        commit = self.git.commit("WIP: does the key work at all?", {"try_key.py": call})
        self.git("reset", "--quiet", "--hard", "HEAD~1")
        where = "a dangling commit, reset away"
        self.plant(token, Kind.BLOB, where, path="try_key.py", commit=commit, current=False)

    def stash(self) -> None:
        """Put a change with a token aside."""
        token = mint(self.rng)
        app = self.git.directory / "app.py"
        app.write_text(f'{APP}TOKEN = "{token.reveal()}"\n', encoding="utf-8")
        self.git("stash", "push", "--quiet", "--message", "my own key")
        commit = self.tip("refs/stash")
        self.plant(
            token, Kind.BLOB, "a stashed change", path="app.py", commit=commit, current=False
        )

    def tip(self, ref: str) -> str:
        """Return the id of the object that a ref names."""
        return self.git("rev-parse", ref)
