"""`leakscan baseline`: accept what is there, and hear of new tokens only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from accepting import FILE, Checkout
from scanning import CLEAN, FOUND, INCOMPLETE, MISUSED

from gitrepo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from forked import Commands


@pytest.fixture
def checkout(repo: GitRepo, commands: Commands) -> Checkout:
    return Checkout(repo, commands)


def test_only_what_is_new_is_told(checkout: Checkout, new_token: Callable[[], str]) -> None:
    old, gone, new = new_token(), new_token(), new_token()
    checkout.repo.add("old name.env", f"KEY={old}\n")
    checkout.repo.add("gone.env", f"KEY={gone}\n")
    checkout.repo.remove("gone.env")
    status, out, _ = checkout.run("baseline", "create")
    assert status == CLEAN
    assert out.startswith(f"2 entries in {checkout.path / FILE}\n")
    assert checkout.entries == ["gone.env", "old%20name.env"]
    text = (checkout.path / FILE).read_text()
    assert old not in text
    assert gone not in text
    assert checkout.scan() == (CLEAN, set(), {"baseline": 2})
    assert checkout.scan("--no-suppress")[:2] == (FOUND, {old, gone})
    checkout.repo.add("copy.env", f"KEY={old}\n")  # an entry covers its secret anywhere
    checkout.repo.add("new.env", f"KEY={new}\n")
    assert checkout.scan() == (FOUND, {new}, {"baseline": 2})


def test_check_says_what_is_new(checkout: Checkout, new_token: Callable[[], str]) -> None:
    old, new = new_token(), new_token()
    checkout.repo.add("old.env", f"KEY={old}\n")
    checkout.run("baseline", "create")
    assert checkout.run("baseline", "check")[0] == CLEAN
    checkout.repo.add("new.env", f"KEY={new}\n")
    before = (checkout.path / FILE).read_bytes()
    status, out, err = checkout.run("baseline", "check")
    assert status == FOUND
    assert "new.env" in out
    assert "old.env" not in out
    assert new not in out + err
    assert (checkout.path / FILE).read_bytes() == before


def test_update_adds_and_drops_and_keeps_the_key(
    checkout: Checkout, new_token: Callable[[], str]
) -> None:
    checkout.repo.add("old.env", f"KEY={new_token()}\n")
    checkout.repo.add("stays.env", f"KEY={new_token()}\n")
    checkout.run("baseline", "create")
    key = checkout.key
    checkout.repo.remove("old.env")
    checkout.repo.add("new.env", f"KEY={new_token()}\n")
    checkout.forget_history()
    entry = f"{checkout.digest('old.env')[:12]}  replicate-api-token  old.env"
    status, out, _ = checkout.run("baseline", "check")
    assert status == FOUND
    assert ": 1 missing, 1 needed no more\n" in out
    assert f"Needed no more (`leakscan baseline update` drops them):\n  {entry}\n" in out
    status, out, _ = checkout.run("baseline", "update")
    assert status == CLEAN
    assert ": 1 new, 1 dropped\n" in out
    assert out.endswith(f"Dropped:\n  {entry}\n")
    assert checkout.entries == ["new.env", "stays.env"]
    assert checkout.key == key
    assert checkout.run("baseline", "check")[0] == CLEAN
    again = (checkout.path / FILE).read_bytes()
    checkout.run("baseline", "update")
    assert (checkout.path / FILE).read_bytes() == again


def test_nothing_is_dropped_by_a_scan_that_is_not_complete(
    checkout: Checkout, new_token: Callable[[], str]
) -> None:
    checkout.repo.add("old.env", f"KEY={new_token()}\n")
    oid = checkout.repo.git("rev-parse", "HEAD:old.env")
    checkout.run("baseline", "create")
    checkout.repo.loose_path(oid).chmod(0o600)
    checkout.repo.loose_path(oid).write_bytes(b"damaged")
    (checkout.path / "old.env").unlink()
    checkout.repo.git("rm", "-q", "--cached", "old.env")
    checkout.repo.add("new.env", f"KEY={new_token()}\n")
    status, out, err = checkout.run("baseline", "update")
    assert status == INCOMPLETE
    assert ": 1 new, 0 dropped\n" in out
    assert "could not be read: nothing was dropped" in err
    assert checkout.entries == ["new.env", "old.env"]
    status, out, _ = checkout.run("baseline", "check")
    assert status == INCOMPLETE
    assert ": 0 missing, 0 needed no more\n" in out


def test_entries_of_rules_that_are_not_active_stay(checkout: Checkout, token: str) -> None:
    checkout.repo.add("a.env", f"KEY={token}\n")
    checkout.run("baseline", "create")
    status, out, _ = checkout.run("baseline", "update", "--rules", "npm-access-token")
    assert (status, out.endswith(": 0 new, 0 dropped\n")) == (CLEAN, True)
    assert checkout.entries == ["a.env"]


def test_what_is_doubtful_needs_no_entry_and_loses_none(checkout: Checkout, token: str) -> None:
    checkout.repo.add("a.env", f"my_{token}\n")  # of medium confidence
    checkout.run("baseline", "create", "--min-confidence", "high")
    assert checkout.entries == []
    checkout.run("baseline", "update")
    assert checkout.entries == ["a.env"]
    checkout.run("baseline", "update", "--min-confidence", "high")
    assert checkout.entries == ["a.env"]


def test_what_is_allowed_otherwise_needs_no_entry(
    checkout: Checkout, new_token: Callable[[], str]
) -> None:
    allow = "leakscan: allow[replicate-api-token] made for tests"
    checkout.repo.add("a.py", f"{new_token()}  # {allow}\n")
    checkout.repo.add("tests/a.env", f"KEY={new_token()}\n")
    allowed = '[[allow]]\nreason = "x"\npaths = ["tests/"]\n'
    checkout.repo.write(".leakscan.toml", allowed)
    assert checkout.run("baseline", "create")[0] == CLEAN
    assert checkout.entries == []
    assert checkout.scan() == (CLEAN, set(), {"inline": 1, "allowlist": 1})


def test_a_path_with_a_token_in_it_is_redacted(checkout: Checkout, token: str) -> None:
    checkout.repo.add(f"keys/{token}/a.env", "nothing\n")
    checkout.run("baseline", "create")
    assert token not in (checkout.path / FILE).read_text()
    assert checkout.scan() == (CLEAN, set(), {"baseline": 1})


def test_two_that_were_made_apart_are_merged(
    checkout: Checkout, new_token: Callable[[], str]
) -> None:
    """By git itself, where both sides only added lines and the driver takes both."""
    repo = checkout.repo
    repo.add(".gitattributes", f"{FILE} merge=union\n")
    for branch in ("one", "two"):
        repo.git("checkout", "-q", "-b", branch, "main")
        repo.add(f"{branch}.env", f"KEY={new_token()}\n")
        assert checkout.run("baseline", "create")[0] == CLEAN
        repo.git("add", FILE)
        repo.commit("Accept what is there")
    repo.merge("one")
    assert checkout.scan()[0] == CLEAN
    assert checkout.run("baseline", "check")[0] == CLEAN
    checkout.run("baseline", "update")
    assert checkout.scan()[0] == CLEAN


def test_the_file_that_the_configuration_names(checkout: Checkout, token: str) -> None:
    checkout.repo.write(".leakscan.toml", '[baseline]\nfile = "etc/known"\n')
    checkout.repo.add("a.env", f"KEY={token}\n")
    status, _, err = checkout.run("baseline", "create")
    assert (status, "its folder is missing" in err) == (MISUSED, True)
    (checkout.path / "etc").mkdir()
    assert checkout.run("baseline", "create")[0] == CLEAN
    assert (checkout.path / "etc" / "known").is_file()
    assert not (checkout.path / FILE).exists()
    assert checkout.scan() == (CLEAN, set(), {"baseline": 1})


def test_from_within_a_checkout_all_of_it_is_meant(checkout: Checkout, token: str) -> None:
    checkout.repo.add("a.env", f"KEY={token}\n")
    (checkout.path / "sub").mkdir()
    assert checkout.run("baseline", "create", cwd=checkout.path / "sub")[0] == CLEAN
    assert checkout.entries == ["a.env"]


def test_a_folder_without_git(tmp_path: Path, commands: Commands, token: str) -> None:
    plain = Checkout(GitRepo(tmp_path), commands)
    (tmp_path / "a.env").write_text(f"KEY={token}\n")
    status, _, err = plain.run("baseline", "create")
    assert (status, "say --file" in err) == (MISUSED, True)
    assert plain.run("baseline", "create", "--file", FILE)[0] == CLEAN
    assert plain.entries == ["a.env"]
    assert plain.run("baseline", "check", "--file", FILE)[0] == CLEAN


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["update"], "is not there: use `leakscan baseline create`"),
        (["check"], "is not there: use `leakscan baseline create`"),
        (["create", "sub"], "sub is only a part of a repository: name its top, "),
        (["create", "absent"], "absent is no repository or folder here"),
        (["create", "README.md"], "README.md is no repository or folder here"),
        (["create", "-"], "- is no repository or folder here"),
        (["create", "https://example.com/a"], "is no repository or folder here"),
        (["create", ""], "TARGET is empty"),
        (["create", "--file", ""], "--file is empty"),
        (["create", "--rules", "nosuch"], "nosuch"),
        (["create", "../other"], "is not the checkout that you work in: go there, or say --file"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    checkout: Checkout, arguments: list[str], problem: str
) -> None:
    (checkout.path / "sub").mkdir()
    GitRepo.init(checkout.path.parent / "other")
    status, out, err = checkout.run("baseline", *arguments)
    assert (status, out) == (MISUSED, "")
    assert problem in err
    assert len(err.splitlines()) == 1


def test_a_file_that_is_there_stays(checkout: Checkout) -> None:
    checkout.repo.write(FILE, "mine\n")
    status, _, err = checkout.run("baseline", "create")
    assert (status, "is there already: use `leakscan baseline update`" in err) == (MISUSED, True)
    assert (checkout.path / FILE).read_text() == "mine\n"


def test_a_conflict_is_one_clear_line(checkout: Checkout, token: str) -> None:
    checkout.repo.add("a.env", f"KEY={token}\n")
    checkout.run("baseline", "create")
    path = checkout.path / FILE
    path.write_text(path.read_text() + "<<<<<<< HEAD\n")
    for command in (["baseline", "check"], ["baseline", "update"], ["scan", "."]):
        status, _, err = checkout.run(*command)
        assert status == MISUSED
        assert re.search(r"\.leakscan-baseline:5: a conflict of a merge: keep the lines", err)
