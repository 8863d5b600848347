"""What is new about the feeds of a watch, each piece of news once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leakscan.crawl.desk import View
    from leakscan.crawl.figures import FeedFigures
    from leakscan.ledger.feeds import FeedFailure

_ADDRESS = re.compile(r"^(not read to its end: )?/\S*: ")

_ALL = ""
"""Stands for every feed."""


def cause(why: str) -> str:
    """Return why a feed fails without the address that was asked, which is each feed's own."""
    return _ADDRESS.sub(lambda found: found[1] or "", why)


@dataclass(slots=True)
class FeedNews:
    """Keeps what is wrong with each feed, and says what is new.

    Attributes:
        view: tells people.
        clean: redacts what looks like a secret.
        feeds: by name, whose trouble this keeps.
    """

    view: View
    clean: Callable[[str], str]
    feeds: Mapping[str, FeedFigures]
    _notes: dict[str, str | None] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)
    """By name, why a feed fails that was said to."""
    _named: dict[str, str] = field(default_factory=dict)
    """Why feeds fail, and which of them was named for it."""

    def failed(self, name: str, why: str, trouble: str | None = None) -> None:
        """Note that a feed fails, and say it unless another was named for the same.

        So all feeds of a site that is away are one line.

        Args:
            name: of the feed.
            why: on one line.
            trouble: the same in more words, to be said.
        """
        self.feeds[name].trouble = trouble or why
        self._forget(name)
        if self._named.setdefault(cause(why), name) == name and self._told.get(name) != why:
            self._told[name] = why
            self._say(f"feed {name}: {trouble or why}")

    def left_alone(self, name: str, failure: FeedFailure) -> None:
        """Note that a feed is not asked since it has just failed, so that it tells nothing."""
        if self.feeds[name].trouble:
            return
        trouble: str | None = (
            f"{failure.why} ({failure.ago:.0f} s ago; asked again in {failure.due_in:.0f} s, or at"
            " once with --retry)"
        )
        if named := self._named.get(cause(failure.why)):  # in the same words, to be summed up
            trouble = self.feeds[named].trouble
        self.failed(name, failure.why, trouble)

    def not_due(self, names: Sequence[str]) -> None:
        """Remark that feeds are not asked, for they were not long ago, or another watch does."""
        if len(names) == 1:
            self.view.remark(f"{names[0]} is not due yet, and is not asked")
        elif names:
            feeds = f"{len(names):,} feeds, such as {names[0]},"
            self.view.remark(f"{feeds} are not due yet, and are not asked")

    def limited(self, why: str | None, name: str | None = None) -> None:
        """Say that a limit which is every feed's keeps them from being asked.

        Args:
            why: on one line.
            name: of a feed that fails for it; ``None`` if all wait.
        """
        if name is not None:
            self.feeds[name].trouble = why
            self._forget(name)
        self.note(_ALL, why)

    def answered(self, name: str) -> None:
        """Note that a feed has answered, us or another watch, and say so if it was said to fail."""
        if not self.feeds[name].trouble:
            return
        self.feeds[name].trouble = None
        self._forget(name)
        if self._told.pop(name, None):
            self._say(f"feed {name} answers again")

    def note(self, name: str, note: str | None) -> None:
        """Say what else a feed has to tell, and not again while it stays so."""
        if note and note != self._notes.get(name):
            self._say(note)
        self._notes[name] = note

    def _forget(self, name: str) -> None:
        """Let another feed be named for what this one was named for."""
        self._named = {why: named for why, named in self._named.items() if named != name}

    def _say(self, line: str) -> None:
        self.view.say(self.clean(line))
