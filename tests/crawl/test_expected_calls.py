"""What sources cost, beside what GitHub allows."""

from __future__ import annotations

import pytest

from leakscan.crawl.expected_calls import expected_calls, told_twice


@pytest.mark.parametrize(
    ("sources", "poll", "least", "most", "looks"),
    [
        (("events",), None, 180, 180, 1.0),
        (("events",), 3.0, 3600, 3600, 20.0),
        (("repo:a/b",), None, 0, 180, 1.0),
        (("org:a", "user:b"), None, 8, 368, 2 + 8 / 60),
        (("search",), None, 0, 0, 1.0),
        (("events", "org:a", "repo:a/b", "search"), 30.0, 364, 1084, 2 + 2 + 2 + 4 / 60 + 1),
    ],
)
def test_what_sources_cost(
    sources: tuple[str, ...], poll: float | None, least: int, most: int, looks: float
) -> None:
    cost = expected_calls(sources, poll, is_anonymous=False)
    assert (cost.least, cost.most) == (least, most)
    assert cost.looks == pytest.approx(looks)


def test_nobody_pays_for_what_has_not_changed() -> None:
    cost = expected_calls(("org:a", "repo:a/b"), None, is_anonymous=True)
    assert (cost.least, cost.most) == (2 * 60 + 4, 2 * 180 + 4)


@pytest.mark.parametrize("sources", [("events",), ("events", "org:a", "repo:a/b")])
def test_with_the_advised_interval_calls_suffice(sources: tuple[str, ...]) -> None:
    cost = expected_calls(sources, None, is_anonymous=True)
    assert cost.least > 60
    advised = cost.interval_for(60)
    assert advised
    assert expected_calls(sources, advised, is_anonymous=True).least <= 60
    assert expected_calls(sources, advised - 10, is_anonymous=True).least > 60


def test_lists_of_repositories_are_asked_for_at_any_interval() -> None:
    accounts = [f"org:a{number}" for number in range(20)]
    assert expected_calls(accounts, None, is_anonymous=True).interval_for(60) is None


def test_repositories_that_an_organisation_tells_of() -> None:
    sources = ["repo:Acme/a", "org:acme", "user:ada", "repo:ada/b", "repo:acme/c", "repo:acme2/d"]
    assert told_twice(sources) == {"org:acme": ["repo:Acme/a", "repo:acme/c"]}
