"""Options that more than one command takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from leakscan.cli.options import past_moment, span


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-11-25", datetime(2025, 11, 25, tzinfo=UTC)),
        ("2025-11-25T09:12", datetime(2025, 11, 25, 9, 12, tzinfo=UTC)),
        ("2025-11-25 09:12:30Z", datetime(2025, 11, 25, 9, 12, 30, tzinfo=UTC)),
        ("2025-11-25T09:12+02:00", datetime(2025, 11, 25, 7, 12, tzinfo=UTC)),
    ],
)
def test_a_time(text: str, moment: datetime) -> None:
    assert past_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("2.weeks", timedelta(weeks=2)),
        ("1day", timedelta(days=1)),
        ("36.hours.ago", timedelta(hours=36)),
        ("5.minutes", timedelta(minutes=5)),
        ("36h", timedelta(hours=36)),
        ("2w.ago", timedelta(weeks=2)),
    ],
)
def test_so_long_ago(text: str, ago: timedelta) -> None:
    assert abs(datetime.now(UTC) - ago - past_moment(text)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "1d2h", "2026-13-01", "999999.weeks", "1.year", "٣.days", "5.m", "5M"]
)
def test_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time"):
        past_moment(text)


def test_the_future_has_not_passed() -> None:
    with pytest.raises(click.BadParameter, match="future"):
        past_moment("2999-01-01")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("10.minutes", 600),
        ("2h", 7200),
        ("1.day", 86400),
        ("1w", 604800),
    ],
)
def test_a_span(text: str, seconds: float) -> None:
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "0m", "-5m", "1.5h", "soon", "1.day.ago"])
def test_no_span(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no span of time"):
        span(text)
