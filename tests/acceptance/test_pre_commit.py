"""``leakscan pre-commit`` on whatever can be staged: what stops the commit, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from committing import BLOCKED, PASSED, Guard
from gitrepo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    NewToken = Callable[[], str]


def test_nothing_staged_or_nothing_in_it(guard: Guard) -> None:
    guard.passes()
    guard.repo.stage("a.py", "print(1)\n")
    guard.passes()


def test_the_place_is_told_exactly(guard: Guard, new_token: NewToken) -> None:
    first, second = new_token(), new_token()
    guard.repo.stage("src/a.py", f"# é\nKEY = '{first}'\n")
    guard.repo.stage("b.env", f"é={second}")
    answer = guard.blocks("src/a.py:2:8", "b.env:1:4")
    assert {f["locations"][0]["kind"] for f in answer.report["findings"]} == {"staged"}
    assert answer.text.count(first[:7]) == 1
    assert first not in answer.text + str(answer.report)
    assert second not in answer.text + str(answer.report)


def test_what_is_staged_counts_and_not_the_file(guard: Guard, token: str) -> None:
    guard.repo.stage("a.py", f"KEY = '{token}'\n")
    guard.repo.write("a.py", "KEY = environ['KEY']\n")
    guard.blocks("a.py:1:8")
    guard.repo.git("add", "a.py")
    guard.repo.write("a.py", f"KEY = '{token}'\n")
    guard.passes()


def test_a_file_that_is_partly_staged(guard: Guard, new_token: NewToken) -> None:
    guard.repo.add("a.py", "one\n" * 20)
    first, last = new_token(), new_token()
    guard.repo.write("a.py", f"{first}\n" + "one\n" * 20 + f"{last}\n")
    guard.repo.git("add", "-p", "a.py", stdin=b"n\ny\n")
    guard.blocks("a.py:21:1")


def test_the_very_first_commit(guard: Guard, tmp_path: Path, token: str) -> None:
    new = guard.at(GitRepo.init(tmp_path / "new"))
    new.passes()
    new.repo.stage("a.py", "nothing\n")
    new.passes()
    new.repo.stage(".env", token)
    assert "git reset -- .env" in new.blocks(".env:1:1").text


@pytest.mark.parametrize("before", ["loose", "packed"])
def test_a_token_in_head_is_mentioned_and_stops_nothing(
    guard: Guard, token: str, before: str
) -> None:
    guard.repo.add("a.env", f"KEY={token}\n")
    if before == "packed":
        guard.repo.pack()
    guard.repo.stage("a.env", f"# the key\nKEY={token}\n")
    answer = guard()
    assert (answer.status, answer.places, answer.known) == (PASSED, [], ["a.env:2:5"])
    assert "a.env:2:5 (in HEAD already)" in answer.text
    assert "leaked" in answer.text
    guard.repo.stage("b.py", "unrelated\n")
    guard.repo.git("reset", "-q", "a.env")
    guard.passes()


def test_another_token_beside_one_in_head(guard: Guard, new_token: NewToken) -> None:
    old, new = new_token(), new_token()
    guard.repo.add("a.env", f"KEY={old}\n")
    guard.repo.stage("a.env", f"KEY={old}\nKEY={new}\n")
    assert guard.blocks("a.env:2:5").known == ["a.env:1:5"]


def moved(repo: GitRepo, _token: str) -> None:
    repo.git("mv", "a.env", "moved.env")


def moved_and_edited(repo: GitRepo, token: str) -> None:
    repo.git("mv", "a.env", "moved.env")
    repo.stage("moved.env", f"moved\nKEY={token}\nA=1\nB=2\n")


def moved_between_files(repo: GitRepo, token: str) -> None:
    repo.stage("a.env", "A=1\nB=2\n")
    repo.stage("new.env", f"C=3\nKEY={token}\n")


def mode_changed(repo: GitRepo, _token: str) -> None:
    repo.git("update-index", "--chmod=+x", "a.env")


def case_changed(repo: GitRepo, _token: str) -> None:
    repo.git("mv", "a.env", "A.env")


@pytest.mark.parametrize(
    "change", [moved, moved_and_edited, moved_between_files, mode_changed, case_changed]
)
def test_moving_a_token_adds_none(
    guard: Guard, token: str, change: Callable[[GitRepo, str], None]
) -> None:
    guard.repo.add("a.env", f"A=1\nKEY={token}\nB=2\n")
    change(guard.repo, token)
    answer = guard()
    assert (answer.status, answer.places) == (PASSED, [])
    assert len(answer.known) == 1
    assert "in HEAD already" in answer.text


def copied(repo: GitRepo, token: str) -> list[str]:
    repo.stage("b.env", f"KEY={token}\n")
    return ["b.env:1:5"]


def copied_twice_and_removed(repo: GitRepo, token: str) -> list[str]:
    repo.git("mv", "a.env", "b.env")
    repo.stage("c.env", f"KEY={token}\n")
    return ["b.env:1:5", "c.env:1:5"]


def written_twice(repo: GitRepo, token: str) -> list[str]:
    repo.stage("a.env", f"KEY={token}\nKEY={token}\n")
    return ["a.env:1:5", "a.env:2:5"]


def in_another_file_than_one_that_loses_none(repo: GitRepo, token: str) -> list[str]:
    repo.stage("a.env", f"KEY={token}\nedited\n")
    repo.stage("b.env", token)
    return ["b.env:1:1"]


@pytest.mark.parametrize(
    "change",
    [copied, copied_twice_and_removed, written_twice, in_another_file_than_one_that_loses_none],
)
def test_writing_a_token_to_one_place_more_adds_it(
    guard: Guard, token: str, change: Callable[[GitRepo, str], list[str]]
) -> None:
    guard.repo.add("a.env", f"KEY={token}\n")
    guard.blocks(*change(guard.repo, token))


def test_removing_a_token_is_no_matter(guard: Guard, token: str) -> None:
    guard.repo.add("a.env", f"KEY={token}\n")
    guard.repo.add("b.env", f"KEY={token}\n")
    guard.repo.git("rm", "-q", "a.env")
    guard.repo.stage("b.env", "KEY=\n")
    guard.passes()


def test_binary_files_and_odd_line_ends(guard: Guard, token: str) -> None:
    guard.repo.stage("a.bin", b"\x00\xff\n" * 3 + b"\x00" + token.encode() + b"\x00")
    guard.repo.stage("b.txt", b"one\r\ntwo\r\n'" + token.encode() + b"'\r\n")
    guard.blocks("a.bin:4:2", "b.txt:3:2")


def test_filters_decide_what_is_staged(guard: Guard, token: str) -> None:
    repo = guard.repo
    repo.git("config", "filter.hide.clean", f"sed s/{token}/hidden/")
    repo.add(".gitattributes", "*.hidden filter=hide\n*.txt text eol=lf\n")
    repo.stage("a.hidden", f"KEY={token}\n")
    guard.passes()
    repo.stage("b.txt", f"one\r\nKEY={token}\r\n")
    guard.blocks("b.txt:2:5")


def test_links_and_names(guard: Guard, new_token: NewToken) -> None:
    target, name = new_token(), new_token()
    (guard.repo.path / "link").symlink_to(f"/nowhere/{target}")
    guard.repo.stage(f"dir/{name}.txt", "nothing\n")
    guard.repo.git("add", "link")
    answer = guard()
    assert answer.status == 1
    kinds = {f["locations"][0]["kind"]: f["locations"][0] for f in answer.report["findings"]}
    assert set(kinds) == {"symlink", "path"}
    assert (kinds["symlink"]["path"], kinds["symlink"]["column"]) == ("link", 10)
    assert "the name dir/" in answer.text
    assert "git restore --staged link\n" in answer.text
    assert "git mv OLD NEW\n" in answer.text
    assert name not in answer.text
    assert target not in answer.text


def test_a_name_that_is_there_already(guard: Guard, token: str) -> None:
    guard.repo.add(f"{token}.txt", "one\n")
    guard.repo.stage(f"{token}.txt", "two\n")
    assert guard().status == PASSED
    guard.repo.git("mv", f"{token}.txt", f"{token}.md")
    assert guard().status == PASSED
    guard.repo.git("rm", "-qf", f"{token}.md")
    guard.passes()


def test_a_submodule_is_a_repository_of_its_own(guard: Guard, tmp_path: Path, token: str) -> None:
    inner = GitRepo.init(tmp_path / "inner")
    inner.add(".env", token)
    guard.repo.git("submodule", "add", "-q", str(inner.path), "sub")
    guard.passes()
    guard.repo.commit("Add a submodule")
    inside = GitRepo(guard.repo.path / "sub")
    inside.add("more.env", token)
    guard.repo.git("add", "sub")
    guard.passes()
    inside.stage("third.env", f"KEY={token}")
    guard.at(inside).blocks("third.env:1:5")
    guard.repo.git("rm", "-qf", "--cached", "sub")
    guard.passes()


def test_intent_to_add_is_not_staged(guard: Guard, token: str) -> None:
    guard.repo.write("a.env", token)
    guard.repo.git("add", "-N", "a.env")
    guard.passes()


def test_assume_unchanged_and_skip_worktree_hide_nothing(guard: Guard, new_token: NewToken) -> None:
    flags = {"a.env": "--assume-unchanged", "b.env": "--skip-worktree"}
    for name in flags:
        guard.repo.add(name, "KEY=\n")
    for name, flag in flags.items():
        guard.repo.stage(name, f"KEY={new_token()}\n")
        guard.repo.git("update-index", flag, name)
        guard.repo.write(name, "KEY=\n")
    guard.blocks("a.env:1:5", "b.env:1:5")


NAMES = [
    b"with space",
    b"new\nline",
    b"quo\"te's",
    b"-dash",
    b":(top)colon",
    b"not\xffutf8",
    b"back\\slash",
    b"tab\tand\x1b[31mred",
    "\u202eevil.txt".encode(),
    b"star*[a]?",
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_any_name(guard: Guard, token: str, name: bytes) -> None:
    guard.repo.stage("other.txt", "nothing\n")
    blob = guard.repo.hash_object("blob", f"KEY={token}\n".encode())
    guard.repo.git(
        "update-index", "-z", "--index-info", stdin=b"100644 %s\t%s\0" % (blob.encode(), name)
    )
    answer = guard()
    assert answer.status == 1
    assert ":1:5" in answer.text
    assert all(line.isprintable() for line in answer.text.splitlines())
    step = next(line for line in answer.text.splitlines() if "git restore" in line)
    command = step[step.index("git restore") :]
    guard.repo.git("-c", f"alias.undo=!unset GIT_DIR\n{command}\n", "undo")
    guard.passes()


def test_a_token_of_many_files_is_told_in_short(guard: Guard, token: str) -> None:
    for number in range(30):
        guard.repo.write(f"{number:02}.env", token)
    guard.repo.git("add", ".")
    answer = guard()
    assert len(answer.places) == 30
    assert "and in 20 more places" in answer.text
    assert len(answer.text.splitlines()) < 25


def test_the_framework_asks_for_all_files(guard: Guard, token: str) -> None:
    framework = {"PRE_COMMIT": "1"}
    guard.passes(env=framework)
    guard.repo.add("old.env", "KEY=\n")
    guard.repo.write("old.env", f"KEY={token}\n")
    answer = guard.blocks("old.env:1:5", env=framework)
    assert "leakscan looked at all tracked files: they hold 1 token" in answer.text
    guard.blocks("old.env:1:5", env=framework, cwd=guard.repo.git_dir.parent)
    as_hook = framework | {"GIT_INDEX_FILE": str(guard.repo.git_dir / "index")}
    guard.passes(env=as_hook)
    guard.repo.stage("new.txt", "nothing\n")
    guard.passes(env=framework)


def test_an_allow_comment_needs_a_reason(guard: Guard, token: str) -> None:
    guard.repo.stage("a.py", f"KEY = '{token}'  # leakscan: allow[replicate-api-token]\n")
    assert "gives no reason" in guard.blocks("a.py:1:8").text
    guard.repo.stage("a.py", f"KEY = '{token}'  # leakscan: allow[replicate-api-token] made up\n")
    answer = guard()
    assert (answer.status, answer.places) == (PASSED, [])
    assert answer.text.startswith("leakscan: suppressed r8_")
    assert answer.text.endswith(", a.py:1:8 (inline: made up)\n")
    assert guard("pre-commit", "--no-suppress").status == BLOCKED


def test_a_checkout_may_allow_paths(guard: Guard, token: str) -> None:
    allow = '[[allow]]\nreason = "made for tests"\npaths = ["tests/**"]\n'
    guard.repo.add(".leakscan.toml", allow)
    guard.repo.stage("tests/a.env", token)
    answer = guard()
    assert (answer.status, answer.report["suppressed"]) == (PASSED, {"allowlist": 1})
    guard.repo.stage("a.env", token)
    guard.blocks("a.env:1:1")
