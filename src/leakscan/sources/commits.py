"""What there is to tell about a commit: who, when, and from where it can be reached."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from leakscan.git.damage import DamagedError
from leakscan.git.history import Graph
from leakscan.git.links import Links
from leakscan.git.pack import TAG
from leakscan.git.refs import BRANCHES, HEAD, NOTES, TAGS
from leakscan.git.texts import Signature, signature
from leakscan.model import Kind, Location

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscan.git.store import ObjectStore
    from leakscan.sources.repository import Repository


class Commits:
    """The commits of a repository.

    Args:
        repository: its refs and stashes.
        store: its objects.
        lineages: of each commit its id, its tree's and its parents'.

    Attributes:
        graph: how the commits hang together.
        tips: where branches, and HEAD, stand.
        note_tips: where refs of notes stand.
        on_branch, in_notes: commits that can be reached from those.
    """

    def __init__(
        self, repository: Repository, store: ObjectStore, lineages: Iterable[tuple[bytes, ...]]
    ) -> None:
        self._repository = repository
        self._store = store
        self._signatures: dict[bytes, tuple[Signature | None, int]] = {}
        self.graph = Graph(lineages)
        self._settle_contested()
        self.tips = self._tips_under(HEAD, *BRANCHES)
        self.note_tips = self._tips_under(NOTES)
        self.on_branch = self.graph.reachable(self.tips)
        self.in_notes = self.graph.reachable(self.note_tips)

    def _settle_contested(self) -> None:
        """Of commits whose copies differ, believe the copy that is read under their id."""
        links = Links(self._store.hash_size)
        for commit in self.graph.contested:
            with suppress(DamagedError):
                if named := links.split(links.of_commit(self._store.read(commit)[1])):
                    self.graph.settle(commit, named)

    def _tips_under(self, *prefixes: bytes) -> set[bytes]:
        refs = self._repository.refs.values()
        named = (ref.oid for ref in refs if ref.oid and ref.name.startswith(prefixes))
        return {tip for tip in map(self._peeled, named) if tip in self.graph.tree_of}

    def _peeled(self, oid: bytes) -> bytes:
        """Follow tags to what they name."""
        return self._chain(oid)[-1]

    def _chain(self, oid: bytes) -> list[bytes]:
        """Return the tags that lead from one to another, and at last what they name."""
        chain = [oid]
        for _ in range(8):
            if chain[-1] in self.graph.tree_of:
                break
            try:
                kind, data = self._store.read(chain[-1])
                if kind != TAG:
                    break
                chain.append(bytes.fromhex(data[7 : 7 + 2 * self._store.hash_size].decode()))
            except (DamagedError, ValueError):
                break
        return chain

    @cached_property
    def tagged(self) -> set[bytes]:
        """Tags that refs name, and whatever they name, be it a commit or not."""
        refs = self._repository.refs.values()
        named = (ref.oid for ref in refs if ref.oid and ref.name.startswith(TAGS))
        return {oid for tag in named for oid in self._chain(tag)}

    @cached_property
    def _in_stash(self) -> set[bytes]:
        return self.graph.reachable(self._repository.stashes)

    @cached_property
    def _in_tags(self) -> set[bytes]:
        return self.graph.reachable(self._tips_under(TAGS))

    def _is_reachable(self, commit: bytes) -> bool:
        """Whether HEAD, a branch, a note or a tag leads to a commit."""
        return commit in self.on_branch or commit in self.in_notes or commit in self._in_tags

    def text(self, oid: bytes) -> bytes:
        """Return a commit or a tag; nothing of one that cannot be read, or held."""
        try:
            return self._store.read(oid)[1]
        except DamagedError:
            return b""

    def location(self, kind: Kind, commit: bytes, oid: bytes, path: str | None) -> Location:
        """Return the place of an object that a commit brought."""
        author = self._signature(commit)[0]
        return Location(
            kind,
            self._repository.name,
            object=oid.hex(),
            commit=commit.hex(),
            path=path,
            author=author.person if author else None,
            date=author.date if author else None,
            note=self._note(commit),
            reachable=self._is_reachable(commit),
        )

    def _note(self, commit: bytes) -> str | None:
        """Say what is odd about a commit that is on no branch, or the first that is here."""
        if commit not in self.on_branch and commit not in self.in_notes:
            if commit in self._in_stash:
                return "in the stash"
            if commit in self._in_tags:
                return "on no branch, but tagged"
            return "on no branch or tag"
        if commit.hex() in self._repository.layout.shallow:
            return "or before: the history before this commit is not here"
        return None

    def _signature(self, commit: bytes) -> tuple[Signature | None, int]:
        """Return the author of a commit, and when it was committed for sorting."""
        if commit not in self._signatures:
            data = self.text(commit)
            committer = signature(data, b"committer")
            when = committer.date if committer else None
            author = signature(data, b"author")
            self._signatures[commit] = author, int(when.timestamp()) if when else 0
        return self._signatures[commit]

    def precedence(self, commit: bytes) -> tuple[bool, bool, int, bytes]:
        """Order commits: those on a branch come first, then those tagged; then the older ones."""
        committed = self._signature(commit)[1]
        return commit not in self.on_branch, not self._is_reachable(commit), committed, commit
