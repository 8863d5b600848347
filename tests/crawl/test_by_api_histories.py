"""Histories that nobody thought of: git and the API bring the same secrets to the same places."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from api_stage import Seen, Stage, open_stage

from hub import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Files = dict[str, list[str]]


class Author:
    """Changes files in ways that people do, and leaks a token now and then.

    Attributes:
        tokens: all that were leaked so far.
    """

    def __init__(self, rng: random.Random, new_token: Callable[[], str]) -> None:
        self._rng = rng
        self._new_token = new_token
        self.tokens: list[str] = []
        self.files: Files = {
            f"f{number}": [self._line() for _ in range(rng.randrange(40))] for number in range(4)
        }
        self._changed: dict[str, str | None] = {}

    def _line(self) -> str:
        return f"line {self._rng.random()}"

    def _leak(self) -> str:
        self.tokens.append(self._new_token())
        return f"{' ' * self._rng.randrange(4)}key = '{self.tokens[-1]}'"

    def _insert(self, name: str, line: str) -> None:
        lines = self.files[name]
        lines.insert(self._rng.randrange(len(lines) + 1), line)

    def everything(self) -> Change:
        """Begin with all files, in some of which a token stands."""
        for name in self.files:
            if self._rng.random() < 0.5:
                self._insert(name, self._leak())
        return Change({name: _text(lines) for name, lines in self.files.items()})

    def change(self) -> Change:
        """Make a commit."""
        self._changed = {}
        for _ in range(self._rng.randrange(1, 4)):
            ways = (self._add, self._remove, self._rename, self._write, self._write, self._repeat)
            name = self._rng.choice([*self.files, ""])
            self._rng.choice((*ways, self._erase))(name) if name else self._add("")
        return Change(
            dict(self._changed), f"Change {self._leak() if self._rng.random() < 0.2 else 1}"
        )

    def _touch(self, name: str) -> None:
        self._changed[name] = _text(self.files[name])

    def _add(self, _name: str) -> None:
        name = f"new{self._rng.randrange(10**6)}"
        self.files[name] = [self._line() for _ in range(self._rng.randrange(20))]
        self._insert(name, self._leak())
        self._touch(name)

    def _remove(self, name: str) -> None:
        del self.files[name]
        self._changed[name] = None

    def _rename(self, name: str) -> None:
        renamed = f"renamed{self._rng.randrange(10**6)}"
        self.files[renamed] = self.files.pop(name)
        self._changed[name] = None
        if self._rng.random() < 0.4:
            self.files[renamed].append(self._line())
        self._touch(renamed)

    def _write(self, name: str) -> None:
        self._insert(name, self._leak())
        self._touch(name)

    def _repeat(self, name: str) -> None:
        if self.tokens:
            self._insert(name, f"again {self._rng.choice(self.tokens)}")
        self._touch(name)

    def _erase(self, name: str) -> None:
        lines = self.files[name]
        if lines:
            lines.pop(self._rng.randrange(len(lines)))
        self._touch(name)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def introduced(seen: Seen, old: set[str]) -> set[tuple[str, str, str | None, str | None]]:
    """Return what the push itself brought: secret, kind, commit and path."""
    return {
        (secret, place.kind.value, place.commit, place.path)
        for secret, place in seen.found
        if secret not in old
    }


@pytest.mark.parametrize("seed", range(12))
def test_random_histories(tmp_path: Path, new_token: Callable[[], str], seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same every time, on purpose
    author = Author(rng, new_token)
    with open_stage(tmp_path / "hub") as stage:
        app = stage.hub.repository("ada/app")
        stage.hub.push(app, author.everything())
        for _ in range(3):
            old = set(author.tokens)
            pushed = stage.hub.push(app, *(author.change() for _ in range(rng.randrange(1, 6))))
            event = stage.event(app, pushed)
            by_api, by_git = stage.by_api(event), stage.by_git(event)
            assert introduced(by_api, old) == introduced(by_git, old)
            assert not by_api.skipped
            assert_true_places(stage, by_api, app.path)


def assert_true_places(stage: Stage, seen: Seen, repository: Path) -> None:
    """Hold each line and column against the file itself."""
    git = next(r for r in stage.hub.repositories.values() if r.path == repository).git
    for secret, place in seen.found:
        if place.kind.value == "blob" and place.line and place.column:
            lines = git.git("show", f"{place.commit}:{place.path}").split("\n")
            line = lines[place.line - 1]
            assert line[place.column - 1 :].startswith(secret)
