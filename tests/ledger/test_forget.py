"""People are forgotten when nothing is owed any more; what happened is not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from leakscan.ledger.forget import forget
from leakscan.ledger.outcomes import Disabled, Failure
from leakscan.ledger.words import ActionKind, Answer, Owner
from leakscan.model import Person
from ledgers import Desk, a_finding, a_place

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ANY = [(ActionKind.DISABLE, None), (ActionKind.NOTIFY, None)]
DAY = timedelta(days=1)


def leaked(desk: Desk, count: int, *, told: bool = True, email: str = "ada@example.com") -> None:
    """Record findings of one author and one owner, and answer for each of them."""
    place = a_place(author=Person("Alan", "alan@example.com"))
    desk.record(*(a_finding(secret, place) for secret in desk.secrets(count)))
    outcomes = desk.outcomes()
    owner = Owner("Ada", email, "en")
    for claim in desk.queue.claim(ANY, count):
        outcomes.disabled(claim, Disabled(Answer.DISABLED, owner, "laptop"))
    if told:
        claims = desk.queue.claim(ANY, count)
        assert desk.queue.begin_mail(claims, "ada@example.com", "<1@example.com>") == claims
        outcomes.told(claims, "250 OK")


def people(desk: Desk) -> set[str | None]:
    """Return every word about a person that is in the ledger."""
    of_owners = "owner_name, owner_email, owner_locale, token_name, account"
    rows = [
        *desk.rows("findings", of_owners),
        *desk.rows("sightings", "author_name, author_email"),
    ]
    return {word for row in rows for word in row} - {None}


def test_who_they_are_is_erased_and_all_else_stays(desk: Desk) -> None:
    leaked(desk, 3)
    assert people(desk) == {"Ada", "ada@example.com", "en", "laptop", "Alan", "alan@example.com"}
    before = desk.rows("findings", "id, fingerprint, disabled_at"), desk.rows("actions")
    assert forget(desk.ledger, desk.now() + DAY, None) == (3, 0)
    assert people(desk) == set()
    assert desk.count("owners") == 0
    assert (desk.rows("findings", "id, fingerprint, disabled_at"), desk.rows("actions")) == before
    assert [row.repository for row in desk.rows("sightings")] == ["https://github.com/acme/app"] * 3
    assert forget(desk.ledger, desk.now() + DAY, None) == (0, 0)


def test_who_is_forgotten_is_not_told_again(desk: Desk) -> None:
    leaked(desk, 1)
    forget(desk.ledger, None, "ada@example.com")
    (secret,) = desk.secrets(1)
    recorded = desk.record(a_finding(secret, a_place(author=Person("Alan", "alan@example.com"))))
    assert recorded.new == 0
    assert desk.queue.claim(ANY, 9) == []


def test_what_is_owed_keeps_its_people(desk: Desk) -> None:
    leaked(desk, 2, told=False)
    (claim, _) = claims = desk.queue.claim(ANY, 9)
    assert desk.queue.begin_mail([claim], "ada@example.com", "<1@example.com>") == [claim]
    desk.outcomes().told([claim], "250 OK")
    assert forget(desk.ledger, None, "ada@example.com") == (1, 1)
    assert "ada@example.com" in people(desk)
    assert desk.count("owners") == 1
    desk.outcomes(attempts=1).failed(claims[1:], Failure("refused"))
    assert desk.states(ActionKind.NOTIFY) == ["done", "gave_up"]
    assert forget(desk.ledger, None, "ada@example.com") == (0, 1)


def test_only_those_who_are_meant(desk: Desk) -> None:
    leaked(desk, 2)
    assert forget(desk.ledger, desk.now() - DAY, None) == (0, 0)
    assert forget(desk.ledger, None, "grace@example.com") == (0, 0)
    assert forget(desk.ledger, desk.now() - DAY, "ada@example.com") == (0, 0)
    assert "ada@example.com" in people(desk)
    assert desk.count("owners") == 1


def test_an_author_is_forgotten_and_not_the_owner(desk: Desk) -> None:
    leaked(desk, 1)
    assert forget(desk.ledger, None, "ALAN@example.com") == (1, 0)
    assert people(desk) == {"Ada", "ada@example.com", "en", "laptop"}
    assert desk.count("owners") == 1
    assert forget(desk.ledger, None, "Ada@Example.com") == (1, 0)
    assert people(desk) == set()
    assert desk.count("owners") == 0


def test_an_address_is_known_as_it_is_written(desk: Desk) -> None:
    leaked(desk, 1, told=False, email="\u00c4rzte@example.com")
    claims = desk.queue.claim(ANY, 9)
    desk.outcomes().told(claims, "250 OK")
    assert forget(desk.ledger, None, "\u00c4rzte@example.com") == (1, 0)


def test_no_copy_stays_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite3"
    with Desk.open(str(file), tmp_path / "ledger.key") as desk:
        leaked(desk, 3)
        forget(desk.ledger, desk.now(), None)
        for path in (file, file.with_name("ledger.sqlite3-wal")):
            assert b"ada@example.com" not in path.read_bytes()
            assert b"alan@example.com" not in path.read_bytes()


def test_more_than_a_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakscan.ledger.forget._PAGE", 2)
    leaked(desk, 5)
    assert forget(desk.ledger, desk.now() + DAY, None) == (5, 0)
    assert people(desk) == set()
