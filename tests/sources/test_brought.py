"""Which objects a push brings: those that are here, and those that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leaving import KNOWN

from leakscan.sources.brought import Brought, OtherSide, brought_objects
from leakscan.sources.ref_updates import RefUpdate
from leakscan.sources.sighting import Tally

if TYPE_CHECKING:
    from leaving import Leaving

THERE = OtherSide(KNOWN, ("--remotes=origin",))


def test_what_is_missing_is_named(leaving: Leaving) -> None:
    commit = leaving.repo.add("a.txt", "a")
    blob = leaving.repo.tip("HEAD:a.txt")
    update = RefUpdate("refs/heads/main", None, commit)
    whole = brought_objects([update], THERE, Tally())
    assert (len(whole.here), blob in whole.here, whole.missing) == (3, True, ())
    leaving.repo.loose_path(blob).unlink()
    tally = Tally()
    brought = brought_objects([update], THERE, tally)
    assert (len(brought.here), brought.missing) == (2, (blob,))
    assert [skip.what for skip in tally.skipped] == [f"object {blob}"]


def test_what_goes_brings_nothing(leaving: Leaving) -> None:
    gone = RefUpdate("refs/heads/main", leaving.repo.tip(), None)
    assert brought_objects([gone], THERE, Tally()) == Brought()
