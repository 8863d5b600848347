"""Repositories that name programs, and repositories of other people: nothing of theirs runs."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from scanning import FOUND, INCOMPLETE, incomplete, scan

from gitrepo import GitRepo, clean_environment

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = (
    "fsmonitor-watchman",
    "post-checkout",
    "post-index-change",
    "pre-auto-gc",
    "query-watchman",
    "reference-transaction",
    "post-rewrite",
)


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """Make a program that leaves a mark where it ran."""
    return Trap(tmp_path)


class Trap:
    """A program for a repository to name, and the mark that it leaves when it runs."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "it-ran"
        self.program = folder / "trap.sh"
        self.program.write_text(f'#!/bin/sh\necho "$0 $*" >>"{self.mark}"\ncat\n')
        self.program.chmod(0o755)

    def assert_untouched(self) -> None:
        """Assert that nothing ran the program."""
        assert not self.mark.exists(), self.mark.read_text()


def settings(program: Path) -> dict[str, str]:
    """List every setting of a repository that makes git run a program."""
    run = str(program)
    return {
        "core.fsmonitor": run,
        "core.sshCommand": run,
        "core.hooksPath": str(program.parent / "hooks"),
        "core.pager": run,
        "core.editor": run,
        "core.askPass": run,
        "core.gitProxy": run,
        "core.alternateRefsCommand": run,
        "pager.log": run,
        "pager.status": run,
        "filter.trap.clean": run,
        "filter.trap.smudge": run,
        "filter.trap.process": run,
        "filter.trap.required": "true",
        "diff.external": run,
        "diff.trap.command": run,
        "diff.trap.textconv": run,
        "merge.trap.driver": run,
        "interactive.diffFilter": run,
        "gpg.program": run,
        "gpg.ssh.program": run,
        "gpg.x509.program": run,
        "log.showSignature": "true",
        "credential.helper": f"!{run}",
        "sequence.editor": run,
        "trailer.trap.command": run,
        "alias.cat-file": f"!{run}",
        "alias.leak": f"!{run}",
        "submodule.trap.update": f"!{run}",
        "remote.origin.url": f"ext::{run} %S",
        "remote.origin.uploadpack": run,
        "remote.origin.vcs": "ext",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "url.ext::trap.insteadOf": "https://",
        "uploadpack.packObjectsHook": run,
        "gc.recentObjectsHook": run,
        "lfs.customtransfer.trap.path": run,
    }


def arm(repo: GitRepo, program: Path) -> None:
    """Give a repository every attribute, hook and setting that names the program."""
    repo.add(".gitattributes", "* filter=trap diff=trap merge=trap\n")
    for folder in (repo.git_dir / "hooks", program.parent / "hooks"):
        folder.mkdir(exist_ok=True)
        for hook in HOOKS:
            (folder / hook).unlink(missing_ok=True)
            (folder / hook).symlink_to(program)
    included = repo.git_dir / "more-config"
    for key, value in settings(program).items():
        repo.git("config", "-f", str(included), key, value)
        repo.git("config", key, value)
    repo.git("config", "include.path", "more-config")
    repo.git("config", "includeIf.gitdir:/.path", "more-config")


def test_no_program_that_a_repository_names_is_run(repo: GitRepo, trap: Trap, new_token) -> None:
    committed, signed, staged, untracked = (new_token() for _ in range(4))
    commit = repo.add(".env", committed)
    repo.commit("Go on")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    lines = repo.git("cat-file", "commit", "HEAD").split("\n\n")[0]
    odd = repo.hash_object("commit", f"{lines}\n{signature}\nsigned {signed}\n".encode())
    repo.git("update-ref", "refs/heads/signed", odd)
    repo.stage("staged.txt", staged)
    repo.write("README.md", "changed\n")
    repo.write("untracked.txt", untracked)
    arm(repo, trap.program)
    trap.mark.unlink(missing_ok=True)
    answer = scan(repo.path)
    trap.assert_untouched()
    assert answer.status == FOUND, (answer.stderr, answer.skipped)
    assert answer.secrets == {committed, signed, staged, untracked}
    assert answer.at(committed, "blob")["commit"] == commit


