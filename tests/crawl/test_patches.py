"""Where in a file the lines of a patch stand, in patches of git and in GitHub's own answers."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leakscan.crawl.looks.api_documents import read_commit, read_commits, read_files
from leakscan.crawl.looks.patches import InPatch, Side, search_patch
from leakscan.detect import Detector
from leakscan.model import Unread
from leakscan.rules import load_rules, select_rules
from leakscan.trouble import TroubleError
from sealing import sealed_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitrepo import GitRepo

RECORDED = Path(__file__).parents[2] / "fixtures/github/recorded-history.json"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(select_rules(load_rules(), ()))


def places(patch: str, detector: Detector) -> list[tuple[str, Side, int | None, int]]:
    found = search_patch(patch, detector)
    return [(one.match.secret.reveal(), one.side, one.line, one.match.column) for one in found]


def test_sides_lines_and_columns(detector: Detector, new_token: Callable[[], str]) -> None:
    kept, added, removed, heading = (new_token() for _ in range(4))
    patch = (
        f"@@ -3,3 +3,3 @@ def use(key='{heading}')\n a\n-{removed}\n+x\n"
        f"@@ -10,2 +10,3 @@\n key='{kept}'\n+  {added}\n b\n\\ No newline at end of file"
    )
    first_line = patch.split("\n", maxsplit=1)[0]
    assert places(patch, detector) == [
        (heading, Side.KEPT, None, first_line.index(heading)),
        (removed, Side.REMOVED, 4, 1),
        (kept, Side.KEPT, 10, 6),
        (added, Side.ADDED, 11, 3),
    ]


def test_what_a_line_says_is_not_taken_for_a_mark(detector: Detector, token: str) -> None:
    patch = f"@@ -0,0 +1,3 @@\n+@@ -9,9 +9,9 @@\n++++ b\n+{token}"
    assert places(patch, detector) == [(token, Side.ADDED, 3, 1)]


@pytest.mark.parametrize("patch", ["", "\n", "@@", "@@ -1 +1 @@", "no hunk"])
def test_odd_patches_hold_nothing(detector: Detector, patch: str) -> None:
    assert search_patch(patch, detector) == []


def test_what_cannot_be_read_is_told(detector: Detector, token: str) -> None:
    parts = search_patch(f"@@ -0,0 +1,2 @@\n+{token}\n+{sealed_text()}", detector)
    assert [type(part) for part in parts] == [InPatch, Unread]


def test_half_a_character_is_no_obstacle(detector: Detector, token: str) -> None:
    assert places(f"@@ -0,0 +1 @@\n+\ud800 {token}", detector)[0][:3] == (token, Side.ADDED, 1)


def test_lines_agree_with_git(
    repo: GitRepo, detector: Detector, new_token: Callable[[], str]
) -> None:
    rng = random.Random(4)  # noqa: S311 - the same every time, on purpose
    lines = [f"line {number}" for number in range(200)]
    repo.add("f", "\n".join(lines) + "\n")
    for _ in range(30):
        tokens = {}
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(lines))
            tokens[new_token()] = at
            del lines[at : at + rng.randrange(3)]
            lines.insert(at, f"{' ' * rng.randrange(5)}key = {list(tokens)[-1]}")
        repo.add("f", "\n".join(lines) + rng.choice(["", "\n"]))
        shown = repo.git("diff", "HEAD~", "HEAD", "--", "f")
        found = search_patch(shown[shown.index("@@ ") :], detector)
        for one in found:
            if one.side is not Side.REMOVED and one.line:
                line = lines[one.line - 1]
                assert line[one.match.column - 1 :] == one.match.secret.reveal()
        in_new = {one.match.secret.reveal() for one in found if one.side is Side.ADDED}
        assert in_new >= {secret for secret in tokens if f"key = {secret}" in "\n".join(lines)}


def test_real_answers_are_read() -> None:
    recorded = json.loads(RECORDED.read_text())
    commit = read_commit(recorded["commit"]["body"])
    assert commit.sha == "1292bf0e22c796e91cc3d6e24b544aece8c21f2a"
    assert commit.parents == ("b46ed0dfde5ad02d3b91eb54a41c5ed960710eae",)
    assert commit.message == "Remove completion functions from GitAuthor"
    assert str(commit.author) == "Vincent Jacques <author@example.com>"
    assert commit.date is not None
    assert commit.date.isoformat() == "2012-05-09T16:22:33+00:00"
    (file,) = read_files(recorded["commit"]["body"])
    assert (file.path, file.status, file.changes) == (
        "github/GithubObjects/GitAuthor.py",
        "modified",
        20,
    )
    comparison = recorded["comparison"]["body"]
    assert len(read_files(comparison)) == 4
    assert read_commits(comparison["commits"])[0].parents == (
        comparison["merge_base_commit"]["sha"],
    )
    assert read_files(recorded["comparison, page 2"]["body"]) == ()


@pytest.mark.parametrize(
    "document", [None, [], {"sha": "x"}, {"sha": "0" * 40, "parents": [{}]}, {"sha": 1}]
)
def test_what_is_no_commit(document: object) -> None:
    with pytest.raises(TroubleError):
        read_commit(document)


def test_fields_that_are_missing_are_empty() -> None:
    commit = read_commit({"sha": "a" * 40, "parents": [], "commit": {"author": None}})
    assert (commit.message, commit.author, commit.committer, commit.date) == ("", None, None, None)
    (file,) = read_files({"files": [{"filename": "a", "patch": 3, "sha": "../x"}]})
    assert (file.sha, file.patch, file.previous) == (None, None, "a")
