"""The guard where something is wrong: it says what in one line, and lets nothing pass unread."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from committing import BLOCKED, MISUSED, PASSED, UNREAD, Answer, Guard
from gitrepo import GitRepo
from leakscan.sources.objects import MOST_DAMAGED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LEAKSCAN = [sys.executable, "-m", "leakscan"]
LONG_WAY = "--color=never"


def run(
    guard: Guard, command: Sequence[str], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in the repository."""
    return subprocess.run(
        command,
        cwd=guard.repo.path,
        env=guard.environment if env is None else env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )


def one_line(answer: Answer, status: int, *words: str) -> None:
    """Check that an answer is one line, with these words in it."""
    assert answer.status == status, (answer.text, answer.errors)
    assert not answer.text
    assert len(answer.errors.splitlines()) == 1
    assert all(word in answer.errors for word in words), answer.errors


def test_no_repository(guard: Guard, tmp_path: Path) -> None:
    one_line(guard(cwd=tmp_path), UNREAD, "this is no git repository", "run it inside of one")


def test_no_git(guard: Guard) -> None:
    one_line(guard(env={"PATH": "/nowhere"}), UNREAD, "git program was not found", "install git")


def test_a_bare_repository_has_nothing_staged(guard: Guard, tmp_path: Path) -> None:
    GitRepo.init(tmp_path / "bare.git", "--bare")
    guard.passes(cwd=tmp_path / "bare.git")


def test_an_index_that_is_locked_can_be_read(guard: Guard, token: str) -> None:
    (guard.repo.git_dir / "index.lock").touch()
    guard.passes()
    (guard.repo.git_dir / "index.lock").unlink()
    guard.repo.stage("a.env", token)
    (guard.repo.git_dir / "index.lock").touch()
    guard.blocks("a.env:1:1")


@pytest.mark.parametrize("content", [b"DIRC", b"garbage that is no index at all"])
def test_an_index_that_is_corrupt(guard: Guard, content: bytes) -> None:
    (guard.repo.git_dir / "index").write_bytes(content)
    one_line(guard(), UNREAD, "git cannot tell what is staged", "git status")


def test_an_index_that_is_cut_short(guard: Guard) -> None:
    index = guard.repo.git_dir / "index"
    index.write_bytes(index.read_bytes()[:40])
    answer = guard()
    assert answer.status == UNREAD
    assert answer.unread == [f"object {'0' * 40}"]  # which is what git makes of it


def head_is_garbage(repo: GitRepo) -> None:
    (repo.git_dir / "HEAD").write_text("garbage\n")


def head_is_missing(repo: GitRepo) -> None:
    (repo.git_dir / "HEAD").write_text("1" * 40 + "\n")


def branch_is_missing(repo: GitRepo) -> None:
    (repo.git_dir / "refs/heads/main").write_text("1" * 40 + "\n")


def tree_is_missing(repo: GitRepo) -> None:
    repo.loose_path(repo.tip("HEAD^{tree}")).unlink()
    repo.stage("new.txt", "nothing\n")


@pytest.mark.parametrize("damage", [head_is_garbage, tree_is_missing])
def test_a_head_that_is_broken(guard: Guard, damage: Callable[[GitRepo], None]) -> None:
    damage(guard.repo)
    one_line(guard(), UNREAD, "git")


@pytest.mark.parametrize("damage", [head_is_missing, branch_is_missing])
def test_without_the_commit_of_head_all_is_new(
    guard: Guard, token: str, damage: Callable[[GitRepo], None]
) -> None:
    guard.repo.add("a.env", token)
    damage(guard.repo)
    guard.blocks("a.env:1:1")


@pytest.mark.parametrize("content", [b"1" * 40 + b"\n", b"garbage\xff\n", None])
def test_a_merge_that_is_broken(guard: Guard, token: str, content: bytes | None) -> None:
    guard.repo.stage("a.env", token)
    merging = guard.repo.git_dir / "MERGE_HEAD"
    merging.mkdir() if content is None else merging.write_bytes(content)
    one_line(guard(), UNREAD, "git status")


def damaged(repo: GitRepo, name: str, damage: Callable[[bytes], bytes] | None) -> None:
    """Stage a file, then damage its object, or remove it."""
    repo.stage(name, f"nothing in {name}\n")
    path = repo.loose_path(repo.git("hash-object", name))
    if damage is None:
        path.unlink()
        return
    path.chmod(0o644)
    path.write_bytes(damage(path.read_bytes()))


