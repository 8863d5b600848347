"""GitHub is asked as an installation of a GitHub App."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import responses
from asking_github import RECORDED, base, private
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from leakscan.crawl.github.access import open_github
from leakscan.crawl.github.client import Client
from leakscan.crawl.github.credentials import (
    AppInstallation,
)
from leakscan.crawl.settings import GitHubSettings
from leakscan.errors import UsageError
from leakscan.trouble import Trouble, TroubleError
from servers import Request, a_json, running_web

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

    from leakscan.crawl.github.calls import GitHub


@pytest.fixture(scope="session")
def pem() -> bytes:
    """Make the private key of an app."""
    return pem_of(rsa.generate_private_key(65537, 2048))


def pem_of(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Apps:
    """The side of GitHub that gives an app its tokens."""

    def __init__(self, pem: bytes, skew: float = 0) -> None:
        key = serialization.load_pem_private_key(pem, None)
        self.key = key.public_key()
        self.skew = skew
        self.issued = 0
        self.lasts = timedelta(hours=1)
        self.revoked: set[str] = set()
        self.refusal: tuple[int, str] | None = None
        self.paths: list[str] = []

    def __call__(self, request: Request) -> Any:
        token = request.headers["authorization"].removeprefix("Bearer ")
        if request.method == "POST":
            return self.issue(request, token)
        known = {f"ghs_{number}" for number in range(1, self.issued + 1)} - self.revoked
        if token not in known:
            return a_json({"message": "Bad credentials"}, 401)
        return a_json([token])

    def issue(self, request: Request, token: str) -> Any:
        now = time.time() + self.skew
        dated = {"Date": formatdate(now, usegmt=True)}
        self.paths.append(request.path)
        if self.refusal:
            return a_json({"message": self.refusal[1]}, self.refusal[0])
        unchecked = {"verify_iat": False, "verify_exp": False}
        said = jwt.decode(token, self.key, algorithms=["RS256"], options=unchecked)
        if not said["iat"] <= now < said["exp"] <= now + 600:
            return a_json({"message": "'Expiration time' claim ('exp') is too far"}, 401, **dated)
        assert said["iss"] == "12"
        self.issued += 1
        real = json.loads(RECORDED.read_text())["installation-token"]
        end = datetime.fromtimestamp(now, UTC) + self.lasts
        body = real["body"] | {
            "token": f"ghs_{self.issued}",
            "expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return a_json(body, real["status"], **dated)


@pytest.fixture
def opened(tmp_path: Path, pem: bytes, said: list[str]) -> Callable[[str], GitHub]:
    """Open a server as an app."""
    path = private(tmp_path / "app.pem", pem)

    def make(url: str) -> GitHub:
        settings = GitHubSettings(url, "", (AppInstallation(12, 34, path),))
        return open_github(settings, {}, said.append)

    return make


def test_an_app_gets_a_token_and_keeps_it(pem: bytes, opened: Callable[[str], GitHub]) -> None:
    apps = Apps(pem)
    with running_web(apps) as web:
        github = opened(base(web.url))
        threads = [threading.Thread(target=github.get, args=("/events",)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert github.get("/events").body == ["ghs_1"]
        github.close()
    assert apps.paths == ["/app/installations/34/access_tokens"]


def test_a_token_that_ends_soon_is_replaced(
    pem: bytes, opened: Callable[[str], GitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = Apps(pem)
    with running_web(apps) as web:
        github = opened(base(web.url))
        assert github.get("/events").body == ["ghs_1"]
        later = time.monotonic() + 3600 - 299
        monkeypatch.setattr("leakscan.crawl.github.app.time.monotonic", lambda: later)
        assert github.get("/events").body == ["ghs_2"]
        github.close()


def test_a_revoked_token_of_an_app_is_replaced(
    pem: bytes, opened: Callable[[str], GitHub], said: list[str]
) -> None:
    apps = Apps(pem)
    with running_web(apps) as web:
        github = opened(base(web.url))
        github.get("/events")
        apps.revoked.add("ghs_1")
        assert github.get("/events").body == ["ghs_2"]
        github.close()
    assert said == []


@pytest.mark.parametrize("skew", [-4000.0, 4000.0])
@responses.activate
def test_an_app_signs_by_the_servers_clock(
    pem: bytes, opened: Callable[[str], GitHub], skew: float
) -> None:
    apps = Apps(pem, skew)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        return apps(Request(str(request.method), request.path_url, headers, b""))

    url = "https://git.example.com/api/v3"
    responses.add_callback("POST", f"{url}/app/installations/34/access_tokens", answer)
    responses.add_callback("GET", f"{url}/events", answer)
    github = opened(url)
    assert github.get("/events").body == ["ghs_1"]
    assert github.get("/events").body == ["ghs_1"]
    assert len(apps.paths) == 2


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "A JSON web token could not be decoded"), (404, "Not Found"), (403, "suspended")],
)
def test_an_app_that_is_refused_is_put_aside(
    pem: bytes, opened: Callable[[str], GitHub], said: list[str], status: int, message: str
) -> None:
    apps = Apps(pem)
    apps.refusal = status, message
    with running_web(apps) as web:
        github = opened(base(web.url))
        for _ in range(2):
            with pytest.raises(TroubleError, match="app:12/34") as caught:
                github.get("/events")
            assert caught.value.trouble is Trouble.BARRED
        github.close()
    (line,) = said
    assert "app:12/34" in line
    assert message in line
    assert len(apps.paths) == 1


def test_an_app_waits_for_a_server_that_is_down(
    pem: bytes, opened: Callable[[str], GitHub], said: list[str]
) -> None:
    apps = Apps(pem)
    with running_web(apps) as web:
        github = opened(base(web.url))
        apps.refusal = 503, "down"
        for _ in range(20):
            with pytest.raises(TroubleError) as caught:
                github.get("/events")
            assert caught.value.trouble is Trouble.BUSY
        apps.refusal = None
        assert github.get("/events").body == ["ghs_1"]
        github.close()
    assert said == []


def test_closing_closes_the_connection_of_the_app(
    pem: bytes, opened: Callable[[str], GitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Client] = []
    really = Client.close
    monkeypatch.setattr(Client, "close", lambda client: (closed.append(client), really(client)))
    with running_web(Apps(pem)) as web:
        github = opened(base(web.url))
        github.get("/events")
        github.close()
    assert len(closed) == 2  # that of this thread, and the app's own


def test_a_file_without_an_rsa_key_is_refused_at_once(tmp_path: Path) -> None:
    other = pem_of(ed25519.Ed25519PrivateKey.generate())
    for name, content in (("empty", b"\n"), ("text", b"no key"), ("other", other)):
        source = AppInstallation(1, 2, private(tmp_path / name, content))
        with pytest.raises(UsageError, match=f"{name}: no RSA private key"):
            open_github(GitHubSettings(credentials=(source,)), {}, print)
    open_to_all = private(tmp_path / "pem", b"x")
    open_to_all.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        open_github(GitHubSettings(credentials=(AppInstallation(1, 2, open_to_all),)), {}, print)
