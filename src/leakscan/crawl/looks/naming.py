"""What a repository is called: in the queue, which must hold no secret, and at the time of a look.

The queue holds the name that an event gave, with what looks like a secret cut out of it.  By then
the repository may have another name, and another repository may have taken the old one.  Its number
stays, and the site tells the name by it; what it tells is kept in memory only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.looks.api_documents import text
from leakscan.crawl.names import REPOSITORY
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.looks.follow import Reader, Spent
    from leakscan.crawl.pace import Pace
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting, Tally

_CUT = "\N{HORIZONTAL ELLIPSIS}"
"""Stands for what was cut out; no repository has it in its name."""


def hidden_name(repository: str, clean: Callable[[str], str]) -> str:
    """Return the name of a repository as the queue may hold it.

    Args:
        repository: ``owner/name``.
        clean: redacts what looks like a secret.
    """
    shown = clean(repository)
    if shown == repository:
        return repository
    cut = shown.replace("...", _CUT)
    return cut if _CUT in cut else cut + _CUT


@dataclass(frozen=True, slots=True)
class NamingReader:
    """Reads pushes as another reader does that finds repositories by their names.

    Attributes:
        github: whom to ask what a repository is called now: one call for a push at most, and for
            nearly all of them none.
    """

    reader: Reader
    github: GitHub

    @property
    def via(self) -> str:
        """The way of the other reader."""
        return self.reader.via

    @property
    def pace(self) -> Pace:
        """The pace of the other reader."""
        return self.reader.pace

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        """Yield what the push brought, from where its repository is now.

        Raises:
            TroubleError: it could not be read, or not to its end.
        """
        if _CUT in push.repository:
            yield from self.reader.read(self._named(push, spent), tally, spent)
            return
        try:
            yield from self.reader.read(push, tally, spent)
        except TroubleError as error:
            if not self._may_have_moved(push, error):
                raise
            moved = self._named(push, spent)
            if moved.repository.lower() == push.repository.lower():
                raise
        else:
            return
        yield from self.reader.read(moved, tally, spent)

    def _may_have_moved(self, push: Push, error: TroubleError) -> bool:
        """Tell whether it is worth a call to ask if the repository has another name by now."""
        # A commit that is not there is rare, for GitHub gives any that it ever had: as a rule the
        # name is another's.  What is refused is not rare, but nearly always deleted or private, and
        # then one call by number says so, where reading it through the API takes two.  A ref that
        # is gone is worth none: branches come and go, and a push tells of their commits as well.
        if not push.repository_id or self.github.is_anonymous:
            return False
        is_commit_gone = error.trouble is Trouble.GONE and push.head is not None
        return is_commit_gone or error.trouble is Trouble.REFUSED

    def _named(self, push: Push, spent: Spent) -> Push:
        """Return the push with the name that its repository has now.

        Raises:
            TroubleError: there is no such repository, or its name cannot be had (now).
        """
        if not push.repository_id:  # as of a wiki
            what = "the name of the repository looks like a secret, and its number is not known"
            raise TroubleError(Trouble.NAMELESS, what, "look at it by hand")
        meter = ApiMeter()
        try:
            answer = self.github.get(f"/repositories/{push.repository_id}", meter=meter)
            name = text(answer.body, "full_name")
        except TroubleError as error:
            if not (error.trouble.is_passing or error.trouble.is_ours):
                raise
            # It is tried again later, and a bounded number of times.  Neither busy nor unreachable,
            # for what is wrong with the API may not slow down the server that the push is on.
            what = f"what the repository is called now cannot be asked: {error.what}"
            raise TroubleError(Trouble.BROKEN, what, error.remedy, error.retry_after) from error
        finally:
            spent.api_requests += meter.requests
            spent.received += meter.received
        if not re.fullmatch(REPOSITORY, name):
            what = "the API gives a name of the repository that is none"
            raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
        return replace(push, repository=name)
