"""Places of what is inside of files, and written in another way."""

from __future__ import annotations

import pytest

from leakscan.model import (
    ChecksumVerdict,
    Confidence,
    Kind,
    Location,
    Match,
    Secret,
    Skip,
    Unread,
)
from leakscan.sources.placing import (
    containers,
    inner_path,
    is_explained,
    named_place,
    outer_path,
    placed,
    readable_parts,
    way_inside,
)
from leakscan.sources.sighting import MOST_SEALED, Tally

FILE = Location(Kind.BLOB, "app", path="a.zip")


def match(within: str | None = None, spelling: str | None = None) -> Match:
    unknown = ChecksumVerdict.UNKNOWN
    return Match(
        "rule", Secret("r8_none"), 9, 3, 4, Confidence.HIGH, unknown,
        within=within, spelling=spelling,
    )  # fmt: skip


def test_a_plain_match_has_line_and_column() -> None:
    place = placed(FILE, match())
    assert (place.path, place.line, place.column, place.note) == ("a.zip", 3, 4, None)


def test_the_path_leads_inside() -> None:
    place = placed(FILE, match("b.tar!/c.env"))
    assert (place.path, place.line, place.column) == ("a.zip!/b.tar!/c.env", 3, 4)


def test_what_has_no_name_has_a_way_inside_all_the_same() -> None:
    place = placed(Location(Kind.BLOB, "app", object="ab" * 20), match("c.env"))
    assert place.path == "!/c.env"
    assert (outer_path("!/c.env"), way_inside("!/c.env")) == ("", "c.env")


@pytest.mark.parametrize(
    ("before", "after"), [(None, "written in base64"), ("staged", "staged; written in base64")]
)
def test_the_note_says_how_it_is_written(before: str | None, after: str) -> None:
    place = Location(Kind.BLOB, "app", path="a", note=before)
    assert placed(place, match(spelling="base64")).note == after
    named = named_place(place, match(spelling="base64"))
    assert (named.note, named.line) == (after, None)
    assert is_explained(placed(place, match(spelling="base64"))) is bool(before)


def test_a_path_is_taken_apart() -> None:
    assert inner_path("a.zip", "") == "a.zip"
    assert [outer_path(path) for path in ("a.zip", "a.zip!/b!/c")] == ["a.zip", "a.zip"]
    assert [way_inside(path) for path in (None, "a.zip", "a!", "a.zip!/b!/c")] == [
        None, None, None, "b!/c",
    ]  # fmt: skip
    assert list(containers("a.zip!/b.tar!/c")) == ["a.zip", "a.zip!/b.tar", "a.zip!/b.tar!/c"]
    assert list(containers("a")) == ["a"]


def test_what_could_not_be_read_is_recorded() -> None:
    tally, one = Tally(), match()
    found = [Unread("x/y", "it is encrypted"), one, Unread("", "it is damaged")]
    assert list(readable_parts(found, "file a.zip", tally, " of commit 1")) == [one]
    assert tally.skipped == [
        Skip("file a.zip!/x/y of commit 1", "it is encrypted", sealed=True),
        Skip("file a.zip of commit 1", "it is damaged", sealed=True),
    ]


def test_no_more_than_so_many_are_kept() -> None:
    tally = Tally()
    for number in range(MOST_SEALED + 1234):
        tally.seal(f"a.zip!/{number}", "it is encrypted")
        if number == MOST_SEALED:
            tally.skip("b", "missing")
    assert len(tally.skipped) == MOST_SEALED + 2
    rest = tally.skipped[MOST_SEALED]
    assert (rest.what, rest.sealed) == ("1,234 more parts of files", True)
    assert tally.skipped[-1] == Skip("b", "missing")


def test_what_is_no_more_named_is_counted_in_all() -> None:
    total = Tally()
    for _ in range(2):
        part = Tally()
        for number in range(MOST_SEALED + 900):
            part.seal(f"a.zip!/{number}", "it is encrypted")
        total.add(part)
    assert len(total.skipped) == MOST_SEALED + 1
    assert total.skipped[-1].what == f"{MOST_SEALED + 1800:,} more parts of files"
