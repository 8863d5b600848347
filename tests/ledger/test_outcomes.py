"""How attempts end, and what follows from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leakscan.ledger.duties import Duties
from leakscan.ledger.outcomes import Disabled, Failure, Patience
from leakscan.ledger.words import ActionKind, ActionState, Answer, Owner, Verdict
from ledgers import REPLICATE

if TYPE_CHECKING:
    from ledgers import Desk

RULES = frozenset({REPLICATE.id})
ADA = Owner("Ada", "ada@example.com", "en-GB")
ADAS = Disabled(Answer.DISABLED, ADA, "laptop")
TWO_HOOKS = Duties({"one": RULES, "two": RULES}, notify=True)
HOUR = timedelta(hours=1)


def test_a_disabled_token_is_told_of_and_its_secret_wiped(desk: Desk) -> None:
    desk.record_some(1)
    assert desk.outcomes().disabled(desk.claim(), ADAS)
    row = desk.finding()
    assert (row.owner_name, row.owner_email, row.owner_locale) == (ADA.name, ADA.email, ADA.locale)
    assert row.token_name == "laptop"  # noqa: S105 - what its owner called it
    assert row.disabled_at is not None
    assert (row.sealed_secret, row.sealed_by) == (None, None)
    assert row.wiped_at is not None
    assert desk.states(ActionKind.NOTIFY) == ["due"]


def test_what_was_disabled_before_is_not_said_to_be_our_doing(desk: Desk) -> None:
    desk.record_some(1)
    desk.outcomes().disabled(desk.claim(), Disabled(Answer.ALREADY_DISABLED, ADA))
    assert desk.finding().disabled_at is None
    assert desk.states(ActionKind.NOTIFY) == ["due"]


def test_after_a_refusal_what_is_disabled_already_was_not_our_doing(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes()
    outcomes.failed([desk.claim()], Failure("HTTP 401", is_unsure=False))
    desk.pass_time(HOUR)
    outcomes.disabled(desk.claim(), Disabled(Answer.ALREADY_DISABLED, ADA))
    assert desk.finding().disabled_at is None


def test_after_silence_what_is_disabled_already_was_our_doing(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes()
    outcomes.failed([desk.claim()], Failure("no answer"))
    desk.pass_time(HOUR)
    outcomes.failed([desk.claim()], Failure("HTTP 401", is_unsure=False))
    desk.pass_time(HOUR)
    outcomes.disabled(desk.claim(), Disabled(Answer.ALREADY_DISABLED, ADA))
    assert desk.finding().disabled_at is not None


def test_what_was_not_begun_left_nothing_unsure(desk: Desk) -> None:
    desk.record_some(1)
    desk.queue.release([desk.claim()], timedelta(0))
    assert desk.claim().is_unsure is False


def test_the_first_hook_to_say_a_thing_has_said_it(desk: Desk) -> None:
    desk.record_some(1, TWO_HOOKS)
    outcomes = desk.outcomes()
    both = desk.queue.claim([(ActionKind.DISABLE, None)], 2)
    outcomes.disabled(both[0], ADAS)
    first = desk.finding()
    outcomes.disabled(both[1], Disabled(Answer.DISABLED, Owner("Eve", "eve@example.com"), "other"))
    second = desk.finding()
    assert (second.disabled_at, second.owner_email) == (first.disabled_at, "ada@example.com")
    assert second.token_name == first.token_name


def test_giving_up_again_is_told_again(desk: Desk) -> None:
    from leakscan.ledger.closing import try_again
    from leakscan.ledger.entries import find_entry

    desk.record_some(1)
    outcomes = desk.outcomes("gave_up", attempts=1)
    outcomes.failed([desk.claim()], Failure("no answer"))
    assert outcomes.told([desk.claim(ActionKind.ALERT)], "sent")
    assert try_again(desk.ledger, find_entry(desk.ledger, "1")) == 1
    outcomes.failed([desk.claim()], Failure("no answer"))
    assert desk.states(ActionKind.ALERT) == ["due"]


def test_an_alert_that_was_given_up_can_be_tried_again(desk: Desk) -> None:
    from leakscan.ledger.closing import try_again
    from leakscan.ledger.entries import find_entry

    desk.record_some(1)
    outcomes = desk.outcomes("gave_up", attempts=1)
    outcomes.failed([desk.claim()], Failure("no answer"))
    outcomes.failed([desk.claim(ActionKind.ALERT)], Failure("no answer"))
    assert try_again(desk.ledger, find_entry(desk.ledger, "1")) == 2
    assert desk.states(ActionKind.ALERT) == ["due"]


def test_what_failed_together_is_tried_again_together(desk: Desk) -> None:
    desk.record_some(10)
    claims = desk.queue.claim([(ActionKind.DISABLE, None)], 10)
    desk.outcomes().failed(claims, Failure("no answer"))
    assert (
        len({row.due_at for row in desk.rows("actions", "kind, due_at") if row.kind == "disable"})
        == 1
    )


def test_after_a_crash_what_is_disabled_already_was_our_doing(desk: Desk) -> None:
    desk.record_some(1)
    desk.claim()
    desk.pass_time(HOUR)
    desk.outcomes().disabled(desk.claim(), Disabled(Answer.ALREADY_DISABLED, ADA))
    assert desk.finding().disabled_at is not None


def test_a_token_that_no_hook_knows_is_nobodys(desk: Desk) -> None:
    desk.record_some(1)
    desk.outcomes("gave_up", "trouble").disabled(desk.claim(), Disabled(Answer.NOT_OURS))
    assert desk.states(ActionKind.NOTIFY) == ["dropped"]
    assert desk.states(ActionKind.ALERT) == []
    assert desk.finding().sealed_secret is None


def test_an_owner_without_an_address_is_a_matter_for_the_team(desk: Desk) -> None:
    desk.record_some(1)
    desk.outcomes("trouble").disabled(desk.claim(), Disabled(Answer.DISABLED))
    assert desk.states(ActionKind.NOTIFY) == ["dropped"]
    assert desk.states(ActionKind.ALERT) == ["due"]


def test_with_two_hooks_the_secret_stays_until_both_have_answered(desk: Desk) -> None:
    desk.record_some(1, TWO_HOOKS)
    outcomes = desk.outcomes()
    outcomes.disabled(desk.claim(name="one"), Disabled(Answer.NOT_OURS))
    assert desk.finding().sealed_secret
    assert desk.states(ActionKind.NOTIFY) == ["waiting"]
    outcomes.disabled(desk.claim(name="two"), ADAS)
    assert desk.finding().sealed_secret is None
    assert desk.states(ActionKind.NOTIFY) == ["due"]


def test_the_owner_need_not_wait_for_the_other_hook(desk: Desk) -> None:
    desk.record_some(1, TWO_HOOKS)
    desk.outcomes().disabled(desk.claim(name="one"), ADAS)
    assert desk.states(ActionKind.NOTIFY) == ["due"]
    assert desk.finding().sealed_secret


def test_a_failure_is_tried_again_later_and_later_and_then_given_up(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes("gave_up", attempts=3)
    waits = []
    for _ in range(2):
        assert list(outcomes.failed([desk.claim()], Failure("no answer")).values()) == [
            ActionState.DUE
        ]
        waits.append(desk.action(ActionKind.DISABLE).due_at - desk.now())
        desk.pass_time(2 * HOUR)
    assert timedelta(seconds=14) < waits[0] <= timedelta(seconds=30)
    assert timedelta(seconds=29) < waits[1] <= timedelta(seconds=60)
    assert list(outcomes.failed([desk.claim()], Failure("no answer at all")).values()) == [
        ActionState.GAVE_UP
    ]
    assert desk.action(ActionKind.DISABLE).last_answer == "no answer at all"
    assert desk.states(ActionKind.ALERT) == ["due"]
    assert desk.finding().sealed_secret  # the token is alive: a person may have it tried again
    assert desk.queue.claim([(ActionKind.DISABLE, None)], 1) == []


def test_what_a_server_asks_for_is_waited_for_within_reason(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes()
    outcomes.failed([desk.claim()], Failure("busy", timedelta(minutes=5)))
    wait = desk.action(ActionKind.DISABLE).due_at - desk.now()
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)
    desk.pass_time(HOUR)
    outcomes.failed([desk.claim()], Failure("busy", timedelta(days=900)))
    assert desk.action(ActionKind.DISABLE).due_at - desk.now() <= timedelta(days=1)


def test_delays_double_up_to_the_longest_and_differ() -> None:
    patience = Patience(first=timedelta(seconds=10), longest=timedelta(seconds=60))
    for attempts, most in ((1, 10), (2, 20), (3, 40), (4, 60), (5000, 60)):
        delays = {patience.delay(attempts).total_seconds() for _ in range(50)}
        assert most / 2 <= min(delays) < max(delays) <= most


def test_an_alert_that_fails_raises_no_alert(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes("gave_up", attempts=1)
    outcomes.failed([desk.claim()], Failure("no answer"))
    outcomes.failed([desk.claim(ActionKind.ALERT)], Failure("no answer"))
    assert desk.states(ActionKind.ALERT) == ["gave_up"]


def test_trouble_is_told_at_once_and_once(desk: Desk) -> None:
    desk.record_some(1)
    outcomes = desk.outcomes("trouble")
    for _ in range(2):
        outcomes.failed([desk.claim()], Failure("wrong key", is_trouble=True))
        desk.pass_time(HOUR)
    assert desk.states(ActionKind.ALERT) == ["due"]


@pytest.mark.parametrize("on", [(), ("gave_up",)])
def test_alerts_are_only_about_what_was_asked_for(desk: Desk, on: tuple[str, ...]) -> None:
    desk.record_some(2)
    outcomes = desk.outcomes(*on, attempts=1)
    outcomes.disabled(desk.claim(), ADAS)
    outcomes.failed([desk.claim()], Failure("no answer", is_trouble=True))
    assert desk.states(ActionKind.ALERT) == ["due"] * len(on)


def test_each_disabled_token_can_be_told_to_the_team(desk: Desk) -> None:
    desk.record_some(1)
    desk.outcomes("disabled").disabled(desk.claim(), ADAS)
    alert = desk.action(ActionKind.ALERT)
    assert alert.responder.startswith("disabled ")
    assert alert.about_id == desk.action(ActionKind.DISABLE).id


def test_after_a_mail_the_next_findings_of_its_owner_are_gathered(desk: Desk) -> None:
    desk.record_some(4)
    outcomes = desk.outcomes(quiet=600)
    outcomes.disabled(desk.claim(), ADAS)
    first = desk.claim(ActionKind.NOTIFY)
    assert desk.queue.begin_mail([first], "ada@example.com", "<1@x>")
    outcomes.disabled(desk.claim(), ADAS)  # while the first mail is being sent
    assert desk.queue.claim([(ActionKind.NOTIFY, None)], 9) == []
    assert outcomes.told([first], "250 OK")
    outcomes.disabled(desk.claim(), ADAS)
    other = Disabled(Answer.DISABLED, Owner(email="grace@example.com"))
    outcomes.disabled(desk.claim(), other)
    (graces,) = desk.queue.claim([(ActionKind.NOTIFY, None)], 9)
    assert graces.entry.owner_email == "grace@example.com"
    desk.pass_time(timedelta(minutes=11))
    adas = [c for c in desk.queue.claim([(ActionKind.NOTIFY, None)], 9) if c != graces]
    assert sorted(c.entry.owner_email or "" for c in adas)[:2] == ["ada@example.com"] * 2


def test_a_verdict_is_kept_and_asked_for_once(desk: Desk) -> None:
    duties = Duties({"issuer": RULES}, verify=RULES)
    desk.record_some(1, duties)
    assert desk.outcomes().verified(desk.claim(ActionKind.VERIFY), Verdict.VALID, "ada")
    row = desk.finding()
    assert (row.verified, row.account) == ("valid", "ada")
    assert row.sealed_secret  # the hook has not answered yet
    desk.record_some(1, duties)
    assert desk.states(ActionKind.VERIFY) == ["done"]


def test_verification_alone_wipes_the_secret_when_it_ends(desk: Desk) -> None:
    desk.record_some(2, Duties(verify=RULES))
    outcomes = desk.outcomes(attempts=1)
    outcomes.verified(desk.claim(ActionKind.VERIFY), Verdict.INVALID, None)
    outcomes.failed([desk.claim(ActionKind.VERIFY)], Failure("no answer"))
    assert [row.sealed_secret for row in desk.rows("findings", "sealed_secret")] == [None, None]


def test_what_is_dead_need_not_be_verified(desk: Desk) -> None:
    desk.record_some(1, Duties({"issuer": RULES}, verify=RULES))
    desk.outcomes().disabled(desk.claim(), ADAS)
    assert desk.states(ActionKind.VERIFY) == ["dropped"]
    assert desk.finding().sealed_secret is None
