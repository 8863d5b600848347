"""The loop over what is due, against real servers that fail in every way."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, func, select, update

from leakscan.errors import LeakscanError
from leakscan.ledger.closing import reopen, resolve
from leakscan.ledger.duties import Duties
from leakscan.ledger.entries import find_entry
from leakscan.ledger.outcomes import Disabled, Patience
from leakscan.ledger.tables import actions
from leakscan.ledger.words import ActionKind, Answer
from leakscan.model import PUBLIC
from leakscan.respond.failure import AttemptError
from leakscan.respond.hooks.plugin import PythonHook
from leakscan.respond.hooks.settings import NamedHook
from ledgers import REPLICATE, a_finding, a_place
from servers import a_closed_port, a_json, running_socket, running_web

if TYPE_CHECKING:
    from email.message import EmailMessage

    from leakscan.respond.hooks import DisableRequest
    from response_stage import Stage

RULES = frozenset({REPLICATE.id})
HOUR = timedelta(hours=1)


def test_a_leak_is_answered_from_match_to_mail(stage: Stage) -> None:
    (secret,) = stage.desk.secrets(1)
    stage.desk.record(a_finding(secret, a_place(2, url="https://github.com/acme/app/x#L3")))
    assert stage.results() == [("disable", "done"), ("notify", "done")]
    assert stage.issuer.effects == Counter({secret.reveal(): 1})
    (mail,) = stage.sink.mails
    assert "Ada" in str(mail["to"])
    body = mail.get_body(("plain",))
    assert body
    text = body.get_content()
    assert "https://github.com/acme/app/x#L3" in text
    assert secret.redacted() in text
    assert secret.reveal() not in mail.as_string()
    row = stage.desk.finding()
    assert (row.sealed_secret, row.token_name, row.exposure) == (None, "ci", PUBLIC)
    assert stage.desk.action(ActionKind.NOTIFY).receipt == mail["message-id"]
    assert stage.respond() == []


def test_nothing_due_is_nothing_done(stage: Stage) -> None:
    assert stage.respond() == []
    assert stage.hook.requests == []


def test_many_findings_of_one_owner_are_one_mail(stage: Stage) -> None:
    stage.issuer.owners = ("ada@example.com", "ada@example.com", "grace@example.com")
    stage.desk.record_some(9)
    stage.respond()
    assert sorted(str(mail["to"]) for mail in stage.sink.mails) == [
        "Ada <ada@example.com>",
        "Grace <grace@example.com>",
    ]
    assert sum(len(mail.get_all("x-leakscan-finding", [])) for mail in stage.sink.mails) == 9


def test_more_findings_than_fit_one_mail_are_a_few(stage: Stage) -> None:
    stage.desk.record_some(120)
    stage.respond()
    assert len(stage.sink.mails) == 3


def test_a_hook_that_is_down_is_not_asked_a_thousand_times(stage: Stage) -> None:
    stage.hook_at(f"http://127.0.0.1:{a_closed_port()}/")
    stage.configure(concurrency=4)
    stage.desk.record_some(60)
    started = time.monotonic()
    results = Counter(event.result.value for event in stage.respond())
    assert time.monotonic() - started < 20
    assert results["later"] < 15
    assert results["later"] + results["left"] <= 60
    rows = stage.desk.rows("actions", "kind, attempts, state")
    assert sum(row.attempts for row in rows) == results["later"]
    assert {row.state for row in rows if row.kind == "disable"} == {"due"}
    stage.desk.pass_time(HOUR)
    stage.hook_at(stage.hook.url, 5)
    assert Counter(stage.results()) == {("disable", "done"): 60, ("notify", "done"): 60}


def test_a_hook_that_hangs_does_not_hold_another_up(stage: Stage) -> None:
    with running_socket(lambda _: time.sleep(30)) as url:
        good = stage.settings.hooks["issuer"]
        stage.hook_at(url, 0.5)
        hanging = stage.settings.hooks["issuer"]
        stage.configure(hooks={"good": good, "hanging": hanging})
        stage.desk.record_some(3, Duties({"good": RULES, "hanging": RULES}, notify=True))
        results = stage.results()
    assert results.count(("disable", "done")) == 3
    assert results.count(("notify", "done")) == 3
    assert stage.desk.rows("findings", "sealed_secret")[0].sealed_secret  # one hook still needs it


def test_two_responders_share_the_work_without_overlap(stage: Stage) -> None:
    stage.issuer.delay = 0.02
    stage.desk.record_some(80)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            stage.respond()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(stage.issuer.calls.values()) == {1}
    assert len(stage.issuer.calls) == 80
    told = [f for mail in stage.sink.mails for f in mail.get_all("x-leakscan-finding", [])]
    assert len(told) == len(set(told))


def test_calls_are_made_at_the_same_time_but_not_too_many(stage: Stage) -> None:
    stage.issuer.delay = 0.1
    stage.desk.record_some(40)
    stage.respond()
    assert 4 <= stage.issuer.most_at_once <= 8


def test_a_slow_call_keeps_its_lease(stage: Stage) -> None:
    stage.issuer.delay = 4
    stage.hook_at(stage.hook.url, timeout=60)
    stage.configure(lease=timedelta(seconds=2))
    stage.desk.record_some(1)
    slow = threading.Thread(target=stage.respond)
    slow.start()
    while not stage.issuer.calls:
        time.sleep(0.01)
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        assert stage.respond() == []
        time.sleep(0.2)
    slow.join()
    assert set(stage.issuer.calls.values()) == {1}
    assert len(stage.sink.mails) == 1


def test_a_digest_that_failed_is_sent_again_as_it_was(stage: Stage) -> None:
    mail = stage.settings.mail
    assert mail
    stage.configure(mail=replace(mail, port=a_closed_port()))
    stage.desk.record_some(10)
    stage.respond()
    begun = {row.receipt for row in stage.desk.rows("actions", "kind, receipt") if row.receipt}
    assert len(begun) == 1
    stage.configure(mail=mail)
    stage.desk.pass_time(HOUR)
    stage.desk.record(a_finding(stage.desk.secrets(11)[10]))  # must not change that mail
    stage.respond()
    stage.desk.pass_time(HOUR)
    stage.respond()
    told = {mail["message-id"]: len(_told(mail)) for mail in stage.sink.mails}
    assert sorted(told.values()) == [1, 10]
    assert {told[message_id] for message_id in begun} == {10}


def _told(mail: EmailMessage) -> list[str]:
    return [str(name).strip() for name in mail.get_all("x-leakscan-finding", [])]


def test_a_mail_of_other_findings_has_another_id(stage: Stage) -> None:
    mail = stage.settings.mail
    assert mail
    stage.configure(mail=replace(mail, port=a_closed_port()))
    ids = stage.desk.record_some(4)
    stage.respond()
    (begun,) = {row.receipt for row in stage.desk.rows("actions", "receipt") if row.receipt}
    stage.configure(mail=mail)
    stage.desk.pass_time(HOUR)
    stage.respond(ids[:1])  # as a scan of one of their places does
    stage.respond()
    first, second = stage.sink.mails
    assert len({begun, first["message-id"], second["message-id"]}) == 3
    assert sorted(_told(first) + _told(second)) == sorted(
        row.fingerprint for row in stage.desk.rows("findings", "fingerprint")
    )


def test_an_owner_is_not_told_of_what_was_resolved_after_a_crash(stage: Stage) -> None:
    stage.desk.record_some(2)
    (claim,) = stage.desk.queue.claim([(ActionKind.DISABLE, None)], 1)
    resolve(stage.desk.ledger, find_entry(stage.desk.ledger, str(claim.entry.id)), "no", "ann")
    stage.desk.pass_time(HOUR)  # and whoever had it is dead
    assert {event.entry.id for event in stage.respond()} == {3 - claim.entry.id}
    assert len(stage.issuer.calls) == 1


def test_what_one_call_did_without_answering_is_our_doing(stage: Stage) -> None:
    answers = iter([(502, {}, b""), a_json({"status": "already_disabled"})])
    with running_web(lambda _: next(answers)) as web:
        stage.hook_at(web.url, 10)
        stage.desk.record_some(1)
        stage.respond()
    assert stage.desk.finding().disabled_at is not None


def test_a_function_that_raises_our_own_error_spreads_nothing(stage: Stage) -> None:
    (secret,) = stage.desk.secrets(1)

    def refuse(request: DisableRequest) -> object:
        raise AttemptError(f"refused {request.token.reveal()}")

    stage.configure(hooks={"issuer": NamedHook(PythonHook(refuse), RULES)})
    stage.desk.record(a_finding(secret))
    (failed, *_) = stage.respond()
    assert failed.answer == "it raised AttemptError"
    assert secret.reveal() not in repr(stage.desk.rows("actions"))


def test_who_cannot_write_its_answers_down_stops_what_runs(stage: Stage) -> None:
    stopped = threading.Event()

    class Quick:
        def disable(self, _request: object) -> Disabled:
            return Disabled(Answer.DISABLED)

        def stop(self) -> bool:
            stopped.set()
            return True

    class Slow(Quick):
        def disable(self, _request: object) -> Disabled:
            stopped.wait(60)
            return Disabled(Answer.DISABLED)

    hooks = {"quick": NamedHook(Quick(), RULES), "slow": NamedHook(Slow(), RULES)}
    stage.configure(hooks=hooks)
    stage.desk.record_some(1, Duties({"quick": RULES, "slow": RULES}))

    def fail(*arguments: object) -> None:
        if "last_answer" in str(arguments[2]) and "UPDATE" in str(arguments[2]):
            raise LeakscanError("the disk is full")

    event.listen(stage.desk.ledger.engine, "before_cursor_execute", fail)
    with pytest.raises(LeakscanError, match="disk is full"):
        stage.respond()
    event.remove(stage.desk.ledger.engine, "before_cursor_execute", fail)
    assert stopped.is_set()
    assert set(stage.desk.states(ActionKind.DISABLE)) == {"running"}


def test_a_key_that_was_rotated_meanwhile_is_read_again(stage: Stage) -> None:
    from leakscan.ledger.rotate import reseal
    from leakscan.ledger.seal import with_new_key, write_keys

    stage.desk.record_some(1)
    rotated = with_new_key(stage.desk.vault)
    assert rotated.path
    write_keys(rotated.path, rotated.keys)
    reseal(stage.desk.ledger, rotated)
    assert ("disable", "done") in stage.results()  # with the vault of before


def test_a_failed_mail_gathers_nothing(stage: Stage) -> None:
    mail = stage.settings.mail
    assert mail
    stage.configure(mail=replace(mail, port=a_closed_port()))
    stage.desk.record_some(1)
    stage.respond()
    stage.configure(mail=mail)
    stage.desk.record(a_finding(stage.desk.secrets(2)[1]))
    assert ("notify", "done") in stage.results()


def test_a_channel_that_has_an_alert_does_not_get_it_again(stage: Stage) -> None:
    assert stage.settings.alerts
    dead = f"json://127.0.0.1:{a_closed_port()}/"
    urls = (*stage.settings.alerts.urls, dead)
    stage.configure(alerts=replace(stage.settings.alerts, urls=urls), patience=Patience(attempts=3))
    stage.hook_at(f"http://127.0.0.1:{a_closed_port()}/")
    stage.desk.record_some(1)
    for _ in range(6):
        stage.respond()
        stage.desk.pass_time(HOUR)
    assert len(stage.channel.requests) == 1
    assert stage.desk.states(ActionKind.ALERT) == ["gave_up"]


def test_a_hook_that_echoes_the_token_spreads_it_nowhere(stage: Stage) -> None:
    (secret,) = stage.desk.secrets(1)
    echo = {"name": secret.reveal(), "email": "ada@example.com", "locale": secret.reveal()}
    answer = a_json(
        {"status": "disabled", "owner": echo, "token": {"name": f"mine {secret.reveal()}"}}
    )
    with running_web(lambda _: answer) as echoing:
        stage.hook_at(echoing.url)
        stage.desk.record(a_finding(secret))
        stage.respond()
    (mail,) = stage.sink.mails
    assert secret.reveal() not in mail.as_string()
    assert secret.reveal() not in repr(stage.desk.rows("findings"))


def test_what_is_opened_again_waits_for_its_secret(stage: Stage) -> None:
    (secret,) = stage.desk.secrets(1)
    stage.desk.record(a_finding(secret))
    entry = find_entry(stage.desk.ledger, "1")
    resolve(stage.desk.ledger, entry, "a mistake", "ann")
    assert reopen(stage.desk.ledger, entry, stage.settings.duties)
    assert stage.results() == []  # it waits for its secret
    stage.desk.record(a_finding(secret))
    assert ("disable", "done") in stage.results()


def test_alerts_that_were_not_begun_are_free_at_once_when_interrupted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.settings.alerts
    stage.configure(alerts=replace(stage.settings.alerts, on=("disabled",)), mail=None)
    stage.desk.record_some(2, duties=stage.settings.duties)

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leakscan.respond.team.send_alert", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.respond()
    assert stage.desk.states(ActionKind.ALERT) == ["running", "running"]
    with stage.desk.ledger.writing() as connection:
        alerts = actions.c.kind == ActionKind.ALERT
        connection.execute(update(actions).where(alerts).values(state="due", ticket=None))
        one = select(func.max(actions.c.id)).where(alerts).scalar_subquery()
        connection.execute(update(actions).where(actions.c.id == one).values(receipt="a channel"))
    with pytest.raises(KeyboardInterrupt):
        stage.respond()
    assert sorted(stage.desk.states(ActionKind.ALERT)) == ["due", "running"]
