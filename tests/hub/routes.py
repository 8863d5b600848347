"""Which part of the API answers which path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hub import feeds, git_data, history, search
from hub.api import DOCS, Call, refusal
from hub.projects import full_document, minimal_document
from hub.server import Answer

if TYPE_CHECKING:
    from hub.diffs import Site
    from hub.repository import HubRepository

InRepository = Callable[[Call, "HubRepository", str], Answer]

IN_REPOSITORY: tuple[tuple[str, str, InRepository], ...] = (
    ("", "", lambda call, repository, _: _project(call, repository)),
    ("/events", "/events", lambda call, repository, _: feeds.of_repository(call, repository)),
    ("/compare/{basehead}", "/compare/(.+)", history.compare),
    ("/commits", "/commits", lambda call, repository, _: history.commits(call, repository)),
    ("/commits/{ref}", "/commits/(.+)", history.commit),
    ("/git/blobs/{file_sha}", "/git/blobs/(.+)", git_data.blob),
    ("/git/ref/{ref}", "/git/ref/(.+)", git_data.reference),
    ("/git/matching-refs/{ref}", "/git/matching-refs/(.*)", git_data.references),
    ("/git/tags/{tag_sha}", "/git/tags/(.+)", git_data.tag),
    ("/branches", "/branches", lambda call, repository, _: git_data.branches(call, repository)),
)
"""Within a repository: the end of the path as described and as matched, and who answers."""


def route(call: Call) -> Answer:
    """Answer a call that may be answered."""
    path = f"/{call.path}"
    if found := re.fullmatch(r"/repositories/(\d+)(/.*)?", path):
        return _in(call, call.hub.repositories.get(int(found[1])), found[2] or "")
    if found := re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", path):
        repository = call.hub.find(unquote(found[1]))
        if repository and repository.full_name.lower() != unquote(found[1]).lower():
            return _moved(call, repository, found[2] or "")
        return _in(call, repository, found[2] or "")
    for pattern, template, handler in _ELSEWHERE:
        if found := re.fullmatch(pattern, path):
            return handler(replace(call, template=template), *found.groups())
    return refusal(None, 404, "Not Found")


def _in(call: Call, repository: HubRepository | None, rest: str) -> Answer:
    for end, pattern, handler in IN_REPOSITORY:
        if found := re.fullmatch(pattern, rest):
            template = "/repos/{owner}/{repo}" + end
            if repository and repository.blocked:
                return _blocked(call, repository, template)
            if repository is None or not repository.is_shown:
                return refusal(template, 404, "Not Found")
            argument = unquote(found[1]) if found.groups() else ""
            return handler(replace(call, template=template), repository, argument)
    return refusal(None, 404, "Not Found")


def _blocked(call: Call, repository: HubRepository, template: str) -> Answer:
    block = {
        "reason": repository.blocked,
        "created_at": call.hub.moment(),
        "html_url": f"https://github.com/github/{repository.blocked}/notice.md",
    }
    return Answer(451, {"message": "Repository access blocked", "block": block}, {}, template)


def _moved(call: Call, repository: HubRepository, rest: str) -> Answer:
    query = "&".join(f"{name}={value}" for name, value in call.query.items())
    url = f"{call.hub.url}/repositories/{repository.id}{rest}" + (f"?{query}" if query else "")
    body = {"message": "Moved Permanently", "url": url, "documentation_url": f"{DOCS}/guides"}
    return Answer(301, body, {"location": url}, "/repos/{owner}/{repo}")


def _project(call: Call, repository: HubRepository) -> Answer:
    git = call.hub.git_url
    return Answer(200, full_document(repository, call.hub.site, git), {}, call.template)


def _projects_of(call: Call, login: str) -> Answer:
    hub = call.hub
    owned = [
        r
        for r in hub.repositories.values()
        if r.owner.login.lower() == login.lower() and r.is_shown
    ]
    account = hub.accounts.get(login.lower())
    if account is None or account.is_organization != call.template.startswith("/orgs"):
        return refusal(None, 404, "Not Found")
    if call.query.get("sort") == "pushed":
        owned.sort(key=lambda r: r.pushed_at, reverse=call.query.get("direction") != "asc")
    site: Site = hub.site
    return call.page([minimal_document(r, site) for r in owned])


def _rate_limit(call: Call) -> Answer:
    windows = call.hub.limits.access[call.token].windows
    shown = {
        name: {
            "limit": window.limit,
            "remaining": max(0, window.limit - window.used),
            "reset": int(window.reset),
            "used": window.used,
        }
        for name, window in windows.items()
    }
    body = {"resources": shown, "rate": shown["core"]}
    return Answer(200, body, {}, call.template)


_ELSEWHERE: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("/events", "/events", feeds.public),
    ("/orgs/([^/]+)/events", "/orgs/{org}/events", feeds.of_organization),
    ("/users/([^/]+)/events/public", "/users/{username}/events/public", feeds.of_user),
    ("/orgs/([^/]+)/repos", "/orgs/{org}/repos", _projects_of),
    ("/users/([^/]+)/repos", "/users/{username}/repos", _projects_of),
    ("/search/code", "/search/code", search.code),
    ("/rate_limit", "/rate_limit", _rate_limit),
)
