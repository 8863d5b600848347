"""Repositories that are named after a secret: the queue must not hold it, and git must say it.

The queue holds the name with the secret cut out.  Whoever looks at the push asks the site for the
name by the repository's number, and keeps it in memory only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.crawl.figures import NOTHING_TO_SEE
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
    """Reads pushes as another reader does that needs the names of repositories.

    Attributes:
        github: whom to ask for a name; that is one call, and nearly never needed.
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
        """Yield what the push brought.

        Raises:
            TroubleError: it could not be read, or not to its end.
        """
        if _CUT in push.repository:
            push = replace(push, repository=self._name(push, spent))
        yield from self.reader.read(push, tally, spent)

    def _name(self, push: Push, spent: Spent) -> str:
        if not push.repository_id:  # as of a wiki
            what = "the name of the repository looks like a secret, and its number is not known"
            raise TroubleError(Trouble.NAMELESS, what, "look at it by hand")
        meter = ApiMeter()
        try:
            answer = self.github.get(f"/repositories/{push.repository_id}", meter=meter)
            name = text(answer.body, "full_name")
        except TroubleError as error:
            if error.trouble in NOTHING_TO_SEE:
                raise
            # Whatever is wrong with the API says nothing about the server that the push is on.
            what = f"the name of the repository cannot be asked for now: {error.what}"
            raise TroubleError(Trouble.UNREACHABLE, what, error.remedy) from error
        finally:
            spent.api_requests += meter.requests
            spent.received += meter.received
        if not re.fullmatch(REPOSITORY, name):
            what = "the API gives a name of the repository that is none"
            raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
        return name
