"""``leakscan pre-receive``, run by the real git on servers of several kinds."""

from __future__ import annotations

import contextlib
import os
import pty
import socketserver
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from pushing import Pushing, running

from gitrepo import GitRepo
from hub.backend import GitServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


COMMIT, TREE = 1, 2
HOOK = "pre-receive"
NONE = "0" * 40


def stored(pushing: Pushing) -> set[str]:
    """List the files of the server's object store."""
    folder = pushing.server.path / "objects"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def remote_lines(said: str) -> list[str]:
    """Return what the developer sees of what the server's hook writes."""
    marked = [line for line in said.splitlines() if line.startswith("remote: ")]
    return [line.removeprefix("remote: ").rstrip() for line in marked]


@pytest.mark.parametrize("unpack_limit", [1, 100], ids=["pack", "loose"])
def test_what_is_refused_leaves_nothing_behind(
    pushing: Pushing, token: str, unpack_limit: int
) -> None:
    pushing.server.git("config", "receive.unpackLimit", str(unpack_limit))
    before = stored(pushing)
    commit = pushing.add("conf/settings.py", f"A = 1\nKEY = '{token}'\n")
    blob = pushing.tip("HEAD:conf/settings.py")
    said = pushing.stopped("main")
    assert token not in said
    assert "main -> main (pre-receive hook declined)" in said
    lines = remote_lines(said)
    assert lines[0] == "This push was refused: it brings 1 token."
    assert f"  conf/settings.py:2:8 in commit {commit[:12]} by Ann Author" in lines
    assert any(line.startswith(f"      {token[:6]}") for line in lines)
    assert any("git commit -a --amend" in line for line in lines)
    assert any("environment variable" in line for line in lines)
    assert stored(pushing) == before
    assert not pushing.has(commit)
    assert not pushing.has(blob)
    (pushing.work.path / "conf/settings.py").write_text("KEY = environ['KEY']\n")
    pushing.work.git("commit", "-q", "-a", "--amend", "--no-edit")
    assert pushing.passes("main") == ""
    assert pushing.has(pushing.tip())
    assert not pushing.has(blob)


def test_an_earlier_commit_is_to_be_edited(pushing: Pushing, token: str) -> None:
    commit = pushing.add(".env", token)
    pushing.add("b.txt", "b")
    lines = [line.strip() for line in remote_lines(pushing.stopped("main"))]
    assert any("of branch main (stash other changes first):" in line for line in lines)
    assert f"start:  git rebase -i {commit[:12]}^" in lines


def test_one_bad_ref_has_all_refused(pushing: Pushing, token: str) -> None:
    pushing.work.git("branch", "good")
    pushing.add(".env", token)
    for options in ((), ("--atomic",)):
        said = pushing.stopped(*options, "good", "main")
        assert "refused as a whole" in said
        assert said.count("(pre-receive hook declined)") == 2
    assert pushing.passes("good") == ""


def test_what_any_ref_leads_to_is_there_already(
    pushing: Pushing, new_token: Callable[[], str]
) -> None:
    """Hidden ones, too: whoever brings the same again adds nothing."""
    old, new = new_token(), new_token()
    pushing.server.git("config", "transfer.hideRefs", "refs/hidden")
    (pushing.server.hooks / "pre-receive").rename(pushing.server.path / "hook")
    pushing.add(".env", f"{old}\n")
    pushing.passes("main:topic")
    pushing.server.git("update-ref", "refs/hidden/topic", "topic")
    pushing.passes(":topic")
    (pushing.server.path / "hook").rename(pushing.server.hooks / "pre-receive")
    assert pushing.passes("main") == ""
    pushing.add(".env", f"A = 1\n{old}\n")
    line, more = remote_lines(pushing.passes("main"))
    assert line.startswith("leakscan: known ")
    assert line.endswith("(on this server already)")
    assert "known tokens stop nothing" in more
    assert old not in line
    pushing.add("new.env", new)
    assert "1 token" in pushing.stopped("main")


def test_tags_messages_and_names(pushing: Pushing, new_token: Callable[[], str]) -> None:
    message, tag, ref = new_token(), new_token(), new_token()
    pushing.add("a.txt", "a", f"Use {message}")
    pushing.work.git("tag", "-a", "-m", tag, "v1")
    said = pushing.stopped("main", "v1", f"main:refs/heads/{ref}")
    assert "3 tokens" in said
    assert not any(secret in said for secret in (message, tag))
    assert all(ref not in line for line in remote_lines(said))  # git itself tells what was pushed


