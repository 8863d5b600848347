"""The names of archives: files, URLs, hours and ranges of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from archives import polled_to_the_end, pushes

from leakscan.crawl.feeds.archive import ArchiveFeed
from leakscan.crawl.feeds.archive_names import archive_files
from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_day_has_24_hours_that_are_not_padded() -> None:
    files = archive_files("2026-01-02", "https://archive.example")
    assert len(files) == 24
    assert files[3] == "https://archive.example/2026-01-02-3.json.gz"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("2026-01-02-3", ["2026-01-02-3"]),
        ("2026-01-02-03", ["2026-01-02-3"]),
        ("2026-01-02-{0..2}", ["2026-01-02-0", "2026-01-02-1", "2026-01-02-2"]),
        ("2026-01-02-{2..0}", ["2026-01-02-2", "2026-01-02-1", "2026-01-02-0"]),
        ("2026-01-{09..10}-{5..5}", ["2026-01-09-5", "2026-01-10-5"]),
    ],
)
def test_hours_and_ranges(wanted: str, names: list[str]) -> None:
    assert list(archive_files(wanted, "x:")) == [f"x:/{name}.json.gz" for name in names]


def test_ranges_in_addresses() -> None:
    assert archive_files("https://a.example/{8..9}.gz") == (
        "https://a.example/8.gz", "https://a.example/9.gz",
    )  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    ["", "x", "2026-13-01", "2026-02-30-5", "2026-01-02-24", "2026-01-02-{0..24}", "2026-1-2",
     "{0..9999}", "{0..99}{0..99}{0..99}", "2026-01-02-{a..b}", "a\0b", "x" * 3000, "/", "\x1b[2J"],
)  # fmt: skip
def test_names_that_are_none(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        archive_files(wanted)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["x" * 256, "{1..2}" + "x" * 256])
def test_a_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="xx: File name too long: name a file"):
        archive_files(name)


def test_too_many_hours() -> None:
    with pytest.raises(UsageError, match="more than"):
        archive_files("{2025..2026}-{01..12}-{01..28}")


def test_another_file_under_the_same_path_is_another_archive(written: Callable[..., str]) -> None:
    name = written(pushes(1, 2))
    first, same = ArchiveFeed(name), ArchiveFeed(name)
    assert first.name == same.name
    (poll,) = polled_to_the_end(first)
    assert same.poll(poll.cursor).is_over
    written(pushes(3, 5))
    assert ArchiveFeed(name).name != first.name


def test_addresses_that_differ_in_their_query_are_others() -> None:
    base = "https://data.gharchive.org/x.gz"
    names = {ArchiveFeed(f"{base}?part={part}").name for part in "ab"}
    assert len(names) == 2
    assert not any("part" in name for name in names)  # it may be a secret


def test_who_asks_does_not_matter() -> None:
    password = "hunter2"  # noqa: S105
    known, other = (
        ArchiveFeed(f"https://{user}a.example/x.gz").name for user in ("", f"me:{password}@")
    )
    assert known == other
    assert password not in other


def test_long_names_stay_apart(tmp_path: Path) -> None:
    names = set()
    for last in "ab":
        path = tmp_path / ("x" * 100 + last)
        path.write_bytes(b"")
        names.add(ArchiveFeed(str(path)).name)
    assert len(names) == 2
    assert all(len(name) < 80 for name in names)
