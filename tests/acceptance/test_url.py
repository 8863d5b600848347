"""A scan of a URL reads what git's own protocol brings, and finds what a scan of a clone does."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from scanning import CLEAN, FOUND, INCOMPLETE, JSON, MISUSED, Scan, environment, scan

from gitrepo import GitRepo
from hub.backend import GitFault, GitServer, pkt
from packs import BLOB, REF_DELTA, copy_all, entry, object_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=[2, 0], ids=["v2", "v0"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitServer]:
    """Serve what lies in a folder."""
    (tmp_path / "served").mkdir()
    with GitServer(tmp_path / "served", v0_only=request.param == 0) as running:
        yield running


def served(server: GitServer, repo: GitRepo, name: str = "app.git") -> str:
    repo.git("clone", "-q", "--mirror", "--no-local", str(repo.path), str(server.root / name))
    return f"{server.url}/{name}"


def places(answer: Scan) -> list[dict[str, Any]]:
    """List all locations, without the name of what was scanned."""
    found = [
        {**location, "repository": "", "secret": finding["secret"]}
        for finding in answer.report["findings"]
        for location in finding["locations"]
    ]
    return sorted(found, key=repr)


def test_a_url_gives_what_a_clone_gives(server: GitServer, tmp_path: Path) -> None:
    made = tmp_path / "sample"
    subprocess.run(
        [sys.executable, "-m", "leakscan", "sample", str(made)],
        env=environment(), check=True, capture_output=True,
    )  # fmt: skip
    url = served(server, GitRepo(made))
    clone = scan(server.root / "app.git")
    answer = scan(url)
    assert answer.status == clone.status == FOUND
    kinds = {"git-file", "reflog"}  # of the clone itself
    assert places(answer) == [place for place in places(clone) if place["kind"] not in kinds]
    assert answer.report["coverage"]["complete"]
    assert answer.report["coverage"]["objects"] == clone.report["coverage"]["objects"]
    assert len(server.posts) == 2  # the refs, the pack


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_a_clean_repository_is_read_without_git_and_without_a_file(
    server: GitServer, tmp_path: Path, form: str
) -> None:
    repo = GitRepo.init(tmp_path / "r", f"--object-format={form}")
    for number in range(30):
        repo.add("grows.txt", "".join(f"line {n}\n" for n in range(number * 3)))
    repo.git("tag", "-a", "-m", "First", "v1")
    repo.git("repack", "-adfq", "--depth=20")
    url = served(server, repo)
    watched, bare = tmp_path / "temporary", tmp_path / "bin"
    watched.mkdir(mode=0o500)  # nothing can be put there
    bare.mkdir()
    answer = scan(url, TMPDIR=str(watched), PATH=str(bare))
    assert answer.status == CLEAN, answer.stderr
    assert answer.report["coverage"]["objects"] == 91


def test_deltas_are_searched_too(server: GitServer, tmp_path: Path, token: str) -> None:
    """The token stands in a version that is stored as a delta, and in no other object."""
    repo = GitRepo.init(tmp_path / "r")
    lines = "".join(f"line {number * 7919}\n" for number in range(300))
    repo.add("app.env", lines)
    commit = repo.add("app.env", f"{lines}KEY={token}\n")
    repo.add("app.env", f"{lines}nothing\nany more\n")
    repo.git("repack", "-adfq", "--depth=20")
    answer = scan(served(server, repo))
    assert answer.status == FOUND, answer.stderr
    place = answer.at(token, "blob")
    assert (place["commit"], place["path"], place["line"]) == (commit, "app.env", 301)
    assert answer.report["coverage"]["complete"]


def test_names_of_refs_are_searched(server: GitServer, repo: GitRepo, token: str) -> None:
    repo.add("a", "a")
    repo.git("branch", f"key-{token}")
    answer = scan(served(server, repo))
    assert answer.at(token, "ref-name")["path"] == f"refs/heads/key-{token}"


@pytest.mark.parametrize("commits", [0, 1])
def test_the_branch_that_is_to_be_born_is_searched(
    tmp_path: Path, token: str, commits: int
) -> None:
    """HEAD names a branch that is not there; protocol version 0 does not say which."""
    repo = GitRepo.init(tmp_path / "r")
    for _ in range(commits):
        repo.add("a", "a")
    (tmp_path / "served").mkdir()
    with GitServer(tmp_path / "served") as server:
        url = served(server, repo)
        GitRepo(server.root / "app.git").git("symbolic-ref", "HEAD", f"refs/heads/{token}")
        answer = scan(url)
    assert answer.status == FOUND
    assert answer.at(token, "ref-name")["path"] == "HEAD"


def test_an_empty_repository_is_clean(server: GitServer) -> None:
    GitRepo.init(server.root / "app.git", "--bare")
    answer = scan(f"{server.url}/app.git")
    assert (answer.status, answer.report["coverage"]["objects"]) == (CLEAN, 0)


def test_a_detached_head_is_followed(server: GitServer, repo: GitRepo, token: str) -> None:
    repo.add("a", "a")
    commit = repo.add(".env", token)
    repo.git("checkout", "-q", "--detach")
    repo.git("branch", "-f", "main", "HEAD^")
    copy = repo.clone(server.root / "app.git", "--mirror")
    copy.git("update-ref", "--no-deref", "HEAD", commit)
    place = scan(f"{server.url}/app.git").at(token, "blob")
    assert (place["commit"], place["current"]) == (commit, True)


def test_a_part_of_the_commits(server: GitServer, repo: GitRepo, token: str) -> None:
    first = repo.add(".env", token)
    repo.add("b", "b")
    url = served(server, repo)
    assert scan(url, "--range", f"{first}..main").status == CLEAN
    assert scan(url, "--range", first).secrets == {token}
    wrong = scan(url, "--range", "absent..main")
    assert (wrong.status, wrong.stdout) == (MISUSED, "")
    assert scan(url, "--since", "1.day").status in (CLEAN, FOUND)


def scan_of(repo: GitRepo, pack: bytes, folder: Path) -> Scan:
    """Scan a repository whose server sends another pack than it should."""
    with GitServer(folder / "served") as server:
        url = served(server, repo)
        body = pkt("packfile\n") + pkt(b"\1" + pack) + b"0000"
        server.faults += [GitFault("POST", times=1, delay=0.01), GitFault.result(body)]
        return scan(url)


def test_a_tip_that_does_not_arrive_is_missed(repo: GitRepo, tmp_path: Path) -> None:
    """A server that leaves out what it names is not called complete."""
    old = repo.add("a", "a")
    tip = repo.add("b", "b")
    pack = repo.run("pack-objects", "--stdout", "--revs", "-q", stdin=old.encode() + b"\n")
    answer = scan_of(repo, pack, tmp_path)
    assert answer.status == INCOMPLETE
    assert answer.names(tip, "refs/heads/main")


def test_a_blob_that_does_not_arrive_is_missed(repo: GitRepo, tmp_path: Path) -> None:
    tip = repo.add("b", "b")
    lost = repo.git("rev-parse", f"{tip}:b")
    kept = repo.git("rev-parse", tip, f"{tip}^{{tree}}")
    pack = repo.run("pack-objects", "--stdout", "-q", stdin=kept.encode() + b"\n")
    answer = scan_of(repo, pack, tmp_path)
    assert answer.status == INCOMPLETE
    assert answer.names(lost, "missing")


def test_what_was_found_in_a_pack_that_cannot_be_indexed_is_told(
    repo: GitRepo, tmp_path: Path, token: str
) -> None:
    repo.add("b", "b")
    lost = entry(REF_DELTA, copy_all(10, b"x"), base=bytes(19) + b"\1")
    pack = b"PACK" + struct.pack(">II", 2, 2) + entry(BLOB, token.encode()) + lost
    pack += hashlib.sha1(pack, usedforsecurity=False).digest()
    answer = scan_of(repo, pack, tmp_path)
    assert answer.status == INCOMPLETE
    assert answer.at(token, "blob")["object"] == object_id("blob", token.encode())


def test_a_pack_that_is_cut_short_is_tried_again(
    server: GitServer, repo: GitRepo, token: str
) -> None:
    repo.add(".env", token)
    url = served(server, repo)
    server.faults.append(GitFault("upload-pack$|upload-pack\\?$", times=1, cut_after=100))
    answer = scan(url)
    assert (answer.status, answer.secrets) == (FOUND, {token}), answer.stderr


def test_a_server_that_always_breaks_off_is_told_of_in_one_line(
    server: GitServer, repo: GitRepo, tmp_path: Path
) -> None:
    repo.add("a", "a" * 5000)
    url = served(server, repo)
    watched = tmp_path / "temporary"
    watched.mkdir()
    server.faults.append(GitFault("POST", cut_after=150))
    answer = scan(url, TMPDIR=str(watched))
    assert (answer.status, answer.stdout) == (INCOMPLETE, "")
    assert len(answer.stderr.splitlines()) == 1
    assert list(watched.iterdir()) == []


def test_a_repository_over_the_limit_is_not_read(server: GitServer, repo: GitRepo) -> None:
    repo.add("a", "a" * 5000)
    answer = scan(served(server, repo), "--max-size", "0.0000001")
    assert answer.status == INCOMPLETE
    assert "--max-size" in answer.stderr


def test_bases_that_are_named_by_id_are_left_to_git(
    server: GitServer, tmp_path: Path, token: str
) -> None:
    """Some servers send deltas that name their bases by id; those of git do if it is told so."""
    repo = GitRepo.init(tmp_path / "r")
    lines = "".join(f"line {number * 7919}\n" for number in range(300))
    repo.add("app.env", lines)
    repo.add("app.env", f"{lines}KEY={token}\n")
    repo.add("app.env", f"{lines}nothing\nany more\n")
    repo.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=20")
    url = served(server, repo)
    assert scan(url).secrets == {token}


def test_what_the_user_told_git_about_servers_counts(
    server: GitServer, repo: GitRepo, tmp_path: Path, token: str
) -> None:
    """An address that the user's configuration replaces is git's to understand."""
    repo.add(".env", token)
    url = served(server, repo)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[url "{url}"]\n\tinsteadOf = https://short.invalid/app\n')
    done = subprocess.run(
        [sys.executable, "-m", "leakscan", "scan", *JSON, "https://short.invalid/app"],
        env=environment(HOME=str(home)), capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, token in done.stdout.decode()) == (FOUND, True), done.stderr
