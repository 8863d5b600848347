"""Blobs, refs, tags and branches."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from hub.accounts import node_id
from hub.api import Call, refusal
from hub.server import Answer

if TYPE_CHECKING:
    from hub.repository import HubRepository

MOST_BYTES = 100 << 20


def _api(call: Call, repository: HubRepository) -> str:
    return f"{call.hub.url}/repos/{repository.full_name}"


def _empty(call: Call) -> Answer:
    return refusal(call.template, 409, "Git Repository is empty.")


def blob(call: Call, repository: HubRepository, sha: str) -> Answer:
    """A blob, base64 in lines of 60 characters."""
    if repository.is_empty:
        return _empty(call)
    kind = repository.git.git("cat-file", "-t", sha, check=False) if sha.isalnum() else ""
    if kind != "blob":
        return refusal(call.template, 404, "Not Found")
    content = repository.git.run("cat-file", "blob", sha)
    if len(content) > MOST_BYTES:
        message = "This API returns blobs up to 100 MB in size. The requested blob is too large."
        return refusal(call.template, 403, message)
    text = base64.b64encode(content).decode()
    lines = [text[at : at + 60] + "\n" for at in range(0, len(text), 60)]
    body = {
        "sha": sha,
        "node_id": node_id("Blob", sha),
        "size": len(content),
        "url": f"{_api(call, repository)}/git/blobs/{sha}",
        "content": "".join(lines),
        "encoding": "base64",
    }
    return Answer(200, body, {}, call.template)


def _refs(call: Call, repository: HubRepository, prefix: str) -> list[dict[str, Any]]:
    form = "%(refname) %(objecttype) %(objectname)"
    listed = repository.git.git("for-each-ref", f"--format={form}").splitlines()
    documents = []
    for line in listed:
        name, kind, sha = line.split(" ")
        if name.startswith(prefix):
            url = f"{_api(call, repository)}/git/{kind}s/{sha}"
            documents.append(
                {
                    "ref": name,
                    "node_id": node_id("Ref", name),
                    "url": f"{_api(call, repository)}/git/{name}",
                    "object": {"sha": sha, "type": kind, "url": url},
                }
            )
    return documents


def reference(call: Call, repository: HubRepository, name: str) -> Answer:
    """One ref, named without its ``refs/``."""
    if repository.is_empty:
        return _empty(call)
    found = [ref for ref in _refs(call, repository, "") if ref["ref"] == f"refs/{name}"]
    if not found:
        return refusal(call.template, 404, "Not Found")
    return Answer(200, found[0], {}, call.template)


def references(call: Call, repository: HubRepository, prefix: str) -> Answer:
    """All refs that begin so."""
    if repository.is_empty:
        return _empty(call)
    return Answer(200, _refs(call, repository, f"refs/{prefix}"), {}, call.template)


def tag(call: Call, repository: HubRepository, sha: str) -> Answer:
    """An annotated tag."""
    git = repository.git
    if not sha.isalnum() or git.git("cat-file", "-t", sha, check=False) != "tag":
        return refusal(call.template, 404, "Not Found")
    head, _, message = git.run("cat-file", "tag", sha).decode("utf-8", "replace").partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.splitlines())
    found = re.fullmatch(r"(.*) <(.*)> (\d+) [+-]\d{4}", fields["tagger"])
    assert found
    target, kind = fields["object"], fields["type"]
    unsigned = {"verified": False, "reason": "unsigned", "signature": None, "payload": None}
    body = {
        "node_id": node_id("Tag", sha),
        "sha": sha,
        "url": f"{_api(call, repository)}/git/tags/{sha}",
        "tagger": {
            "name": found[1],
            "email": found[2],
            "date": call.hub.moment(float(found[3])),
        },
        "object": {
            "sha": target,
            "type": kind,
            "url": f"{_api(call, repository)}/git/{kind}s/{target}",
        },
        "tag": fields["tag"],
        "message": message,
        "verification": {**unsigned, "verified_at": None},
    }
    return Answer(200, body, {}, call.template)


def branches(call: Call, repository: HubRepository) -> Answer:
    """The branches and where they stand."""
    named = [
        {
            "name": ref["ref"].removeprefix("refs/heads/"),
            "commit": {
                "sha": ref["object"]["sha"],
                "url": f"{_api(call, repository)}/commits/{ref['object']['sha']}",
            },
            "protected": False,
        }
        for ref in _refs(call, repository, "refs/heads/")
    ]
    return call.page(named)
