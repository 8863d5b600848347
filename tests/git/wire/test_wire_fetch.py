"""Packs from git's own server hold exactly what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from wire_stage import Stage, both_versions, grow

from gitrepo import GitRepo
from hub.backend import GitServer
from leakscan.git.wire import Fetch, Limits, Meter, Wire
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from pathlib import Path

UNKNOWN = "1234567890" * 4


@both_versions
def test_a_push_is_exactly_what_it_brought(stage: Stage) -> None:
    before, head = stage.commits[4], stage.commits[9]
    objects, arriving = stage.push(before, head)
    assert objects == stage.expected(f"{before}..{head}")
    assert arriving.known == (before,)
    assert arriving.shallow == ()
    assert arriving.is_whole
    assert arriving.hash_size == 20


def test_a_push_takes_one_request(stage: Stage) -> None:
    stage.push(stage.commits[4], stage.commits[9])
    assert stage.meter.requests == len(stage.server.requests) == 1
    assert stage.server.requests[0].path.endswith("/git-upload-pack")


@pytest.mark.parametrize("stage", [0], indirect=True)
def test_with_version_0_a_push_takes_an_advertisement_more(stage: Stage) -> None:
    stage.push(stage.commits[8], stage.commits[9])  # finds out what the server speaks
    stage.meter = Meter()
    stage.push(stage.commits[4], stage.commits[9])
    assert stage.meter.requests == 2
    assert [request.method for request in stage.server.requests[-2:]] == ["GET", "POST"]
    stage.push(UNKNOWN, stage.commits[9])
    assert [request.method for request in stage.server.requests[-3:]] == ["GET", "POST", "POST"]
    assert stage.meter.requests == 5


@both_versions
def test_an_unknown_before_gives_the_last_commits(stage: Stage) -> None:
    head = stage.commits[9]
    objects, arriving = stage.push(UNKNOWN, head, Limits(depth=3))
    shown = stage.commits[7:]
    assert objects == set().union(*(stage.expected("--no-walk", commit) for commit in shown))
    assert arriving.shallow == (stage.commits[7],)
    assert arriving.known == ()


def test_an_unknown_before_takes_two_requests(stage: Stage) -> None:
    stage.push(UNKNOWN, stage.commits[9])
    assert stage.meter.requests == len(stage.server.requests) == 2


@both_versions
@pytest.mark.parametrize("before", [None, "0" * 40])
def test_without_before_the_last_commits_come_at_once(stage: Stage, before: str | None) -> None:
    objects, arriving = stage.push(before, stage.commits[9], Limits(depth=2))
    assert stage.commits[8] in objects
    assert stage.commits[7] not in objects
    assert arriving.shallow == (stage.commits[8],)
    # It takes two requests to find out that a server speaks version 0.
    assert stage.meter.requests == (3 if stage.server.v0_only else 1)


@both_versions
def test_a_new_branch_is_compared_with_the_default_branch(stage: Stage) -> None:
    stage.repo.git("checkout", "-q", "-b", "topic", stage.commits[6])
    head = grow(stage.repo, 2, seed=2)[-1]
    objects, _ = stage.push(None, head, known=[stage.commits[9]])
    assert objects == stage.expected(f"{stage.commits[9]}..{head}")


@both_versions
def test_a_forced_push_brings_what_the_branch_had_not(stage: Stage) -> None:
    before = stage.commits[9]
    stage.repo.git("reset", "-q", "--hard", stage.commits[5])
    head = grow(stage.repo, 3, seed=3)[-1]
    objects, arriving = stage.push(before, head)
    assert objects == stage.expected(f"{before}..{head}")
    assert arriving.known == (before,)


@both_versions
def test_a_branch_that_is_set_back_brings_nothing(stage: Stage) -> None:
    for head in (stage.commits[2], stage.commits[8], stage.commits[9]):
        objects, arriving = stage.push(stage.commits[9], head)
        assert objects == set()
        assert arriving.is_whole


@both_versions
def test_one_known_commit_of_several_is_enough(stage: Stage) -> None:
    objects, _ = stage.push(UNKNOWN, stage.commits[9], known=[stage.commits[3]])
    assert objects == stage.expected(f"{stage.commits[3]}..{stage.commits[9]}")


@both_versions
def test_a_merge_brings_both_sides(stage: Stage) -> None:
    stage.repo.git("checkout", "-q", "-b", "side", stage.commits[2])
    grow(stage.repo, 2, seed=4)
    stage.repo.git("checkout", "-q", "main")
    head = stage.repo.merge("side")
    objects, _ = stage.push(stage.commits[9], head)
    assert objects == stage.expected(f"{stage.commits[9]}..{head}")


@both_versions
def test_a_tag_comes_with_what_it_names(stage: Stage) -> None:
    stage.repo.git("tag", "-a", "-m", "Release", "v1", stage.commits[9])
    tag = stage.repo.tip("v1")
    objects, _ = stage.push(None, tag, known=[stage.commits[7]])
    assert objects == stage.expected(tag, f"^{stage.commits[7]}")
    assert tag in objects


@both_versions
def test_everything_is_all_that_refs_reach(stage: Stage) -> None:
    stage.repo.git("branch", "other", stage.commits[3])
    refs = stage.wire.refs(stage.url, stage.meter)
    wants = tuple({ref.oid for ref in refs.refs})
    with stage.wire.fetch(refs.url, Fetch(wants), Limits(), stage.meter) as arriving:
        pack = b"".join(arriving)
    assert stage.objects(pack) == stage.expected("--all")
    assert arriving.size == len(pack)
    assert stage.meter.received > len(pack)


@both_versions
def test_a_fetch_without_depth_leaves_nothing_out_where_haves_are_unknown(stage: Stage) -> None:
    wanted = Fetch((stage.commits[9],), (UNKNOWN,))
    with stage.wire.fetch(stage.url, wanted, Limits(depth=1), stage.meter) as arriving:
        pack = b"".join(arriving)
    assert stage.objects(pack) == stage.expected("--all")


@both_versions
def test_large_blobs_are_left_out_if_asked(stage: Stage) -> None:
    head = stage.repo.add("large.bin", "x" * 5000)
    large = stage.repo.tip("HEAD:large.bin")
    objects, arriving = stage.push(stage.commits[9], head, Limits(blob_bytes=5000))
    assert arriving.is_filtered
    assert objects == stage.expected(f"{stage.commits[9]}..{head}") - {large}


@both_versions
def test_a_server_that_cannot_filter_sends_all(stage: Stage) -> None:
    stage.server.settings["uploadpack.allowFilter"] = "false"
    head = stage.repo.add("large.bin", "x" * 5000)
    for _ in range(2):
        objects, arriving = stage.push(stage.commits[9], head, Limits(blob_bytes=100))
        assert not arriving.is_filtered
        assert objects == stage.expected(f"{stage.commits[9]}..{head}")


@both_versions
def test_what_is_gone_is_said_to_be_gone(stage: Stage) -> None:
    for before in (None, stage.commits[4], UNKNOWN):
        with pytest.raises(TroubleError, match="no longer there") as caught:
            stage.push(before, "9" * 40)
        assert caught.value.trouble is Trouble.GONE


@pytest.mark.parametrize("head", ["", "HEAD", "9" * 39, "9" * 40 + "\n", "G" * 40, "ü" * 40])
def test_what_is_no_id_is_not_asked_for(stage: Stage, head: str) -> None:
    with pytest.raises(TroubleError, match="no commit has such an id"):
        stage.push(None, head)
    assert stage.server.requests == []


def test_nothing_wanted_is_nothing_to_ask(stage: Stage) -> None:
    asked = stage.wire.fetch(stage.url, Fetch(()), Limits(), stage.meter)
    with pytest.raises(TroubleError) as caught, asked:
        pass
    assert caught.value.trouble is Trouble.EMPTY


@both_versions
def test_a_long_question_is_compressed(stage: Stage) -> None:
    others = [f"{number:040x}" for number in range(100)]
    objects, _ = stage.push(stage.commits[4], stage.commits[9], known=others)
    assert objects == stage.expected(f"{stage.commits[4]}..{stage.commits[9]}")
    last = stage.server.posts[-1]
    assert last.headers.get("content-encoding") == "gzip" or stage.server.v0_only
    assert any(post.headers.get("content-encoding") == "gzip" for post in stage.server.posts)


@pytest.mark.parametrize("version", [2, 0])
def test_sha_256_is_spoken(tmp_path: Path, version: int) -> None:
    repo = GitRepo.init(tmp_path / "served" / "new", "--object-format=sha256")
    commits = grow(repo, 5)
    wire = Wire(patience=20)
    with GitServer(tmp_path / "served", v0_only=version == 0) as server:
        stage = Stage(repo, server, wire, commits, tmp_path / "scratch")
        meter = Meter()
        url = f"{server.url}/new/.git"
        with wire.fetch_push(url, commits[1], commits[4], Limits(), meter) as arriving:
            pack = b"".join(arriving)
        refs = wire.refs(url, meter)
    wire.close()
    assert arriving.hash_size == refs.hash_size == 32
    assert stage.objects(pack, 32) == stage.expected(f"{commits[1]}..{commits[4]}")
    assert refs.by_name["refs/heads/main"].oid == commits[4]
