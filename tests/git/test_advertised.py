"""Asking a repository what it has."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo
from leakscan.git.advertised import advertised

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def server(repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    """Make another repository with a branch and a tag; stand in the first one."""
    monkeypatch.chdir(repo.path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    repo.git("tag", "-a", "-m", "Release", "v1")
    return repo.clone(tmp_path / "server.git", "--mirror")


def test_what_it_names(server: GitRepo) -> None:
    server.git("update-ref", "refs/pull/1/head", "main")
    told = advertised(str(server.path))
    main, tag = server.tip("main"), server.tip("v1")
    assert told == {
        "refs/heads/main": main,
        "refs/tags/v1": tag,
        "refs/tags/v1^{}": main,
    }


@pytest.mark.usefixtures("server")
def test_an_empty_one_and_none(tmp_path: Path) -> None:
    empty = GitRepo.init(tmp_path / "empty.git", "--bare")
    assert advertised(str(empty.path)) == {}
    assert advertised(str(tmp_path / "nowhere")) is None
    assert advertised("--upload-pack=false") is None
    assert advertised("") is None


def test_what_would_lead_elsewhere_is_not_asked(server: GitRepo, repo: GitRepo) -> None:
    """Git has rewritten the URL already, and it is no name."""
    url = str(server.path)
    repo.git("init", "-q", "--bare", "beside")
    assert advertised("beside") == {}
    repo.git("remote", "add", "beside", url)
    assert advertised("beside") is None
    repo.git("config", "url.nowhere:.insteadOf", url)
    assert advertised(url) is None
    repo.git("config", "--unset", "url.nowhere:.insteadOf")
    repo.git("config", "url.nowhere:.pushInsteadOf", url)
    assert advertised(url)


@pytest.mark.usefixtures("server")
def test_one_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        begin = time.monotonic()
        assert advertised(f"http://127.0.0.1:{listening.getsockname()[1]}/app", 0.5) is None
        assert time.monotonic() - begin < 5
        # All that git had started has ended: nobody holds the connection any more.
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(5)
            while connection.recv(4096):
                pass


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("way", ["none", "GIT_SSH_COMMAND", "GIT_SSH", "core.sshCommand"])
def test_ssh_does_not_ask(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Unless the user has said how it is to be run."""
    told = tmp_path / "told"
    program = tmp_path / "bin/ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" "$GIT_TERMINAL_PROMPT" >>"{told}"\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for name in ("GIT_SSH_COMMAND", "GIT_SSH"):
        monkeypatch.delenv(name, raising=False)
    if way.startswith("GIT_"):
        monkeypatch.setenv(way, str(program))
    elif way != "none":
        repo.git("config", way, str(program))
    assert advertised("git@example.invalid:app.git") is None
    said = told.read_text()
    assert "git@example.invalid" in said
    assert said.endswith(" 0\n")
    assert ("BatchMode=yes" in said) == (way == "none")
