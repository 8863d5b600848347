"""Ask GitHub about each source: whether it exists, and is public."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.crawl.checked import Checked
from leakscan.crawl.names import REPOSITORY
from leakscan.crawl.source_names import same
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakscan.crawl.github.calls import GitHub

PUBLIC = "public"

AT_ONCE = 8
"""Sources that are asked about at the same time."""

IN_VAIN = 5
"""After so many answers that did not come, or say nothing of the source, no more is asked."""

_PAGE = 10
_OTHER = {"org": "user", "user": "org"}
_WORDS = {"org": "an organisation", "user": "a user"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was learnt of a source.

    Attributes:
        repositories: public ones that GitHub named.
    """

    checked: Checked
    repositories: tuple[str, ...] = ()


def calls_for(source: str) -> int:
    """Return the API calls that asking about a source costs at most; code search has its own."""
    if source.startswith(("org:", "user:")):
        return 2
    return 0 if source == "search" else 1


def ask_sources(
    sources: Sequence[str], github: GitHub, queries: Sequence[str]
) -> Iterator[tuple[str, Asked | None]]:
    """Yield each source with what was learnt; ``None`` if it was not asked about after all.

    Args:
        sources: what to ask about.
        github: whom to ask.
        queries: of ``search``, of which the first is asked.
    """
    asker = _Asker(github, queries)
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from zip(sources, pool.map(asker.ask, sources), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


class _Asker:
    """Asks what a watch would ask."""

    def __init__(self, github: GitHub, queries: Sequence[str]) -> None:
        self._github = github
        self._queries = queries
        self._in_vain = 0
        self._lock = threading.Lock()

    def ask(self, source: str) -> Asked | None:
        """Ask about one source; ``None`` if nothing is to be asked any more."""
        if self._in_vain >= IN_VAIN:
            return None
        kind, _, name = source.partition(":")
        try:
            if kind == "repo":
                return self._repository(source, name)
            if kind in _OTHER:
                return self._account(source, kind, name)
            return self._search(source) if kind == "search" else self._events(source)
        except TroubleError as error:
            if error.trouble.is_passing or error.trouble.is_ours:
                with self._lock:
                    self._in_vain += 1
            return Asked(Checked(source, False, str(error)))

    def _get(self, path: str, **parameters: str | int) -> object:
        resource = "code_search" if path == "/search/code" else "core"
        return self._github.get(path, parameters, resource=resource, urgent=True).body

    def _events(self, source: str) -> Asked:
        body = self._get("/events", per_page=_PAGE)
        if not isinstance(body, list):
            what = "the answer to /events is no list of events"
            raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
        return Asked(Checked(source, True, PUBLIC), _names(body, "repo", "name"))

    def _search(self, source: str) -> Asked:
        if self._github.is_anonymous:
            return Asked(Checked(source, False, "code search needs a token: github.credentials"))
        body = self._get("/search/code", q=self._queries[0], per_page=_PAGE)
        items = body.get("items") if isinstance(body, Mapping) else None
        rest = len(self._queries) - 1
        others = f"; {rest} other queries were not asked" if rest else ""
        found = _names(items, "repository", "full_name") if isinstance(items, list) else ()
        return Asked(Checked(source, True, f"answers{others}"), found)

    def _repository(self, source: str, name: str) -> Asked:
        try:
            body = self._get(f"/repos/{name}")
        except TroubleError as error:
            if error.trouble is not Trouble.GONE:
                raise
            what = "GitHub knows no public repository of this name: check it"
            return Asked(Checked(source, False, what))
        document = body if isinstance(body, Mapping) else {}
        if document.get("private") is True:
            what = "it is private: a watch sees only what is public"
            return Asked(Checked(source, False, what))
        (now,) = _names([{"repo": document}], "repo", "full_name") or (name,)
        if same(now) != same(name):
            return Asked(Checked(source, None, f"its name is {now} now: write repo:{now}"), (now,))
        return Asked(Checked(source, True, PUBLIC), (now,))

    def _account(self, source: str, kind: str, name: str) -> Asked:
        listed = self._listed(kind, name)
        if listed is None:
            if self._listed(_OTHER[kind], name) is None:
                what = "GitHub knows no account of this name: check it"
                return Asked(Checked(source, False, what))
            return _mistaken(source, kind, name)
        if kind == "user" and any(map(_is_of_organisation, listed)):
            return _mistaken(source, kind, name)
        if not listed:
            return Asked(Checked(source, None, f"{name} has no public repository yet"))
        found = _names([{"repo": item} for item in listed], "repo", "full_name")
        return Asked(Checked(source, True, PUBLIC), found)

    def _listed(self, kind: str, name: str) -> list[object] | None:
        """Return the first repositories of an account; ``None`` if there is no such account."""
        path = f"/{kind}s/{name}/repos"
        try:
            body = self._get(path, per_page=_PAGE, type="owner" if kind == "user" else "public")
        except TroubleError as error:
            if error.trouble is Trouble.GONE:
                return None
            raise
        if not isinstance(body, list):
            what = f"the answer to {path} is no list of repositories"
            raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
        return body


def _mistaken(source: str, kind: str, name: str) -> Asked:
    other = _OTHER[kind]
    return Asked(Checked(source, False, f"{name} is {_WORDS[other]}: write {other}:{name}"))


def _is_of_organisation(item: object) -> bool:
    owner = item.get("owner") if isinstance(item, Mapping) else None
    return isinstance(owner, Mapping) and owner.get("type") == "Organization"


def _names(items: Sequence[object], inner: str, key: str) -> tuple[str, ...]:
    """Return the names of repositories that stand in a table within each item."""
    names = []
    for item in items:
        table = item.get(inner) if isinstance(item, Mapping) else None
        name = table.get(key) if isinstance(table, Mapping) else None
        if isinstance(name, str) and re.fullmatch(REPOSITORY, name):
            names.append(name)
    return tuple(dict.fromkeys(names))