def test_what_is_allowed_is_counted(pushing: Pushing, token: str) -> None:
    pushing.add("a.py", f"KEY = '{token}'  # leakscan: allow[replicate-api-token]\n")
    said = " ".join(" ".join(remote_lines(pushing.stopped("main"))).split())
    assert "gives no reason" in " ".join(said.split())
    pushing.add("a.py", f"KEY = '{token}'  # leakscan: allow[replicate-api-token] a sample\n")
    pushing.work.git("reset", "-q", "--soft", "HEAD~2")
    pushing.work.git("commit", "-q", "-m", "Both")
    [line] = remote_lines(pushing.passes("main"))
    assert line.startswith("leakscan: suppressed r8_")
    assert line.endswith("(inline: a sample)")


ALLOW_ALL = "[[allow]]\nreason = 'samples'\npaths = ['**']\n"


def test_a_checkout_on_the_server_has_no_say(pushing: Pushing, token: str) -> None:
    """Whoever may push would decide what may be pushed."""
    folder = pushing.server.path.parent / "live"
    live = Pushing(pushing.work, pushing.work.another(folder))
    live.server.git("config", "receive.denyCurrentBranch", "updateInstead")
    live.guard("pre-receive")
    pushing.add(".leakscan.toml", ALLOW_ALL)
    live.passes("main", to=folder)
    assert (folder / ".leakscan.toml").read_text() == ALLOW_ALL
    pushing.add(".env", token)
    assert "1 token" in live.stopped("main", to=folder)


def test_a_checkout_around_the_server_has_no_say(pushing: Pushing, token: str) -> None:
    around = pushing.work.another(pushing.server.path.parent)
    (around.path / ".leakscan.toml").write_text(ALLOW_ALL)
    pushing.add(".env", token)
    assert "1 token" in pushing.stopped("main")


def test_the_server_itself_has(pushing: Pushing, token: str) -> None:
    config = pushing.server.home / ".config/leakscan/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(ALLOW_ALL)
    pushing.add(".env", token)
    assert "(allowlist: samples)" in pushing.passes("main")


def test_deleting_and_forcing(pushing: Pushing, token: str) -> None:
    pushing.add("a.txt", "a")
    pushing.passes("main:topic")
    pushing.work.git("reset", "-q", "--hard", "HEAD~")
    pushing.add("b.txt", "b")
    assert pushing.passes("--force", "main:topic") == ""
    pushing.add(".env", token)
    pushing.stopped("--force", "main:topic")
    assert pushing.passes("--delete", "topic") == ""


def test_the_first_push_to_a_new_server(pushing: Pushing, token: str) -> None:
    new = pushing.work.another(pushing.server.path.parent / "new.git", "--bare")
    new.hook("pre-receive", running("pre-receive"))
    pushing.add(".env", token)
    pushing.add(".env", "clean")
    there = Pushing(pushing.work, new)
    assert "1 token" in there.stopped("--mirror", to=new.path)
    assert "1 token" in there.stopped("--all", to=new.path)
    assert there.passes("HEAD~2:refs/heads/main", to=new.path) == ""


def test_a_bare_environment(pushing: Pushing, token: str) -> None:
    """As a server has it that was started by init: no home, and hardly any variable."""
    program = "--receive-pack=env -i PATH=/usr/bin:/bin git-receive-pack"
    pushing.add("a.txt", "a")
    pushing.passes(program, "main")
    pushing.add(".env", token)
    said = pushing.stopped(program, "main")
    assert remote_lines(said)[0].startswith("This push was refused")


def test_objects_that_git_checks_first(pushing: Pushing, token: str) -> None:
    pushing.server.git("config", "receive.fsckObjects", "true")
    pushing.add("a.txt", "a")
    assert pushing.passes("main") == ""
    pushing.add(".env", token)
    assert "1 token" in pushing.stopped("main")


def test_a_push_by_http(pushing: Pushing, tmp_path: Path, token: str) -> None:
    with GitServer(tmp_path, settings={"http.receivepack": "true"}) as server:
        url = f"{server.url}/server.git"
        pushing.add("a.txt", "a")
        pushing.passes("main", to=url)
        pushing.add(".env", token)
        said = pushing.stopped("main", to=url)
        assert remote_lines(said)[0].startswith("This push was refused")


