"""``leakscan pre-push``: the steps that it advises, taken."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pushing import Pushing

HOOK = "pre-push"


def edit_each(pushing: Pushing, said: str) -> None:
    """Rebase as advised, replacing what `.env` holds in every commit that has it."""
    [advised] = [line for line in said.splitlines() if "git rebase -i" in line]
    command = shlex.split(advised.partition("git rebase -i ")[2])
    editor = "sed -i s/^pick/edit/"
    env = pushing.work.environment | {"GIT_SEQUENCE_EDITOR": editor, "GIT_EDITOR": "true"}
    done = pushing.work.run("git", "rebase", "-q", "-i", *command, env=env)
    assert not done.returncode, done.stderr
    for _ in range(20):
        file = pushing.work.path / ".env"
        if file.exists():
            file.write_text("KEY = environ['KEY']\n")
        pushing.work.git("commit", "-a", "--amend", "--no-edit", "-q", "--allow-empty")
        done = pushing.work.run("git", "rebase", "--continue", env=env)
        if not (pushing.work.path / ".git/rebase-merge").exists():
            return
    raise AssertionError(done.stderr)


def test_the_last_commit_is_amended(pushing: Pushing, token: str) -> None:
    pushing.add(".env", token)
    assert "git commit -a --amend" in (said := pushing.stopped("main"))
    assert "rebase" not in said
    (pushing.work.path / ".env").write_text("clean")
    pushing.work.git("commit", "-q", "-a", "--amend", "--no-edit")
    pushing.passes("main")


def test_an_earlier_commit_is_edited(pushing: Pushing, new_token: Callable[[], str]) -> None:
    pushing.add("a.txt", "a")
    first = pushing.add(".env", new_token())
    pushing.add("b.txt", "b")
    pushing.add("c.txt", f"{new_token()}")
    said = pushing.stopped("main")
    assert f"git rebase -i {first[:12]}^\n" in said
    pushing.work.git("reset", "-q", "--hard", "HEAD~")
    edit_each(pushing, said)
    pushing.passes("main")


def test_the_first_commit_is_edited(pushing: Pushing, token: str) -> None:
    pushing.work.git("checkout", "-q", "--orphan", "fresh")
    pushing.add(".env", token)
    pushing.add("b.txt", "b")
    said = pushing.stopped("fresh")
    assert "git rebase -i --root\n" in said
    edit_each(pushing, said)
    pushing.passes("fresh")


def test_merges_survive_the_editing(pushing: Pushing, token: str) -> None:
    work = pushing.work
    pushing.add(".env", token)
    work.git("checkout", "-q", "-b", "topic")
    pushing.add("t.txt", "t")
    work.git("checkout", "-q", "main")
    pushing.add("m.txt", "m")
    work.git("merge", "-q", "--no-ff", "--no-edit", "topic")
    said = pushing.stopped("main")
    assert "git rebase -i --rebase-merges " in said
    edit_each(pushing, said)
    pushing.passes("main")
    assert len(work.git("rev-list", "--merges", "main").stdout.split()) == 1


def test_tokens_on_two_branches_are_edited_from_where_they_part(
    pushing: Pushing, new_token: Callable[[], str]
) -> None:
    fork = pushing.add("a.txt", "a")
    pushing.work.git("checkout", "-q", "-b", "topic")
    pushing.add("one.env", new_token())
    pushing.work.git("checkout", "-q", "main")
    pushing.add("two.env", new_token())
    pushing.work.git("merge", "-q", "--no-ff", "--no-edit", "topic")
    assert f"git rebase -i --rebase-merges {fork[:12]}\n" in pushing.stopped("main")
