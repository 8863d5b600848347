"""What `leakscan scan` leaves out because somebody said so, and what it does not."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from scanning import CLEAN, FOUND, MISUSED, environment

from gitrepo import GitRepo

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from responding import Office

    from forked import Commands

    Run = Callable[..., subprocess.CompletedProcess[bytes]]

ALLOW = "leakscan: allow[replicate-api-token]"
TESTS = '[[allow]]\nreason = "made for tests"\npaths = ["tests/**"]\n'


@pytest.fixture
def run(commands: Commands) -> Run:
    """Run the command line in a folder."""

    def run(
        *arguments: str, cwd: Path, stdin: bytes = b"", **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        done = commands.run(arguments, stdin=stdin, env=environment(**variables), cwd=cwd)
        assert b"Traceback" not in done.stderr, done.stderr
        return done

    return run


def report(done: subprocess.CompletedProcess[bytes]) -> Any:
    return json.loads(done.stdout)


JSON = ("--format", "json", "--show-suppressed", "--show-secrets")


def outcome(run: Run, cwd: Path, *arguments: str, **options: Any) -> tuple[int, set[str], Any]:
    """Scan, and return the status, the secrets that were found, and how many are suppressed."""
    done = run("scan", *JSON, *arguments, cwd=cwd, **options)
    said = report(done)
    return done.returncode, {finding["secret"] for finding in said["findings"]}, said["suppressed"]


def test_an_allow_comment(repo: GitRepo, run: Run, new_token: Callable[[], str]) -> None:
    allowed, bare = new_token(), new_token()
    repo.add("a.py", f"KEY = '{allowed}'  # {ALLOW} made for tests\n")
    repo.add("b.py", f"KEY = '{bare}'  # {ALLOW}\n")
    done = run("scan", ".", cwd=repo.path)
    assert done.returncode == FOUND
    text = done.stdout.decode()
    assert f"its allow comment gives no reason: {ALLOW} REASON" in text
    assert "\n1 suppressed (1 inline): --show-suppressed lists them\n1 finding in 1 place" in text
    assert outcome(run, repo.path, ".") == (FOUND, {bare}, {"inline": 1})
    assert outcome(run, repo.path, "--no-suppress", ".") == (FOUND, {allowed, bare}, {})
    (item,) = report(run("scan", *JSON, ".", cwd=repo.path))["suppressed_findings"]
    assert item["suppression"] == {"means": "inline", "reason": "made for tests"}
    assert [place["path"] for place in item["locations"]] == ["a.py"]


def test_a_comment_that_allows_nothing_is_explained(
    repo: GitRepo, run: Run, new_token: Callable[[], str]
) -> None:
    """In the repository it is about, and not where comments are not looked at."""
    repo.add("a.py", f"KEY = '{new_token()}'  # leakscan: allow[replicate] made for tests\n")
    repo.add("b.py", f"# {ALLOW} made for tests\nKEY = '{new_token()}'\n")
    text = run("scan", ".", cwd=repo.path).stdout.decode()
    mended = f"{ALLOW} REASON"
    assert f'names "replicate", not the rule replicate-api-token: {mended}' in text
    assert f"above it must stand on the token's own line: {mended}" in text
    assert b"allow" not in run("scan", "--no-suppress", ".", cwd=repo.path).stdout


def test_a_comment_allows_its_own_line_only(repo: GitRepo, run: Run, token: str) -> None:
    repo.add("a.py", f"KEY = '{token}'  # {ALLOW} made for tests\n")
    repo.add("b.py", f"KEY = '{token}'\n")
    done = run("scan", *JSON, ".", cwd=repo.path)
    assert done.returncode == FOUND
    (finding,) = report(done)["findings"]
    assert [place["path"] for place in finding["locations"]] == ["b.py"]
    assert report(done)["suppressed"] == {"inline": 1}


def test_a_comment_that_was_added_later_does_not_reach_back(
    repo: GitRepo, run: Run, token: str
) -> None:
    repo.add("a.py", f"KEY = '{token}'\n")
    repo.add("a.py", f"KEY = '{token}'  # {ALLOW} made for tests\n")
    assert outcome(run, repo.path, ".")[0] == FOUND
    assert outcome(run, repo.path, "--no-history", ".") == (CLEAN, set(), {"inline": 1})


def test_plain_files_and_standard_input(tmp_path: Path, run: Run, token: str) -> None:
    line = f"KEY = '{token}'  # {ALLOW} made for tests\n"
    (tmp_path / "a.py").write_text(line)
    for target in (".", "a.py", "-"):
        done = outcome(run, tmp_path, target, stdin=line.encode())
        assert done == (CLEAN, set(), {"inline": 1}), target


def test_paths_and_patterns_of_the_checkout(
    repo: GitRepo, run: Run, new_token: Callable[[], str]
) -> None:
    in_tests, by_pattern, bad = new_token(), new_token(), new_token()
    pattern = f"[[allow]]\nreason = 'documented'\npatterns = ['{by_pattern[:9]}.*']\n"
    repo.write(".leakscan.toml", TESTS + pattern)
    repo.add("tests/a/b.env", in_tests)
    repo.add("docs.md", by_pattern)
    repo.add("prod.env", bad)
    assert outcome(run, repo.path, ".") == (FOUND, {bad}, {"allowlist": 2})
    reasons = {
        item["secret"]: item["suppression"]["reason"]
        for item in report(run("scan", *JSON, ".", cwd=repo.path))["suppressed_findings"]
    }
    assert reasons == {in_tests: "made for tests", by_pattern: "documented"}
    (repo.path / "sub").mkdir()
    assert outcome(run, repo.path / "sub", "..") == (FOUND, {bad}, {"allowlist": 2})
    assert outcome(run, repo.path, "tests") == (CLEAN, set(), {"allowlist": 1})
    assert outcome(run, repo.path, "tests/a/b.env") == (CLEAN, set(), {"allowlist": 1})


def test_a_scanned_repository_has_no_say(
    repo: GitRepo, run: Run, tmp_path: Path, new_token: Callable[[], str]
) -> None:
    """Neither by its own file, nor does that of the checkout one works in speak for it."""
    token, inline = new_token(), new_token()
    repo.write(".leakscan.toml", TESTS)
    repo.add("tests/a.env", token)
    repo.add("a.py", f"{inline}  # {ALLOW} comments count anyway\n")
    mine = GitRepo.init(tmp_path / "mine")
    for where in (tmp_path, mine.path):
        assert outcome(run, where, str(repo.path)) == (FOUND, {token}, {"inline": 1})
    mine.write(".leakscan.toml", TESTS)
    assert outcome(run, mine.path, str(repo.path)) == (FOUND, {token}, {"inline": 1})


def test_an_operator_speaks_for_all(repo: GitRepo, run: Run, tmp_path: Path, token: str) -> None:
    repo.add("tests/a.env", token)
    config = tmp_path / "config.toml"
    config.write_text(TESTS)
    for options, variables in (
        (["--config", str(config)], {}),
        ([], {"LEAKSCAN_CONFIG": str(config)}),
    ):
        done = outcome(run, tmp_path, *options, str(repo.path), **variables)
        assert done == (CLEAN, set(), {"allowlist": 1})


def test_a_url_is_scanned_as_it_is(
    repo: GitRepo, run: Run, tmp_path: Path, new_token: Callable[[], str]
) -> None:
    """Unless told otherwise, for whoever pushes there could allow anything."""
    inline, in_tests = new_token(), new_token()
    repo.write(".leakscan.toml", TESTS)
    repo.add("a.py", f"{inline}  # {ALLOW} made for tests\n")
    repo.add("tests/a.env", in_tests)
    url = repo.path.as_uri()
    assert outcome(run, repo.path, url) == (FOUND, {inline, in_tests}, {})
    assert outcome(run, repo.path, "--suppress", url) == (FOUND, {in_tests}, {"inline": 1})
    config = tmp_path / "config.toml"
    config.write_text(TESTS)
    both = {"inline": 1, "allowlist": 1}
    told = ("--suppress", "--config", str(config), url)
    assert outcome(run, repo.path, *told) == (CLEAN, set(), both)


def test_a_checkout_has_no_say_about_what_comes_from_elsewhere(
    repo: GitRepo, run: Run, tmp_path: Path, new_token: Callable[[], str]
) -> None:
    """Through standard input it may come from anywhere."""
    token, stranger = new_token(), new_token()
    everything = (
        "[[allow]]\nreason = 'all'\npaths = ['**']\n[[allow]]\nreason = 'all'\npatterns = ['.*']\n"
    )
    repo.write(".leakscan.toml", everything)
    repo.add("a.env", token)
    other = GitRepo.init(tmp_path / "other")
    other.add("a.env", stranger)
    assert outcome(run, repo.path, ".") == (CLEAN, set(), {"allowlist": 1})
    url = other.path.as_uri()
    assert outcome(run, repo.path, "--suppress", url) == (FOUND, {stranger}, {})
    assert outcome(run, repo.path, "-", stdin=token.encode()) == (FOUND, {token}, {})
    repo.write(".leakscan.toml", "")
    assert run("baseline", "create", cwd=repo.path).returncode == CLEAN
    assert outcome(run, repo.path, ".") == (CLEAN, set(), {"baseline": 1})
    assert outcome(run, repo.path, "-", stdin=token.encode()) == (FOUND, {token}, {})
    config = tmp_path / "config.toml"
    config.write_text(everything)
    mine = ("--config", str(config), "-")
    assert outcome(run, repo.path, *mine, stdin=token.encode()) == (CLEAN, set(), {"allowlist": 1})


def test_what_is_recorded_is_not_suppressed_unless_told(office: Office) -> None:
    """And if told, nothing that is suppressed is disabled, however early it was seen.

    The work tree is read after the history, and takes longer than is waited to disable a token.
    """
    allowed, bad = office.leak("allowed"), office.leak("bad", account="grace")
    repo = GitRepo.init(office.folder / "repo")
    repo.add("bad.env", f"KEY={bad}\n")
    rule = office.scan("bad", "--format", "json", "--rules", "all").json["findings"][0]["rule"]
    repo.add("tests.env", f"KEY={allowed}  # leakscan: allow[{rule}] made for tests\n")
    repo.write("large.bin", b"")
    os.truncate(repo.path / "large.bin", 1 << 29)
    done = office.run("scan", "--record", "--suppress", "--format", "json", str(repo.path))
    assert done.status == FOUND
    assert done.json["suppressed"] == {"inline": 1}
    assert office.issuer.bearer(bad) is None
    assert office.issuer.bearer(allowed) is not None
    (repo.path / "large.bin").unlink()
    assert office.run("scan", "--record", str(repo.path)).status == FOUND
    assert office.issuer.bearer(allowed) is None


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("[[allow]]\npaths = ['x']", "reason in [[allow]] number 1: missing"),
        (
            "[[allow]]\nreason = 'x'\npatterns = ['(']",
            "[[allow]] number 1: patterns: no regular expression",
        ),
        ("[mail]\nhost = 'x'", "mail: not in a checkout's file"),
    ],
)
def test_a_wrong_file_is_one_clear_line(repo: GitRepo, run: Run, config: str, problem: str) -> None:
    repo.write(".leakscan.toml", config)
    done = run("scan", ".", cwd=repo.path)
    assert done.returncode == MISUSED
    *_, line = done.stderr.decode().splitlines()
    assert problem in line
