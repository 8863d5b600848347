"""Objects are found wherever and however git keeps them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from scanning import complete, incomplete

from gitrepo import GitRepo

if TYPE_CHECKING:
    from pathlib import Path


def test_objects_of_an_alternate(repo: GitRepo, tmp_path: Path, store, token: str) -> None:
    commit = repo.add(".env", token)
    store(repo)
    borrower = repo.clone(tmp_path / "borrower", "--shared")
    assert not borrower.packs()
    place = complete(borrower.path).at(token, "blob")
    assert (place["commit"], place["path"]) == (commit, ".env")


def test_objects_of_an_alternate_of_an_alternate(repo: GitRepo, tmp_path: Path, token: str) -> None:
    repo.add(".env", token)
    first = repo.clone(tmp_path / "first", "--shared", "--bare")
    second = first.clone(tmp_path / "second", "--shared", "--bare")
    assert complete(second.path).at(token, "blob")["path"] == ".env"


def test_sha256_repository(tmp_path: Path, store, new_token) -> None:
    first, second = new_token(), new_token()
    repo = GitRepo.init(tmp_path / "sha256", "--object-format=sha256")
    commit = repo.add("a.txt", f"x\n{first}\n")
    for number in range(20):
        repo.add("big.txt", "".join(f"line {n}\n" for n in range(500 + number)))
    last = repo.add("big.txt", "".join(f"line {n}\n" for n in range(510)) + second)
    store(repo)
    answer = complete(repo.path)
    assert len(commit) == 64
    assert answer.at(first, "blob")["commit"] == commit
    place = answer.at(second, "blob")
    assert (place["commit"], place["line"], place["path"]) == (last, 511, "big.txt")


def test_bare_repository(repo: GitRepo, tmp_path: Path, token: str) -> None:
    commit = repo.add(".env", token)
    bare = repo.clone(tmp_path / "bare.git", "--bare")
    place = complete(bare.path).at(token, "blob")
    assert (place["commit"], place["path"], place["current"]) == (commit, ".env", True)


def test_git_directory_itself(repo: GitRepo, token: str) -> None:
    commit = repo.add(".env", token)
    assert complete(repo.path / ".git").at(token, "blob")["commit"] == commit


def test_shallow_clone_finds_what_is_there_and_says_what_is_not(
    repo: GitRepo, tmp_path: Path, new_token
) -> None:
    old, current = new_token(), new_token()
    repo.add("old.txt", old)
    repo.remove("old.txt")
    commit = repo.add("new.txt", current)
    shallow = repo.clone(tmp_path / "shallow", "--depth=1", url=repo.path.as_uri())
    answer = incomplete(shallow.path)
    assert answer.secrets == {current}
    assert answer.at(current, "blob")["commit"] == commit
    assert any("shallow" in skip for skip in answer.skipped)


def test_partial_clone_is_never_completed_behind_the_users_back(
    repo: GitRepo, tmp_path: Path, new_token
) -> None:
    absent, present = new_token(), new_token()
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.add(".env", absent)
    repo.commit(f"Say {present}")
    partial = repo.clone(
        tmp_path / "partial", "--filter=blob:none", "--no-checkout", url=repo.path.as_uri()
    )
    canary = tmp_path / "contacted"
    program = tmp_path / "upload-pack"
    program.write_text(f'#!/bin/sh\ntouch "{canary}"\nexec git-upload-pack "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    partial.git("config", "remote.origin.url", str(repo.path))
    partial.git("config", "remote.origin.uploadpack", str(program))
    before = missing(partial)
    assert len(before) == 2
    answer = incomplete(partial.path)
    assert answer.at(present, "commit-message")
    assert absent not in answer.secrets
    assert any("missing" in skip or "partial" in skip for skip in answer.skipped)
    assert not canary.exists(), "the promisor remote was asked"
    assert missing(partial) == before


def missing(repo: GitRepo) -> list[str]:
    """List the objects that refs reach and the repository lacks, fetching none of them."""
    listing = repo.git("rev-list", "--objects", "--all", "--missing=print").splitlines()
    return sorted(line for line in listing if line.startswith("?"))


def grow(repo: GitRepo, token: str) -> tuple[str, str]:
    """Commit a file that grows, with a token in its middle version: a chain of deltas."""
    leak = ""
    body = "".join(f"line {number} of a file that grows\n" for number in range(400))
    for version in range(12):
        extra = f"# {token}\n" if version == 6 else ""
        commit = repo.add("grows.txt", body + extra + f"version {version}\n" * version)
        leak = commit if extra else leak
    return leak, body


@pytest.mark.parametrize("offsets", ["true", "false"], ids=["OFS_DELTA", "REF_DELTA"])
def test_deltas(repo: GitRepo, token: str, offsets: str) -> None:
    leak, _ = grow(repo, token)
    repo.git("-c", f"repack.useDeltaBaseOffset={offsets}", "repack", "-adfq", "--depth=50")
    (pack,) = repo.packs()
    chains = repo.git("verify-pack", "-v", str(pack)).splitlines()
    bases = {line.split()[6] for line in chains if len(line.split()) == 7}
    assert bases
    raw = pack.read_bytes()
    assert all((bytes.fromhex(base) in raw) == (offsets == "false") for base in bases)
    place = complete(repo.path).at(token, "blob")
    assert (place["commit"], place["path"], place["line"]) == (leak, "grows.txt", 401)
    assert place["current"] is False


def test_many_packs(repo: GitRepo, new_token) -> None:
    tokens = [new_token() for _ in range(30)]
    commits = {}
    for number, token in enumerate(tokens):
        commits[token] = repo.add(f"file{number}.txt", f"{number} {token}\n")
        repo.git("repack", "-q", "-d")
    assert len(repo.packs()) == 30
    answer = complete(repo.path)
    assert answer.secrets == set(tokens)
    for token in tokens:
        assert answer.at(token, "blob")["commit"] == commits[token]


def test_object_in_two_packs_is_reported_once(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    repo.git("repack", "-q", "-a")
    repo.add("more.txt", "more\n")
    repo.git("repack", "-q", "-a")
    assert len(repo.packs()) == 2
    assert complete(repo.path).at(token, "blob")["path"] == ".env"


def test_cruft_pack(repo: GitRepo, token: str) -> None:
    commit = repo.add("lost.txt", token)
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.forget()
    repo.git("repack", "-q", "--cruft", "-d")
    assert any(repo.git_dir.glob("objects/pack/*.mtimes"))
    assert complete(repo.path).at(token, "blob")["commit"] == commit


def test_multi_pack_index_and_commit_graph(repo: GitRepo, token: str) -> None:
    commit = repo.add(".env", token)
    repo.git("repack", "-q", "-d", "--write-midx")
    repo.git("commit-graph", "write", "--reachable")
    assert complete(repo.path).at(token, "blob")["commit"] == commit


def test_submodule(repo: GitRepo, tmp_path: Path, new_token) -> None:
    outer, inner = new_token(), new_token()
    library = GitRepo.init(tmp_path / "library")
    commit = library.add("lib.py", f"KEY = '{inner}'\n")
    repo.git("submodule", "--quiet", "add", str(library.path), "lib")
    repo.commit("Use the library")
    repo.add(".env", outer)
    assert outer in complete(repo.path).secrets
    assert complete(repo.path / "lib").at(inner, "blob")["commit"] == commit