def test_the_trap_is_real(repo: GitRepo, trap: Trap) -> None:
    arm(repo, trap.program)
    trap.mark.unlink(missing_ok=True)
    repo.write("README.md", "changed\n")
    plain = clean_environment() | {"GIT_CONFIG_GLOBAL": os.devnull}
    for command in (["status"], ["diff"]):
        subprocess.run(
            ["git", *command], cwd=repo.path, env=plain, capture_output=True, check=False
        )
    assert trap.mark.exists()


def test_lazy_fetch_through_a_program_is_refused(repo: GitRepo, trap: Trap, token: str) -> None:
    repo.add("gone.txt", "gone\n")
    blob = repo.loose_path(repo.tip("HEAD:gone.txt"))
    repo.add(".env", token)
    arm(repo, trap.program)
    blob.unlink()
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "remote.origin.promisor", "true")
    trap.mark.unlink(missing_ok=True)
    answer = incomplete(repo.path)
    trap.assert_untouched()
    assert answer.at(token, "blob")["path"] == ".env"


def test_clone_of_a_trapped_repository(repo: GitRepo, trap: Trap, token: str) -> None:
    repo.add(".env", token)
    arm(repo, trap.program)
    repo.git("config", "--unset", "uploadpack.packObjectsHook")
    trap.mark.unlink(missing_ok=True)
    answer = scan(repo.path.as_uri())
    trap.assert_untouched()
    assert answer.status == FOUND, answer.stderr
    assert answer.at(token, "blob")["path"] == ".env"


@pytest.mark.parametrize(
    "target",
    ["ext::sh -c 'touch {}'", "ext::{}", "-c{}", "--upload-pack={}", "ssh://-oProxyCommand={}/x"],
)
def test_target_that_is_a_program_is_refused(trap: Trap, target: str) -> None:
    answer = scan(target.format(trap.program))
    trap.assert_untouched()
    assert answer.status in (2, INCOMPLETE)
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert not answer.stdout


def test_submodule_with_a_hostile_url_is_not_followed(
    repo: GitRepo, trap: Trap, token: str
) -> None:
    url = f"ext::{trap.program}"
    repo.stage(".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = {url}\n\tupdate = !{url}\n')
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'12' * 20},x")
    repo.add(".env", token)
    answer = scan(repo.path)
    trap.assert_untouched()
    assert answer.status == FOUND, answer.stderr
    assert token in answer.secrets


def test_repository_of_another_user(repo: GitRepo, token: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a repository away")
    commit = repo.add(".env", token)
    repo.stage("staged.txt", "staged\n")
    for folder, _, files in os.walk(repo.path):
        for path in [folder, *(f"{folder}/{file}" for file in files)]:
            os.chown(path, 12345, 12345)
    answer = scan(repo.path)
    assert answer.status in (FOUND, INCOMPLETE), answer.stderr
    assert answer.at(token, "blob")["commit"] == commit


def test_objects_that_may_not_be_read(repo: GitRepo, token: str) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    repo.add(".env", token)
    secret = repo.loose_path(repo.git("hash-object", "-w", "--stdin", stdin=b"closed"))
    secret.chmod(0)
    answer = incomplete(repo.path)
    assert answer.at(token, "blob")
    assert answer.names(secret.parent.name + secret.name)


def test_alternates_that_lead_nowhere_or_in_a_circle(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    alternates = repo.git_dir / "objects/info/alternates"
    alternates.write_text(f"/no/such/place\n../objects\n{repo.git_dir.resolve()}/objects\n")
    answer = incomplete(repo.path)
    assert answer.at(token, "blob")["path"] == ".env"
    assert answer.names("/no/such/place")


def test_symlinks_out_of_the_work_tree_are_not_followed(
    repo: GitRepo, tmp_path: Path, new_token
) -> None:
    outside, inside = new_token(), new_token()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text(outside)
    (repo.path / "file").symlink_to(tmp_path / "outside/secret.txt")
    (repo.path / "folder").symlink_to(tmp_path / "outside")
    (repo.path / "self").symlink_to("self")
    repo.write("plain.txt", inside)
    answer = scan(repo.path)
    assert answer.status == FOUND, answer.stderr
    assert answer.secrets == {inside}


def test_untracked_pipe_does_not_hang_the_scan(repo: GitRepo, token: str) -> None:
    os.mkfifo(repo.path / "pipe")
    repo.add(".env", token)
    assert scan(repo.path).secrets == {token}
