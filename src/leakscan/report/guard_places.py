"""How the guard names the places of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.model import Kind
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from leakscan.model import Finding, Location

_TAG = "refs/tags/"


def place_in_words(finding: Finding, place: Location) -> str:
    """Say where one location of a finding is; the location's texts hold no secret."""
    name = safe_text(_name(finding, place))
    is_note = place.kind is Kind.NOTE and place.path  # the commit of the notes nobody knows
    commit = f" in commit {place.commit[:12]}" if place.commit and not is_note else ""
    if place.kind is Kind.IDENTITY:  # whose it is has been said; it is no part of the message
        return name + commit
    where = ":".join(str(part) for part in (name, place.line, place.column) if part is not None)
    author = f" by {safe_text(place.author.name)}" if place.author else ""
    return where + commit + author


def noted(place: Location) -> str:
    """Return what a note is on, by the name of its file, which may stand in folders."""
    return (place.path or "").replace("/", "")[:12]


def _name(finding: Finding, place: Location) -> str:
    match place.kind:
        case Kind.PATH | Kind.REF_NAME:
            return f"the name {place.path or place.kind.value}"
        case Kind.IDENTITY:
            return _identity(finding, place)
        case Kind.NOTE if place.path:
            return f"note on commit {noted(place)}"
        case Kind.TAG_MESSAGE if place.path:
            return f"message of tag {place.path.removeprefix(_TAG)}"
        case _:
            return place.path or place.kind.value.replace("-", " ")


def _identity(finding: Finding, place: Location) -> str:
    """Name the person whose name or address holds the secret."""
    if not place.commit:
        return f"tagger of {place.path.removeprefix(_TAG)}" if place.path else "tagger"
    shown = finding.secret.redacted()
    if place.author and shown in place.author.name:
        return "author name"
    return "author address" if place.author and shown in place.author.email else "committer"
