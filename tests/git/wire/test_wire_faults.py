"""Packs that do not arrive as they should, and limits on those that do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from wire_stage import HEAD, Stage, both_versions, broken, sound

from hub.backend import GitFault, pkt
from leakscan.git.wire import Limits
from leakscan.trouble import Trouble, TroubleError
from servers import running_socket

if TYPE_CHECKING:
    import socket


# What is cut off.


@both_versions
@pytest.mark.parametrize("bytes_sent", [0, 2, 60, 100, 500, 3000])
def test_an_answer_that_is_cut_off_is_broken(stage: Stage, bytes_sent: int) -> None:
    sound(stage)
    stage.server.faults = [GitFault("POST", cut_after=bytes_sent)]
    assert broken(stage).trouble is Trouble.BROKEN
    stage.server.faults = []
    sound(stage)


def test_a_pack_without_its_last_packet_is_cut_off(stage: Stage) -> None:
    stage.server.faults = [GitFault("POST", rewrite=lambda body: body.removesuffix(b"0000"))]
    error = broken(stage)
    assert error.trouble is Trouble.BROKEN
    assert "cut off" in str(error)


def test_an_answer_of_a_promised_length_is_cut_off(stage: Stage) -> None:
    def promise(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        kind = b"Content-Type: application/x-git-upload-pack-result"
        body = HEAD + pkt(b"\x01PACK")
        connection.sendall(b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 99\r\n\r\n%b" % (kind, body))

    with (
        running_socket(promise) as url,
        stage.wire.fetch_push(url, None, stage.commits[9], Limits(), stage.meter) as arriving,
        pytest.raises(TroubleError, match="cut off") as caught,
    ):
        list(arriving)
    assert caught.value.trouble is Trouble.BROKEN


# What is said.


def test_a_failure_in_the_side_band_is_told(stage: Stage) -> None:
    said = b"\x03remote: \x1b[2Jaborting due to corruption\n"
    stage.server.faults = [GitFault.result(HEAD + pkt(b"\x01PACK") + pkt(said) + b"0000")]
    error = broken(stage)
    assert error.trouble is Trouble.BROKEN
    assert r"remote: \\x1b[2Jaborting due to corruption" in str(error)


@both_versions
def test_a_failure_instead_of_an_answer_is_told(stage: Stage) -> None:
    stage.server.faults = [GitFault.result(pkt("ERR Repository is disabled.\n"))]
    error = broken(stage)
    assert error.trouble is Trouble.BROKEN
    assert "'Repository is disabled.'" in str(error)


def test_a_server_is_asked_only_once_what_it_speaks(stage: Stage) -> None:
    stage.server.faults = [GitFault.result(pkt("ERR Repository is disabled.\n"))]
    broken(stage)
    assert stage.meter.requests == 3
    broken(stage)
    assert [request.method for request in stage.server.requests[3:]] == ["POST", "GET"]


@pytest.mark.parametrize("words", ["upload-pack: not our ref 12", "want 12 not valid"])
def test_a_commit_that_is_gone_is_told(stage: Stage, words: str) -> None:
    stage.server.faults = [GitFault.result(pkt(f"ERR {words}"))]
    assert broken(stage).trouble is Trouble.GONE
    assert stage.meter.requests == 1


@pytest.mark.parametrize(
    "body",
    [
        b"PACK",
        b"0000",
        b"0001",
        b"zzzz",
        pkt("surprise\n") + b"0001" + HEAD + b"0000",
        pkt("shallow-info\n") + pkt("shallow me") + b"0001" + HEAD + b"0000",
        pkt("acknowledgments\n") + pkt("ACK me") + b"0000",
        HEAD + pkt(b"\x07PACK") + b"0000",
        HEAD + pkt(b"\x01PACK") + b"0001",
    ],
)
def test_what_is_no_answer_is_broken(stage: Stage, body: bytes) -> None:
    stage.server.faults = [GitFault.result(body)]
    assert broken(stage).trouble is Trouble.BROKEN
    stage.server.faults = []
    sound(stage)


def test_a_server_that_never_sends_a_pack_is_broken(stage: Stage) -> None:
    stage.server.faults = [GitFault.result(pkt("acknowledgments\n") + pkt("NAK\n") + b"0000")]
    error = broken(stage)
    assert error.trouble is Trouble.BROKEN
    assert "no pack" in str(error)
    assert stage.meter.requests == 2


def test_html_is_no_pack(stage: Stage) -> None:
    page = GitFault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>Oops</html>")
    stage.server.faults = [page]
    error = broken(stage)
    assert error.trouble is Trouble.BROKEN
    assert "it answered HTML" in str(error)
