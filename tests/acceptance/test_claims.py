"""What a scan says of a secret it must have grounds for, and must say wherever it is."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from scanning import (
    CLEAN,
    FOUND,
    INCOMPLETE,
    MISUSED,
    command,
    complete,
    environment,
    incomplete,
    scan,
)

from packs import write_loose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitrepo import GitRepo


def test_copies_of_a_file_are_all_placed(repo: GitRepo, token: str) -> None:
    """Git makes deltas of such trees that copy the id of the original."""
    chance = random.Random(1)  # noqa: S311
    for number in range(80):
        repo.write(f"d/file{number:03d}.txt", str(chance.random()))
    repo.write("d/file030x.env", token)
    repo.git("add", ".")
    repo.commit()
    copies = []
    for number in range(6):
        gone = (f"d/file{60 + number * 3 + other:03d}.txt" for other in range(3))
        repo.git("rm", "-q", *gone)
        copies.append(repo.add(f"d/file0{number}5copy.env", token))
    repo.run("repack", "-adfq", "--depth=50", "--window=50")
    places = {place["path"]: place["commit"] for place in complete(repo.path).locations(token)}
    expected = {f"d/file0{number}5copy.env": commit for number, commit in enumerate(copies)}
    assert places == expected | {"d/file030x.env": repo.tip("HEAD~6")}
    last = complete(repo.path, "--range", "HEAD~1..HEAD").locations(token)
    assert [place["path"] for place in last] == ["d/file055copy.env"]


def test_a_name_that_ends_like_an_entry(repo: GitRepo, token: str) -> None:
    repo.add("a", token)
    repo.git("mv", "a", "z 100644 a")
    repo.commit()
    repo.pack()
    places = {p["path"]: p["current"] for p in complete(repo.path).locations(token, "blob")}
    assert places == {"a": False, "z 100644 a": True}


def test_nothing_is_said_to_be_gone_where_a_tree_is_missing(repo: GitRepo, token: str) -> None:
    repo.add("kept/.env", token)
    repo.remove("kept/.env")
    repo.add("lost/file.txt", "x\n")
    assert complete(repo.path).at(token, "blob")["current"] is False
    repo.loose_path(repo.tip("HEAD:lost")).unlink()
    assert incomplete(repo.path).at(token, "blob")["current"] is None


def test_a_missing_blob_casts_no_doubt(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    repo.remove(".env")
    repo.add("lost.txt", "x\n")
    repo.loose_path(repo.tip("HEAD:lost.txt")).unlink()
    (repo.path / "lost.txt").unlink()
    assert incomplete(repo.path).at(token, "blob")["current"] is False


def test_a_text_that_another_of_the_same_id_hides(repo: GitRepo, token: str) -> None:
    commit = repo.add("file.txt", "x\n")
    repo.pack()
    hidden = f"tree {repo.tip('HEAD^{tree}')}\n\nsee {token}\n".encode()
    write_loose(repo.git_dir, commit, zlib.compress(b"commit %d\0%b" % (len(hidden), hidden)))
    place = complete(repo.path).at(token, "commit-message")
    assert place["object"] == commit
    assert place["line"] is None
    assert "same id" in place["note"]


def test_a_bomb_among_the_trees_beside_a_token(repo: GitRepo, token: str) -> None:
    commit = repo.add(".env", token)
    repo.pack()
    size = 80 << 20
    bomb = b"tree %d\0" % size + bytes(size)
    write_loose(repo.git_dir, "ab" * 20, zlib.compress(bomb, 1))
    assert scan(repo.path).at(token, "blob")["commit"] == commit


def test_a_checkout_may_add_rules_but_switch_none_off(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    file = repo.path / ".leakscan.toml"

    def run() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command(repo.path), cwd=repo.path, env=environment(),
                              capture_output=True, check=False)  # fmt: skip

    file.write_text('[rules]\nenable = ["npm-access-token"]\n')
    assert run().returncode == FOUND
    file.write_text("[rules.override.replicate-api-token]\nmax_length = 10\n")
    assert run().returncode == MISUSED


def test_a_broken_repository_in_a_folder_does_not_hide_the_rest(tmp_path: Path, token: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/.git").write_text("gitdir: /nowhere\n")
    (tmp_path / "broken/inside.env").write_text(token)
    (tmp_path / "a.env").write_text(token)
    answer = incomplete(tmp_path)
    assert answer.names("broken", "names no repository")
    assert {place["path"] for place in answer.locations(token)} == {"a.env", "broken/inside.env"}


def test_the_report_does_not_take_the_place_of_what_is_scanned(tmp_path: Path, token: str) -> None:
    file = tmp_path / "leak.env"
    file.write_text(token)
    answer = scan(file, "-o", str(tmp_path / "." / file.name))
    assert (answer.status, file.read_text()) == (MISUSED, token)


@pytest.mark.parametrize("options", [("--range", ""), ("--since", ""), ("--rules", "")])
def test_an_empty_value_is_refused(repo: GitRepo, options: tuple[str, ...]) -> None:
    answer = scan(repo.path, *options)
    assert answer.status == MISUSED
    assert len(answer.stderr.splitlines()) == 1
    assert scan("").status == MISUSED


def test_an_endless_device_is_no_target() -> None:
    answer = scan("/dev/zero", timeout=20)
    assert answer.status not in (CLEAN, FOUND)
    assert "device" in answer.stderr


def test_a_small_clone_is_held_to_its_limits(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    for limit in (("--max-size", "0.000001"), ("--timeout", "0.0001")):
        answer = scan(repo.path.as_uri(), *limit)
        assert not answer.report
        assert limit[0] in answer.stderr


def test_secrets_are_not_echoed(
    repo: GitRepo, new_token: Callable[[], str], tmp_path: Path
) -> None:
    token = new_token()
    repo.add(".env", token)
    repo.git("branch", f"b-{token}")
    for target, *options in (
        [repo.path, "--range", f"b-{token}"],
        [tmp_path / token],
        [repo.path, "--since", token],
        [repo.path, "--rules", token],
        [repo.path, "-o", f"/nowhere/{token}"],
    ):
        done = subprocess.run(command(target, *map(str, options)), env=environment(),
                              capture_output=True, check=False)  # fmt: skip
        assert done.stdout + done.stderr
        assert token.encode() not in done.stdout + done.stderr


def test_the_status_is_kept_where_standard_error_is_closed(tmp_path: Path) -> None:
    (tmp_path / "clean.txt").write_text("nothing\n")
    line = subprocess.list2cmdline(command(tmp_path))
    done = subprocess.run(["sh", "-c", f"{line} 2>&-"], env=environment(), check=False,
                          stdout=subprocess.DEVNULL)  # fmt: skip
    assert done.returncode == CLEAN


def test_a_ref_of_another_hash_length_hides_nothing(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    (repo.git_dir / "refs/heads/a").write_text("ab" * 32)
    (repo.git_dir / "refs/heads/zzz").write_text("cd" * 20)
    answer = incomplete(repo.path)
    assert answer.names("refs/heads/a", "length")
    assert answer.names("cd" * 20, "missing")
    assert answer.secrets == {token}


def test_a_submodule_that_is_not_checked_out_is_read(
    repo: GitRepo, token: str, tmp_path: Path
) -> None:
    inner = repo.clone(tmp_path / "inner")
    inner.add(".env", token)
    inner.remove(".env")
    repo.add("file.txt", "x\n")
    allowed = ("-c", "protocol.file.allow=always")
    repo.run(*allowed, "submodule", "--quiet", "add", inner.path.as_uri(), "sub")
    repo.commit()
    assert len(complete(repo.path).locations(token)) == 1
    repo.git("submodule", "--quiet", "deinit", "-f", "sub")
    place = complete(repo.path).at(token, "blob")
    assert place["repository"].endswith("modules/sub")


@pytest.mark.timeout(30)
def test_a_flood_of_prefixes_takes_no_memory_nor_time(repo: GitRepo, token: str) -> None:
    repo.add("flood.txt", "r8_" * 700_000 + f"\n{token}\n")
    assert token in complete(repo.path).secrets


@pytest.mark.timeout(60)
def test_an_author_made_of_tokens_is_redacted_soon(
    repo: GitRepo, new_token: Callable[[], str]
) -> None:
    tokens = [new_token() for _ in range(800)]
    repo.hash_object(
        "commit", f"tree {'0' * 40}\nauthor {' '.join(tokens)} <a@b> 1 +0000\n\n".encode()
    )
    done = subprocess.run(command(repo.path), env=environment(), capture_output=True, check=False)
    assert not [token for token in tokens if token.encode() in done.stdout]


def test_the_same_place_in_two_repositories_is_two(
    repo: GitRepo, token: str, tmp_path: Path
) -> None:
    repo.add("f", token)
    other = repo.clone(tmp_path / "other")
    other.git("rm", "-q", "f")
    other.git("checkout", "-q", "--orphan", "empty")
    other.forget()
    other.write("f", token)
    places = {place["repository"] for place in complete(tmp_path).locations(token)}
    assert len(places) == 2


@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-"])
def test_an_error_that_cannot_be_told_keeps_its_status(tmp_path: Path, stream: str) -> None:
    line = subprocess.list2cmdline(command(tmp_path / "absent"))
    done = subprocess.run(["sh", "-c", f"{line} {stream}"], env=environment(), check=False)
    assert done.returncode == INCOMPLETE


def test_a_report_that_is_not_whole_is_an_error(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    done = subprocess.run(command(repo.path, "-o", "/dev/full"), env=environment(),
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == INCOMPLETE
    assert b"not whole" in done.stderr


def test_a_date_before_all_dates_of_git_leaves_nothing_out(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    assert scan(repo.path, "--since", "1960-01-01").secrets == {token}


@pytest.mark.timeout(60)
def test_repositories_that_lead_to_one_another(repo: GitRepo, token: str) -> None:
    commit = repo.add(".env", token)
    (repo.git_dir / "modules").mkdir()
    for name in ("a", "b"):
        (repo.git_dir / "modules" / name).symlink_to("../../.git")
        (repo.path / name).symlink_to(".")
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{name}")
    answer = scan(repo.path)
    assert answer.secrets == {token}
    assert answer.report["coverage"]["objects"] < 20


@pytest.mark.parametrize("misuse", [("rules", "list"), ("scan", "--jobs"), ("digests", "build")])
def test_a_misplaced_token_is_not_repeated(token: str, misuse: tuple[str, str]) -> None:
    done = subprocess.run([sys.executable, "-m", "leakscan", *misuse, token], env=environment(),
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == MISUSED
    assert b"Usage: " in done.stderr
    assert token.encode() not in done.stdout + done.stderr


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    program = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "from leakscan.cli import main; main(); os.kill(os.getpid(), signal.SIGHUP); print('here')"
    )
    done = subprocess.run([sys.executable, "-c", program, "--version"], env=environment(),
                          capture_output=True, check=False)  # fmt: skip
    assert done.stdout.endswith(b"here\n")


@pytest.mark.parametrize("group", [(), ("rules",), ("digests",)])
def test_without_a_command_the_help_is_shown_once(group: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-m", "leakscan", *group], env=environment(),
                          capture_output=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr.count(b"Usage: ")) == (MISUSED, 1)
    assert b"\nCommands:\n" in done.stderr
