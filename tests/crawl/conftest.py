"""What tests of the crawl share."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from api_stage import Stage, begin, open_stage
from asking_github import API
from engine_stage import Watch
from event_samples import asking
from event_site import Site

from hub import Change, Hub, HubRepository
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import Credential, FixedToken
from leakscan.crawl.github.governor import Governor
from ledgers import Desk
from servers import running_web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def watch(tmp_path: Path, empty_ledger: Path) -> Iterator[Watch]:
    """An engine, and a ledger of its own."""
    shutil.copy(empty_ledger, tmp_path / "ledger.sqlite3")
    with Desk.open(str(tmp_path / "ledger.sqlite3"), tmp_path / "ledger.key") as desk:
        yield Watch(desk)


@pytest.fixture
def said() -> list[str]:
    """Keep what the operator is told."""
    return []


@pytest.fixture
def ask(said: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., GitHub]]:
    """Make what asks a server and never sleeps; it is closed afterwards."""
    made: list[GitHub] = []

    def refuse(seconds: float) -> None:
        pytest.fail(f"slept for {seconds} s")

    def make(url: str = API, *credentials: Credential, **options: Any) -> GitHub:
        governor = Governor(credentials or [FixedToken("env:A", "secret-a")], 8)
        made.append(GitHub(url, governor, said.append, **options))
        return made[-1]

    for module in ("github.Requester", "urllib3.util.retry"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(sleep=refuse))
    yield make
    for github in made:
        github.close()


@pytest.fixture
def site() -> Site:
    """A list of events on a server."""
    return Site()


@pytest.fixture
def github(site: Site) -> Iterator[GitHub]:
    """Ask the server of that list."""
    with running_web(site.reply) as web, asking(web.url.removesuffix("/hook")) as github:
        yield github


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Write an archive; return its path."""

    def write(content: bytes, name: str = "events.json.gz") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A small GitHub."""
    with Hub(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def get(hub: Hub) -> Callable[..., requests.Response]:
    """Ask the small GitHub as somebody with a token."""
    first = hub.token()

    def ask(path: str, token: str = first, **headers: str) -> requests.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        url = path if path.startswith("http") else hub.url + path
        return requests.get(url, headers=sent, timeout=10, allow_redirects=False)

    return ask


@pytest.fixture
def hub_app(hub: Hub) -> HubRepository:
    """A repository of the small GitHub with one commit."""
    made = hub.repository("ada/app")
    hub.push(made, Change({"a.txt": "one\ntwo\n"}, "Begin"))
    return made


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A small GitHub, with both ways of looking at pushes to it."""
    with open_stage(tmp_path / "stage") as opened:
        yield opened


@pytest.fixture
def app(stage: Stage) -> HubRepository:
    """A repository on the stage, with one commit that holds nothing."""
    return begin(stage)
