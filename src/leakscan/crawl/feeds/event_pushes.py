"""What an event says that there is to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.crawl.feeds.event_fields import MalformedEventError, commit_id, full_ref, is_ref, text
from leakscan.push import PushKind

if TYPE_CHECKING:
    from leakscan.push import Push

WIKI_BRANCH = "refs/heads/master"
"""The branch of every wiki that GitHub makes."""

_CREATED = {"branch": (PushKind.BRANCH, "refs/heads/"), "tag": (PushKind.TAG, "refs/tags/")}


def push_of(kind: str, payload: Mapping[str, object], empty: Push) -> Push | None:
    """Return the push that an event tells of, ``None`` if it tells of none.

    A fork brings nothing new.  A new repository gets its own events when something is pushed to
    it, and a release's tag gets one when it is made.

    Args:
        kind: the event's type.
        payload: what the type says.
        empty: a push of the event's repository, time and feed, to be filled in.

    Raises:
        MalformedEventError: what a push needs is missing, or makes no sense.
    """
    match kind:
        case "PushEvent":
            return _pushed(payload, empty)
        case "CreateEvent":
            return _created(payload, empty)
        case "PublicEvent":
            return replace(empty, kind=PushKind.PUBLIC)
        case "GollumEvent":
            return _wiki(payload, empty)
    return None


def default_branch(empty: Push, branch: str | None = None, head: str | None = None) -> Push:
    """Return the push that has the default branch of a repository looked at.

    Args:
        empty: a push of the repository, to be filled in.
        branch: the branch's full name; ``None`` where it is not known.
        head: id of the commit on which it stands, if that is known.
    """
    ref = branch or "HEAD"
    return replace(empty, kind=PushKind.BRANCH, ref=ref, head=head, default_branch=ref)


def _pushed(payload: Mapping[str, object], empty: Push) -> Push | None:
    """Read a PushEvent: since October 2025 repository_id, push_id, ref, head and before."""
    ref = full_ref(payload, "ref")
    before, head = commit_id(payload, "before"), commit_id(payload, "head")
    if head is None and payload.get("head") is not None:
        return None  # zeros: the ref was deleted
    return replace(empty, ref=ref, before=before, head=head)


def _created(payload: Mapping[str, object], empty: Push) -> Push | None:
    made = _CREATED.get(text(payload, "ref_type"))
    if made is None:
        return None
    kind, folder = made
    full = payload.get("full_ref")
    is_full = isinstance(full, str) and full.startswith(folder)
    ref = full_ref(payload, "full_ref") if is_full else full_ref(payload, "ref", folder)
    main = payload.get("master_branch")
    branch = f"refs/heads/{main}" if isinstance(main, str) else None
    known = branch if is_ref(branch) else None
    return replace(empty, kind=kind, ref=ref, default_branch=known)


def _wiki(payload: Mapping[str, object], empty: Push) -> Push | None:
    """Read a GollumEvent: the pages stand in a repository of their own, ``owner/name.wiki``.

    A page's id is that of the newest commit that changed it.  Of several ids nobody can tell
    which is the newest, so then the tip of the branch is looked at.  The wiki has no number.
    """
    pages = payload.get("pages")
    if not isinstance(pages, list) or not all(isinstance(page, Mapping) for page in pages):
        raise MalformedEventError("pages is no list of objects")
    heads = {commit_id(page, "sha") for page in pages}
    if not heads:
        return None
    return replace(
        empty,
        repository_id=0,
        repository=f"{empty.repository}.wiki",
        ref=WIKI_BRANCH,
        head=heads.pop() if len(heads) == 1 else None,
        default_branch=WIKI_BRANCH,
    )
