"""How sightings become findings, and what is suppressed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from leakscan.model import (
    ChecksumVerdict,
    Confidence,
    Kind,
    Location,
    Match,
    Means,
    ScanResult,
    Secret,
    Suppression,
)
from leakscan.rules import load_rules, select_rules
from leakscan.scan import Suppress, collect
from leakscan.sources.sighting import Sighting, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = select_rules(load_rules(), ())
INLINE = Suppression(Means.INLINE, "made for tests")


def seen(
    token: str,
    path: str,
    *,
    known: str | None = None,
    allowed: str | None = None,
    fault: str | None = None,
    confidence: Confidence = Confidence.HIGH,
) -> Sighting:
    unknown = ChecksumVerdict.UNKNOWN
    match = Match(RULES[0].id, Secret(token), 0, 1, 1, confidence, unknown)
    match = replace(match, allowed=allowed, allow_fault=fault)
    return Sighting(match, Location(Kind.STAGED, "/srv/app", path=path, line=1), known)


def comments(sighting: Sighting) -> Suppression | None:
    return Suppression(Means.INLINE, sighting.match.allowed) if sighting.match.allowed else None


def collected(
    *sightings: Sighting,
    suppress: Suppress | None = comments,
    least: Confidence = Confidence.MEDIUM,
    early: Callable[[Sighting], None] | None = None,
) -> ScanResult:
    return collect(
        "/srv/app",
        sightings,
        Tally(),
        RULES,
        key=lambda: b"k" * 32,
        least=least,
        suppress=suppress,
        early=early,
    )


def paths(result: ScanResult) -> list[list[str | None]]:
    return [[place.path for place in finding.locations] for finding in result.findings]


def test_a_finding_keeps_the_places_that_nothing_suppresses(token: str) -> None:
    result = collected(
        seen(token, "a"), seen(token, "b", allowed="made for tests"), seen(token, "c")
    )
    assert paths(result) == [["a", "c"]]
    (item,) = result.suppressed
    assert item.suppression == INLINE
    assert [place.path for place in item.finding.locations] == ["b"]
    assert item.finding.fingerprint == result.findings[0].fingerprint != ""


def test_what_is_suppressed_everywhere_is_no_finding(new_token: Callable[[], str]) -> None:
    one, two = new_token(), new_token()
    result = collected(
        seen(one, "a", allowed="made for tests"),
        seen(one, "b", allowed="made for tests"),
        seen(one, "c", allowed="another reason"),
        seen(two, "d", allowed="made for tests"),
    )
    assert result.findings == ()
    shown = [(s.suppression.reason, len(s.finding.locations)) for s in result.suppressed]
    assert sorted(shown) == [("another reason", 1), ("made for tests", 1), ("made for tests", 2)]


def test_without_suppression_comments_say_nothing(token: str) -> None:
    sightings = [seen(token, "a", allowed="made for tests"), seen(token, "b", fault="wrong")]
    result = collected(*sightings, suppress=None)
    assert paths(result) == [["a", "b"]]
    assert result.findings[0].reasons == ()
    assert result.suppressed == ()


def test_what_was_known_before_goes_first_and_always(token: str) -> None:
    sighting = seen(token, "a", known="in HEAD", allowed="made for tests")
    for suppress in (comments, None):
        result = collected(sighting, suppress=suppress)
        assert result.findings == ()
        assert result.suppressed[0].suppression == Suppression(Means.KNOWN, "in HEAD")


def test_what_is_wrong_with_comments_is_told(token: str) -> None:
    (finding,) = collected(seen(token, "a"), seen(token, "b", fault="wrong")).findings
    assert finding.reasons == ("wrong: leakscan: allow[replicate-api-token] REASON",)
    several = [seen(token, str(number), fault=f"wrong {number}") for number in (5, 2, 4, 3, 2)]
    (finding,) = collected(*several).findings
    lacks = ("wrong 2", "wrong 3", "wrong 4: leakscan: allow[replicate-api-token] REASON")
    assert finding.reasons == lacks


def test_a_comment_that_has_nothing_to_allow_is_not_told(token: str) -> None:
    allow = Suppression(Means.ALLOWLIST, "why")
    result = collected(
        seen(token, "a", fault="wrong"),
        seen(token, "b"),
        suppress=lambda sighting: allow if sighting.location.path == "a" else None,
    )
    assert result.findings[0].reasons == ()


def test_doubtful_ones_are_withheld_and_not_counted_as_suppressed(token: str) -> None:
    doubtful = seen(token, "a", allowed="made for tests", confidence=Confidence.LOW)
    result = collected(doubtful)
    assert (result.suppressed, result.withheld) == ((), {Confidence.LOW: 1})
    assert len(collected(doubtful, least=Confidence.LOW).suppressed) == 1


def test_the_surest_match_counts_wherever_it_is(token: str) -> None:
    doubtful = seen(token, "a", confidence=Confidence.LOW)
    result = collected(doubtful, seen(token, "b", allowed="made for tests"))
    assert paths(result) == [["a"]]
    assert result.findings[0].confidence is Confidence.HIGH


def test_nobody_is_told_early_of_what_is_suppressed(token: str) -> None:
    told: list[str | None] = []
    collected(
        seen(token, "a"),
        seen(token, "b", allowed="made for tests"),
        seen(token, "c", known="in HEAD"),
        early=lambda sighting: told.append(sighting.location.path),
    )
    assert told == ["a"]


def test_the_order_is_always_the_same(new_token: Callable[[], str]) -> None:
    one, two = new_token(), new_token()
    sightings = [
        seen(token, path, allowed=allowed)
        for token in (one, two)
        for path in "abc"
        for allowed in ("x", "y", None)
    ]
    sightings = [replace(s, known="in HEAD") if s.location.path == "c" else s for s in sightings]
    one_way, other_way = collected(*sightings), collected(*reversed(sightings))
    assert [s.suppression for s in one_way.suppressed] == [
        s.suppression for s in other_way.suppressed
    ]
    assert (one_way.findings, one_way.suppressed) == (other_way.findings, other_way.suppressed)


def in_archive(sighting: Sighting, **fields: Any) -> Sighting:
    place = replace(sighting.location, **{"path": "a.zip!/app.env", **fields})
    return replace(sighting, location=place)


def test_a_file_that_repeats_what_a_commit_has_inside_of_it_is_no_place_more(token: str) -> None:
    committed = {"kind": Kind.BLOB, "commit": "ab" * 20, "current": True}
    file = in_archive(seen(token, ""), kind=Kind.FILE)
    other = in_archive(seen(token, ""), kind=Kind.FILE, path="a.zip!/other.env")
    result = collected(in_archive(seen(token, ""), **committed), file, other)
    assert paths(result) == [["a.zip!/app.env", "a.zip!/other.env"]]
    assert [place.commit for place in result.findings[0].locations] == ["ab" * 20, None]


def test_what_is_sealed_leaves_a_scan_incomplete() -> None:
    tally = Tally()
    tally.seal("file a.zip!/secret.txt", "it is encrypted")
    result = collect("/srv/app", (), tally, RULES, key=lambda: b"k" * 32)
    assert not result.coverage.complete
    assert [(skip.what, skip.sealed) for skip in result.coverage.skipped] == [
        ("file a.zip!/secret.txt", True)
    ]
