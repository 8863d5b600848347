"""What a repository is called at the time of a look.

The queue holds the name that an event gave, without what looks like a secret (hidden.py).  By then
the repository may have another name, and another repository may have taken the old one.  Its number
stays, and the site tells the name by it; what it tells is kept in memory only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from leakscan.crawl.github.answers import ApiMeter
from leakscan.crawl.looks.hidden import CUT
from leakscan.crawl.looks.numbers import Called, Numbers
from leakscan.push import PushKind
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.crawl.github.calls import GitHub
    from leakscan.crawl.looks.follow import Reader, Spent
    from leakscan.crawl.pace import Pace
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting, Tally


@dataclass(slots=True)
class NamingReader:
    """Reads pushes as another reader does that finds repositories by their names.

    Attributes:
        github: whom to ask what a repository is called now: one call for a push at most, and for
            nearly all of them none.
    """

    reader: Reader
    github: GitHub
    _numbers: Numbers = field(init=False)

    def __post_init__(self) -> None:
        self._numbers = Numbers(self.github)

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
        is_hidden = CUT in push.repository
        first = self._named(push, spent) if is_hidden else self._published(push, spent)
        try:
            yield from self.reader.read(first, tally, spent)
            return
        except TroubleError as error:
            moved = None if is_hidden else self._moved(first, error, spent)
            if moved is None:
                raise
        yield from self.reader.read(moved, tally, spent)

    def _published(self, push: Push, spent: Spent) -> Push:
        """Return the push, by the name of now if a repository was made public.

        All of what has the name is read then, so that nothing would show that it is another's.

        Raises:
            TroubleError: there is no such repository, or its name cannot be had now.
        """
        if push.kind is not PushKind.PUBLIC or not self._may_ask(push):
            return push
        called = self._called(push, spent, anew=True)
        if called.name is None and called.trouble is Trouble.REFUSED:
            return push  # as without a credential
        return _named(push, called)

    def _moved(self, push: Push, error: TroubleError, spent: Spent) -> Push | None:
        """Return the push with the other name that its repository has now.

        ``None`` if it has none, or if it is not worth a call to ask.

        Raises:
            TroubleError: there is no such repository, or its name cannot be had (now).
        """
        # A commit that is not there is rare, for GitHub gives any that it ever had: as a rule the
        # name is another's.  So is a tag, which may alone have led to its commits.  Branches come
        # and go, and a push tells of their commits as well.  What is refused is not rare, but
        # nearly always deleted or private, and then one call by number says so, where reading it
        # through the API takes two.
        is_rare = push.head is not None or push.kind is not PushKind.BRANCH
        is_worth_it = error.trouble is Trouble.REFUSED or (
            error.trouble is Trouble.GONE and is_rare
        )
        if not is_worth_it or not self._may_ask(push):
            return None
        named = self._named(push, spent)
        return None if named.repository.lower() == push.repository.lower() else named

    def _may_ask(self, push: Push) -> bool:
        return bool(push.repository_id) and not self.github.is_anonymous

    def _named(self, push: Push, spent: Spent) -> Push:
        """Return the push with the name that its repository has now.

        Raises:
            TroubleError: there is no such repository, or its name cannot be had (now).
        """
        if not push.repository_id:  # as of a wiki
            what = "the name of the repository looks like a secret, and its number is not known"
            raise TroubleError(Trouble.NAMELESS, what, "look at it by hand", is_elsewhere=True)
        return _named(push, self._called(push, spent))

    def _called(self, push: Push, spent: Spent, *, anew: bool = False) -> Called:
        meter = ApiMeter()
        try:
            return self._numbers.called(push.repository_id, meter, anew=anew)
        finally:
            spent.api_requests += meter.requests
            spent.received += meter.received


def _named(push: Push, called: Called) -> Push:
    """Return the push with another name.

    Raises:
        TroubleError: the API gives none, which says nothing of the server that the push is on.
    """
    if called.name is not None:
        return replace(push, repository=called.name)
    trouble, what = called.trouble, called.what
    if trouble.is_passing or trouble.is_ours:  # the push is tried a bounded number of times again
        trouble, what = Trouble.BROKEN, f"what the repository is called now cannot be asked: {what}"
    raise TroubleError(trouble, what, called.remedy, called.retry_after, is_elsewhere=True)
