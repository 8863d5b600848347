"""Where the matches in commits and tags stand: in the message, or in the lines above it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.git.texts import header_end, readable, signature
from leakscan.git.urls import link_to
from leakscan.model import Kind, Location, Match
from leakscan.sources.placing import placed
from leakscan.sources.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakscan.git.survey import Hit
    from leakscan.sources.commits import Commits
    from leakscan.sources.repository import Repository


class Messages:
    """Attributes what was found in commits and tags.

    Args:
        repository: where they are.
        commits: what there is to tell about them.
        within: only these commits count, if given.
    """

    def __init__(
        self, repository: Repository, commits: Commits, within: frozenset[bytes] | None
    ) -> None:
        self._repository = repository
        self._commits = commits
        self._within = within
        self._ref_of = {ref.oid: readable(ref.name) for ref in repository.refs.values()}

    def in_commit(self, hit: Hit[Match]) -> Iterator[Sighting]:
        """Yield the matches in a commit."""
        commits = self._commits
        if self._within is not None and hit.oid not in self._within:
            return
        for match, kind, line in parts_of(commits.text(hit.oid), hit.found, Kind.COMMIT_MESSAGE):
            location = placed(commits.location(kind, hit.oid, hit.oid, None), match)
            yield Sighting(
                match,
                replace(
                    location,
                    line=line,
                    current=hit.oid in commits.on_branch if commits.tips else None,
                    url=link_to(self._repository.remote, hit.oid.hex()),
                ),
            )

    def in_tag(self, hit: Hit[Match]) -> Iterator[Sighting]:
        """Yield the matches in an annotated tag."""
        data = self._commits.text(hit.oid)
        tagger = signature(data, b"tagger")
        head = data[: header_end(data)].split(b"\n")
        name = next((line[4:] for line in head if line.startswith(b"tag ")), b"")
        try:
            commit = bytes.fromhex(head[0].removeprefix(b"object ").decode())
        except ValueError:
            commit = b""
        if self._within is not None and commit not in self._within:
            return
        for match, kind, line in parts_of(data, hit.found, Kind.TAG_MESSAGE):
            place = Location(
                kind,
                self._repository.name,
                object=hit.oid.hex(),
                commit=commit.hex() if commit in self._commits.graph.tree_of else None,
                path=self._ref_of.get(hit.oid),
                author=tagger.person if tagger else None,
                date=tagger.date if tagger else None,
                note=None if hit.oid in self._ref_of else f"tag {readable(name)}",
                reachable=hit.oid in self._commits.tagged,
            )
            yield Sighting(match, replace(placed(place, match), line=line))


def parts_of(
    text: bytes, found: Sequence[Match], message: Kind
) -> Iterator[tuple[Match, Kind, int | None]]:
    """Say in which part of a commit or tag each match stands, and the line of the message.

    Args:
        text: the commit or tag.
        found: the matches in it.
        message: the kind of those in the message.
    """
    end = header_end(text)
    before = text.count(b"\n", 0, end)
    for match in found:
        if match.start >= end:
            yield match, message, match.line - before
            continue
        line = text[text.rfind(b"\n", 0, match.start) + 1 : match.start]
        by = line.startswith((b"author ", b"committer ", b"tagger "))
        yield match, Kind.IDENTITY if by else Kind.COMMIT_HEADER, None
