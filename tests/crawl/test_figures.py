"""The figures of a watch."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.cli.watch_reasons import left_out
from leakscan.crawl.figures import SAMPLE, FeedFigures, Figures, Lags
from leakscan.model import Skip
from leakscan.push import Look, PushState
from leakscan.trouble import Trouble

SKIP = (Skip("a.bin", "too large"),)


@given(st.lists(st.floats(-10, 1e6), min_size=1, max_size=300))
def test_few_lags_are_told_exactly(lags: list[float]) -> None:
    told = Lags()
    for lag in lags:
        told.add(lag)
    ordered = sorted(max(0.0, lag) for lag in lags)
    assert told.longest == ordered[-1]
    for share in (0.0, 0.5, 0.95, 1.0):
        assert told.at(share) == ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def test_many_lags_are_told_nearly_and_take_no_more_room() -> None:
    told, rng = Lags(), random.Random(1)  # noqa: S311 - the same every time
    for _ in range(SAMPLE * 10):
        told.add(rng.uniform(0, 100))
    assert len(told._sample) == SAMPLE
    median, most = told.at(0.5), told.at(0.95)
    assert median
    assert most
    assert abs(median - 50) < 4
    assert abs(most - 95) < 2


def test_without_any_there_is_no_lag() -> None:
    assert (Lags().at(0.5), Lags().longest) == (None, None)


def count(figures: Figures, push: int, look: Look) -> None:
    figures.count(push, look, 1.0, 1.0)


def test_a_push_that_failed_and_was_scanned_later_has_not_failed() -> None:
    figures = Figures()
    count(figures, 1, Look(PushState.FAILED, Trouble.BUSY))
    figures.given_back.add(2)
    assert len(list(left_out(figures))) == 2
    count(figures, 1, Look(PushState.SCANNED))
    count(figures, 2, Look(PushState.SCANNED))
    assert list(left_out(figures)) == []
    assert (figures.scanned, figures.failing, figures.given_back) == (2, set(), set())


def test_what_another_watch_has_ended_is_no_longer_left_out() -> None:
    figures = Figures(given_back={1, 2})
    count(figures, 3, Look(PushState.FAILED, Trouble.BUSY))
    figures.keep({2})
    assert (figures.given_back, figures.failing) == ({2}, set())
    assert [skip.what for skip in left_out(figures)] == ["1 push"]
    figures.keep(set())
    assert list(left_out(figures)) == []


def test_what_failed_for_the_last_time_is_left_out_for_good() -> None:
    figures = Figures()
    figures.count(1, Look(PushState.FAILED, Trouble.BUSY), 1.0, 1.0, is_last=True)
    figures.keep(set())
    assert (figures.given_up, figures.failing) == (1, set())
    assert [skip.what for skip in left_out(figures)] == ["1 push"]


@pytest.mark.parametrize(
    ("look", "number"),
    [
        (Look(PushState.SCANNED), 0),
        (Look(PushState.SCANNED, skipped=SKIP), 1),
        (Look(PushState.SCANNED, Trouble.TOO_LARGE), 1),
        (Look(PushState.SKIPPED, Trouble.GONE), 0),
        (Look(PushState.SKIPPED, Trouble.BLOCKED), 0),
        (Look(PushState.SKIPPED, Trouble.EMPTY), 0),
        (Look(PushState.SKIPPED, Trouble.REFUSED), 1),
        (Look(PushState.SKIPPED, Trouble.TOO_LONG), 1),
        (Look(PushState.FAILED, Trouble.BUSY), 1),
    ],
)
def test_only_what_somebody_could_have_read_is_left_out(look: Look, number: int) -> None:
    figures = Figures()
    count(figures, 1, look)
    assert len(list(left_out(figures))) == number


@pytest.mark.parametrize("wrong", [{"trouble": "no answer"}, {"malformed": 1}, {"has_lost": True}])
def test_a_feed_that_did_not_tell_all_is_no_all_clear(wrong: dict[str, object]) -> None:
    figures = Figures(feeds={"events": FeedFigures(**wrong)})  # type: ignore[arg-type]
    assert [skip.what for skip in left_out(figures)] == ["feed events"]


def test_what_is_wrong_with_many_feeds_is_one_reason() -> None:
    figures = Figures(feeds={f"repo:acme/app{n}": FeedFigures(trouble="no route") for n in "123"})
    figures.feeds["repo:acme/app2"].has_lost = True  # which is the same trouble
    figures.feeds["events"] = FeedFigures(trouble="no login")
    figures.feeds["search"] = FeedFigures(has_lost=True)
    assert list(left_out(figures)) == [
        Skip("feed events", "no login"),
        Skip("3 feeds, such as repo:acme/app1", "no route"),
        Skip("feed search", "some of what it had to tell is lost"),
    ]


def test_the_address_that_was_asked_makes_no_other_reason() -> None:
    troubles = {
        f"repo:acme/{name}": FeedFigures(trouble=f"/repos/acme/{name}/events: GitHub answered 502")
        for name in ("one", "two")
    }
    (reason,) = left_out(Figures(feeds=troubles))
    assert reason == Skip("2 feeds, such as repo:acme/one", "GitHub answered 502")
    del troubles["repo:acme/two"]
    (reason,) = left_out(Figures(feeds=troubles))
    assert reason == Skip("feed repo:acme/one", "/repos/acme/one/events: GitHub answered 502")


def test_a_rate_is_of_the_last_minute() -> None:
    figures = Figures()
    for second in range(200):
        figures.count(second, Look(PushState.SCANNED), 1.0, float(second))
    assert figures.rate(199.0, 60.0) == pytest.approx(1, rel=0.05)
    assert figures.rate(1000.0, 60.0) == 0
