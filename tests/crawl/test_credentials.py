"""Whom GitHub is asked as: tokens of the environment and of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asking_github import base, private

from leakscan.crawl.github.access import open_github
from leakscan.crawl.github.credentials import (
    Anonymous,
    FileToken,
    TokenFile,
    TokenVariable,
    default_credential,
    open_token,
)
from leakscan.crawl.settings import GitHubSettings
from leakscan.errors import UsageError
from servers import Request, a_json, running_web

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"GITHUB_TOKEN": "c", "GH_TOKEN": "b", "LEAKSCAN_GITHUB_TOKEN": "a"}, "env:LEAKSCAN"),
        ({"GITHUB_TOKEN": "c", "GH_TOKEN": "b"}, "env:GH_TOKEN"),
        ({"GITHUB_TOKEN": "c", "GH_TOKEN": " "}, "env:GITHUB_TOKEN"),
        ({"GITHUB_TOKEN": ""}, "anonymous"),
        ({}, "anonymous"),
    ],
)
def test_the_environment_is_looked_at_in_order(environ: dict[str, str], name: str) -> None:
    assert default_credential(environ).name.startswith(name)


def test_nobody_is_told_to_be_slow() -> None:
    said: list[str] = []
    open_github(GitHubSettings(), {}, said.append)
    assert "60 requests an hour" in said[0]
    assert "LEAKSCAN_GITHUB_TOKEN" in said[0]
    open_github(GitHubSettings(), {"GH_TOKEN": "secret"}, said.append)
    assert len(said) == 1
    assert Anonymous().token() is None


def test_no_credential_shows_its_token(tmp_path: Path) -> None:
    path = private(tmp_path / "token", "hunter2secret\n")
    for source in (TokenVariable("GH_TOKEN"), TokenFile(path)):
        credential = open_token(source, {"GH_TOKEN": "hunter2secret"})
        assert credential.token() == "hunter2secret"
        assert "hunter2" not in repr(credential) + credential.name


@pytest.mark.parametrize("text", ["two words", "naïve", "a\nb", "x" * 5000])
def test_what_is_no_token_is_not_shown(tmp_path: Path, text: str) -> None:
    path = private(tmp_path / "token", text)
    for source in (TokenVariable("GH_TOKEN"), TokenFile(path)):
        with pytest.raises(UsageError) as caught:
            open_token(source, {"GH_TOKEN": text})
        assert text not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="MY_TOKEN is not set"):
        open_token(TokenVariable("MY_TOKEN"), {"MY_TOKEN": ""})
    with pytest.raises(UsageError, match="absent: no token there"):
        open_token(TokenFile(tmp_path / "absent"), {})
    with pytest.raises(UsageError, match=r"is a folder: name the file with the token"):
        open_token(TokenFile(tmp_path), {})
    with pytest.raises(UsageError, match="no token there"):
        open_token(TokenFile(private(tmp_path / "folder", "") / "x"), {})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "token", "hunter2secret")
    path.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600") as caught:
        open_token(TokenFile(path), {})
    assert "hunter2" not in str(caught.value)


def test_a_file_is_read_again_when_its_token_is_refused(tmp_path: Path) -> None:
    path = private(tmp_path / "token", "old")
    credential = FileToken(path)
    assert not credential.renew("old")
    path.write_text("new\n")
    assert credential.token() == "old"
    assert credential.renew("old")
    assert credential.token() == "new"
    for spoil, words in ((lambda: path.chmod(0o644), "chmod 600"), (path.unlink, "no token there")):
        spoil()
        with pytest.raises(UsageError, match=words):
            credential.renew("new")
        assert credential.token() == "new"


def test_a_new_token_in_the_file_is_used_without_a_word(tmp_path: Path) -> None:
    path = private(tmp_path / "token", "old")

    def reply(request: Request) -> Any:
        good = request.headers["authorization"] == "Bearer new"
        return a_json([]) if good else a_json({"message": "Bad credentials"}, 401)

    said: list[str] = []
    with running_web(reply) as web:
        github = open_github(GitHubSettings(base(web.url), "", (TokenFile(path),)), {}, said.append)
        path.write_text("new")
        assert github.get("/events").body == []
        path.write_text("newer")
        assert github.get("/events").body == []
        github.close()
    assert said == []
