"""What the guard says when it stops a push, done to the letter: then the push goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from obeying import Obeying
from pushing import Pushing, running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from forked import Commands


@pytest.fixture(params=["pre-push", "pre-receive"])
def pushing(request: pytest.FixtureRequest, tmp_path: Path, commands: Commands) -> Pushing:
    """Make a repository that is guarded, or whose server is."""
    made = Pushing.made(tmp_path, commands)
    side = made.work if request.param == "pre-push" else made.server
    side.hook(request.param, running(request.param))
    return made


def obeyed(pushing: Pushing, *pushed: str, secrets: tuple[str, ...]) -> list[str]:
    """Do what is said of a push, which then goes; return the commands."""
    said = pushing.stopped(*pushed)
    done = Obeying(pushing.work, said, secrets).obey()
    pushing.passes(*pushed)
    every = pushing.server.git("log", "--all", "-p", "--format=%an%ae%cn%ce%B").stdout
    assert not any(secret in every for secret in secrets)
    return done


def test_the_branch_that_is_pushed_is_changed(pushing: Pushing, token: str) -> None:
    pushing.work.git("switch", "-q", "-c", "feat")
    pushing.add(".env", token)
    pushing.work.git("switch", "-q", "main")
    main = pushing.tip("main")
    done = obeyed(pushing, "feat", secrets=(token,))
    assert done == ["git switch feat", "git commit -a --amend --no-edit"]
    assert pushing.tip("main") == main


def test_each_of_several_branches(pushing: Pushing, new_token: Callable[[], str]) -> None:
    one, two, three = new_token(), new_token(), new_token()
    pushing.work.git("branch", "feat")
    pushing.add("one.env", one)
    pushing.work.git("switch", "-q", "feat")
    pushing.add("two.env", two)
    pushing.add("three.env", three)
    done = obeyed(pushing, "main", "feat", secrets=(one, two, three))
    assert "git switch main" in done
    assert sum("git rebase -i" in command for command in done) == 1


def test_commits_that_two_branches_have(pushing: Pushing, token: str) -> None:
    pushing.add(".env", token)
    pushing.work.git("branch", "feat")
    pushing.add("main.txt", "m")
    pushing.work.git("switch", "-q", "feat")
    pushing.add("feat.txt", "f")
    done = obeyed(pushing, "main", "feat", secrets=(token,))
    assert sum("git rebase -i" in command for command in done) == 2


def test_each_kind_of_place(pushing: Pushing, new_token: Callable[[], str]) -> None:
    content, name, message, author, tag = (new_token() for _ in range(5))
    work = pushing.work
    pushing.add("a.env", content)
    pushing.add(f"{name}.txt", "a")
    pushing.add("b.txt", "b", f"Use {message}")
    work.git("config", "user.name", author)
    pushing.add("c.txt", "c")
    work.git("config", "user.name", "Ann Author")
    pushing.add("d.txt", "d")
    work.git("tag", "-a", "-m", f"Use {tag}", "v1")
    said = pushing.stopped("main", "v1")
    assert "author name in commit" in said
    assert "message of tag v1:1:5" in said
    done = obeyed(pushing, "main", "v1", secrets=(content, name, message, author, tag))
    assert [command for command in done if " tag " in command] == ["git tag -f -a v1 main"]
    assert pushing.tip("v1^{}") == pushing.tip("main")
    assert "renamed" in work.git("ls-files").stdout


@pytest.mark.parametrize("kind", ["name", "message", "author"])
def test_one_kind_of_place_in_the_last_commit(pushing: Pushing, token: str, kind: str) -> None:
    pushing.work.git("config", "user.name", token if kind == "author" else "Ann Author")
    name, message = (f"{token}.txt", "a.txt")[kind != "name"], (token, "Add")[kind != "message"]
    pushing.add(name, "a", f"Use {message}")
    said = pushing.stopped("main")
    assert "environment variable" not in said
    assert "commit -a" not in said
    on_its_line = "No token? Say so on its line" in said
    assert on_its_line is (kind == "message")
    command = [it for it in obeyed(pushing, "main", secrets=(token,)) if "amend" in it]
    assert len(command) == 1


def test_a_tag_with_a_token_in_its_message(pushing: Pushing, token: str) -> None:
    pushing.work.git("tag", "-a", "-m", f"Use {token}", "v1")
    pushing.add("a.txt", "later")
    tagged = pushing.tip("v1^{}")
    done = obeyed(pushing, "v1", secrets=(token,))
    assert done == ["git tag -f -a v1 'v1^{}'"]
    assert pushing.tip("v1^{}") == tagged
    assert "Use x" in pushing.work.git("cat-file", "tag", "v1").stdout


def test_a_tagger(pushing: Pushing, token: str) -> None:
    pushing.work.git("config", "user.name", token)
    pushing.work.git("tag", "-a", "-m", "First", "v1")
    assert "tagger of v1" in pushing.stopped("v1")
    obeyed(pushing, "v1", secrets=(token,))
    assert "tagger Ann Author" in pushing.work.git("cat-file", "tag", "v1").stdout


def test_a_tag_on_a_commit_with_a_token(pushing: Pushing, token: str) -> None:
    pushing.add(".env", token)
    pushing.work.git("tag", "light")
    done = obeyed(pushing, "main", "light", secrets=(token,))
    assert done[-1] == "git tag -f light main"
    assert pushing.tip("light") == pushing.tip("main")


def test_a_merge_that_adds_a_token(pushing: Pushing, token: str) -> None:
    work = pushing.work
    work.git("switch", "-q", "-c", "topic")
    pushing.add("t.txt", "t")
    work.git("switch", "-q", "main")
    pushing.add("m.txt", "m")
    work.git("merge", "-q", "--no-ff", "--no-commit", "topic")
    pushing.add("merged.env", token)
    pushing.add("after.txt", "a")
    obeyed(pushing, "main", secrets=(token,))
    assert len(work.git("rev-list", "--merges", "main").stdout.split()) == 1


def test_content_and_message_of_one_commit(pushing: Pushing, new_token: Callable[[], str]) -> None:
    """One command for both: with only one of them changed, the hooks stop the other."""
    content, message = new_token(), new_token()
    pushing.work.hook("commit-msg", running("commit-msg"))
    pushing.work.hook("pre-commit", running("pre-commit"))
    pushing.add("a.env", content, f"Use {message}")
    said = pushing.stopped("main")
    assert "take the token out of the file, then, with another message:" in said
    assert said.count("--amend") == 1
    done = obeyed(pushing, "main", secrets=(content, message))
    assert done == ["git commit -a --amend"]


@pytest.mark.parametrize("is_last", [True, False])
def test_name_and_message_of_one_commit(
    pushing: Pushing, new_token: Callable[[], str], is_last: bool
) -> None:
    name, message = new_token(), new_token()
    pushing.add(f"{name}.txt", "a", f"Use {message}")
    if not is_last:
        pushing.add("b.txt", "b")
    obeyed(pushing, "main", secrets=(name, message))


def test_other_changes_are_in_the_way(pushing: Pushing, new_token: Callable[[], str]) -> None:
    """Of a rebase, and of -a; it is said once."""
    one, two = new_token(), new_token()
    pushing.work.git("branch", "feat")
    pushing.add("a.txt", "a", f"Use {one}")
    assert "stash" not in pushing.stopped("main")
    pushing.work.git("switch", "-q", "feat")
    pushing.add("b.env", two)
    pushing.work.git("branch", "more")
    said = pushing.stopped("main", "feat", "more")
    assert said.count("(stash other changes first)") == 1
    assert "of branch feat (stash other changes first):" in said
    pushing.work.git("switch", "-q", "main")
    pushing.add("c.txt", "c")
    assert "of branch main (stash other changes first):" in pushing.stopped("main")


def test_the_name_of_a_branch(pushing: Pushing, token: str) -> None:
    pushing.work.git("switch", "-q", "-c", token)
    pushing.add("a.txt", "a")
    assert "git branch -m NEW" in pushing.stopped(token)
    pushing.work.git("branch", "-m", "NEW")
    pushing.passes("NEW")


def test_a_branch_that_cannot_be_typed(pushing: Pushing, token: str) -> None:
    pushing.work.git("switch", "-q", "-c", f"x-{token}")
    pushing.add(".env", token)
    pushing.work.git("tag", "v1")
    said = pushing.stopped(f"x-{token}", "v1")
    assert "Change the last commit of branch x-r8_" in said
    assert all("..." not in command for command in typed(said))
    assert "git tag -f v1 COMMIT" in typed(said)


@pytest.mark.parametrize("options", [[], ["-a", "-m", "First"]])
def test_the_name_of_a_tag(pushing: Pushing, token: str, options: list[str]) -> None:
    pushing.work.git("tag", *options, f"v-{token}")
    said = pushing.stopped(f"v-{token}")
    steps = [first for first, *_ in Obeying(pushing.work, said, (token,)).steps()]
    shown = f"v-{token[:7]}...{token[-4:]}"
    assert steps[:-1] == [f"Make tag {shown} anew under another name, and delete this one."]
    assert "git branch" not in said
    pushing.work.git("tag", *options, "v1", f"v-{token}^{{}}")
    pushing.work.git("tag", "-d", f"v-{token}")
    pushing.passes("v1")


@pytest.mark.parametrize("name", ["commits", "review"])
def test_a_note(pushing: Pushing, token: str, name: str) -> None:
    """Its history has to go, too; the work tree has nothing to do with it."""
    work, ref = pushing.work, f"refs/notes/{name}"
    first, head = pushing.tip("HEAD~0"), pushing.add("a.txt", "a")
    work.git("notes", f"--ref={name}", "add", "-m", "fine", first)
    work.git("notes", f"--ref={name}", "add", "-m", f"Use {token}", head)
    said = pushing.stopped("main", ref)
    assert f"  note on commit {head[:12]}:1:5 by Ann Author  r8_" in said
    assert "environment variable" not in said
    done = obeyed(pushing, "main", ref, secrets=(token,))
    assert done[0] == f"git notes --ref={ref} edit {head[:12]}"
    assert len(done) == 2
    assert work.git("notes", f"--ref={name}", "show", first).stdout == "fine\n"
    assert work.git("notes", f"--ref={name}", "show", head).stdout == "Use x\n"
    assert pushing.tip() == head


def typed(said: str) -> list[str]:
    """Return the commands that are named, each behind two spaces or on a line of its own."""
    lines = [line.removeprefix("remote: ").strip() for line in said.splitlines()]
    return [line.rpartition("  ")[2] for line in lines if re.search("(^|  )git ", line)]


def test_an_allow_comment_has_to_be_in_the_commit(pushing: Pushing, token: str) -> None:
    pushing.add("a.py", f"KEY = '{token}'\n")
    said = pushing.stopped("main")
    assert "as in step 2 (in a later commit it does not help)" in said
    comment = "  # leakscan: allow[replicate-api-token] revoked"
    pushing.add("a.py", f"KEY = '{token}'{comment}\n")
    pushing.stopped("main")
    pushing.work.git("reset", "-q", "--soft", "HEAD~")
    pushing.work.git("commit", "-a", "-q", "--amend", "--no-edit", "--no-verify")
    pushing.passes("main")


# What only the side that is guarded can tell.


@pytest.mark.parametrize("pushing", ["pre-push"], indirect=True)
def test_no_branch_leads_there(pushing: Pushing, token: str) -> None:
    pushing.work.git("switch", "-q", "--detach")
    pushing.add(".env", token)
    pushing.add("a.txt", "a")
    pushed = pushing.tip()
    pushing.work.git("switch", "-q", "main")
    said = pushing.stopped(f"{pushed}:refs/heads/new")
    assert "push NEW in its place" in said
    assert f"git switch -c NEW {pushed[:12]}" in Obeying(pushing.work, said, (token,)).obey()
    pushing.passes("NEW:refs/heads/new")


@pytest.mark.parametrize("pushing", ["pre-push"], indirect=True)
def test_no_comment_is_asked_for_with_no_suppress(pushing: Pushing, token: str) -> None:
    pushing.add(".env", token)
    assert "No token?" in pushing.stopped("main")
    pushing.guard("pre-push", "--no-suppress")
    assert "No token?" not in pushing.stopped("main")


@pytest.mark.parametrize("pushing", ["pre-push"], indirect=True)
@pytest.mark.parametrize("source", ["mine", "HEAD"])
def test_what_is_pushed_under_another_name(pushing: Pushing, token: str, source: str) -> None:
    """Of branches that lead to the same, the one that is pushed, or the current one."""
    pushing.work.git("switch", "-q", "-c", "mine")
    pushing.add(".env", token)
    pushing.work.git("branch", "a")
    pushing.work.git("branch", "theirs")
    done = obeyed(pushing, f"{source}:refs/heads/theirs", secrets=(token,))
    assert done == ["git commit -a --amend --no-edit"]
    assert pushing.tip("theirs") != pushing.tip("mine")


@pytest.mark.parametrize("pushing", ["pre-push"], indirect=True)
def test_a_pattern_for_what_has_no_line(pushing: Pushing, token: str) -> None:
    pushing.add(f"{token}.txt", "a")
    said = pushing.stopped("main")
    config = said.partition("Then in .leakscan.toml:\n")[2].partition("error:")[0]
    (pushing.work.path / ".leakscan.toml").write_text(config.replace("REASON", "made up"))
    assert "(allowlist: made up)" in " ".join(pushing.passes("main").split())


@pytest.mark.parametrize("pushing", ["pre-receive"], indirect=True)
def test_what_a_server_cannot_be_told(pushing: Pushing, token: str) -> None:
    pushing.add(f"{token}.txt", token)
    said = pushing.stopped("main")
    assert "Allowlists and baselines of the repository do not count on this server" in said
    assert "[[allow]]" not in said
    assert "whoever runs this server may have seen it" in said
