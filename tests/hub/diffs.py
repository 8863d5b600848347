"""Commits and differences as the API shows them, worked out by the real git."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hub.accounts import node_id

if TYPE_CHECKING:
    from gitrepo import GitRepo
    from hub.repository import HubRepository

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied"}
PATCH_LIMIT = 1 << 20
"""Bytes of a file's patch above which it is left out."""


@dataclass(frozen=True)
class Site:
    """Where the API and the web pages are.

    Attributes:
        patch_limit: bytes above which a patch is left out.
    """

    api: str
    web: str
    patch_limit: int = PATCH_LIMIT


def changed_files(
    repository: HubRepository, site: Site, old: str | None, new: str
) -> list[dict[str, Any]]:
    """Return the ``files`` of a commit or comparison: from ``old``, or from nothing, to ``new``."""
    git, base = repository.git, old or EMPTY_TREE
    options = ("diff-tree", "-r", "-M", "--full-index", base, new)
    raw = git.run(*options, "--raw", "-z").split(b"\0")
    patches = _patches(git.run(*options, "-p"))
    files = []
    while len(raw) > 1:
        _, new_mode, old_sha, new_sha, letter = raw.pop(0).decode().lstrip(":").split()
        previous = raw.pop(0)
        path = raw.pop(0) if letter[0] in "RC" else previous
        gone = letter[0] == "D"
        patch = patches[len(files)]
        entry = _entry(repository, site, path, old if gone else new, (gone and old_sha) or new_sha)
        status = "changed" if letter == "T" or (old_sha == new_sha and letter == "M") else ""
        entry["status"] = status or STATUSES[letter[0]]
        if previous != path:
            entry["previous_filename"] = _text(previous)
        if patch is not None:
            added = len(re.findall(r"^\+", patch, re.MULTILINE))
            removed = len(re.findall(r"^-", patch, re.MULTILINE))
            entry |= {"additions": added, "deletions": removed, "changes": added + removed}
            if len(patch) <= site.patch_limit:
                entry["patch"] = patch
        assert new_mode
        files.append(entry)
    return files


def _entry(
    repository: HubRepository, site: Site, path: bytes, commit: str | None, sha: str
) -> dict[str, Any]:
    name, project = quote(path, safe=""), repository.full_name
    contents = f"{site.api}/repos/{project}/contents/{name}?ref={commit}"
    return {
        "sha": sha,
        "filename": _text(path),
        "status": "modified",
        "additions": 0,
        "deletions": 0,
        "changes": 0,
        "blob_url": f"{site.web}/{project}/blob/{commit}/{name}",
        "raw_url": f"{site.web}/{project}/raw/{commit}/{name}",
        "contents_url": contents,
    }


def _patches(output: bytes) -> list[str | None]:
    """Cut what ``git diff`` prints into the hunks of each file; ``None`` for one without."""
    patches: list[str | None] = []
    for part in re.split(rb"^diff --git .*\n", output, flags=re.MULTILINE)[1:]:
        hunks = re.search(rb"^@@ ", part, re.MULTILINE)
        patches.append(_text(part[hunks.start() :]).removesuffix("\n") if hunks else None)
    return patches


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def commit_document(
    repository: HubRepository, site: Site, commit: str, people: dict[str, Any]
) -> dict[str, Any]:
    """Return a commit without its files.

    Args:
        repository: where it is.
        site: for the links.
        commit: its id.
        people: accounts by e-mail address, as documents.
    """
    form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
    shown = repository.git.run("show", "-s", f"--format={form}", commit).decode("utf-8", "replace")
    sha, tree, parents, *who, message = shown.removesuffix("\n").split("\0", 9)
    api, web = f"{site.api}/repos/{repository.full_name}", f"{site.web}/{repository.full_name}"
    author, committer = (
        {"name": name, "email": mail, "date": date.replace("+00:00", "Z")}
        for name, mail, date in (who[:3], who[3:])
    )
    unsigned = {"verified": False, "reason": "unsigned", "signature": None, "payload": None}
    return {
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "commit": {
            "author": author,
            "committer": committer,
            "message": message.rstrip("\n"),
            "tree": {"sha": tree, "url": f"{api}/git/trees/{tree}"},
            "url": f"{api}/git/commits/{sha}",
            "comment_count": 0,
            "verification": {**unsigned, "verified_at": None},
        },
        "url": f"{api}/commits/{sha}",
        "html_url": f"{web}/commit/{sha}",
        "comments_url": f"{api}/commits/{sha}/comments",
        "author": people.get(author["email"]),
        "committer": people.get(committer["email"]),
        "parents": [
            {"sha": p, "url": f"{api}/commits/{p}", "html_url": f"{web}/commit/{p}"}
            for p in parents.split()
        ],
    }


def first_parent(git: GitRepo, commit: str) -> str | None:
    """Return the parent against which GitHub shows a commit."""
    return git.git("rev-parse", "--quiet", "--verify", f"{commit}^1", check=False) or None


def merge_base(git: GitRepo, one: str, other: str) -> str | None:
    """Return the newest common ancestor; ``None`` where the histories have nothing in common."""
    return git.git("merge-base", one, other, check=False) or None


def commits_between(git: GitRepo, old: str, new: str) -> list[str]:
    """Return the commits of ``old..new``, oldest first."""
    return git.git("rev-list", "--reverse", "--topo-order", f"{old}..{new}").split()
