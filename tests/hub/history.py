"""Commits, and comparisons of two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.api import Call, refusal
from hub.diffs import (
    changed_files,
    commit_document,
    commits_between,
    first_parent,
    merge_base,
)
from hub.server import Answer

if TYPE_CHECKING:
    from hub.repository import HubRepository

FILES = 300
"""Files on a page of a commit, and in a whole comparison."""

MOST_FILES = 3000
MOST_COMMITS = 250


def _people(call: Call) -> dict[str, Any]:
    """Accounts by e-mail address: ``LOGIN@example.com`` is theirs."""
    hub = call.hub
    accounts = hub.accounts.values()
    return {f"{a.login}@example.com": a.user(hub.url, hub.web) for a in accounts}


def _document(call: Call, repository: HubRepository, commit: str) -> dict[str, Any]:
    return commit_document(repository, call.hub.site, commit, _people(call))


def _commit_at(repository: HubRepository, revision: str) -> str | None:
    found = repository.object_at(revision)
    if found is None or repository.git.git("cat-file", "-t", found) != "commit":
        return None
    return found


def commit(call: Call, repository: HubRepository, revision: str) -> Answer:
    """One commit with its files, 300 a page."""
    if repository.is_empty:
        return refusal(call.template, 409, "Git Repository is empty.")
    found = _commit_at(repository, revision)
    if found is None:
        return refusal(call.template, 422, f"No commit found for SHA: {revision}")
    parent = first_parent(repository.git, found)
    files = changed_files(repository, call.hub.site, parent, found)[:MOST_FILES]
    added, removed = (sum(file[side] for file in files) for side in ("additions", "deletions"))
    stats = {"total": added + removed, "additions": added, "deletions": removed}
    page, size = call.number("page", 1, 10**6), call.number("per_page", FILES, FILES)
    shown = files[(page - 1) * size : page * size]
    body = {**_document(call, repository, found), "stats": stats, "files": shown}
    last = max(1, -(-len(files) // size))
    return Answer(200, body, call.links(page, last), call.template)


def commits(call: Call, repository: HubRepository) -> Answer:
    """The commits that a branch or a commit leads to, newest first, perhaps from a time on."""
    if repository.is_empty:
        return refusal(call.template, 409, "Git Repository is empty.")
    found = _commit_at(repository, call.query.get("sha", repository.default_branch))
    if found is None:
        return refusal(call.template, 404, "Not Found")
    since = [f"--since={call.query['since']}"] if "since" in call.query else []
    listed = repository.git.git("rev-list", "--topo-order", *since, found).split()
    page, size = call.number("page", 1, 10**6), call.number("per_page", 30)
    shown = listed[(page - 1) * size : page * size]
    body = [_document(call, repository, one) for one in shown]
    last = max(1, -(-len(listed) // size))
    return Answer(200, body, call.links(page, last), call.template)


def compare(call: Call, repository: HubRepository, basehead: str) -> Answer:
    """What one commit has that another has not, as from their common ancestor."""
    base, separator, head = basehead.partition("...")
    old, new = (_commit_at(repository, side) for side in (base, head))
    if repository.is_empty or not separator or old is None or new is None:
        return refusal(call.template, 404, "Not Found")
    git = repository.git
    common = merge_base(git, old, new)
    if common is None:
        return refusal(call.template, 404, f"No common ancestor between {base} and {head}.")
    ahead, behind = commits_between(git, old, new), commits_between(git, new, old)
    page, size = call.number("page", 1, 10**6), call.number("per_page", 30)
    if "page" in call.query or "per_page" in call.query:
        shown, last = ahead[(page - 1) * size : page * size], max(1, -(-len(ahead) // size))
    else:
        page, last, shown = 1, 1, ahead[-MOST_COMMITS:]
    api = f"{call.hub.url}/repos/{repository.full_name}"
    web = f"{call.hub.web}/{repository.full_name}/compare/{basehead}"
    status = ("diverged" if behind else "ahead") if ahead else ("behind" if behind else "identical")
    body: dict[str, Any] = {
        "url": f"{api}/compare/{basehead}",
        "html_url": web,
        "permalink_url": f"{call.hub.web}/{repository.full_name}/compare/{old[:7]}...{new[:7]}",
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "base_commit": _document(call, repository, old),
        "merge_base_commit": _document(call, repository, common),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [_document(call, repository, one) for one in shown],
    }
    if page == 1:
        body["files"] = changed_files(repository, call.hub.site, common, new)[:FILES]
    return Answer(200, body, call.links(page, last), call.template)
