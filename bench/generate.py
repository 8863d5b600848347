"""Make a large repository with planted tokens: ``python bench/generate.py DIR``.

It begins as the repository of ``leakscan sample`` (a token on every surface) and goes on
with thousands of small edits to the same few files, which git packs into deep chains of
deltas.  The same seed makes the same repository.  The manifest beside it holds the digest
of each planted token, never the token, for ``bench/history.py`` to compute recall.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from leakscan.model import Kind
from leakscan.sample import FIRST_COMMIT, Planted, SampleGit, make_sample, mint

if TYPE_CHECKING:
    from leakscan.model import Secret

BRANCH = "refs/heads/history"
VOCABULARY = tuple(
    "image prompt model output token batch width height seed scale frame audio".split()  # noqa: SIM905 - words in a row, not ten pairs of quotes
)
SURFACES = (Kind.BLOB, Kind.COMMIT_MESSAGE, Kind.IDENTITY, Kind.PATH)


@dataclass
class Project:
    """A few growing files, and the stream of commits that edit them."""

    stream: IO[bytes]
    rng: random.Random
    files: int
    lines: int
    content: dict[str, list[str]] = field(default_factory=dict)
    planted: list[Planted] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Write the first version of every file."""
        for number in range(self.files):
            name = f"src/part{number % 7}/module{number}.py"
            self.content[name] = [self.sentence() for _ in range(self.lines)]
        self.commit(0, "Begin", {name: self.text(name) for name in self.content})

    def edit(self, number: int, surface: Kind | None) -> None:
        """Change one line of one file; leave a token on the given surface."""
        name = self.rng.choice(list(self.content))
        message, author, extra = f"Change {number}: {self.sentence()}", "Sam Sample", {}
        line = self.sentence()
        if surface:
            secret = mint(self.rng)
            token = secret.reveal()
            self.record(secret, surface, number)
            if surface is Kind.BLOB:
                line = f'token = "{token}"'
            elif surface is Kind.COMMIT_MESSAGE:
                message += f"\n\nTried with {token}\n"
            elif surface is Kind.IDENTITY:
                author = f"Sam {token}"
            else:
                extra = {f"tmp/{token}/debug.log": b"started\n"}
        lines = self.content[name]
        at = self.rng.randrange(len(lines))
        before = lines[at]
        lines[at] = line
        self.commit(number, message, {name: self.text(name)} | extra, author)
        if surface is Kind.BLOB:
            lines[at] = before
        self.leaked = list(extra)

    def record(self, secret: Secret, surface: Kind, number: int) -> None:
        """Remember one planted token."""
        self.planted.append(Planted(secret, surface, f"{surface} of change {number}"))

    def commit(
        self, number: int, message: str, files: dict[str, bytes], author: str = "Sam Sample"
    ) -> None:
        """Write one commit in the language of ``git fast-import``."""
        date = FIRST_COMMIT + 90_000 + 60 * number
        out = [f"commit {BRANCH}\n"]
        out.append(f"author {author} <sam@example.com> {date} +0000\n")
        out.append(f"committer Sam Sample <sam@example.com> {date} +0000\n")
        out.append(f"data {len(message)}\n{message}\n")
        if number == 0:
            out.append("from refs/heads/main^0\n")
        out += [f"D {path}\n" for path in self.leaked]
        self.stream.write("".join(out).encode())
        for path, content in files.items():
            self.stream.write(f"M 100644 inline {path}\ndata {len(content)}\n".encode())
            self.stream.write(content + b"\n")

    def text(self, name: str) -> bytes:
        """Return what a file holds now."""
        return "\n".join(self.content[name]).encode() + b"\n"

    def sentence(self) -> str:
        """Make up a line that compresses about as well as code does."""
        return f"{' '.join(self.rng.choices(VOCABULARY, k=6))} = {self.rng.randrange(10**6)}"


def generate(directory: Path, options: argparse.Namespace) -> tuple[Planted, ...]:
    """Make the repository; return every planted token."""
    rng = random.Random(options.seed)  # noqa: S311 - the same seed, the same repository
    sample = make_sample(directory, rng)
    git = SampleGit(directory)
    importer = subprocess.Popen(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=directory,
        env=git.environment(),
        stdin=subprocess.PIPE,
    )
    assert importer.stdin
    with importer.stdin as stream:
        project = Project(stream, rng, options.files, options.lines)
        project.begin()
        every = max(1, options.commits // max(1, options.tokens))
        for number in range(1, options.commits):
            leaks = number % every == 0
            project.edit(number, SURFACES[number // every % 4] if leaks else None)
    if importer.wait():
        raise SystemExit("git fast-import failed")
    git("repack", "-q", "-a", "-d", "-f", f"--depth={options.depth}", "--window=10")
    return (*sample.planted, *project.planted)


def write_manifest(path: Path, planted: tuple[Planted, ...]) -> None:
    """Write where each token is, and its digest."""
    entries = [
        {
            "sha256": hashlib.sha256(one.secret.reveal().encode()).hexdigest(),
            "kind": str(one.kind),
            "where": one.where,
        }
        for one in planted
    ]
    path.write_text(json.dumps({"planted": entries}, indent=1) + "\n")


def main() -> None:
    """Read the command line, make the repository and its manifest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("directory", metavar="DIR", type=Path)
    parser.add_argument("--commits", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=60, help="how many files are edited")
    parser.add_argument("--lines", type=int, default=300, help="length of each file")
    parser.add_argument("--tokens", type=int, default=400, help="planted in the edits")
    parser.add_argument("--depth", type=int, default=50, help="of the chains of deltas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--manifest", type=Path, help="DIR.manifest.json unless told")
    options = parser.parse_args()
    planted = generate(options.directory, options)
    manifest = options.manifest or Path(f"{options.directory}.manifest.json")
    write_manifest(manifest, planted)
    print(f"{options.directory}: {options.commits} commits, {len(planted)} tokens ({manifest})")


if __name__ == "__main__":
    main()
