"""Every option of ``leakscan scan``, and the exit status that comes of it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from scanning import CLEAN, FOUND, INCOMPLETE, MISUSED, command, complete, environment, scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitrepo import GitRepo


def test_range_and_since_report_only_what_was_introduced(
    repo: GitRepo, new_token: Callable[[], str]
) -> None:
    old, new = new_token(), new_token()
    repo.add("old.env", old)
    base = repo.tip()
    repo.git("checkout", "-q", "-b", "topic")
    repo.add("new.env", new)
    answer = complete(repo.path, "--range", f"{base}..topic")
    assert answer.secrets == {new}
    assert answer.report["scope"] == f"commits in {base}..topic"
    assert complete(repo.path, "--since", "2023-01-01").secrets == {old, new}
    assert scan(repo.path, "--since", "2099-01-01").status == CLEAN


@pytest.mark.parametrize(
    "options",
    [("--since", "yesterdya"), ("--since", "2025-13-45"), ("--range", "no..such"),
     ("--range", "a..b", "--no-history"), ("--rules", "nosuch"), ("--rules", "")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(repo: GitRepo, options: tuple[str, ...]) -> None:
    answer = scan(repo.path, *options)
    assert answer.status == MISUSED
    assert len(answer.stderr.splitlines()) == 1


def test_no_history_reads_the_files_that_are_there(
    repo: GitRepo, new_token: Callable[[], str]
) -> None:
    past, tracked, untracked = new_token(), new_token(), new_token()
    repo.add("gone.env", past)
    repo.remove("gone.env")
    repo.add("here.env", tracked)
    repo.add("deleted.txt", "deleted in the work tree only\n")
    (repo.path / "deleted.txt").unlink()
    repo.write("new.env", untracked)
    assert complete(repo.path, "--no-history").secrets == {tracked, untracked}


def test_ignored_files_are_read_when_asked_for(repo: GitRepo, token: str) -> None:
    repo.add(".gitignore", ".env\n")
    repo.write(".env", token)
    assert scan(repo.path).status == CLEAN
    assert complete(repo.path, "--ignored").at(token, "file")["path"] == ".env"


def test_all_commits_lists_each_introduction(repo: GitRepo, token: str) -> None:
    first = repo.add(".env", token)
    repo.remove(".env")
    second = repo.add(".env", token)
    place = complete(repo.path, "--all-commits").at(token, "blob")
    assert (place["commit"], place["commits"]) == (first, [first, second])


def test_every_line_of_a_file_that_holds_a_secret_is_told(repo: GitRepo, token: str) -> None:
    repo.add("a.env", f"{token}\nx\n{token}\n")
    assert [p["line"] for p in complete(repo.path).locations(token, "blob")] == [1, 3]


def test_least_confidence(repo: GitRepo) -> None:
    repo.add("a.f90", "call r8_normal_01_cdf_inverse_of_the_function1()\n")
    answer = scan(repo.path)
    assert (answer.status, answer.report["withheld"]) == (CLEAN, {"low": 1})
    assert scan(repo.path, "--min-confidence", "low").status == FOUND


def test_exit_zero_forgives_findings_but_not_gaps(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    assert scan(repo.path, "--exit-zero").status == CLEAN
    repo.loose_path(repo.git("rev-parse", "HEAD:README.md")).unlink()
    assert scan(repo.path, "--exit-zero").status == INCOMPLETE


def test_an_output_with_whole_secrets_is_private(repo: GitRepo, tmp_path: Path, token: str) -> None:
    repo.add(".env", token)
    out = tmp_path / "report.json"
    out.write_text("older")
    out.chmod(0o644)
    subprocess.run(command(repo.path, "-f", "json", "--show-secrets", "-o", str(out)),
                   env=environment(), check=False)  # fmt: skip
    assert token in out.read_text()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.parametrize("target", ["link", "fifo", "stdin", "file"])
def test_the_one_file_that_is_named_is_read(tmp_path: Path, token: str, target: str) -> None:
    file = tmp_path / "file.env"
    file.write_text(f"x\n{token}\n")
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "fifo")
    feeds = {"fifo": f"cat {file} > {tmp_path}/fifo & ", "stdin": f"cat {file} | "}
    named = {"stdin": "-", "file": file}.get(target, tmp_path / target)
    line = feeds.get(target, "") + " ".join(command(named, "--format", "json", "--show-secrets"))
    done = subprocess.run(["sh", "-c", line], env=environment(), capture_output=True,
                          check=False, timeout=60)  # fmt: skip
    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["secret"], finding["locations"][0]["line"]) == (1, token, 2)


def test_repositories_within_a_folder_are_scanned_as_such(
    repo: GitRepo, tmp_path: Path, token: str
) -> None:
    commit = repo.add(".env", token)
    repo.remove(".env")
    repo.pack()
    folder = tmp_path / "many"
    folder.mkdir()
    repo.clone(folder / "bare.git", "--bare")
    repo.path.rename(folder / "work")
    places = complete(folder).locations(token, "blob")
    assert [place["commit"] for place in places] == [commit, commit]


def test_a_repository_within_a_work_tree_is_scanned_too(repo: GitRepo, token: str) -> None:
    from gitrepo import GitRepo as Repo

    inner = Repo.init(repo.path / "inner")
    commit = inner.add(".env", token)
    inner.remove(".env")
    assert complete(repo.path).at(token, "blob")["commit"] == commit


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("options", "status"), [((), FOUND), (("--exit-zero",), 0)])
def test_a_closed_pipe_keeps_the_status(
    repo: GitRepo, token: str, unbuffered: str, options: tuple[str, ...], status: int
) -> None:
    repo.add(".env", token)
    line = f"{' '.join(command(repo.path, *options))}; echo status $? >&2"
    done = subprocess.run(["sh", "-c", f"({line}) | true"], capture_output=True, check=False,
                          env=environment(PYTHONUNBUFFERED=unbuffered))  # fmt: skip
    assert done.stderr.decode() == f"status {status}\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_is_no_error_of_other_commands(unbuffered: str) -> None:
    line = f"{sys.executable} -m leakscan rules list; echo status $? >&2"
    done = subprocess.run(["sh", "-c", f"({line}) | true"], capture_output=True, check=False,
                          env=environment(PYTHONUNBUFFERED=unbuffered))  # fmt: skip
    assert done.stderr.decode() in ("status 141\n", "status 0\n")


def test_a_full_disk_is_told(repo: GitRepo) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(command(repo.path), env=environment(), stdout=full,
                              stderr=subprocess.PIPE, check=False)  # fmt: skip
    assert done.returncode == INCOMPLETE
    assert len(done.stderr.splitlines()) == 1


def test_findings_are_reported_though_no_key_can_be_kept(repo: GitRepo, token: str) -> None:
    repo.add(".env", token)
    variables = environment() | {"HOME": "/proc/no-such-home"}
    del variables["LEAKSCAN_FINGERPRINT_KEY"]
    done = subprocess.run(command(repo.path, "--format", "json"), env=variables,
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == FOUND
    assert json.loads(done.stdout)["findings"]
    assert b"LEAKSCAN_FINGERPRINT_KEY" in done.stderr


def test_without_git_a_bare_repository_is_read_and_a_clone_is_refused(
    repo: GitRepo, tmp_path: Path, token: str
) -> None:
    repo.add(".env", token)
    bare = repo.clone(tmp_path / "bare.git", "--bare").path
    nowhere = environment() | {"PATH": str(tmp_path)}
    done = subprocess.run(command(bare), env=nowhere, capture_output=True, check=False)
    assert done.returncode == FOUND
    done = subprocess.run(command(f"file://{bare}"), env=nowhere, capture_output=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (INCOMPLETE, 1)
    assert b"install git" in done.stderr


def test_a_repository_without_head_is_refused(repo: GitRepo) -> None:
    (repo.git_dir / "HEAD").unlink()
    answer = scan(repo.path)
    assert answer.status == INCOMPLETE
    assert "HEAD" in answer.stderr


def test_names_of_staged_files_are_read(repo: GitRepo, token: str) -> None:
    repo.stage(f"{token}/file.txt", "nothing\n")
    assert complete(repo.path).at(token, "path")["path"] == token


def test_a_staged_object_that_is_missing_is_a_gap(repo: GitRepo) -> None:
    repo.stage("draft.txt", "draft\n")
    repo.loose_path(repo.git("rev-parse", ":draft.txt")).unlink()
    answer = scan(repo.path)
    assert answer.status == INCOMPLETE
    assert answer.names("draft.txt", "missing")


def test_a_change_that_keeps_size_and_time_is_seen(repo: GitRepo, token: str) -> None:
    repo.add("a.env", "x" * len(token))
    file = repo.path / "a.env"
    before = file.stat()
    file.write_text(token)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert complete(repo.path).at(token, "file")["path"] == "a.env"


def test_a_message_in_the_making_is_read(repo: GitRepo, token: str) -> None:
    folder = repo.git_dir / "rebase-merge"
    folder.mkdir()
    (folder / "message").write_text(f"wip {token}\n")
    assert complete(repo.path).at(token, "git-file")["path"] == "rebase-merge/message"


def test_replaced_commits_do_not_hide(repo: GitRepo, token: str) -> None:
    base = repo.tip()
    leak = repo.add(".env", token)
    repo.git("replace", leak, base)
    assert complete(repo.path, "--range", f"{base}..{leak}").secrets == {token}


@pytest.mark.parametrize(
    ("change", "named"),
    [({"prefixes": '["other_"]'}, "prefixes"), ({"pattern": "'(?P<body>(?=x)acme_)'"}, "pattern")],
)
def test_a_rule_that_cannot_be_searched_for_is_refused(
    tmp_path: Path, change: dict[str, str], named: str
) -> None:
    keys = {
        "id": '"acme-key"',
        "name": '"Acme"',
        "issuer": '"Acme"',
        "description": '"Acme"',
        "severity": '"low"',
        "prefixes": '["acme_"]',
        "max_length": "25",
        "pattern": "'(?P<prefix>acme_)(?P<body>[0-9a-f]{20})'",
        "alphabet": "'[0-9a-f]'",
    }
    (tmp_path / "acme.toml").write_text(
        "".join(f"{key} = {value}\n" for key, value in (keys | change).items())
    )
    config = tmp_path / "config.toml"
    config.write_text('[rules]\npaths = ["acme.toml"]\nenable = ["acme-key"]\n')
    answer = scan(tmp_path, LEAKSCAN_CONFIG=str(config))
    assert answer.status == MISUSED, answer
    (line,) = (line for line in answer.stderr.splitlines() if "configuration:" not in line)
    assert "acme-key" in line
    assert named in line
