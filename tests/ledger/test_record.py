"""Recording: all or nothing, once, and never a secret in the clear."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event

from leakscan.errors import LeakscanError, UsageError
from leakscan.ledger.duties import Duties
from leakscan.ledger.runs import finish_run, start_run
from leakscan.ledger.tables import metadata
from leakscan.ledger.words import ActionKind, ActionState
from leakscan.model import PUBLIC, Coverage, Person, Secret, Skip
from ledgers import ONE_HOOK, REPLICATE, Desk, a_finding, a_place

OWED = [(ActionKind.DISABLE, "issuer", "due"), (ActionKind.NOTIFY, "owner", "waiting")]


def owed(desk: Desk) -> list[tuple[str, ...]]:
    return [tuple(row) for row in desk.rows("actions", "kind, responder, state")]


def test_a_match_and_what_it_makes_us_owe_are_recorded(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    place = a_place(author=Person("Ann", "ann@example.com"), current=True)
    recorded = desk.record(a_finding(secret, place))
    assert (len(recorded.ids), recorded.new) == (1, 1)
    assert owed(desk) == OWED
    (seen,) = desk.rows("sightings", "repository, path, line, author_email, exposure")
    assert tuple(seen) == (place.repository, place.path, 1, "ann@example.com", PUBLIC)


def test_recording_again_adds_places_and_owes_nothing_twice(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place(0)))
    again = desk.record(a_finding(secret, a_place(0), a_place(1)))
    assert again.new == 0
    assert (desk.count("findings"), desk.count("sightings"), desk.count("runs")) == (1, 2, 2)
    assert owed(desk) == OWED
    first, second = desk.rows("sightings", "first_run_id, last_run_id, first_seen_at, last_seen_at")
    assert first.first_run_id != first.last_run_id
    assert second.first_run_id == second.last_run_id


def test_a_finding_that_comes_in_parts_is_one(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place(0)), a_finding(secret, a_place(1)))
    many = a_finding(secret, *map(a_place, range(1200)))
    assert desk.record(many).ids == (1,)
    assert (desk.count("findings"), desk.count("sightings")) == (1, 1200)


def test_a_finding_without_a_place_is_recorded(desk: Desk) -> None:
    from dataclasses import replace

    (secret,) = desk.secrets(1)
    desk.record(replace(a_finding(secret), locations=()))
    assert (desk.count("findings"), desk.count("sightings"), len(owed(desk))) == (1, 0, 2)


def test_if_owing_fails_nothing_is_recorded(desk: Desk) -> None:
    def fail(*arguments: object) -> None:
        if "INSERT INTO actions" in str(arguments[2]):
            raise LeakscanError("the plug was pulled")

    event.listen(desk.ledger.engine, "before_cursor_execute", fail)
    with pytest.raises(LeakscanError, match="plug"):
        desk.record_some(1)
    assert (desk.count("findings"), desk.count("sightings"), desk.count("actions")) == (0, 0, 0)
    event.remove(desk.ledger.engine, "before_cursor_execute", fail)
    desk.record_some(1)
    assert (desk.count("findings"), desk.count("actions")) == (1, 2)


def test_only_the_rules_of_a_hook_are_its_duty(desk: Desk) -> None:
    desk.record_some(1, Duties({"theirs": frozenset({"npm-token"})}, notify=True))
    assert owed(desk) == []
    assert desk.finding().sealed_secret is None  # nobody needs it


def test_a_hook_that_is_configured_later_is_owed_to_at_the_next_sighting(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret), duties=Duties())
    assert owed(desk) == []
    desk.record(a_finding(secret), duties=ONE_HOOK)
    assert owed(desk) == OWED
    assert desk.finding().sealed_secret


def test_what_becomes_public_is_public(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret), exposure="a colleague saw it on a screen")
    assert desk.finding().exposure == "a colleague saw it on a screen"
    desk.record(a_finding(secret, a_place(1)), exposure=PUBLIC)
    desk.record(a_finding(secret, a_place(2)), exposure="and again")
    assert desk.finding().exposure == PUBLIC


def test_a_place_that_becomes_public_is_public(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    for exposure, known in (("seen", "seen"), (PUBLIC, PUBLIC), ("seen again", PUBLIC)):
        desk.record(a_finding(secret), exposure=exposure)
        assert [row.exposure for row in desk.rows("sightings", "exposure")] == [known]


def test_a_long_rule_id_is_stored(desk: Desk) -> None:
    from dataclasses import replace

    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, rule=replace(REPLICATE, id="a" * 300)))
    assert desk.finding().rule == "a" * 300


def test_texts_that_a_database_cannot_store_are_spelled_out(desk: Desk) -> None:
    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret, a_place(path="a\0b\udcffc")))
    (row,) = desk.rows("sightings", "path")
    assert row.path == "a\\x00b\\xffc"


def test_no_secret_is_in_any_table(desk: Desk) -> None:
    secrets = desk.secrets(20)
    desk.record(*map(a_finding, secrets))
    for name in metadata.tables:
        if name in ("feeds", "marks", "owners"):
            continue
        stored = repr(desk.rows(name))
        assert not [secret for secret in secrets if secret.reveal() in stored]


def test_no_secret_is_in_the_files_of_the_ledger(tmp_path: Path) -> None:
    with Desk.open(str(tmp_path / "l" / "ledger.sqlite3"), tmp_path / "key") as desk:
        secrets = desk.secrets(50)
        desk.record(*map(a_finding, secrets))
        files = [file.read_bytes() for file in (tmp_path / "l").iterdir()]
        assert sum(map(len, files)) > 1000
        assert not [s for s in secrets for file in files if s.reveal().encode() in file]


RECORD = """
import sys
from pathlib import Path
from ledgers import Desk, a_finding, a_place
with Desk.open(sys.argv[1], Path(sys.argv[2])) as desk:
    found = [a_finding(secret, a_place(n)) for secret in desk.secrets(60) for n in range(3)]
    if sys.argv[3] == "1":
        found.reverse()
    for start in range(0, len(found), 30):
        desk.record(*found[start:start + 30])
