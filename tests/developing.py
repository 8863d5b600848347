"""What developers do to what is staged, one thing after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from gitrepo import GitRepo


def overwrite(path: Path, content: bytes) -> None:
    """Write a file that git keeps from being written to."""
    path.chmod(0o644)
    path.write_bytes(content)


class Developer:
    """Does one thing after the other, at random, that changes what is staged."""

    def __init__(self, repo: GitRepo, rng: random.Random, new_token: Callable[[], str]) -> None:
        self.repo, self.rng, self.new_token = repo, rng, new_token
        self.tokens = [new_token()]

    def name(self) -> str:
        return self.rng.choice(["a", "b", "c", "d/e", "d/f"])

    def staged(self) -> list[str]:
        lines = self.repo.git("ls-files", "-s").splitlines()
        return [line for line in lines if not line.startswith("160000")]

    def token(self) -> str:
        if self.rng.random() < 0.3:
            self.tokens.append(self.new_token())
        return self.rng.choice(self.tokens)

    def write(self, content: str | bytes) -> None:
        name = self.name()
        path = self.repo.path / name
        if path.is_symlink():
            path.unlink()
        self.repo.stage(name, content)

    def stage_nothing(self) -> None:
        self.write(f"nothing {self.rng.random()}\n")

    def stage_token(self) -> None:
        self.write(f"{self.rng.random()}\nKEY={self.token()}\n")

    def stage_a_prefix(self) -> None:
        self.write("r8_ is what they begin with\n")

    def stage_much(self) -> None:
        content = self.rng.randbytes(1_500_000).replace(b"r8_", b"")
        self.write(content + (self.token().encode() if self.rng.random() < 0.5 else b""))

    def stage_link(self) -> None:
        path = self.repo.path / self.name()
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(self.rng.choice(["nowhere", self.token()]))
        self.repo.git("add", "-A")

    def stage_submodule(self) -> None:
        self.repo.git("update-index", "--add", "--cacheinfo", f"160000,{self.repo.tip()},sub")

    def stage_name(self) -> None:
        self.repo.stage(f"names/{self.token()}", "nothing\n")

    def move(self) -> None:
        if staged := self.staged():
            source = self.rng.choice(staged).split("\t")[1]
            self.repo.run("mv", "-f", source, f"moved{self.rng.randrange(3)}", check=False)

    def remove(self) -> None:
        if staged := self.staged():
            self.repo.git("rm", "-qrf", "--cached", self.rng.choice(staged).split("\t")[1])

    def change_mode(self) -> None:
        if staged := self.staged():
            name = self.rng.choice(staged).split("\t")[1]
            self.repo.run("update-index", "--chmod=+x", name, check=False)

    def commit(self) -> None:
        self.repo.run("commit", "-qm", "All", check=False)

    def pack(self) -> None:
        self.repo.run("repack", "-adq", check=False)

    def conflict(self) -> None:
        oid = self.repo.git("hash-object", "-w", "--stdin", stdin=b"nothing")
        self.repo.git("update-index", "--index-info", stdin=f"100644 {oid} 2\tboth\n".encode())

    def damage(self) -> None:
        if staged := self.staged():
            path = self.repo.loose_path(self.rng.choice(staged).split()[1])
            if path.exists():
                content = path.read_bytes()
                damages = (content[: len(content) // 2], content + b"more", b"", b"garbage")
                overwrite(path, self.rng.choice(damages))

    def reset(self) -> None:
        self.repo.run("reset", "-q", "--hard", check=False)
