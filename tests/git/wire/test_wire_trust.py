"""Whom the client trusts, and through whom it speaks: what the environment says."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from certificates import certificate
from hub.backend import GitServer
from leakscan.errors import UsageError
from leakscan.git.wire import Wire
from leakscan.trouble import Trouble, TroubleError
from servers import a_closed_port, running_socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wire_stage import Stage


def test_a_certificate_must_be_trusted(stage: Stage, tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with GitServer(stage.server.root, tls=context) as secure:
        with pytest.raises(TroubleError, match="certificate") as caught:
            stage.wire.refs(f"{secure.url}/acme/app/.git", stage.meter)
        assert secure.requests == []
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert stage.meter.requests == 1


@pytest.mark.parametrize(
    "name", ["GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
)
def test_the_environment_says_whom_to_trust(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    context, public = certificate(tmp_path)
    monkeypatch.setenv(name, str(public))
    with GitServer(stage.server.root, tls=context) as secure:
        stage.server = secure
        for before in stage.commits[3:6]:
            objects, _ = stage.push(before, stage.commits[9])
            assert objects == stage.expected(f"{before}..{stage.commits[9]}")
        assert secure.connections == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_named(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "some.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(UsageError, match=r"some\.pem cannot be read .*: check SSL_CERT_FILE"):
        stage.wire.refs("https://127.0.0.1:1/x", stage.meter)


def test_encryption_is_not_given_up(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    with GitServer(stage.server.root, tls=context) as secure:
        secure.moved = {"/old.git": f"{stage.server.url}/acme/app/.git"}
        with pytest.raises(TroubleError, match="not encrypted") as caught:
            stage.wire.refs(f"{secure.url}/old.git", stage.meter)
        assert caught.value.trouble is Trouble.REFUSED
        assert stage.server.requests == []
        stage.server.moved = {"/old.git": f"{secure.url}/acme/app/.git"}
        refs = stage.wire.refs(f"{stage.server.url}/old.git", stage.meter)
        assert refs.url == f"{secure.url}/acme/app/.git"


# Proxies.


def forwarding(heard: list[bytes], address: str) -> Callable[[socket.socket], None]:
    """Behave as a proxy: pass everything on to one server, whatever is asked for."""
    host, _, port = address.rpartition("/")[2].partition(":")

    def behave(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1 << 16)
        heard.append(head)
        with socket.create_connection((host, int(port))) as onward:
            if head.startswith(b"CONNECT"):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                onward.sendall(head.replace(b"http://git.test/", b"/", 1))
            thread = threading.Thread(target=pump, args=(onward, connection), daemon=True)
            thread.start()
            pump(connection, onward)
            thread.join()

    return behave


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass everything on, and the end of it."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_requests_go_through_the_proxy(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with running_socket(forwarding(heard, stage.server.url)) as proxy:
        address = proxy.removesuffix("/hook")
        monkeypatch.setenv("http_proxy", address.replace("//", "//me:proxy-pass@"))
        refs = stage.wire.refs("http://git.test/acme/app/.git", stage.meter)
        stage.wire.close()
    assert refs.by_name["HEAD"].oid == stage.commits[9]
    assert heard[0].startswith(b"POST http://git.test/acme/app/.git/git-upload-pack HTTP/1.1\r\n")
    assert b"\r\nproxy-authorization: Basic bWU6cHJveHktcGFzcw==\r\n" in heard[0].replace(
        b"Proxy-Authorization", b"proxy-authorization"
    )


def test_encrypted_requests_go_through_a_tunnel(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    heard: list[bytes] = []
    with (
        GitServer(stage.server.root, tls=context) as secure,
        running_socket(forwarding(heard, secure.url)) as proxy,
    ):
        monkeypatch.setenv("https_proxy", proxy.removesuffix("/hook"))
        stage.server = secure
        for before in stage.commits[3:6]:
            stage.push(before, stage.commits[9])
        stage.wire.close()
    assert len(heard) == 1
    assert heard[0].startswith(f"CONNECT {secure.url.removeprefix('https://')} ".encode())


def test_some_hosts_need_no_proxy(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{a_closed_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert stage.wire.refs(stage.url, stage.meter).head == "refs/heads/main"


def test_a_proxy_that_is_not_there_is_named_without_its_password(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:proxy-pass@127.0.0.1:{a_closed_port()}")
    with pytest.raises(TroubleError, match="proxy") as caught:
        stage.wire.refs("http://git.test/x.git", stage.meter)
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert "proxy-pass" not in repr(caught.value)


def test_other_kinds_of_proxies_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://me:proxy-pass@127.0.0.1:1080")
    with pytest.raises(UsageError, match=r"the proxy socks5://127\.0\.0\.1") as caught:
        stage.wire.refs("http://git.test/x.git", stage.meter)
    assert "proxy-pass" not in repr(caught.value)


def test_closing_leaves_a_client_that_can_be_used(stage: Stage) -> None:
    wire = Wire()
    for _ in range(2):
        assert wire.refs(stage.url, stage.meter).head == "refs/heads/main"
        wire.close()
    assert stage.server.connections == 2
