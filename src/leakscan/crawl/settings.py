"""Read the tables ``[github]`` and ``[watch]`` of the configuration (docs/configuration.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leakscan.crawl.github.credentials import AppInstallation, TokenFile, TokenVariable
from leakscan.crawl.names import CREDENTIAL
from leakscan.crawl.source_names import each_once, is_source, meant, shown
from leakscan.quantities import read_size, read_span
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from leakscan.config import Config
    from leakscan.crawl.github.credentials import CredentialSource

API_URL = "https://api.github.com"
GIT_URL = "https://github.com"

SEARCHES = tuple(
    f"REPLICATE_API_TOKEN {where}"
    for where in (
        "filename:.env",
        "extension:env",
        "extension:py",
        "extension:ipynb",
        "extension:js",
        "extension:ts",
        "extension:sh",
        "extension:yml",
        "extension:yaml",
        "extension:json",
        "extension:toml",
        "extension:md",
    )
)
"""Code search knows no wildcard, so it is asked for the variable that Replicate's clients read:
https://replicate.com/docs/reference/http#authentication."""

VIAS = ("auto", "git", "api")

_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(CREDENTIAL)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LONGEST_ID = 1 << 53
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """Where GitHub is, and whom to ask it as.

    Attributes:
        api_url: where the paths of the API start, without a slash at the end.
        git_url: what stands before ``/owner/name.git``.
        credentials: none of them means the environment's token, or nobody.
    """

    api_url: str = API_URL
    git_url: str = GIT_URL
    credentials: tuple[CredentialSource, ...] = ()


@dataclass(frozen=True, slots=True)
class PushLimits:
    """How much of one push is read; 0 is no limit where nothing else is said.

    Attributes:
        pack: bytes of what a push brought, as they come over the network.
        blob: bytes of a file; larger ones are not asked for.  By API, 0 stands for 10 MiB.
        seconds: how long it may take.
        depth: commits that are read where it is not known what a push brought; 1 at least.  By
            API, no more are read one by one where it is known.
        repository: as ``pack``, for a repository that was made public.
    """

    pack: int = 200 * 1000**2
    blob: int = 0
    seconds: float = 120.0
    depth: int = 50
    repository: int = 5 * 1000**3


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What is watched, and with what effort.

    Attributes:
        sources: ``events``, ``search``, ``org:NAME``, ``user:NAME`` or ``repo:OWNER/NAME``.
        search: queries of code search.
        concurrency: pushes in hand at once.
        api_concurrency: calls to the API under way at once.
        via: how pushes are read: ``git``, ``api``, or ``auto`` for git where it answers.
        poll: seconds between two looks at a feed; ``None`` to do as GitHub asks.
        keep: how long the queue remembers a push.
    """

    sources: tuple[str, ...] = ("events",)
    search: tuple[str, ...] = SEARCHES
    concurrency: int = 16
    api_concurrency: int = 8
    via: str = "auto"
    poll: float | None = None
    keep: timedelta = timedelta(days=30)
    limits: PushLimits = field(default_factory=PushLimits)


def read_github_settings(config: Config) -> GitHubSettings:
    """Read the table ``[github]``.

    Raises:
        UsageError: it is wrong; file and key are named.
    """
    table = Table(_source(config), "github", config.crawl.get("github", {}))
    settings = GitHubSettings(
        _address(table, "api_url", API_URL),
        _address(table, "git_url", GIT_URL),
        _credentials(table),
    )
    table.done()
    return settings


def read_watch_settings(config: Config) -> WatchSettings:
    """Read the table ``[watch]``.

    Raises:
        UsageError: it is wrong; file and key are named.
    """
    table = Table(_source(config), "watch", config.crawl.get("watch", {}))
    usual = WatchSettings()
    settings = WatchSettings(
        sources=_sources(table),
        search=_queries(table),
        concurrency=table.number("concurrency", usual.concurrency, least=1, most=256),
        api_concurrency=table.number("api_concurrency", usual.api_concurrency, least=1, most=100),
        via=table.text("via", usual.via, choices=VIAS),
        poll=table.seconds("poll", None, least=1, most=_DAY),
        keep=read_span(table, "keep", usual.keep),
        limits=_limits(table.table("limits")),
    )
    table.done()
    return settings


def _limits(table: Table) -> PushLimits:
    usual = PushLimits()
    limits = PushLimits(
        pack=read_size(table, "pack", usual.pack),
        blob=read_size(table, "blob", usual.blob),
        seconds=table.seconds("seconds", usual.seconds, most=_DAY),
        depth=table.number("depth", usual.depth, least=1, most=1_000_000),
        repository=read_size(table, "repository", usual.repository),
    )
    table.done()
    return limits


def _sources(table: Table) -> tuple[str, ...]:
    sources = table.texts("sources", ("events",))
    for place, source in enumerate(sources, 1):
        if not is_source(source):
            what = f"unknown source {shown(source)} (number {place})"
            raise table.error("sources", what, meant(source))
    return each_once(sources)


def _queries(table: Table) -> tuple[str, ...]:
    queries = tuple(dict.fromkeys(table.texts("search", SEARCHES)))
    if not queries:
        remedy = 'leave it out for the usual ones, or leave "search" out of watch.sources'
        raise table.error("search", "no query in it", remedy)
    return queries


def _address(table: Table, key: str, default: str) -> str:
    url = table.text(key, default).rstrip("/")
    if not re.fullmatch(r"https?://[^/\s@?#]+(/[^\s@?#]*)?", url) or not _has_host(url):
        raise table.error(key, "not an address of the form https://HOST/PATH", "write it out")
    if url.startswith("http:") and urlsplit(url).hostname not in _LOOPBACK:
        raise table.error(key, "it would send tokens in the clear", "use https")
    return url


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:
        return False


def _credentials(table: Table) -> tuple[CredentialSource, ...]:
    sources = []
    for credential in table.list_of_tables("credentials", '{ env = "GH_TOKEN" }'):
        sources.append(_credential(credential))
        credential.done()
    if len(set(sources)) < len(sources):
        raise table.error("credentials", "one of them is there twice", "remove it")
    return tuple(sources)


def _credential(table: Table) -> CredentialSource:
    for key in ("token", "private_key"):
        if key in table:
            raise table.error(
                key, "a secret is not to stand in here", 'use { env = "NAME" } or a file'
            )
    if "env" in table:
        variable = table.text("env")
        if not _VARIABLE.fullmatch(variable) or _TOKEN.match(variable):
            raise table.error("env", "not the name of a variable", "write GH_TOKEN, not a token")
        return TokenVariable(variable)
    if "token_file" in table:
        if _TOKEN.match(table.text("token_file")):
            raise table.error("token_file", "not a path", "name the file that the token is in")
        return TokenFile(table.path("token_file"))
    if "app_id" not in table:
        raise table.error("env", "missing", "set env, token_file, or app_id and what goes with it")
    return AppInstallation(
        table.number("app_id", least=1, most=_LONGEST_ID),
        table.number("installation_id", least=1, most=_LONGEST_ID),
        table.path("private_key_file"),
    )


def _source(config: Config) -> Path:
    return config.source or Path("the configuration")
