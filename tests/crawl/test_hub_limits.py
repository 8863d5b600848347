"""Limits, credentials and faults of the small GitHub of the tests."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hub import Fault, Hub, HubRepository
from leakscan.crawl.github.app import InstallationToken
from leakscan.crawl.github.credentials import AppInstallation, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PEM = Encoding.PEM


def test_app_is_given_a_token_for_what_it_signs(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response], tmp_path: Path
) -> None:
    for number in (1, 2):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        file = tmp_path / f"{number}.pem"
        file.touch(0o600)
        file.write_bytes(key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo)
    hub.app(12, 34, public.decode())
    token = InstallationToken(AppInstallation(12, 34, tmp_path / "2.pem"), hub.url, 10).token()
    shown = get(f"/repos/{hub_app.full_name}", token)
    assert (shown.status_code, shown.headers["x-ratelimit-limit"]) == (200, "15000")
    for installation in (
        AppInstallation(12, 34, tmp_path / "1.pem"),
        AppInstallation(12, 35, tmp_path / "2.pem"),
        AppInstallation(13, 34, tmp_path / "2.pem"),
    ):
        with pytest.raises(RefusedError):
            InstallationToken(installation, hub.url, 10).token()


def test_primary_limit_and_its_end(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    token = hub.token(core=2)
    assert [get("/repos/ada/app", token).status_code for _ in range(3)] == [200, 200, 403]
    refused = get("/repos/ada/app", token)
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert "API rate limit exceeded" in refused.json()["message"]
    assert get("/rate_limit", token).json()["rate"]["remaining"] == 0
    hub.limits.access[token].refuses_with = 429
    assert get("/repos/ada/app", token).status_code == 429
    hub.ahead = 3601
    assert get("/repos/ada/app", token).status_code == 200
    assert hub_app.full_name == "ada/app"


def test_tokens(hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]) -> None:
    token = hub.token()
    assert get("/repos/ada/app", token).status_code == 200
    hub.revoke(token)
    assert get("/repos/ada/app", token).json()["message"] == "Bad credentials"
    assert get("/repos/ada/app", "unknown").status_code == 401
    assert get("/repos/ada/app", "").headers["x-ratelimit-limit"] == "60"
    assert hub.requests[-1].path == f"/repos/{hub_app.full_name}"


def test_faults_happen_as_often_as_they_should(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    hub.fault(Fault.secondary_limit("/ada/", times=2), Fault.html("/events"))
    statuses = [get(f"/repos/{hub_app.full_name}") for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [403, 403, 200]
    assert statuses[0].headers["retry-after"] == "60"
    assert get("/events").text.startswith("<!DOCTYPE html>")
    hub.fault(Fault(status=200, body={"a": "b" * 100}, cut=True))
    with pytest.raises(requests.RequestException):
        get("/events")
    assert get("/events").status_code == 200


def test_git_says_what_the_api_says(hub: Hub, hub_app: HubRepository) -> None:
    def status() -> int:
        url = f"{hub.git_url}/{hub_app.full_name}.git/info/refs?service=git-upload-pack"
        return requests.get(url, timeout=10).status_code

    assert status() == 200
    hub.make_private(hub_app)
    assert status() == 401
    hub.publish(hub_app)
    assert status() == 200
    hub.block(hub_app)
    assert status() == 451


def test_many_ask_at_once(
    hub: Hub, hub_app: HubRepository, get: Callable[..., requests.Response]
) -> None:
    head = hub_app.object_at("main")
    statuses: list[int] = []

    def ask() -> None:
        statuses.extend(get(f"/repos/ada/app/commits/{head}").status_code for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 40
    assert len(hub.requests) == 40
