"""What a response loses when servers, keys, templates, hooks and processes fail: nothing."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from leakscan.ledger.closing import resolve
from leakscan.ledger.duties import Duties
from leakscan.ledger.entries import find_entry
from leakscan.ledger.outcomes import Outcomes, Patience
from leakscan.ledger.seal import Vault, open_vault
from leakscan.ledger.tables import findings
from leakscan.ledger.words import ActionKind
from leakscan.respond.hooks.command import CommandHook
from leakscan.respond.hooks.plugin import PythonHook
from leakscan.respond.hooks.settings import NamedHook
from leakscan.respond.responder import respond
from leakscan.respond.verify import Pace, Verifier
from leakscan.respond.web import Server
from ledgers import ONE_HOOK, REPLICATE, a_finding, a_place
from servers import a_closed_port, a_json, running_web

if TYPE_CHECKING:
    from pathlib import Path

    from response_stage import Stage

RULES = frozenset({REPLICATE.id})
HOUR = timedelta(hours=1)


def test_a_mail_server_that_is_down_delays_mails_and_nothing_else(stage: Stage) -> None:
    mail = stage.settings.mail
    assert mail
    stage.configure(mail=replace(mail, port=a_closed_port()))
    stage.issuer.owners = tuple(f"owner{n}@example.com" for n in range(6))
    stage.desk.record_some(6)
    results = Counter(stage.results())
    assert results["disable", "done"] == 6
    assert results["notify", "later"] == 3
    assert results["notify", "left"] == 3
    stage.configure(mail=mail)
    stage.desk.pass_time(HOUR)
    assert Counter(stage.results()) == {("notify", "done"): 6}
    assert len(stage.sink.mails) == 6


def test_one_refused_address_spoils_no_other_mail(stage: Stage) -> None:
    stage.sink.refused.add("gone@example.com")
    stage.issuer.owners = ("ada@example.com", "gone@example.com", "grace@example.com")
    stage.desk.record_some(3)
    results = Counter(stage.results())
    assert results["notify", "done"] == 2
    assert results["notify", "gave_up"] == 1
    assert results["alert", "done"] == 1
    assert len(stage.sink.mails) == 2
    (alert,) = stage.channel.requests
    assert "notify (owner) gave up: 550 5.1.1 <[owner]>" in alert.json["message"]
    assert "gone@example.com" not in alert.body.decode()


def test_a_team_is_told_of_what_was_given_up_without_the_secret(stage: Stage) -> None:
    secrets = stage.desk.secrets(2)
    stage.desk.record_some(2)
    stage.configure(patience=Patience(attempts=1))
    with running_web(lambda _: (500, {}, b"")) as broken:
        stage.hook_at(broken.url)
        results = Counter(stage.results())
    assert results == {("disable", "gave_up"): 2, ("alert", "done"): 2}
    (alert,) = stage.channel.requests
    assert not [secret for secret in secrets if secret.reveal() in alert.body.decode()]
    assert secrets[0].redacted() in alert.json["message"]
    assert "HTTP 500" in alert.json["message"]
    assert "2 things need you" in alert.json["title"]


def test_a_lost_key_is_told_and_a_person_can_still_act(stage: Stage, tmp_path: Path) -> None:
    stage.desk.record_some(1)
    stage.desk = replace(stage.desk, vault=open_vault(tmp_path / "another.key"))
    (failed, alert) = stage.respond()
    assert "was encrypted with key" in failed.answer
    assert (failed.result.value, alert.kind) == ("later", "alert")
    assert stage.hook.requests == []
    assert resolve(stage.desk.ledger, find_entry(stage.desk.ledger, "1"), "by hand", "ann")
    stage.desk.pass_time(HOUR)
    assert stage.respond() == []


def test_after_a_lost_key_scanning_again_gives_the_secret_back(
    stage: Stage, tmp_path: Path
) -> None:
    (secret,) = stage.desk.secrets(1)
    stage.desk.record(a_finding(secret))
    stage.desk = replace(stage.desk, vault=open_vault(tmp_path / "another.key"))
    stage.respond()
    stage.desk.record(a_finding(secret))
    stage.desk.pass_time(HOUR)
    assert ("disable", "done") in stage.results()


def test_after_damage_scanning_again_gives_the_secret_back(stage: Stage) -> None:
    (secret,) = stage.desk.secrets(1)
    stage.desk.record(a_finding(secret))
    with stage.desk.ledger.writing() as connection:
        connection.execute(update(findings).values(sealed_secret=b"damaged"))
    (failed, _alert) = stage.respond()
    assert "damaged" in failed.answer
    stage.desk.record(a_finding(secret))
    stage.desk.pass_time(HOUR)
    assert ("disable", "done") in stage.results()


def test_a_broken_template_is_trouble_and_loses_nothing(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "leak.txt").write_text("{{ nonsense")
    mail = stage.settings.mail
    assert mail
    stage.configure(mail=replace(mail, templates=tmp_path))
    stage.desk.record_some(1)
    results = stage.results()
    assert ("notify", "later") in results
    assert ("alert", "done") in results
    stage.configure(mail=mail)
    stage.desk.pass_time(HOUR)
    assert stage.results() == [("notify", "done")]


def test_who_stops_in_the_middle_leaves_the_rest_to_others(stage: Stage) -> None:
    stage.configure(concurrency=2)
    stage.desk.record_some(20)
    desk, rules = stage.desk, {REPLICATE.id: REPLICATE}
    events = respond(desk.ledger, desk.vault, stage.settings, rules)
    next(events)
    events.close()  # as an interrupt does
    running = stage.desk.states(ActionKind.DISABLE).count("running")
    assert running <= 2
    stage.desk.pass_time(HOUR)
    stage.respond()
    assert set(stage.desk.states(ActionKind.DISABLE)) == {"done"}
    assert set(stage.issuer.effects.values()) == {1}


def test_a_signal_just_after_a_call_is_begun_stops_it(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    born = tmp_path / "born"
    program = f"import pathlib, time; pathlib.Path({str(born)!r}).touch(); time.sleep(600)"
    hook = CommandHook((sys.executable, "-c", program), 60)
    stage.configure(hooks={"issuer": NamedHook(hook, RULES)})
    stage.desk.record_some(1)
    begin = ThreadPoolExecutor.submit

    def interrupted(pool: ThreadPoolExecutor, *arguments: Any) -> None:
        begin(pool, *arguments)
        while not born.exists():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stage.respond()
    for thread in threading.enumerate():
        if thread.name.startswith("leakscan-call"):
            thread.join(30)
            assert not thread.is_alive()
    assert time.monotonic() - started < 30
    assert stage.desk.states(ActionKind.DISABLE) == ["running"]
    lease = stage.desk.action(ActionKind.DISABLE).lease_until
    assert lease
    assert lease - stage.desk.now() < timedelta(seconds=10)


@pytest.mark.parametrize("moment", ["prepared", "begun", "written down"])
def test_a_signal_at_any_moment_leaves_no_claim_behind(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    where: dict[str, tuple[object, str]] = {
        "prepared": (Vault, "unseal"),
        "begun": (ThreadPoolExecutor, "submit"),
        "written down": (Outcomes, "disabled"),
    }
    stage.desk.record_some(3)
    monkeypatch.setattr(*where[moment], interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage.respond()
    running = stage.desk.states(ActionKind.DISABLE).count("running")
    stage.desk.pass_time(timedelta(seconds=6))  # a minute's lease would last
    stage.respond()
    assert stage.desk.states(ActionKind.DISABLE) == ["done"] * 3
    assert running == 0
    assert set(stage.issuer.effects.values()) == {1}


def test_a_signal_in_a_statement_locks_nobody_out(stage: Stage) -> None:
    """An interrupted cursor keeps SQLite's transaction open while anything refers to it."""
    engine = stage.desk.ledger.engine
    stage.desk.record_some(3)

    def interrupt(*arguments: Any) -> None:
        if arguments[2].startswith("SELECT findings.id, findings.state"):
            event.remove(engine, "after_cursor_execute", interrupt)
            raise KeyboardInterrupt

    event.listen(engine, "after_cursor_execute", interrupt)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stage.respond()
    assert time.monotonic() - started < 20
    stage.desk.pass_time(timedelta(seconds=6))
    stage.respond()
    assert stage.desk.states(ActionKind.DISABLE) == ["done"] * 3


