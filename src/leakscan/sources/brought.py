"""Which objects a push brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import ask, present

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
        oids: hex ids of what is there and here already, besides all that.
        promises: whether it has all that a partial clone left out here.
    """

    known: str
    revisions: tuple[str, ...] = ()
    oids: tuple[str, ...] = ()
    promises: bool = False


def called(oid: str) -> str:
    """Return what to call an object that cannot be read, by its hex id."""
    return f"object {oid}"


@dataclass(frozen=True, slots=True)
class Brought:
    """Hex ids of the objects that come: those that are here, and those that are missing."""

    here: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def brought_objects(updates: Sequence[RefUpdate], there: OtherSide, tally: Tally) -> Brought:
    """Return which objects come.

    Args:
        updates: of refs.
        there: where the push goes to.
        tally: told of what is not here, and not promised there either.

    Raises:
        TargetError: git cannot tell.
    """
    wanted = [update.after for update in updates if update.after]
    if not wanted:
        return Brought()
    before = present({update.before for update in updates if update.before})
    told = (*wanted, *(f"^{oid}" for oid in (*before, *there.oids)))
    # What is told is read before --not, which is about the arguments behind it.
    options = ("--stdin", "--not", *there.revisions) if there.revisions else ("--stdin",)
    brought = _reached(told, *options)
    if brought.missing and not (there.promises and _are_promised(told, *options)):
        for oid in brought.missing:
            tally.skip(called(oid), _lack(there))
    return brought


def _reached(told: Iterable[str], *options: str) -> Brought:
    """Return which objects revisions lead to.

    Args:
        told: what git-rev-list(1) is told on standard input.
        options: what says so, and how they are meant; the order matters to git.

    Raises:
        TargetError: git cannot tell.
    """
    oids = _listed(told, "print", *options)
    here = tuple(oid for oid in oids if not oid.startswith("?"))
    return Brought(here, tuple(oid[1:] for oid in oids if oid.startswith("?")))


def _are_promised(told: Iterable[str], *options: str) -> bool:
    """Whether nothing that they lead to is missing but what a partial clone has left out."""
    try:
        _listed(told, "allow-promisor", *options)
    except TargetError:
        return False
    return True


def _listed(told: Iterable[str], missing: str, *options: str) -> list[str]:
    arguments = ("--objects", "--no-object-names", f"--missing={missing}", *options)
    stdin = "".join(f"{line}\n" for line in told).encode()
    return ask("rev-list", *arguments, stdin=stdin, doing="tell what is pushed").decode().split()


def filtered_out(commits: Sequence[str]) -> set[str]:
    """Return the hex ids of what a partial clone has left out of commits and of their parents.

    Args:
        commits: their hex ids.

    Returns:
        None of them if something else is missing, too.
    """
    told = [revision for oid in commits for revision in (oid, f"{oid}^@")]
    try:
        missing = _reached(told, "--no-walk", "--stdin").missing
    except TargetError:
        return set()
    return set(missing) if _are_promised(told, "--no-walk", "--stdin") else set()


def _lack(there: OtherSide) -> str:
    if there.promises:
        return "it is not in this repository"
    return "it is not in this repository: `git fetch` from where you push to, or `--refetch` it all"
