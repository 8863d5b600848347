"""What ``leakscan watch`` is told or asked with in confidence is neither kept nor lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub import Change

if TYPE_CHECKING:
    from watched import Town

FOUND, INCOMPLETE = 1, 3


def kept(town: Town) -> str:
    """Return all that the ledger holds."""
    files = town.office.folder.glob("ledger.sqlite3*")
    return "".join(file.read_bytes().decode("latin-1") for file in files)


def test_a_repository_that_is_named_after_a_token_is_read(town: Town) -> None:
    name = town.new_token("name of a repository")
    repository = town.hub.repository(f"acme/{name}")
    town.leak(repository, "in it")
    for options in ((), ("--via", "git")):
        done = town.once(*options)
        assert town.alive() == set(), done.stderr
        assert done.status == FOUND, (done.stderr, done.json)
        assert done.json["pushes"]["skipped"] == {}
        town.leak(repository, f"again {len(options)}")
        town.pass_time()
    assert {row.via for row in town.rows("pushes", "via") if row.via} == {"git"}
    for token in town.leaked:
        assert token not in kept(town) + done.stdout + done.stderr


def test_one_whose_name_cannot_be_asked_for_is_no_all_clear(town: Town) -> None:
    town.hub.repository("acme/app")
    name = town.new_token("name of a wiki")
    app = town.hub.repository(f"acme/{name}")
    wiki = town.hub.repository(f"acme/{name}.wiki")
    pushed = town.hub.push(wiki, Change({"Home.md": "hello"}), branch="master", tell=False)
    town.hub.happen(app).wiki("Home", pushed.head, "a page")
    done = town.once()
    assert (done.status, town.alive()) == (INCOMPLETE, set())
    assert done.json["pushes"]["skipped"] == {"nameless": 1}
    (gap,) = town.rows("gaps")
    assert (gap.what, gap.why) == (
        "1 push",
        "the name of its repository looks like a secret, and was not kept",
    )
    assert name not in kept(town)


def test_the_credentials_of_an_archive_are_kept_nowhere(town: Town) -> None:
    where = f"{town.office.url.removeprefix('http://')}/x.json.gz"  # there is no such file
    done = town.once("--archive", f"http://ada:pass-word@{where}?token=to-ken")
    assert done.status == INCOMPLETE
    (run,) = town.rows("runs")
    assert run.scope == f"events, http://{where}?..."
    for secret in ("pass-word", "to-ken"):
        assert secret not in kept(town) + done.stdout + done.stderr