def test_a_hook_that_wants_to_end_everything_ends_nothing(stage: Stage) -> None:
    def leave(_request: object) -> object:
        raise SystemExit(0)

    stage.configure(hooks={"issuer": NamedHook(PythonHook(leave), RULES)})
    stage.desk.record_some(2)
    assert [one.result for one in stage.respond()] == ["later"] * 2


def test_what_kills_its_process_again_and_again_is_given_up(stage: Stage) -> None:
    stage.desk.record_some(1)
    stage.configure(patience=Patience(attempts=2))
    for _ in range(2):
        assert stage.desk.queue.claim([(ActionKind.DISABLE, None)], 1)
        stage.desk.pass_time(HOUR)
    events = stage.respond()
    assert events[0].answer == "the process that ran it ended 2 times"
    assert stage.hook.requests == []


def test_a_token_is_verified_before_it_is_disabled(stage: Stage) -> None:
    with running_web(lambda _: a_json({"type": "user", "username": "ada"})) as account:
        stage.configure(verifier=Verifier(Server(account.url), RULES, Pace(6000)))
        (secret,) = stage.desk.secrets(1)
        stage.desk.record(a_finding(secret), duties=stage.settings.duties)
        kinds = [event.kind for event in stage.respond()]
        assert kinds == ["verify", "disable", "notify"]
        assert account.requests[0].headers["authorization"] == f"Bearer {secret.reveal()}"
    assert (stage.desk.finding().verified, stage.desk.finding().account) == ("valid", "ada")


