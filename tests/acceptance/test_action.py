"""The GitHub Action: its steps as action.yml has them, on real repositories and events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hosting import ACTION, STEPS, ZEROS, Hosted, checked_out, results_of

from gitrepo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def hosted(tmp_path: Path, repo: GitRepo) -> Hosted:
    return Hosted.made(tmp_path, repo)


@pytest.fixture
def old(hosted: Hosted, new_token: Callable[[], str]) -> str:
    """Have a token in the history, from before all pushes; return its redacted beginning."""
    token = new_token()
    hosted.repo.add("old.env", f"KEY={token}\n")
    return token[:7]


def test_a_push_is_blocked_for_what_it_brings(hosted: Hosted, old: str, token: str) -> None:
    before = hosted.repo.tip()
    hosted.repo.add("a.txt", "nothing\n")
    hosted.repo.add("new.env", f"KEY={token}\n")
    after = checked_out(hosted)
    run = hosted.push(before, after)
    assert (run.status, run.found, run.outputs["complete"]) == (1, 1, "true")
    (annotation,) = run.annotations
    assert annotation.startswith("::error file=new.env,line=1,col=5,")
    assert token[:7] in annotation
    assert token not in run.log
    assert old not in run.log


def test_a_push_that_brings_nothing_passes(hosted: Hosted, old: str) -> None:
    before = hosted.repo.tip()
    hosted.repo.add("a.txt", "nothing\n")
    run = hosted.push(before, checked_out(hosted))
    assert (run.status, run.found, run.annotations) == (0, 0, [])
    assert run.outputs["complete"] == "true"
    assert old not in run.log


def test_the_sarif_file_is_there_to_be_uploaded(hosted: Hosted, token: str) -> None:
    before = hosted.repo.tip()
    hosted.repo.add("new.env", token)
    after = checked_out(hosted)
    run = hosted.push(before, after)
    (result,) = results_of(run)
    assert result["level"] == "error"
    assert run.outputs["category"] == "leakscan-range"
    upload = STEPS["Upload the result"]
    assert upload["with"]["sarif_file"] == "${{ steps.scan.outputs.sarif-file }}"
    elsewhere = hosted.folder / "here.sarif"
    again = hosted.push(before, after, sarif_file=str(elsewhere))
    assert again.outputs["sarif-file"] == str(elsewhere)
    assert elsewhere.exists()


def test_a_new_branch_is_what_the_default_branch_lacks(
    hosted: Hosted, old: str, token: str
) -> None:
    hosted.repo.git("checkout", "-q", "-b", "topic")
    hosted.repo.add("new.env", token)
    after = checked_out(hosted, "refs/heads/topic")
    run = hosted.push(ZEROS, after, "refs/heads/topic")
    assert (run.status, run.found) == (1, 1)
    assert old not in run.log


def test_the_first_push_is_all_of_the_branch(hosted: Hosted, old: str) -> None:
    run = hosted.push(ZEROS, checked_out(hosted))
    assert (run.status, run.found) == (1, 1)
    assert old in run.log


def test_a_forced_push_whose_past_is_there(hosted: Hosted, old: str, token: str) -> None:
    repo = hosted.repo
    repo.git("checkout", "-q", "-b", "topic")
    before = repo.add("gone.txt", "gone\n")
    repo.git("tag", "keeps-it")
    repo.git("reset", "-q", "--hard", "HEAD~")
    repo.add("new.env", token)
    run = hosted.push(before, checked_out(hosted, "refs/heads/topic"), "refs/heads/topic")
    assert (run.status, run.found) == (1, 1)
    assert old not in run.log


@pytest.mark.parametrize("branch", ["topic", "main"])
def test_a_forced_push_whose_past_is_gone(
    hosted: Hosted, old: str, token: str, branch: str
) -> None:
    repo = hosted.repo
    repo.git("checkout", "-q", "-B", branch)
    before = repo.add("gone.txt", "gone\n")
    repo.git("reset", "-q", "--hard", "HEAD~")
    repo.add("new.env", token)
    ref = f"refs/heads/{branch}"
    run = hosted.push(before, checked_out(hosted, ref), ref)
    assert run.status == 1
    assert token[:7] in run.log
    assert (old in run.log) is (branch == "main")


def test_a_pull_request_is_what_its_base_lacks(hosted: Hosted, old: str, token: str) -> None:
    repo = hosted.repo
    repo.git("checkout", "-q", "-b", "topic")
    head = repo.add("new.env", token)
    repo.git("checkout", "-q", "main")
    base = repo.add("meanwhile.txt", "nothing\n")
    repo.git("checkout", "-q", "--detach")
    merge = repo.merge("topic")
    repo.git("update-ref", "refs/pull/7/merge", merge)
    repo.git("checkout", "-q", "main")
    hosted.publish()
    hosted.check_out("refs/pull/7/merge", merge)
    pull = {"base": {"sha": base}, "head": {"sha": head}}
    run = hosted.run("pull_request", {"action": "opened", "number": 7, "pull_request": pull})
    assert (run.status, run.found) == (1, 1)
    assert run.annotations[0].startswith("::error file=new.env,line=1,")
    assert old not in run.log


def test_a_merge_group_is_what_its_base_lacks(hosted: Hosted, old: str, token: str) -> None:
    base = hosted.repo.tip()
    head = hosted.repo.add("new.env", token)
    checked_out(hosted)
    run = hosted.run("merge_group", {"merge_group": {"base_sha": base, "head_sha": head}})
    assert (run.status, run.found) == (1, 1)
    assert old not in run.log


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch"])
def test_without_a_push_it_is_the_whole_history(hosted: Hosted, old: str, event: str) -> None:
    hosted.repo.remove("old.env")
    checked_out(hosted)
    run = hosted.run(event, {"schedule": "0 3 * * *"})
    assert (run.status, run.found) == (1, 1)
    assert old in run.log
    assert run.outputs["category"] == "leakscan"


@pytest.mark.parametrize("annotated", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_a_tag_is_what_the_default_branch_lacks(
    hosted: Hosted, old: str, token: str, annotated: bool, kept: bool
) -> None:
    repo = hosted.repo
    repo.git("checkout", "-q", "--detach")
    commit = repo.add("new.env", token)
    repo.git("tag", *(["-a", "-m", "One"] if annotated else []), "v1")
    repo.git("checkout", "-q", "main")
    hosted.publish()
    hosted.check_out("refs/tags/v1", repo.tip("v1") if kept else commit)
    if not kept:  # the checkout has but the commit in the place of the tag
        work = GitRepo(hosted.workspace)
        work.git("update-ref", "refs/tags/v1", commit)
        work.forget()
        work.git("prune", "--expire=now")
    payload = hosted.push_event(ZEROS, repo.tip("v1"), "refs/tags/v1")
    run = hosted.run("push", payload | {"head_commit": {"id": commit}})
    assert (run.status, run.found) == (1, 1)
    assert old not in run.log


def test_a_deleted_branch_leaves_nothing_to_do(hosted: Hosted, old: str) -> None:
    before = checked_out(hosted)
    run = hosted.push(before, ZEROS, "refs/heads/topic")
    assert (run.status, run.found, run.outputs["sarif-file"]) == (0, 0, "")
    assert "nothing to scan" in run.log
    assert old not in run.log


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_checkout_is_refused(hosted: Hosted, depth: int) -> None:
    before = hosted.repo.tip()
    for number in range(3):
        hosted.repo.add("a.txt", f"{number}\n")
    after = checked_out(hosted, depth=depth)
    for run in (
        hosted.push(before, after),
        hosted.push(ZEROS, after),
        hosted.run("schedule", {}),
        hosted.push(before, after, range="HEAD"),
        hosted.run("pull_request", {"pull_request": {"base": {"sha": before},
                                                     "head": {"sha": after}}}),
    ):  # fmt: skip
        assert run.status == 2
        (annotation,) = run.annotations
        assert annotation.startswith("::error title=leakscan did not run::")
        assert "fetch-depth: 0" in annotation
        assert (run.outputs["complete"], run.outputs["sarif-file"]) == ("false", "")


def test_a_commit_that_is_not_checked_out_is_named(hosted: Hosted) -> None:
    before = checked_out(hosted)
    run = hosted.push(before, "ab" * 20)
    assert run.status == 2
    assert "lacks commit abababababab" in run.annotations[0]


def test_no_checkout_at_all(hosted: Hosted) -> None:
    hosted.workspace.mkdir()
    run = hosted.push(ZEROS, "ab" * 20)
    assert run.status == 2
    assert "run actions/checkout" in run.annotations[0]


SHA = "ab" * 20


@pytest.mark.parametrize(
    ("name", "payload", "problem"),
    [
        ("push", b"", "is no JSON"),
        ("push", b"{", "is no JSON"),
        ("push", b"\xff", "is no JSON"),
        ("push", b"[" * 100_000, "is no JSON"),
        ("push", b"[]", "is no JSON object"),
        ("push", {}, "the event lacks ref"),
        ("push", {"ref": 1}, "the event lacks ref"),
        ("push", {"ref": "refs/heads/main", "before": "0", "after": "x y"}, "'x y', which is no"),
        ("pull_request", {"pull_request": "7"}, "the event lacks pull_request.base.sha"),
        ("pull_request", {"pull_request": {"base": {"sha": SHA}, "head": None}},
         "the event lacks pull_request.head.sha"),
        ("merge_group", {"merge_group": {"base_sha": SHA}}, "the event lacks merge_group.head_sha"),
    ],
)  # fmt: skip
def test_an_event_that_says_something_else(
    hosted: Hosted, name: str, payload: Any, problem: str
) -> None:
    checked_out(hosted)
    run = hosted.run(name, payload)
    (annotation,) = run.annotations
    assert annotation.startswith("::error title=leakscan did not run::")
    assert problem in annotation
    assert (run.status, run.outputs["complete"]) == (2, "false")


def test_an_incomplete_scan_fails_though_findings_may_not(hosted: Hosted, token: str) -> None:
    before = hosted.repo.tip()
    hosted.repo.add("new.env", token)
    hosted.repo.add("b.txt", "lost\n")
    after = checked_out(hosted)
    passed = hosted.push(before, after, fail_on_findings="false")
    assert (passed.status, passed.found) == (0, 1)
    work = GitRepo(hosted.workspace)
    lost = work.tip("HEAD:b.txt")
    for pack in work.packs():
        stored = pack.read_bytes()
        for file in (pack, pack.with_suffix(".idx")):
            file.unlink()
        work.git("unpack-objects", "-q", stdin=stored)
    work.loose_path(lost).unlink()
    run = hosted.push(before, after, fail_on_findings="false")
    assert (run.status, run.found, run.outputs["complete"]) == (3, 1, "false")
    assert run.outputs["sarif-file"]
    assert any("Not read" in annotation for annotation in run.annotations)


def test_the_inputs_reach_the_scan(hosted: Hosted, token: str) -> None:
    before = hosted.repo.tip()
    hosted.repo.add("new.env", token)
    hosted.repo.add("low.f90", "call r8_normal_01_cdf_inverse_of_the_function1()\n")
    after = checked_out(hosted)
    assert hosted.push(before, after, min_confidence="low").found == 2
    assert hosted.push(before, after, rules="npm-access-token").found == 0
    assert hosted.push(before, after, range="HEAD~..HEAD").found == 0
    assert hosted.push(before, after, range="all", args="--since 2099-01-01").found == 0
    assert "commits in HEAD~..HEAD" in hosted.push(before, after, range="HEAD~..HEAD").log


@pytest.mark.parametrize(
    "inputs",
    [{"fail_on_findings": "maybe"}, {"args": "'"}, {"range": "no..such"}, {"rules": "no-such"},
     {"min_confidence": "none"}, {"args": "--no-such"}],
)  # fmt: skip
def test_what_cannot_be_meant_fails(hosted: Hosted, inputs: dict[str, str]) -> None:
    before = hosted.repo.tip()
    run = hosted.push(before, checked_out(hosted), **inputs)
    assert run.status == 2
    assert run.outputs["sarif-file"] == ""


def test_what_is_suppressed_is_listed(hosted: Hosted, token: str) -> None:
    before = hosted.repo.tip()
    hosted.repo.add("a.env", f"{token}  # leakscan: allow[replicate-api-token] made for a test\n")
    run = hosted.push(before, checked_out(hosted))
    assert (run.status, run.found) == (0, 0)
    (notice,) = run.annotations
    assert notice.startswith("::notice file=a.env,line=1,")
    assert "made for a test" in notice
    assert results_of(run) == []


def test_the_checkout_runs_nothing(hosted: Hosted) -> None:
    before = hosted.repo.tip()
    mark = hosted.folder / "ran"
    for name in ("leakscan", "click", "json", "pip", "venv", "sitecustomize", "regex"):
        hosted.repo.add(f"{name}.py", f"open({str(mark)!r}, 'w')\n")
    branch = "$(touch${IFS}ran)`touch\tran`;touch\nran"
    hosted.repo.git("config", "core.fsmonitor", f"touch {mark}")
    after = checked_out(hosted)
    GitRepo(hosted.workspace).git("config", "core.fsmonitor", f"touch {mark}")
    payload = hosted.push_event(before, after, f"refs/heads/{branch}")
    run = hosted.run("push", payload | {"repository": {"default_branch": branch}})
    assert run.status == 0
    assert not mark.exists()
    assert not (hosted.workspace / "ran").exists()


def test_no_expression_stands_in_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        for line in step.get("run", "").splitlines():
            assert re.match(r'"\$(PYTHON|RUNNER_TEMP/leakscan/bin/python)" -I ', line.lstrip())


def test_what_it_uses_of_others_cannot_change() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    assert len(used) == 2
    assert all(re.search(r"@[0-9a-f]{40}$", name) for name in used)


def test_every_output_comes_from_the_scan(hosted: Hosted) -> None:
    run = hosted.push(hosted.repo.tip(), checked_out(hosted))
    for name, output in ACTION["outputs"].items():
        assert output["value"] == "${{ steps.scan.outputs.%s }}" % name  # noqa: UP031 - braces
        assert name in run.outputs