DAMAGES: dict[str, Callable[[bytes], bytes] | None] = {
    "missing": None,
    "empty": lambda _packed: b"",
    "cut": lambda packed: packed[:12],
    "garbage": lambda packed: b"garbage" + packed,
    "flipped": lambda packed: packed[:-6] + bytes([packed[-6] ^ 255]) + packed[-5:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_staged_object_that_cannot_be_read(guard: Guard, damage: str) -> None:
    damaged(guard.repo, "a.txt", DAMAGES[damage])
    answer = guard()
    assert answer.status == UNREAD
    assert answer.unread == ["a.txt"]
    assert not answer.errors
    assert "a.txt: " in answer.text
    assert "--no-verify" in answer.text


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_lies_beside_it_is_read_all_the_same(guard: Guard, token: str, damage: str) -> None:
    for name in "abc":
        guard.repo.stage(f"{name}.txt", f"{name}\nKEY={token}\n")
        damaged(guard.repo, f"{name}.bad", DAMAGES[damage])
    answer = guard()
    assert answer.status == UNREAD
    assert answer.places == ["a.txt:2:5", "b.txt:2:5", "c.txt:2:5"]
    assert answer.unread == ["a.bad", "b.bad", "c.bad"]
    assert "it would add 1 token, and not all of it could be read" in answer.text


@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_very_many_that_cannot_be_read(guard: Guard, damage: str) -> None:
    """At one that is cut git ends, and has to be started anew: not for all of them."""
    names = [f"{number:02}.txt" for number in range(60)]
    for name in names:
        damaged(guard.repo, name, DAMAGES[damage])
    answer = guard()
    assert answer.status == UNREAD
    assert len(answer.text.splitlines()) < 30
    told = MOST_DAMAGED + 1
    given_up = [*names[:told], f"{60 - told} more objects"]
    assert answer.unread == (given_up if damage == "cut" else names)


def test_a_damaged_file_in_head_hides_nothing(guard: Guard, token: str) -> None:
    guard.repo.add("a.env", f"KEY={token}\n")
    path = guard.repo.loose_path(guard.repo.git("hash-object", "a.env"))
    guard.repo.stage("a.env", f"edited\nKEY={token}\n")
    path.unlink()
    guard.blocks("a.env:2:5")


LARGE = 300_000_000


def test_a_large_file_streams(guard: Guard, token: str) -> None:
    path = guard.repo.path / "large.bin"
    with path.open("wb") as file:
        file.truncate(LARGE)
        file.seek(LARGE)
        file.write(b"\n" + token.encode())
    guard.repo.git("-c", "core.bigFileThreshold=1m", "-c", "core.compression=1", "add", "large.bin")
    path.unlink()
    # A new process is as large as the one that starts it, at first: so a small one does.
    program = (
        "import resource, subprocess, sys\n"
        "print(subprocess.call(sys.argv[1:], stdout=sys.stderr))\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = run(guard, [sys.executable, "-c", program, *LEAKSCAN, "pre-commit"])
    status, kilobytes = map(int, done.stdout.split())
    assert status == BLOCKED
    assert "large.bin:2:1" in done.stderr
    assert kilobytes * 1024 < LARGE / 2  # of git, too


def test_a_bare_environment(guard: Guard, token: str) -> None:
    bare = {"PATH": "/usr/bin:/bin"}
    done = run(guard, [*LEAKSCAN, "pre-commit", LONG_WAY], bare)
    assert (done.returncode, done.stdout, done.stderr) == (PASSED, "", "")
    guard.repo.stage("é.env", token)
    done = run(guard, [*LEAKSCAN, "pre-commit"], bare)
    assert (done.returncode, done.stderr) == (BLOCKED, "")
    assert "é.env:1:1" in done.stdout


@pytest.mark.parametrize("home", ["/dev/null/home", "/proc/1/no home", ""])
def test_a_home_that_is_none(guard: Guard, token: str, home: str) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    answer = guard(env={"HOME": home})
    assert (answer.status, answer.text, answer.errors) == (PASSED, "", "")
    guard.repo.stage("a.env", token)
    answer = guard(env={"HOME": home})
    assert (answer.status, answer.places, answer.errors) == (BLOCKED, ["a.env:1:1"], "")


CLOSED = [
    "".join(streams)
    for n in (1, 2, 3)
    for streams in itertools.combinations((" <&-", " >&-", " 2>&-"), n)
]


@pytest.mark.parametrize("closed", CLOSED)
def test_streams_that_are_closed(guard: Guard, token: str, closed: str) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    command = ["sh", "-c", f'exec "$@"{closed}', "sh", *LEAKSCAN, "pre-commit"]
    assert run(guard, command).returncode == PASSED
    assert run(guard, [*command, LONG_WAY]).returncode == PASSED
    guard.repo.stage("a.env", token)
    done = run(guard, command)
    assert done.returncode == BLOCKED
    assert ("a.env:1:1" in done.stdout) is (">&-" not in closed.split(" "))


def test_output_that_cannot_be_written(guard: Guard, token: str) -> None:
    guard.repo.stage("a.env", token)
    done = run(guard, ["sh", "-c", 'exec "$@" >/dev/full', "sh", *LEAKSCAN, "pre-commit"])
    assert done.returncode == UNREAD
    assert len(done.stderr.splitlines()) == 1


def test_no_room_for_temporary_files(guard: Guard, token: str) -> None:
    guard.repo.stage("a.env", token)
    full = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *LEAKSCAN, "pre-commit"]
    done = run(guard, full)
    assert (done.returncode, done.stderr) == (UNREAD, "")
    assert "a.env: cannot write a temporary file" in done.stdout
    assert "TMPDIR" in done.stdout


WRONG = {
    "no TOML": "rules = [",
    "misspelled": "[rulez]\n",
    "a table that it must not have": '[disable]\nurl = "https://example.com"\nrules = 1\n',
    "no such rule": '[rules]\nenable = ["no-such-rule"]\n',
    "no reason": '[[allow]]\npaths = ["*"]\nrule = "replicate-api-token"\n',
    "a rule that is none": '[[allow]]\nreason = "x"\npaths = ["*"]\nrule = "replicate"\n',
    "repetitions": '[[allow]]\nreason = "x"\nrule = "replicate-api-token"\n'
    'patterns = ["(?:(?:a{1000}){1000}){1000}"]\n',
    "digits": "rules = " + "9" * 5000,
    "not UTF-8": "rules = \udcff",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("command", ["pre-commit", "commit-msg"])
def test_a_configuration_that_is_wrong(guard: Guard, text: str, command: str) -> None:
    guard.repo.write(".leakscan.toml", os.fsencode(text))
    arguments = ["README.md"] if command == "commit-msg" else []
    one_line(guard(command, *arguments), MISUSED)


def test_a_wrong_configuration_is_told_before_a_token_passes(guard: Guard, token: str) -> None:
    guard.repo.write(".leakscan.toml", "[wrong]\n")
    guard.repo.stage("a.env", token)
    one_line(guard(), MISUSED, ".leakscan.toml", "wrong")


def test_a_configuration_that_is_named_and_missing(guard: Guard) -> None:
    one_line(guard(env={"LEAKSCAN_CONFIG": "no such file"}), MISUSED, "no such file")


def test_options_that_are_wrong(guard: Guard) -> None:
    for arguments in (["--nonsense"], ["--rules", "no-such-rule"], ["argument"], ["-f", "html"]):
        done = run(guard, [*LEAKSCAN, "pre-commit", *arguments])
        assert done.returncode == MISUSED
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [[], [LONG_WAY]])
def test_interrupted(guard: Guard, options: list[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config")
    process = subprocess.Popen(
        [*LEAKSCAN, "pre-commit", *options],
        cwd=guard.repo.path,
        env=guard.environment | {"GIT_CONFIG_GLOBAL": str(tmp_path / "config")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    with (tmp_path / "config").open("wb"):  # returns when git has opened it, and waits
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT)  # to a shell they are the same
    assert not stdout
    assert stderr.strip() in ("", "leakscan: interrupted before the end")


def test_the_folder_is_gone(guard: Guard) -> None:
    gone = guard.repo.path / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'cd gone && rmdir ../gone && exec "$@"', "sh", *LEAKSCAN, "pre-commit"]
    done = run(guard, command)
    assert done.returncode == UNREAD
    assert "Traceback" not in done.stderr
    shutil.rmtree(gone, ignore_errors=True)