def test_an_endpoint_that_is_down_does_not_keep_a_token_alive(stage: Stage) -> None:
    nobody = Server(f"http://127.0.0.1:{a_closed_port()}/", 1)
    stage.configure(verifier=Verifier(nobody, RULES, Pace(6000)))
    stage.desk.record_some(1, stage.settings.duties)
    results = stage.results()
    assert ("disable", "done") in results
    assert ("verify", "later") in results
    assert stage.desk.states(ActionKind.VERIFY) == ["dropped"]


def test_only_what_was_asked_for_is_done(stage: Stage) -> None:
    ids = stage.desk.record_some(5)
    assert {event.entry.id for event in stage.respond(ids[:2])} == set(ids[:2])
    assert stage.desk.states(ActionKind.DISABLE).count("due") == 3
    assert stage.respond([]) == []


def test_a_bug_in_one_hook_stops_no_other(stage: Stage) -> None:
    class Bug:
        def disable(self, _request: object) -> object:
            raise ZeroDivisionError

    good = stage.settings.hooks["issuer"]
    bad = NamedHook(Bug(), RULES)  # type: ignore[arg-type]
    stage.configure(hooks={"bad": bad, "good": good})
    stage.desk.record_some(2, Duties({"bad": RULES, "good": RULES}))
    results = Counter((event.responder, event.result.value) for event in stage.respond())
    assert results["good", "done"] == 2
    assert results["bad", "later"] == 2


def test_hooks_of_different_kinds_answer_alike(stage: Stage) -> None:
    answer = '{"status": "disabled", "owner": {"email": "ada@example.com"}}'
    stage.configure(hooks={"issuer": NamedHook(CommandHook(("echo", answer)), RULES)})
    stage.desk.record_some(2)
    assert Counter(stage.results()) == {("disable", "done"): 2, ("notify", "done"): 2}


HOSTILE = (
    '</p><script>alert(1)</script>\r\nBcc: eve@example.com\r\n\r\n<img src="https://x.example">'
)


def test_a_hostile_repository_name_stays_text(stage: Stage) -> None:
    (secret,) = stage.desk.secrets(1)
    place = a_place(repository=HOSTILE, path=HOSTILE, url="javascript:alert(1)")
    stage.desk.record(a_finding(secret, place), duties=ONE_HOOK, exposure=HOSTILE)
    stage.respond()
    (mail,) = stage.sink.mails
    assert mail["bcc"] is None
    html = mail.get_body(("html",))
    assert html
    content = html.get_content()
    assert "<script" not in content
    assert "<img" not in content
    assert 'href="javascript' not in content


def test_a_recipient_that_is_none_is_given_up_not_sent(stage: Stage) -> None:
    stage.issuer.owners = ("ada@example.com\r\nRCPT TO:<eve@example.com>",)
    stage.desk.record_some(1)
    results = stage.results()
    assert ("notify", "gave_up") in results
    assert stage.sink.mails == []


@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_from_match_to_disabled_takes_less_than_a_second(stage: Stage, delay: float) -> None:
    stage.issuer.delay = delay
    seconds = []
    for secret in stage.desk.secrets(3):
        started = time.monotonic()
        stage.desk.record(a_finding(secret))
        for done in respond(
            stage.desk.ledger, stage.desk.vault, stage.settings, {REPLICATE.id: REPLICATE}
        ):
            if done.kind == "disable":
                break
        seconds.append(time.monotonic() - started)
    assert min(seconds) < 1  # the machine may be busy with something else
    assert stage.desk.states(ActionKind.DISABLE) == ["done"] * 3
