"""The remotes of the repository that its user works in.

What a remote has is known by the branches that were fetched from it, or by asking it.  It may be
another place by now, or be pushed to one: then that may have none of them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.git.advertised import advertised
from leakscan.git.layout import read_config
from leakscan.git.one_place import are_one_place
from leakscan.git.own import ask, flag, present

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from leakscan.git.layout import Layout

_BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Remote:
    """What a push can go to.

    Attributes:
        name: under which one fetches from there; empty if nobody does.
        tracked: what it had when it was last heard of and surely still has, as git-rev-list(1)
            takes it; only where what git just heard from it fits.
        refs: hex ids of what its branches and tags name, as it says, if it was asked.
        oids: which of these are here.
        promises: whether it has all that a partial clone left out.
        may_have_more: whether more may be known of it once one has fetched from it.
        is_silent: whether it was asked, and did not say.
    """

    name: str = ""
    tracked: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    oids: tuple[str, ...] = ()
    promises: bool = False
    may_have_more: bool = False
    is_silent: bool = False


def find_remote(name: str, url: str, refs: Mapping[str, str | None]) -> Remote:
    """Find what is known of the place that a push goes to.

    What was fetched from there under a name counts if git just heard the very same of one of the
    refs, and nothing else of any.  Otherwise the place is asked, unless what it has of the refs is
    here: then that is enough.

    Args:
        name: of the remote; its URL, where it is none that is configured.
        url: to which git pushes; empty to ask where it would.
        refs: full names of what is pushed, and hex ids of what they name there, as git says;
            ``None`` for those that are not there.

    Raises:
        TargetError: git cannot read its configuration, or is not there.
    """
    destination = _destination(name, url)
    if destination.fits(refs):
        return Remote(destination.name, destination.tracked(), promises=destination.promises())
    told = [oid for oid in refs.values() if oid]
    if refs and not present(told):
        return destination.asked()
    return Remote(destination.name, may_have_more=True)


def ask_remote(name: str, url: str) -> Remote:
    """Ask the place that a push goes to what it has.

    Args:
        name: of the remote; its URL, where it is none that is configured.
        url: to which git pushes; empty to ask where it would.

    Raises:
        TargetError: git cannot read its configuration, or is not there.
    """
    return _destination(name, url).asked()


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where a push goes to.

    Attributes:
        name: of the remote that one fetches from there; empty if there is none.
        places: the URLs.
        others: names of remotes whose refs lie among those of this one, as those of "a/b" lie
            among those of "a".
    """

    name: str
    places: Sequence[str]
    others: Sequence[str] = ()

    def fits(self, refs: Mapping[str, str | None]) -> bool:
        """Whether what git just heard is what was fetched."""
        if not self.name or not any(refs.values()):
            return False
        folder = f"refs/remotes/{self.name}/"
        listed = ask(
            *("for-each-ref", "--format=%(objectname) %(refname)", folder),
            doing="list remote branches",
        )
        lines = [line.partition(" ") for line in os.fsdecode(listed).split("\n") if line]
        fetched = {f"{_BRANCHES}{ref.removeprefix(folder)}": oid for oid, _, ref in lines}
        both = [(refs[ref], oid) for ref, oid in fetched.items() if ref in refs]
        return bool(both) and all(told == oid for told, oid in both)

    def tracked(self) -> tuple[str, ...]:
        """Return what was fetched, as git-rev-list(1) takes it."""
        return (*(f"--exclude={other}/*" for other in self.others), f"--remotes={self.name}")

    def promises(self) -> bool:
        return bool(self.name) and flag(f"remote.{self.name}.promisor", default=False)

    def asked(self) -> Remote:
        """Return what the place says that it has; of several places at once nothing is known."""
        if len(self.places) != 1:
            return Remote(self.name, may_have_more=True)
        refs = advertised(self.places[0])
        if refs is None:
            return Remote(self.name, is_silent=True)
        named = set(refs.values())
        here = present(sorted(named))
        return Remote(
            self.name,
            refs=refs,
            oids=tuple(here),
            promises=bool(here) and self.promises(),
            may_have_more=len(here) < len(named),
        )


def _destination(name: str, url: str) -> _Destination:
    listed = os.fsdecode(ask("remote", "-v", doing="list remotes"))
    # A partial clone has its filter behind that: "origin\tURL (fetch) [blob:none]".
    lines = re.findall(r"(?m)^([^\t\n]+)\t(.*) \((fetch|push)\)(?: \[.*\])?$", listed)
    fetched = {remote: place for remote, place, way in lines if way == "fetch"}
    pushed = [place for remote, place, way in lines if (remote, way) == (name, "push")]
    places = [url] if url else pushed
    for candidate in sorted(fetched, key=lambda remote: remote != name):
        source = fetched[candidate]
        if places and all(are_one_place(source, place) for place in places):
            others = sorted(other for other in fetched if other.startswith(f"{candidate}/"))
            return _Destination(candidate, places, others)
    return _Destination("", places)


def fetches_all_branches(layout: Layout) -> bool:
    """Whether a repository fetches all branches of the one that it was cloned from.

    What was cloned from nowhere lacks none.  A bare clone does not say what it was made of.

    Raises:
        TargetError: its configuration cannot be read.
    """
    fetched: dict[str, list[str]] = {}
    for name, value in read_config(layout.common_dir / "config"):
        if name.startswith("remote.") and name.endswith(".fetch"):
            fetched.setdefault(name, []).append(value)
    origin = fetched.get("remote.origin.fetch")
    return all(map(_is_all, [origin] if origin else fetched.values()))


def _is_all(refspecs: Iterable[str]) -> bool:
    """Whether refspecs (git-fetch(1)) stand for all branches; those with ^ leave some out."""
    sources = {refspec.removeprefix("+").partition(":")[0] for refspec in refspecs}
    is_cut = any(source.startswith("^") for source in sources)
    return not is_cut and not sources.isdisjoint(("refs/heads/*", "refs/*"))


def usual_remote() -> str:
    """Return the name of the remote that the current branch is pushed to.

    Raises:
        TargetError: git cannot tell.
    """
    wanted = "--format=%(if)%(HEAD)%(then)%(push:remotename)%(end)"
    return ask("for-each-ref", wanted, "refs/heads", doing="list branches").decode().strip()