@contextlib.contextmanager
def git_daemon(pushing: Pushing) -> Iterator[str]:
    """Serve by git's own protocol, as inetd starts it: so the port is there from the beginning."""
    root = pushing.server.path.parent
    command = ["git", "daemon", "--inetd", "--export-all", "--enable=receive-pack"]
    command += [f"--base-path={root}", str(root)]

    class Daemon(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            subprocess.run(
                command,
                check=False,
                env=pushing.work.environment,
                stdin=self.request,
                stdout=self.request,
                stderr=subprocess.DEVNULL,
            )

    with socketserver.TCPServer(("127.0.0.1", 0), Daemon) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"git://127.0.0.1:{server.server_address[1]}/server.git"
        finally:
            server.shutdown()
            thread.join()


def test_a_push_to_a_daemon(pushing: Pushing, token: str) -> None:
    with git_daemon(pushing) as url:
        pushing.add("a.txt", "a")
        pushing.passes("main", to=url)
        pushing.add(".env", token)
        assert "1 token" in pushing.stopped("main", to=url)


def test_many_objects(pushing: Pushing, token: str) -> None:
    """Twenty thousand take seconds, not minutes."""
    blobs = [f"blob\nmark :{n}\ndata <<X\ncontent {n}\nX\n" for n in range(1, 20_000)]
    blobs.append(f"blob\nmark :20000\ndata <<X\n{token}\nX\n")
    files = [f"M 644 :{n} {n % 100}/{n}\n" for n in range(1, 20_001)]
    head = "commit refs/heads/many\ncommitter A <a> 1 +0000\ndata 1\nx\nfrom refs/heads/main\n"
    told = "".join([*blobs, head, *files]).encode()
    GitRepo(pushing.work.path).run("fast-import", "--quiet", stdin=told)
    started = time.monotonic()
    said = pushing.stopped("many")
    assert time.monotonic() - started < 30
    assert f"{20_000 % 100}/20000:1:1 in commit" in said


def test_a_large_blob(pushing: Pushing, token: str) -> None:
    """It is searched in pieces; the token lies across the border of two."""
    border = 16 << 20
    content = b"\n" * (border - 20) + token.encode() + b"\n" * border
    repo = GitRepo(pushing.work.path)
    repo.stage("large.bin", content)
    repo.commit()
    assert f"large.bin:{border - 19}:1 in commit" in pushing.stopped("main")


# What cannot be read.


def test_a_server_that_is_damaged_takes_nothing(pushing: Pushing) -> None:
    (pushing.server.path / "refs/heads/broken").write_text("12" * 20 + "\n")
    pushing.add("a.txt", "a")
    lines = remote_lines(pushing.stopped("main"))
    assert any("leakscan: git cannot tell what is pushed" in line for line in lines)
    assert any("git fsck" in line for line in lines)


def test_what_git_never_says(pushing: Pushing) -> None:
    work = pushing.server
    for told in (b"x\n", b"a b c\n"):
        done = work.commands.run(["pre-receive"], stdin=told, env=work.environment, cwd=work.path)
        assert done.returncode == 2
        assert b"is not what git tells a pre-receive hook" in done.stderr


def test_no_git(pushing: Pushing) -> None:
    work, line = pushing.server, f"{NONE} {pushing.tip()} refs/heads/x\n".encode()
    env = work.environment | {"PATH": "/nonexistent"}
    done = work.commands.run(["pre-receive"], stdin=line, env=env, cwd=work.path)
    assert done.returncode == 3
    assert b"the git program was not found" in done.stderr


@pytest.mark.parametrize("content", ["[rules", "[[allow]]\nreason = 'x'\npatterns = ['(']\n"])
def test_a_wrong_configuration_is_not_told_whoever_pushes(pushing: Pushing, content: str) -> None:
    """Nobody but who runs the server can mend it, nor needs to know where it is."""
    config = pushing.server.home / ".config/leakscan/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(content)
    pushing.add("a.txt", "a")
    said = pushing.stopped("main")
    assert remote_lines(said) == [
        "leakscan: the server's leakscan cannot read its configuration: tell who runs it"
    ]


def test_who_runs_the_server_is_told_what_is_wrong(pushing: Pushing) -> None:
    config = pushing.server.home / ".config/leakscan/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[rules")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "wb") as terminal:
        done = subprocess.run(
            (sys.executable, "-I", "-m", "leakscan", "pre-receive"),
            cwd=pushing.server.path,
            env=pushing.server.environment,
            stdin=subprocess.DEVNULL,
            stderr=terminal,
            check=False,
        )
    with os.fdopen(ours, "rb") as shown:
        said = shown.read1().decode()
    assert (done.returncode, str(config) in said) == (2, True), said
