"""The configuration of the watch: read whole, and refused where it is wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from leakscan.config import Config, load_config
from leakscan.crawl.github.credentials import AppInstallation, TokenFile, TokenVariable
from leakscan.crawl.settings import (
    SEARCHES,
    GitHubSettings,
    PushLimits,
    WatchSettings,
    read_github_settings,
    read_watch_settings,
)
from leakscan.errors import UsageError
from leakscan.places import CHECKOUT_FILE

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"

WHOLE = """
[github]
api_url = "https://git.example.com/api/v3/"
git_url = "https://git.example.com"
credentials = [
  { env = "MY_TOKEN" },
  { token_file = "gh.token" },
  { app_id = 12, installation_id = 34, private_key_file = "app.pem" },
]
[watch]
sources = ["events", "org:acme", "user:ada", "repo:ada/app.js", "search", "events"]
search = ["REPLICATE_API_TOKEN extension:rb"]
concurrency = 4
api_concurrency = 2
via = "git"
poll = 5
keep = "2.weeks"
[watch.limits]
pack = "64KiB"
blob = 1000
seconds = 1.5
depth = 7
repository = "1 GB"
"""


def config(folder: Path, text: str) -> Config:
    path = folder / "leakscan.toml"
    path.write_text(text)
    return load_config(path)


def test_every_key_is_read(tmp_path: Path) -> None:
    read = config(tmp_path, WHOLE)
    assert read_github_settings(read) == GitHubSettings(
        "https://git.example.com/api/v3",
        "https://git.example.com",
        (
            TokenVariable("MY_TOKEN"),
            TokenFile(tmp_path / "gh.token"),
            AppInstallation(12, 34, tmp_path / "app.pem"),
        ),
    )
    assert read_watch_settings(read) == WatchSettings(
        ("events", "org:acme", "user:ada", "repo:ada/app.js", "search"),
        ("REPLICATE_API_TOKEN extension:rb",),
        concurrency=4,
        api_concurrency=2,
        via="git",
        poll=5,
        keep=timedelta(weeks=2),
        limits=PushLimits(65536, 1000, 1.5, 7, 1_000_000_000),
    )


def test_names_of_github_have_no_case(tmp_path: Path) -> None:
    read = config(tmp_path, 'watch.sources = ["org:Acme", "repo:a/B", "org:acme", "repo:A/b"]')
    assert read_watch_settings(read).sources == ("org:Acme", "repo:a/B")


def test_nothing_configured_is_all_of_github() -> None:
    assert read_github_settings(Config()) == GitHubSettings()
    watch = read_watch_settings(Config())
    assert watch == WatchSettings()
    assert watch.sources == ("events",)
    assert watch.poll is None
    assert watch.search == SEARCHES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("github.url = 5", "github.url: unknown key"),
        ("github.api_url = 5", "github.api_url: expected a text"),
        ('github.api_url = "api.github.com"', "github.api_url: not an address"),
        ('github.api_url = "https://me:pw@h"', "github.api_url: not an address"),
        ('github.api_url = "https://h/?x=1"', "github.api_url: not an address"),
        ('github.api_url = "https://h:99999"', "github.api_url: not an address"),
        ('github.git_url = "http://example.com"', "github.git_url: it would send"),
        ('github.git_url = "ssh://example.com"', "github.git_url: not an address"),
        ("github.credentials = 5", "github.credentials: expected a list of tables, not a number"),
        ("github.credentials = [{}]", "github.credentials 1.env: missing"),
        ('github.credentials = [{ env = "A" }, { env = 5 }]', "github.credentials 2.env: expected"),
        ('github.credentials = [{ env = "A" }, { env = "A" }]', "there twice"),
        ('github.credentials = [{ env = "A", token_file = "b" }]', "1.token_file: unknown key"),
        ('github.credentials = [{ env = "A B" }]', "1.env: not the name of a variable"),
        ("github.credentials = [{ app_id = 1 }]", "1.installation_id: missing"),
        ("github.credentials = [{ app_id = 0 }]", "1.app_id: expected a whole number from 1"),
        ('github.credentials = ["GH_TOKEN"]', 'not a text: write { env = "GH_TOKEN" }'),
        ("github.credentials = 5", 'not a number: write [{ env = "GH_TOKEN" }]'),
        (
            'watch.sources = ["event"]',
            "watch.sources: unknown source event (number 1): write events",
        ),
        ("watch.search = []", "watch.search: no query in it: leave it out for the usual ones"),
        (
            'watch.sources = ["events", "org:a/b"]',
            "watch.sources: unknown source org:a/b (number 2): write repo:a/b",
        ),
        ('watch.sources = ["repo:ada"]', "watch.sources: unknown source"),
        ('watch.sources = ["repo:ada/.."]', "watch.sources: unknown source"),
        ('watch.sources = ["repo:ada/x?y=1"]', "watch.sources: unknown source"),
        ('watch.sources = ["user:"]', "watch.sources: unknown source"),
        ("watch.search = 5", "watch.search: expected a list of texts"),
        ("watch.concurrency = 0", "watch.concurrency: expected a whole number from 1 to 256"),
        ("watch.api_concurrency = 101", "watch.api_concurrency: expected a whole number"),
        ('watch.via = "ssh"', "watch.via: expected"),
        ("watch.poll = 0", "watch.poll: expected seconds"),
        ('watch.keep = "30"', "watch.keep: not a span of time"),
        ('watch.keep = "0.days"', "watch.keep: not a span of time"),
        ("watch.keep = 30", "watch.keep: expected a text"),
        ("watch.limit.pack = 5", "watch.limit: unknown key"),
        ("watch.limits = 5", "watch.limits: expected a table"),
        ("watch.limits.packs = 5", "watch.limits.packs: unknown key"),
        ('watch.limits.pack = "much"', "watch.limits.pack: not a size"),
        ('watch.limits.pack = "5ib"', "watch.limits.pack: not a size"),
        ('watch.limits.pack = "-5MB"', "watch.limits.pack: not a size"),
        ('watch.limits.pack = "9999999 TB"', "watch.limits.pack: not a size"),
        ("watch.limits.pack = -1", "watch.limits.pack: expected a whole number from 0"),
        ("watch.limits.pack = 1.5", "watch.limits.pack: expected a whole number"),
        ("watch.limits.depth = 0", "watch.limits.depth: expected"),
        ("watch = 5", "watch: expected a table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_all(config(tmp_path, text))
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "leakscan.toml"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "credential",
    [
        '"ghp_hunter2secret"',
        '{ token = "ghp_hunter2secret" }',
        '{ env = "ghp_hunter2secret" }',
        '{ env = "github_pat_hunter2secret" }',
        '{ token_file = "gho_hunter2secret" }',
        '{ private_key = "hunter2secret" }',
    ],
)
def test_a_token_has_no_place_in_it(tmp_path: Path, credential: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_all(config(tmp_path, f"github.credentials = [{credential}]"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080"]
)
def test_this_machine_may_be_asked_in_the_clear(tmp_path: Path, url: str) -> None:
    assert read_github_settings(config(tmp_path, f'github.api_url = "{url}"')).api_url == url


@pytest.mark.parametrize("table", ["github", "watch"])
def test_a_checkout_cannot_say_what_is_watched(tmp_path: Path, table: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / CHECKOUT_FILE).write_text(f'[{table}]\nurl = "x"\n')
    with pytest.raises(UsageError, match="not in a checkout's file"):
        load_config(start=tmp_path)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ('"0"', 0), ('"12"', 12), ('"12b"', 12), ('"3kB"', 3000), ('"2TiB"', 2 << 40)],
)
def test_sizes_are_written_as_people_do(tmp_path: Path, text: str, size: int) -> None:
    read = config(tmp_path, f"watch.limits.pack = {text}")
    assert read_watch_settings(read).limits.pack == size


def test_the_example_of_the_documentation_is_the_default(tmp_path: Path) -> None:
    section = DOCUMENT.read_text().partition("## `[watch]`")[2]
    (example,) = re.findall(r"```toml\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    assert read_watch_settings(config(tmp_path, example)) == WatchSettings(search=SEARCHES)
    for key in ("api_url", "git_url", "credentials"):
        assert f"`{key}`" in DOCUMENT.read_text()


def read_all(read: Config) -> None:
    read_github_settings(read)
    read_watch_settings(read)
