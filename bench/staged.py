"""Make repositories in which a commit is about to be made, for ``bench/guard.py``.

The same seed makes the same repository.  Its text is made up of words that no scanner takes for
a secret, so that whatever a scanner reports is what was planted.
"""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from leakscan.sample import SampleGit

WORDS = tuple(
    "image frame width height scale batch audio layer color border sample weight mask"  # noqa: SIM905 - words in a row, not fifty pairs of quotes
    " video caption model input output prompt region shape channel margin window cursor table"
    " record column filter reader writer buffer stream folder marker number result".split()
)
HISTORY = 48
"""Commits before the one that is about to be made."""

COMMITTED = 360
"""Files in the last of them."""

LARGE_MIX = ((1_500, 12_500), (300, 50_000), (200, 85_000))
"""How many files of source text, JSON and incompressible bytes, and how many bytes each has."""

MOVED = ("index", "refs/heads/main")
"""What a commit changes in a git directory."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A repository with something staged: 2,000 files, say.

    ``source`` is a text file among them, ``paths`` are all of them, relative to ``folder``;
    ``size`` is how many bytes they have.
    """

    folder: Path
    source: str
    paths: tuple[str, ...]
    size: int

    @property
    def git(self) -> SampleGit:
        """What drives git there."""
        return SampleGit(self.folder)

    def save(self) -> None:
        """Keep the index and where the branch stands, for `restore`."""
        git = self.folder / ".git"
        (git / "saved").mkdir(exist_ok=True)
        for name in MOVED:
            shutil.copy2(git / name, git / "saved" / Path(name).name)

    def restore(self) -> None:
        """Undo what a commit, or a tool that writes to the index, has changed."""
        git = self.folder / ".git"
        for name in MOVED:
            shutil.copy2(git / "saved" / Path(name).name, git / name)


def ordinary(folder: Path, seed: int) -> Staged:
    """Make a repository of some hundred files, in which three have changed."""
    rng = random.Random(seed)  # noqa: S311 - the same seed, the same repository
    contents = history(folder, rng)
    changed = {path: edited(contents[path], rng).encode() for path in sorted(contents)[:3]}
    return stage(folder, changed)


def large(folder: Path, seed: int) -> Staged:
    """Make the same repository, to which 2,000 files of 50 MB together are added."""
    rng = random.Random(seed)  # noqa: S311 - the same seed, the same repository
    history(folder, rng)
    sources, records, binaries = LARGE_MIX
    added = {path_of(rng, n, "py"): source(rng, sources[1]).encode() for n in range(sources[0])}
    for number in range(records[0]):
        added[path_of(rng, number, "json")] = documents(rng, records[1]).encode()
    for number in range(binaries[0]):
        added[path_of(rng, number, "bin")] = rng.randbytes(binaries[1])
    return stage(folder, added)


def history(folder: Path, rng: random.Random) -> dict[str, str]:
    """Make the commits, packed as in a clone; return what the files of the last one hold."""
    folder.mkdir()
    git = SampleGit(folder)
    git("init", "--quiet")
    git("config", "gc.auto", "0")
    contents = {path_of(rng, n, "py"): source(rng, 6_000) for n in range(COMMITTED)}
    git.commit("Begin", contents)
    for number in range(1, HISTORY):
        changed = rng.sample(sorted(contents), 5)
        edits = {path: edited(contents[path], rng) for path in changed}
        git.commit(f"Change {number}", edits)
        contents |= edits
    git("repack", "-q", "-a", "-d")
    return contents


def stage(folder: Path, contents: dict[str, bytes]) -> Staged:
    """Write files, and stage them."""
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    staged = Staged(
        folder,
        source=next(path for path in contents if path.endswith(".py")),
        paths=tuple(contents),
        size=sum(map(len, contents.values())),
    )
    staged.git("add", "--all")
    return staged


def path_of(rng: random.Random, number: int, ending: str) -> str:
    """Name a file."""
    return f"src/{rng.choice(WORDS)}/{rng.choice(WORDS)}/{rng.choice(WORDS)}{number}.{ending}"


def source(rng: random.Random, size: int) -> str:
    """Make up so many characters of source text, or a little more."""
    parts = ['"""Made up."""\n']
    length = 0
    while length < size:
        parts.append(function(rng))
        length += len(parts[-1])
    return "\n\n".join(parts)


def function(rng: random.Random) -> str:
    """Make up a function."""
    name, what, other, extra = rng.sample(WORDS, 4)
    return (
        f"def {name}_of_{what}({what}, {other}, *, {extra}=None):\n"
        f'    """Return the {name} of the {what} that {rng.choice(WORDS)} and {other} have."""\n'
        f"    if {extra} is None:\n"
        f"        {extra} = {other}.{name}({rng.randrange(10_000)})\n"
        f"    for {name} in range({rng.randrange(100)}, len({what})):\n"
        f"        {what}[{name}] += {extra} * {rng.random():.4f}  # the {rng.choice(WORDS)}\n"
        f"    return {what}, {extra}\n"
    )


def edited(text: str, rng: random.Random) -> str:
    """Add a function in the middle of a text, and change a few of its lines."""
    parts = text.split("\n\n\n")
    parts.insert(len(parts) // 2, function(rng).rstrip("\n"))
    lines = "\n\n\n".join(parts).split("\n")
    for at in rng.sample(range(len(lines)), 5):
        lines[at] += f"  # {rng.choice(WORDS)}" if lines[at] else ""
    return "\n".join(lines)


def documents(rng: random.Random, size: int) -> str:
    """Make up so many characters of JSON, or a little less."""
    entries = [
        {
            "id": number,
            "name": " ".join(rng.sample(WORDS, 3)),
            "at": [rng.randrange(4_000), rng.randrange(3_000)],
            "score": round(rng.random(), 6),
            "tags": rng.sample(WORDS, 2),
        }
        for number in range(size // 150)
    ]
    return json.dumps(entries, indent=1)
