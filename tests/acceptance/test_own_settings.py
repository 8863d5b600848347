"""What a checkout says of itself is to be committed as well: others have only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from committing import BLOCKED, MISUSED, PASSED, Guard

if TYPE_CHECKING:
    from pathlib import Path

    from forked import Commands
    from gitrepo import GitRepo

ALLOW = '[[allow]]\nreason = "made for tests"\npaths = ["tests/**"]\n'


@pytest.fixture
def guard(commands: Commands, repo: GitRepo, tmp_path: Path) -> Guard:
    return Guard(commands, repo, tmp_path / "home")


def told(name: str) -> str:
    return (
        f"leakscan: {name} suppresses something, and is not committed as it is:"
        " others will be stopped\n"
    )


def test_an_allowlist(guard: Guard, token: str) -> None:
    guard.repo.stage("tests/a.env", token)
    guard.repo.write(".leakscan.toml", ALLOW)
    answer = guard()
    assert (answer.status, answer.errors) == (PASSED, told(".leakscan.toml"))
    guard.repo.write(".gitignore", ".leakscan.toml\n")
    assert guard().errors == told(".leakscan.toml")
    guard.repo.git("add", "-f", ".leakscan.toml")
    assert guard().errors == ""
    guard.repo.write(".leakscan.toml", ALLOW + "# changed\n")
    assert guard().errors == told(".leakscan.toml")
    guard.repo.git("add", "-f", ".leakscan.toml")
    guard.repo.commit()
    guard.repo.stage("tests/b.env", f"{token}\n{token}\n")
    assert (guard().status, guard().errors) == (PASSED, "")
    (guard.repo.path / "tests").joinpath("within").mkdir()
    guard.repo.write(".leakscan.toml", ALLOW)
    assert guard(cwd=guard.repo.path / "tests/within").errors == told(".leakscan.toml")


def test_what_suppresses_nothing_is_not_told(guard: Guard, token: str) -> None:
    guard.repo.write(".leakscan.toml", ALLOW)
    guard.repo.stage("a.env", f"{token} leakscan: allow[replicate-api-token] made up\n")
    assert (guard().status, guard().errors) == (PASSED, "")
    guard.repo.stage("tests/a.env", token)
    for command in (("pre-commit", "--no-suppress"), ("pre-commit", "--show-suppressed")):
        status = BLOCKED if "--no-suppress" in command else PASSED
        answer = guard(*command)
        assert (answer.status, bool(answer.errors)) == (status, status == PASSED)


def test_a_baseline(guard: Guard, token: str) -> None:
    guard.repo.stage("a.env", token)
    guard.repo.commit()
    made = guard.commands.run(["baseline", "create"], env=guard.environment, cwd=guard.repo.path)
    assert not made.returncode, made.stderr
    guard.repo.stage("b.env", f"{token}\n")
    answer = guard()
    assert (answer.status, answer.errors) == (PASSED, told(".leakscan-baseline"))
    guard.repo.git("add", ".leakscan-baseline")
    assert (guard().status, guard().errors) == (PASSED, "")


CONFLICT = "<<<<<<< HEAD\n=======\n>>>>>>> topic\n"


@pytest.mark.parametrize(
    ("name", "options"), [(".leakscan-baseline", ()), ("etc/known tokens", ("--suppress",))]
)
def test_a_baseline_is_read_when_it_is_staged(
    guard: Guard, name: str, options: tuple[str, ...]
) -> None:
    guard.repo.stage(".leakscan.toml", f'[baseline]\nfile = "{name}"\n')
    guard.repo.commit()
    guard.repo.write(name, CONFLICT)
    guard.repo.stage("a.txt", "nothing\n")
    guard.passes()
    guard.repo.git("add", name)
    answer = guard("pre-commit", *options)
    assert answer.status == MISUSED
    assert answer.errors.startswith(f"leakscan: {guard.repo.path / name}:1: a conflict of a merge")
    assert guard("pre-commit", "--no-suppress").status == PASSED
    guard.repo.git("rm", "-qf", name)
    guard.passes()


def test_a_baseline_of_the_operator_is_not_the_checkouts(guard: Guard, token: str) -> None:
    """Though both have the same name, and only one is committed."""
    guard.repo.stage("a.env", token)
    guard.repo.commit()
    made = guard.commands.run(["baseline", "create"], env=guard.environment, cwd=guard.repo.path)
    assert not made.returncode, made.stderr
    folder = guard.home / ".config/leakscan"
    folder.mkdir(parents=True)
    whole = (guard.repo.path / ".leakscan-baseline").read_text().splitlines(keepends=True)
    (folder / ".leakscan-baseline").write_text("".join(whole))
    entries = [line for line in whole if not line.startswith(("#", "key "))]
    assert len(entries) == 1
    guard.repo.write(".leakscan-baseline", "".join(it for it in whole if it not in entries))
    (folder / "config.toml").write_text('[baseline]\nfile = ".leakscan-baseline"\n')
    guard.repo.stage("b.env", f"{token}\n")
    answer = guard()
    assert answer.report["suppressed"] == {"baseline": 1}
    assert (answer.status, answer.errors) == (PASSED, "")


def test_an_allowlist_of_the_operator_is_not_the_checkouts(guard: Guard, token: str) -> None:
    """Though both give the same reason."""
    folder = guard.home / ".config/leakscan"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(ALLOW)
    guard.repo.write(".leakscan.toml", ALLOW.replace("tests/", "samples/"))
    guard.repo.stage("tests/a.env", token)
    assert (guard().status, guard().errors) == (PASSED, "")
    guard.repo.stage("samples/a.env", token)
    assert guard().errors == told(".leakscan.toml")