"""


def test_processes_that_record_the_same_at_once_record_it_once(url: str, tmp_path: Path) -> None:
    with Desk.open(url, tmp_path / "key") as desk:
        command = [sys.executable, "-c", RECORD, url, str(tmp_path / "key")]
        folder = str(Path(__file__).parents[1])
        processes = [
            subprocess.Popen([*command, str(n % 2)], cwd=folder, stderr=subprocess.PIPE)
            for n in range(4)
        ]
        assert [(process.wait(), process.communicate()[1]) for process in processes] == [
            (0, b"")
        ] * 4
        assert (desk.count("findings"), desk.count("sightings")) == (60, 180)
        assert desk.count("actions") == 120


def test_a_run_says_what_was_not_read(desk: Desk) -> None:
    run = start_run(desk.ledger, "target", "commits in a..b", "check")
    assert desk.rows("runs", "state")[0].state == "running"
    gap = Skip("object 12", "it is missing")
    finish_run(desk.ledger, run, Coverage(3, 400, 0.5, (gap,)), 0)
    (row,) = desk.rows("runs", "state, objects, bytes, seconds, findings, scope")
    assert tuple(row) == ("incomplete", 3, 400, 0.5, 0, "commits in a..b")
    assert [tuple(row) for row in desk.rows("gaps", "run_id, what, why")] == [
        (run, gap.what, gap.why)
    ]


def test_another_fingerprint_key_is_refused(desk: Desk) -> None:
    start_run(desk.ledger, "target", None, "check")
    with pytest.raises(UsageError, match="another fingerprint key"):
        start_run(desk.ledger, "target", None, "another")


def test_a_resolved_finding_owes_nothing_new(desk: Desk) -> None:
    from leakscan.ledger.closing import resolve
    from leakscan.ledger.entries import find_entry

    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret), duties=Duties())
    assert resolve(desk.ledger, find_entry(desk.ledger, "1"), "a test token", "ann")
    assert desk.record(a_finding(secret, a_place(5))).resolved == 1
    assert owed(desk) == []
    assert desk.finding().sealed_secret is None


def test_the_secret_is_sealed_anew_when_its_key_is_lost(desk: Desk, tmp_path: Path) -> None:
    from dataclasses import replace

    from leakscan.ledger.seal import open_vault

    (secret,) = desk.secrets(1)
    desk.record(a_finding(secret))
    other = replace(desk, vault=open_vault(tmp_path / "other.key"))
    other.record(a_finding(secret))
    row = desk.finding()
    assert other.vault.unseal(row.sealed_secret, row.sealed_by) == secret


def test_states_are_the_words_of_the_documentation() -> None:
    document = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
    assert [state for state in ActionState if f"| `{state}` |" not in document] == []


def test_a_secret_is_known_by_rule_and_text(desk: Desk) -> None:
    from dataclasses import replace

    (secret,) = desk.secrets(1)
    other = replace(REPLICATE, id="other-rule")
    desk.record(a_finding(secret), a_finding(Secret(secret.reveal()), rule=other))
    assert desk.count("findings") == 2


def test_what_is_surer_later_is_known_so(desk: Desk) -> None:
    from dataclasses import replace

    from leakscan.model import ChecksumVerdict, Confidence

    (secret,) = desk.secrets(1)
    sure = a_finding(secret)
    unsure = replace(sure, confidence=Confidence.MEDIUM)
    proved = replace(sure, checksum=ChecksumVerdict.VALID, issued=True)
    for finding in (unsure, proved, unsure):
        desk.record(finding)
    row = desk.finding()
    assert (row.confidence, row.checksum, row.issued) == ("high", "valid", True)
