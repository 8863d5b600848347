"""The names of sources: which there are, and what a misspelt one was meant to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakscan.crawl.names import ACCOUNT, CREDENTIAL, REPOSITORY
from leakscan.errors import UsageError
from leakscan.git.urls import without_credentials
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMS = "events, search, org:NAME, user:NAME or repo:OWNER/NAME"

_SOURCE = re.compile(rf"events|search|(?:org|user):{ACCOUNT}|repo:{REPOSITORY}")
_ADDRESS = r"(?:https?://(?:www\.)?|ssh://git@|git@)[^/:\s]+[/:](?P<path>[^?#\s]+?)(?:\.git)?/?"
_KINDS = {
    "org": ("org", "orgs", "organization", "organizations", "organisation", "organisations"),
    "user": ("user", "users"),
    "repo": ("repo", "repos", "repository", "repositories"),
}
_LONGEST_SHOWN = 100


def check_sources(sources: Iterable[str], where: str = "") -> None:
    """Check that every source is one.

    Args:
        sources: names, such as ``org:acme``.
        where: that is put before what is wrong, such as ``--source: ``.

    Raises:
        UsageError: one is none; it is shown, and what it may have been meant to be.
    """
    for source in sources:
        if not is_source(source):
            raise UsageError(f"{where}unknown source {shown(source)}", meant(source))


def is_source(text: str) -> bool:
    """Tell whether a text names a source, which need not exist."""
    return _SOURCE.fullmatch(text) is not None


def shown(text: str) -> str:
    """Return what is no source so that it may be shown: it may be a secret in the wrong place."""
    if _may_be_secret(text):
        return "that looks like a token"
    return safe_text(without_credentials(text)[:_LONGEST_SHOWN]) or '""'


def meant(text: str) -> str:
    """Return what to write in the place of what is no source."""
    guesses = () if _may_be_secret(text) else filter(is_source, _guesses(text.strip()))
    write = " or ".join(guesses) or FORMS
    return f"write {write}"


def same(source: str) -> str:
    """Return what two spellings of a source have in common: GitHub's names have no case."""
    return source.lower()


def each_once(sources: Iterable[str]) -> tuple[str, ...]:
    """Return the sources without those that are there in another spelling."""
    known: dict[str, str] = {}
    for source in sources:
        known.setdefault(same(source), source)
    return tuple(known.values())


def _may_be_secret(text: str) -> bool:
    return re.search(CREDENTIAL, text) is not None


def _guesses(text: str) -> tuple[str, ...]:
    if found := re.fullmatch(_ADDRESS, text):
        return _named(found["path"])
    kind, colon, name = text.partition(":")
    if not colon:
        from difflib import get_close_matches  # at a mistake only

        close = get_close_matches(text.lower(), ("events", "search"), n=1, cutoff=0.7)
        return tuple(close) or _named(text)
    if "/" in name:
        return (f"repo:{name.strip()}",)
    for right, wrong in _KINDS.items():
        if kind.lower() in wrong and right != "repo":
            return (f"{right}:{name.strip()}",)
    return ()


def _named(path: str) -> tuple[str, ...]:
    """Return what may be meant by ``acme`` or ``acme/app``, and the rest of an address after it."""
    owner, _, rest = path.partition("/")
    if not rest:
        return f"org:{owner}", f"user:{owner}"
    return (f"repo:{owner}/{rest.partition('/')[0]}",)
