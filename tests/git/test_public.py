"""Whether anybody can read a repository, asked of real servers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from leakscan.git.public import anybody_can_read
from servers import Reply, Request, running_web

if TYPE_CHECKING:
    from pathlib import Path

    from gitrepo import GitRepo

PASSWORD = base64.b64encode(b"ada:sesame").decode()


@pytest.fixture
def files(repo: GitRepo) -> Path:
    """Give the files of a repository as a dumb server has them."""
    repo.git("update-server-info")
    return repo.path / ".git"


def serve(files: Path, password: str | None = None):  # type: ignore[no-untyped-def]
    def reply(request: Request) -> Reply:
        if password and request.headers.get("authorization") != f"Basic {password}":
            return 401, {"www-authenticate": 'Basic realm="git"'}, b""
        path = files / request.path.removeprefix("/hook/").partition("?")[0]
        return (200, {}, path.read_bytes()) if path.is_file() else (404, {}, b"")

    return running_web(reply)


def test_what_a_stranger_can_read_is_public(files: Path) -> None:
    with serve(files) as web:
        assert anybody_can_read(web.url)


def test_what_the_user_has_a_key_for_is_not_public(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login ada password sesame\n")
    (home / ".gitconfig").write_text(
        '[credential]\nhelper = "!f() { echo username=ada; echo password=sesame; }; f"\n'
    )
    monkeypatch.setenv("HOME", str(home))
    with serve(files, PASSWORD) as web:
        assert not anybody_can_read(web.url)
    assert PASSWORD not in [
        request.headers.get("authorization", "").removeprefix("Basic ") for request in web.requests
    ]


@pytest.mark.parametrize(
    "target",
    [
        "https://ada:sesame@127.0.0.1:1/app",
        "git@127.0.0.1:acme/app.git",
        "ssh://git@127.0.0.1/acme/app",
        "file:///srv/app",
        "/srv/app",
        "-",
        "http://127.0.0.1:1/nobody-is-there",
        "ext::sh -c true",
    ],
)
def test_all_else_is_not_public(target: str) -> None:
    assert not anybody_can_read(target)


def test_a_repository_is_public_only_if_it_is_one(tmp_path: Path) -> None:
    with serve(tmp_path) as web:
        assert not anybody_can_read(web.url)
