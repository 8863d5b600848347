"""The remotes of the repository that its user works in.

What a remote has is known by the branches that were fetched from it.  It may be pushed to another
place: then that may have none of them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.git.own import ask, settings

if TYPE_CHECKING:
    from collections.abc import Iterable

_BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Remote:
    """What a push can go to.

    Attributes:
        name: under which one fetches from there; empty if nobody does.
        tracked: the commits that it had when it was last heard of, as git-rev-list(1) takes them.
        promises: whether it has all that a partial clone left out.
        has_changed: whether it turns out to lack what it had when it was last heard of.
    """

    name: str = ""
    tracked: tuple[str, ...] = ()
    promises: bool = False
    has_changed: bool = False

    def has_been_heard_of(self) -> bool:
        """Whether any commit is known to be there.

        Raises:
            TargetError: git cannot tell.
        """
        return bool(ask("rev-list", "--max-count=1", *self.tracked, doing="list remote branches"))

    def had(self, refs: Iterable[str]) -> bool:
        """Whether it had one of the branches when it was last heard of.

        Args:
            refs: their full names there.

        Raises:
            TargetError: git cannot tell.
        """
        wanted = {ref.removeprefix(_BRANCHES) for ref in refs if ref.startswith(_BRANCHES)}
        if not wanted or not self.name:
            return False
        folder = f"refs/remotes/{self.name}/"
        listed = ask("for-each-ref", "--format=%(refname)", folder, doing="list remote branches")
        branches = os.fsdecode(listed).split("\n")
        return any(branch.removeprefix(folder) in wanted for branch in branches if branch)


def find_remote(name: str, url: str, lacking: Iterable[str] = ()) -> Remote:
    """Find the remote that a push goes to; of a place that nobody fetches from nothing is known.

    Args:
        name: of the remote; its URL, where it is none that is configured.
        url: to which git pushes; empty to ask where it would.
        lacking: full names of refs that are not there, as git says.

    Raises:
        TargetError: git cannot read its configuration, or is not there.
    """
    listed = os.fsdecode(ask("remote", "-v", doing="list remotes"))
    # A partial clone has its filter behind that: "origin\tURL (fetch) [blob:none]".
    lines = re.findall(r"(?m)^([^\t\n]+)\t(.*) \((fetch|push)\)(?: \[.*\])?$", listed)
    fetched = {remote: place for remote, place, way in lines if way == "fetch"}
    pushed = [place for remote, place, way in lines if (remote, way) == (name, "push")]
    goes_to = [url] if url else pushed
    for candidate in sorted(fetched, key=lambda remote: remote != name):
        source = fetched[candidate]
        if goes_to and all(are_one_place(source, place) for place in goes_to):
            return _known(candidate, fetched, lacking)
    return Remote()


def _known(name: str, names: Iterable[str], lacking: Iterable[str]) -> Remote:
    remote = Remote(name)
    if remote.had(lacking):
        return Remote(name, has_changed=True)
    # The refs of a remote "a/b" lie among those of a remote "a".
    others = sorted(other for other in names if other.startswith(f"{name}/"))
    tracked = [f"--exclude={other}/*" for other in others]
    configured = settings(r"^remote\..*\.promisor$").get(f"remote.{name}.promisor", "")
    is_promisor = configured.lower() in ("true", "yes", "on", "1")
    return Remote(name, (*tracked, f"--remotes={name}"), is_promisor)


def are_one_place(one: str, other: str) -> bool:
    """Whether two URLs surely lead to the same repository, whatever the transport.

    The user does not matter, nor does a ``.git`` at the end; a port does, where the transport is
    the same.
    """
    if one == other:
        return True
    first, second = _parsed(one), _parsed(other)
    if first is None or second is None or first[2:] != second[2:]:
        return False
    return first[0] != second[0] or first[1] == second[1]


def _parsed(url: str) -> tuple[str, str, str, str] | None:
    """Return scheme, port, host and path; ``None`` if it names no host."""
    by_scheme = re.fullmatch(
        r"([a-zA-Z][a-zA-Z0-9+.-]*)://(?:[^/@]*@)?(\[[^]/@]*\]|[^:/@]+)(?::(\d*))?(/[^?#]*)", url
    )
    # As git-clone(1) has it for ssh, unless there is a slash before the colon.
    by_colon = re.fullmatch(r"(?:[^/:@]*@)?(\[[^]/@]*\]|[^:/@]+):(?!:)([^?#]+)", url)
    if by_scheme:
        scheme, host, port, path = by_scheme.groups()
    elif by_colon and "://" not in url:
        scheme, port, (host, path) = "ssh", "", by_colon.groups()
    else:
        return None
    return scheme.lower(), port or "", host.lower(), path.strip("/").removesuffix(".git")


def usual_remote() -> str:
    """Return the name of the remote that the current branch is pushed to.

    Raises:
        TargetError: git cannot tell.
    """
    wanted = "--format=%(if)%(HEAD)%(then)%(push:remotename)%(end)"
    return ask("for-each-ref", wanted, "refs/heads", doing="list branches").decode().strip()
