"""Code search: default branches only, and only for those who are known."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hub.api import Call, refusal
from hub.limits import ANONYMOUS
from hub.projects import minimal_document
from hub.server import Answer

if TYPE_CHECKING:
    from hub.repository import HubRepository

MOST_BYTES = 384 << 10
AROUND = 60
"""Characters of a fragment on each side of what was found."""

QUALIFIERS = ("filename", "extension", "repo", "org", "user", "path", "in", "language")


def code(call: Call) -> Answer:
    """The files that hold a word."""
    if call.token == ANONYMOUS:
        return refusal(call.template, 401, "Requires authentication")
    words = call.query.get("q", "").split()
    qualifiers = [word for word in words if word.partition(":")[0] in QUALIFIERS]
    terms = [word for word in words if word not in qualifiers]
    if not terms:
        field = {"resource": "Search", "field": "q", "code": "missing"}
        return refusal(call.template, 422, "Validation Failed", errors=[field])
    wanted = dict(qualifier.split(":", 1) for qualifier in qualifiers)
    found = [
        item
        for repository in list(call.hub.repositories.values())
        if repository.is_shown
        for item in _in_repository(call, repository, terms, wanted)
    ]
    page, size = call.number("page", 1, 10**6), call.number("per_page", 30)
    shown = found[:1000][(page - 1) * size : page * size]
    body = {"total_count": len(found), "incomplete_results": False, "items": shown}
    last = max(1, -(-min(1000, len(found)) // size))
    return Answer(200, body, call.links(page, last), call.template)


def _in_repository(
    call: Call, repository: HubRepository, terms: list[str], wanted: dict[str, str]
) -> list[dict[str, Any]]:
    if wanted.get("repo", repository.full_name).lower() != repository.full_name.lower():
        return []
    owner = wanted.get("user", wanted.get("org", repository.owner.login))
    if owner.lower() != repository.owner.login.lower():
        return []
    commit = repository.object_at(repository.default_branch)
    listed = repository.git.git("ls-tree", "-r", "-l", commit).splitlines() if commit else []
    items = []
    for line in listed:
        details, path = line.split("\t", 1)
        _, kind, sha, size = details.split()
        if kind != "blob" or int(size) > MOST_BYTES or not _named(path, wanted):
            continue
        text = repository.git.run("cat-file", "blob", sha).decode("utf-8", "replace")
        if all(term.lower() in text.lower() for term in terms):
            items.append(_item(call, repository, str(commit), path, sha, _matches(text, terms)))
    return items


def _named(path: str, wanted: dict[str, str]) -> bool:
    name = PurePosixPath(path).name
    extension = name.rpartition(".")[2]
    return (
        wanted.get("filename", "").lower() in name.lower()
        and wanted.get("extension", extension).lower() == extension.lower()
        and path.startswith(wanted.get("path", "").strip("/"))
    )


def _matches(text: str, terms: list[str]) -> list[tuple[str, str, int]]:
    """Return each term's fragment, as it stands there, and where in the fragment it is."""
    found = []
    for term in terms:
        at = text.lower().index(term.lower())
        begin = max(0, at - AROUND)
        found.append((text[begin : at + len(term) + AROUND], text[at : at + len(term)], at - begin))
    return found


def _item(
    call: Call,
    repository: HubRepository,
    commit: str,
    path: str,
    sha: str,
    matches: list[tuple[str, str, int]],
) -> dict[str, Any]:
    api = f"{call.hub.url}/repositories/{repository.id}"
    url = f"{api}/contents/{quote(path)}?ref={commit}"
    item = {
        "name": PurePosixPath(path).name,
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": f"{api}/git/blobs/{sha}",
        "html_url": f"{call.hub.web}/{repository.full_name}/blob/{commit}/{quote(path)}",
        "repository": minimal_document(repository, call.hub.site),
        "score": 1.0,
    }
    if "text-match" in call.headers.get("accept", ""):
        item["text_matches"] = [
            {
                "object_url": url,
                "object_type": "FileContent",
                "property": "content",
                "fragment": fragment,
                "matches": [{"text": found, "indices": [at, at + len(found)]}],
            }
            for fragment, found, at in matches
        ]
    return item
