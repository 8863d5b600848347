"""What people do with findings: find them, close them, have something tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import UsageError
from leakscan.ledger import standing
from leakscan.ledger.closing import reopen, resolve, try_again
from leakscan.ledger.duties import Duties
from leakscan.ledger.entries import (
    all_disabled,
    claimed_until,
    find_entry,
    list_entries,
    list_with_actions,
    sightings_of,
)
from leakscan.ledger.outcomes import Disabled, Failure
from leakscan.ledger.standing import Standing
from leakscan.ledger.totals import totals
from leakscan.ledger.words import ActionKind, Answer, Owner
from ledgers import ONE_HOOK, a_finding, a_place

if TYPE_CHECKING:
    from ledgers import Desk

ANY_DISABLE = [(ActionKind.DISABLE, None)]


def standings(desk: Desk) -> list[Standing]:
    rows = list_with_actions(desk.ledger)
    return [standing.standing(entry, owed) for entry, owed in rows][::-1]


def test_a_resolved_finding_is_left_alone(desk: Desk) -> None:
    desk.record_some(1)
    entry = find_entry(desk.ledger, "1")
    assert resolve(desk.ledger, entry, "a test token", "ann")
    row = desk.finding()
    assert (row.resolved_by, row.resolution, row.sealed_secret) == ("ann", "a test token", None)
    assert desk.queue.claim(ANY_DISABLE, 9) == []
    assert not resolve(desk.ledger, entry, "again", "bob")
    assert desk.finding().resolved_by == "ann"


def test_what_is_being_done_while_it_is_resolved_is_still_written_down(desk: Desk) -> None:
    desk.record_some(1)
    (claim,) = desk.queue.claim(ANY_DISABLE, 9)
    resolve(desk.ledger, find_entry(desk.ledger, "1"), "by hand", "ann")
    owner = Owner(email="ada@example.com")
    assert desk.outcomes().disabled(claim, Disabled(Answer.DISABLED, owner))
    assert desk.finding().disabled_at is not None
    assert desk.states(ActionKind.NOTIFY) == ["dropped"]


def test_what_was_given_up_is_tried_again_when_a_person_says_so(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes(attempts=1)
    (claim,) = desk.queue.claim(ANY_DISABLE, 9)
    outcomes.failed([claim], Failure("no answer"))
    assert standings(desk) == [Standing.ATTENTION]
    assert try_again(desk.ledger, find_entry(desk.ledger, "1")) == 1
    (claim,) = desk.queue.claim(ANY_DISABLE, 9)
    assert claim.attempts == 1
    assert claim.sealed


def test_what_was_closed_by_mistake_is_opened_again(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret))
    entry = find_entry(desk.ledger, "1")
    assert not reopen(desk.ledger, entry, ONE_HOOK)
    resolve(desk.ledger, entry, "a mistake", "ann")
    assert reopen(desk.ledger, entry, ONE_HOOK)
    assert desk.states(ActionKind.NOTIFY) == ["waiting"]
    desk.record(a_finding(secret))
    (claim,) = desk.queue.claim(ANY_DISABLE, 9)
    assert claim.sealed
    assert (desk.finding().state, desk.finding().resolution) == ("open", None)


def test_every_standing_has_its_word(desk: Desk) -> None:
    desk.record_some(4)
    outcomes = desk.outcomes(attempts=1)
    one, two, three = desk.queue.claim(ANY_DISABLE, 3)
    outcomes.disabled(one, Disabled(Answer.DISABLED))
    outcomes.disabled(two, Disabled(Answer.NOT_OURS))
    outcomes.failed([three], Failure("no answer"))
    resolve(desk.ledger, find_entry(desk.ledger, "4"), "why not", "ann")
    other = desk.secrets(6)
    desk.record(a_finding(other[4]), duties=Duties())
    desk.record(a_finding(other[5]))
    assert standings(desk) == [
        Standing.DISABLED,
        Standing.NOT_OURS,
        Standing.ATTENTION,
        Standing.RESOLVED,
        Standing.RECORDED,
        Standing.DISABLING,
    ]
    assert [number for number in range(1, 7) if all_disabled(desk.ledger, [number])] == [1]
    assert not all_disabled(desk.ledger, [1, 2])
    counts = totals(desk.ledger)
    assert (counts["findings"], counts["unresolved"], counts["need attention"]) == (6, 5, 1)


def test_it_is_known_until_when_a_process_has_claimed_something(desk: Desk) -> None:
    desk.record_some(2)
    assert claimed_until(desk.ledger, 1) is None
    (claim,) = desk.queue.claim(ANY_DISABLE, 1)
    until = claimed_until(desk.ledger, 1)
    assert until is not None
    assert timedelta(seconds=50) < until - desk.now() <= desk.queue.lease
    assert claimed_until(desk.ledger, 2) is None
    desk.outcomes().disabled(claim, Disabled(Answer.DISABLED))
    assert claimed_until(desk.ledger, 1) is None


def test_findings_are_chosen_by_any_condition(desk: Desk) -> None:
    desk.record_some(2)
    (extra,) = desk.secrets(3)[2:]
    desk.record(a_finding(extra, a_place(repository="https://github.com/other/100%_repo")))
    (claim,) = desk.queue.claim(ANY_DISABLE, 1)
    desk.outcomes().disabled(claim, Disabled(Answer.DISABLED, Owner(email="ada@example.com")))
    resolve(desk.ledger, find_entry(desk.ledger, "2"), "why not", "ann")

    def chosen(*conditions: object) -> list[int]:
        return [entry.id for entry in list_entries(desk.ledger, *conditions)]  # type: ignore[arg-type]

    assert chosen() == [3, 2, 1]
    assert chosen(standing.is_open()) == [3, 1]
    assert chosen(standing.of_owner("ada@example.com")) == [1]
    assert chosen(standing.seen_in("other/100%")) == [3]
    assert chosen(standing.seen_in("other_100")) == []
    assert chosen(standing.of_rule("npm-token")) == []
    assert chosen(standing.seen_since(desk.now())) == []
    assert chosen(standing.needs_attention()) == []


def test_a_finding_is_named_by_its_number_or_the_start_of_its_fingerprint(desk: Desk) -> None:
    desk.record_some(2)
    entry = find_entry(desk.ledger, "2")
    assert find_entry(desk.ledger, entry.fingerprint[:12].upper()) == entry
    assert find_entry(desk.ledger, entry.redacted) == entry
    for name in ("3", "", "%", "xyz", "-1", "9" * 30, "9" * 5000, "²", "abcdef0"):
        with pytest.raises(UsageError, match=r"no finding .*: see `leakscan findings list"):
            find_entry(desk.ledger, name)
    for name in ("8c8d", "ABC", "f"):
        with pytest.raises(UsageError, match="give at least 6 digits of a fingerprint"):
            find_entry(desk.ledger, name)


def test_all_pages_are_listed(desk: Desk) -> None:
    desk.record_some(1100)
    assert [entry.id for entry in list_entries(desk.ledger)] == list(range(1100, 0, -1))


def test_places_that_are_still_there_come_first(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    places = a_place(0, current=False), a_place(1, current=None), a_place(2, current=True)
    desk.record(a_finding(secret, *places))
    with desk.ledger.reading() as connection:
        seen = [place.current for place in sightings_of(connection, 1)]
        assert seen[-1] is False
        assert len(sightings_of(connection, 1, 2)) == 2


def test_a_dead_token_is_dead_though_its_owner_could_not_be_told(desk: Desk) -> None:
    (first, second) = desk.record_some(2)
    outcomes = desk.outcomes(attempts=1)
    outcomes.disabled(desk.claim(), Disabled(Answer.DISABLED, Owner(email="ada@example.com")))
    assert all_disabled(desk.ledger, [first])
    assert not all_disabled(desk.ledger, [first, second])
    outcomes.give_up([desk.claim(ActionKind.NOTIFY)], "no such mailbox")
    assert standings(desk)[0] is Standing.ATTENTION
    assert all_disabled(desk.ledger, [first])
    assert all_disabled(desk.ledger, [])
