"""Which objects a push brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leakscan.sources.ref_updates import RefUpdate
    from leakscan.sources.sighting import Tally


@dataclass(frozen=True, slots=True)
class OtherSide:
    """Where a push goes to.

    Attributes:
        known: where a token stood that the push does not add, as in `Sighting`.
        revisions: which commits are there already, besides those that the refs name there, as
            git-rev-list(1) takes them behind ``--not``.
        promises: whether it has all that a partial clone left out here.
    """

    known: str
    revisions: tuple[str, ...] = ()
    promises: bool = False


def called(oid: str) -> str:
    """Return what to call an object that cannot be read, by its hex id."""
    return f"object {oid}"


def brought_objects(updates: Sequence[RefUpdate], there: OtherSide, tally: Tally) -> list[str]:
    """Return the hex ids of the objects that come, so far as they are here.

    Args:
        updates: of refs.
        there: where the push goes to.
        tally: told of what is not here, and not promised there either.

    Raises:
        TargetError: git cannot tell.
    """
    wanted = [update.after for update in updates if update.after]
    if not wanted:
        return []
    before = present({update.before for update in updates if update.before})
    told = "".join(f"{line}\n" for line in (*wanted, *(f"^{oid}" for oid in before))).encode()
    oids = _listed(told, there, "print")
    missing = [oid[1:] for oid in oids if oid.startswith("?")]
    if missing and not (there.promises and _are_promised(told, there)):
        for oid in missing:
            tally.skip(called(oid), _lack(there))
    return [oid for oid in oids if not oid.startswith("?")]


def _listed(told: bytes, there: OtherSide, missing: str) -> list[str]:
    # What is told is read before --not, which is about the arguments behind it.
    arguments = ("--objects", "--no-object-names", f"--missing={missing}", "--stdin")
    limits = ("--not", *there.revisions) if there.revisions else ()
    listed = ask("rev-list", *arguments, *limits, stdin=told, doing="tell what is pushed")
    return listed.decode().split()


def _are_promised(told: bytes, there: OtherSide) -> bool:
    """Whether nothing is missing but what a partial clone has left out."""
    try:
        _listed(told, there, "allow-promisor")
    except TargetError:
        return False
    return True


def left_out(commits: Sequence[str]) -> set[str]:
    """Return the hex ids of what a partial clone has left out of commits and of their parents.

    Args:
        commits: their hex ids.

    Returns:
        None of them if something else is missing, too.
    """
    told = "".join(f"{oid}\n{oid}^@\n" for oid in commits).encode()

    def listed(missing: str) -> list[str]:
        arguments = ("--objects", "--no-object-names", "--no-walk", f"--missing={missing}")
        doing = "list what commits hold"
        return ask("rev-list", *arguments, "--stdin", stdin=told, doing=doing).decode().split()

    try:
        listed("allow-promisor")
        return {oid[1:] for oid in listed("print") if oid.startswith("?")}
    except TargetError:
        return set()


def _lack(there: OtherSide) -> str:
    if there.promises:
        return "it is not in this repository"
    return "it is not in this repository: `git fetch` from where you push to, or `--refetch` it all"


def present(names: Iterable[str]) -> list[str]:
    """Return the hex ids of the objects that are here: the other side may name what we have not.

    Args:
        names: their ids, or whatever else names them.

    Raises:
        TargetError: git cannot tell.
    """
    told = "".join(f"{name}\n" for name in names).encode()
    if not told:
        return []
    lines = ask("cat-file", "--batch-check=%(objectname)", stdin=told, doing="look for objects")
    return [line for line in lines.decode().splitlines() if " " not in line]  # "ID missing"
