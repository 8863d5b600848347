"""Both versions of the protocol, with all that servers may lack, and whatever they may say."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from histories import histories, write_history
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_stage import Stage

from hub.backend import GitFault, GitServer, pkt
from leakscan.git.wire import Limits, Meter, Wire, v0, v2
from leakscan.git.wire.packets import PacketError, Packets, SaidError
from leakscan.git.wire.questions import Question

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def without(*capabilities: str) -> Callable[[bytes], bytes]:
    """Take capabilities from an advertisement of version 0."""

    def take(body: bytes) -> bytes:
        start = body.index(b"\0")
        end = body.index(b"\n", start)
        begin = body.rindex(b"\n0000", 0, start) + 5 if b"\n0000" in body[:start] else 0
        line = body[begin + 4 : end + 1]
        for name in capabilities:
            line = re.sub(rb"(?<=[ \0])" + name.encode() + rb"(?=[ \n])", b"", line)
        return body[:begin] + pkt(line) + body[end + 1 :]

    return take


@pytest.mark.parametrize(
    "missing",
    [
        ("side-band-64k",),
        ("side-band-64k", "side-band"),
        ("no-done",),
        ("no-done", "multi_ack_detailed", "multi_ack"),
        ("ofs-delta", "no-progress"),
        ("object-format=sha1",),
    ],
)
@pytest.mark.parametrize("stage", [0], indirect=True)
def test_old_servers_send_the_same_pack(stage: Stage, missing: tuple[str, ...]) -> None:
    stage.server.faults = [GitFault("GET", rewrite=without(*missing))]
    for before in (stage.commits[4], None, "8" * 40):
        objects, arriving = stage.push(before, stage.commits[9], Limits(depth=3))
        if before == stage.commits[4]:
            assert objects == stage.expected(f"{before}..{stage.commits[9]}")
        else:
            assert arriving.shallow == (stage.commits[7],)
        asked = stage.server.posts[-1].body
        assert not any(name.encode() in asked.split() for name in missing)


@pytest.mark.parametrize("stage", [0], indirect=True)
def test_a_server_that_cannot_cut_history_sends_all_of_it(stage: Stage) -> None:
    stage.server.faults = [GitFault("GET", rewrite=without("shallow"))]
    objects, arriving = stage.push(None, stage.commits[9], Limits(depth=3))
    assert objects == stage.expected("--all")
    assert arriving.shallow == ()


def test_what_a_server_speaks_may_change(stage: Stage) -> None:
    for v0_only in (False, True, True, False, False, True):
        stage.server.v0_only = v0_only
        objects, _ = stage.push(stage.commits[4], stage.commits[9])
        assert objects == stage.expected(f"{stage.commits[4]}..{stage.commits[9]}")


@pytest.mark.parametrize("version", [2, 0])
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories, data=st.data())
def test_any_push_is_what_git_would_send(
    tmp_path: Path, version: int, history: list[object], data: st.DataObject
) -> None:
    number = len(list(tmp_path.iterdir()))
    root = tmp_path / str(number)
    repo = write_history(root / "app", history)
    repo.git("config", "pack.useSparse", "false")  # which sends what has only moved, too
    wire = Wire(patience=20)
    commits = repo.git("rev-list", "--all").split()
    with GitServer(root, v0_only=version == 0) as server:
        stage = Stage(repo, server, wire, commits, root / "scratch")
        for _ in range(3):
            before = data.draw(st.sampled_from(commits))
            head = data.draw(st.sampled_from(commits))
            url = f"{server.url}/app/.git"
            with wire.fetch_push(url, before, head, Limits(), Meter()) as arriving:
                pack = b"".join(arriving)
            assert stage.objects(pack) == stage.expected(f"{before}..{head}")
    wire.close()


def reading(stream: bytes) -> Packets:
    """Read a stream that arrives in one piece."""
    pieces = iter([stream] if stream else [])
    return Packets(lambda: next(pieces, b""))


words = st.sampled_from(
    [b"ACK", b"NAK", b"ready", b"shallow", b"unshallow", b"common", b"packfile", b"HEAD", b"unborn"]
    + [b"acknowledgments", b"shallow-info", b"peeled:", b"symref-target:x", b"version", b"1", b"2"]
    + [b"# service=git-upload-pack", b"\0", b"symref=HEAD:x", b"1" * 40, b"2" * 64, b"\xff", b"^{}"]
)
said = st.lists(words, max_size=4).map(b" ".join).map(pkt)
streams = st.lists(
    said | st.sampled_from([b"0000", b"0001", b"0002"]) | st.binary(max_size=6), max_size=10
).map(b"".join)


@settings(max_examples=300)
@given(streams, st.booleans())
def test_whatever_a_server_says_is_an_answer_or_none(stream: bytes, done: bool) -> None:
    question = Question(("1" * 40,), depth=3, done=done)
    advertised = v0.Advertisement(0, {"shallow": "", "no-done": ""})
    readers: list[Callable[[], object]] = [
        lambda: v2.read_refs(reading(stream)),
        lambda: v2.read_reply(reading(stream), is_filtered=False),
        lambda: v0.read_advertisement(reading(stream)),
        lambda: v0.read_reply(reading(stream), question, advertised, is_filtered=False),
    ]
    for read in readers:
        with contextlib.suppress(PacketError, SaidError):
            read()
