"""Refs are told as git tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from wire_stage import Stage, both_versions

from gitrepo import GitRepo
from hub.backend import GitFault, pkt
from leakscan.git.wire import NotSmartError, RemoteRef
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from pathlib import Path


@both_versions
def test_refs_are_those_that_git_lists(stage: Stage) -> None:
    stage.repo.git("branch", "topic/one", stage.commits[2])
    stage.repo.git("tag", "light", stage.commits[1])
    stage.repo.git("tag", "-a", "-m", "One", "heavy", stage.commits[0])
    refs = stage.wire.refs(stage.url, stage.meter)
    listed = stage.repo.git("ls-remote", "--quiet", str(stage.repo.path)).splitlines()
    expected = {name: oid for oid, name in (line.split("\t") for line in listed)}
    found = {ref.name.decode(): ref.oid for ref in refs.refs}
    peeled = {ref.name.decode() + "^{}": ref.peeled for ref in refs.refs if ref.peeled}
    assert found | peeled == expected
    assert refs.head == "refs/heads/main"
    assert refs.by_name["HEAD"].target == b"refs/heads/main"
    assert refs.by_name["refs/tags/heavy"].peeled == stage.commits[0]
    assert refs.hash_size == 20
    assert refs.url == stage.url


def test_refs_take_one_request(stage: Stage) -> None:
    stage.wire.refs(stage.url, stage.meter)
    assert stage.meter.requests == len(stage.server.requests) == 1


@both_versions
def test_only_refs_with_a_prefix_are_told(stage: Stage) -> None:
    stage.repo.git("tag", "light", stage.commits[1])
    refs = stage.wire.refs(stage.url, stage.meter, ["HEAD", "refs/tags/"])
    assert [ref.name for ref in refs.refs] == [b"HEAD", b"refs/tags/light"]
    assert refs.head == "refs/heads/main"
    refs = stage.wire.refs(stage.url, stage.meter, ["refs/heads/main"])
    assert refs.refs == (RemoteRef(b"refs/heads/main", stage.commits[9]),)
    assert refs.head is None


@both_versions
def test_a_detached_head_stands_for_no_branch(stage: Stage) -> None:
    stage.repo.git("checkout", "-q", "--detach", stage.commits[3])
    refs = stage.wire.refs(stage.url, stage.meter)
    assert refs.head is None
    assert refs.by_name["HEAD"] == RemoteRef(b"HEAD", stage.commits[3])


@both_versions
def test_names_may_be_no_text(stage: Stage) -> None:
    name = b"refs/heads/caf\xe9"
    stage.repo.git("update-ref", name, stage.commits[3])
    refs = stage.wire.refs(stage.url, stage.meter)
    assert refs.by_name["refs/heads/caf\udce9"] == RemoteRef(name, stage.commits[3])
    (only,) = stage.wire.refs(stage.url, stage.meter, ["refs/heads/caf\udce9"]).refs
    assert only.name == name


@both_versions
def test_an_empty_repository_has_no_refs(stage: Stage, tmp_path: Path) -> None:
    GitRepo.init(tmp_path / "served" / "empty.git", "--bare")
    refs = stage.wire.refs(f"{stage.server.url}/empty.git", stage.meter)
    assert refs.refs == ()
    # Version 0 does not tell of a branch that is not born yet.
    assert refs.head == (None if stage.server.v0_only else "refs/heads/main")


def test_a_server_that_does_not_know_unborn_is_asked_without(stage: Stage) -> None:
    stage.server.settings["lsrefs.unborn"] = "ignore"
    fault = GitFault.result(pkt("ERR unexpected line: 'unborn'"), times=1)
    stage.server.faults = [fault]
    refs = stage.wire.refs(stage.url, stage.meter)
    assert refs.head == "refs/heads/main"
    assert [request.method for request in stage.server.requests] == ["POST", "GET", "POST"]
    assert b"unborn" in stage.server.posts[0].body
    assert b"unborn" not in stage.server.posts[1].body


def test_version_1_is_version_0_with_a_word_before(stage: Stage) -> None:
    def version_1(body: bytes) -> bytes:
        head = pkt("# service=git-upload-pack\n") + b"0000"
        assert body.startswith(head)
        return head + pkt("version 1\n") + body[len(head) :]

    stage.server.v0_only = True
    stage.server.faults = [GitFault("GET", rewrite=version_1)]
    refs = stage.wire.refs(stage.url, stage.meter)
    assert refs.by_name["refs/heads/main"].oid == stage.commits[9]


def test_a_server_of_files_is_told_apart(stage: Stage) -> None:
    listing = f"{stage.commits[9]}\trefs/heads/main\n".encode()
    stage.server.faults = [
        GitFault("POST", status=405),
        GitFault("GET", status=200, headers={"Content-Type": "text/plain"}, body=listing),
    ]
    with pytest.raises(NotSmartError, match="does not speak git's protocol") as caught:
        stage.wire.refs(stage.url, stage.meter)
    assert caught.value.trouble is Trouble.BROKEN


def test_a_page_for_people_is_no_repository(stage: Stage) -> None:
    stage.server.faults = [
        GitFault(status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<html>")
    ]
    with pytest.raises(TroubleError, match="it answered HTML") as caught:
        stage.wire.refs(stage.url, stage.meter)
    assert caught.value.trouble is Trouble.BROKEN
    assert not isinstance(caught.value, NotSmartError)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0000"[:3],
        pkt("not-hex refs/heads/main\n") + b"0000",
        pkt("1" * 39 + " refs/heads/main\n") + b"0000",
        pkt("1" * 40 + " refs/heads/main\n"),
        pkt("1" * 40 + " refs/tags/v peeled:xyz\n") + b"0000",
        pkt("1" * 40 + " refs/heads/main\n") + b"0001",
    ],
)
def test_a_malformed_list_is_no_answer(stage: Stage, body: bytes) -> None:
    stage.server.faults = [GitFault.result(body)]
    with pytest.raises(TroubleError, match="no answer of a git server") as caught:
        stage.wire.refs(stage.url, stage.meter)
    assert caught.value.trouble is Trouble.BROKEN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0000",
        pkt("# service=git-upload-pack\n") + pkt("more"),
        pkt("# service=git-upload-pack\n") + b"0000" + pkt("HEAD"),
        pkt("version 2\n") + pkt("ls-refs\n"),
    ],
)
def test_a_malformed_advertisement_is_no_answer(stage: Stage, body: bytes) -> None:
    kind = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    stage.server.faults = [
        GitFault("POST", status=500),
        GitFault("GET", status=200, headers=kind, body=body),
    ]
    if body == b"0000":  # no line at all: version 0 without refs
        assert stage.wire.refs(stage.url, stage.meter).refs == ()
        return
    with pytest.raises(TroubleError) as caught:
        stage.wire.refs(stage.url, stage.meter)
    assert caught.value.trouble is Trouble.BROKEN
