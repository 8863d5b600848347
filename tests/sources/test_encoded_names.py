"""Names that are encoded secrets: told without the secret, which anybody could decode."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from leaving import DETECTOR

from leakscan.detect.redaction import without_encoded
from leakscan.git.layout import find_layout
from leakscan.model import ChecksumVerdict, Confidence, Kind, Match, Secret
from leakscan.sources.files import scan_files
from leakscan.sources.repository import RepositoryOptions, scan_repository
from leakscan.sources.sighting import Tally, no_progress
from leakscan.sources.staged import scan_staged, staged_changes
from sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from leaving import Leaving

    from gitrepo import GitRepo
    from leakscan.model import Location
    from leakscan.sources.sighting import Sighting


def encoded(token: str) -> str:
    """Write a token so that it may be the name of a file, a folder or a branch."""
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def shown(token: str) -> str:
    return Secret(token).redacted()


def places(sightings: Iterable[Sighting]) -> set[tuple[Kind, str | None]]:
    return {(s.location.kind, s.location.path) for s in sightings}


def assert_hidden(secret: str, *told: object) -> None:
    """Assert that no text holds the middle of a secret's encoding."""
    assert encoded(secret)[12:24] not in repr(told)


def test_a_file_and_a_folder(tmp_path: Path, new_token: Callable[[], str]) -> None:
    folder, file, inside = new_token(), new_token(), new_token()
    path = tmp_path / f"x.{encoded(folder)}" / f"{encoded(file)}.zip"
    path.parent.mkdir()
    path.write_bytes(sealed())
    beside = path.with_name("a.env")
    beside.write_text(inside)
    tally = Tally()
    seen = list(scan_files([path, beside], tmp_path, "it", DETECTOR, tally, no_progress))
    assert {s.match.secret.reveal() for s in seen} == {folder, file, inside}
    within = [path for kind, path in places(seen) if kind is Kind.FILE]
    assert len(within) == 1
    assert str(within[0]).endswith("/a.env")
    assert any(shown(folder) in str(path) for _, path in places(seen))
    assert any(shown(file) in str(path) for _, path in places(seen))
    [skip] = tally.skipped
    for secret in (folder, file):
        assert_hidden(secret, [s.location for s in seen], skip)


def test_a_plain_one_is_left_to_the_report(tmp_path: Path, token: str) -> None:
    (tmp_path / token).write_text("")
    [seen] = scan_files([tmp_path / token], tmp_path, "it", DETECTOR, Tally(), no_progress)
    assert seen.location.path == token


def look(repo: GitRepo, **options: bool) -> list[Location]:
    layout = find_layout(repo.path)
    assert layout
    wanted = RepositoryOptions(metadata=False, **options)  # type: ignore[arg-type] - the test's own
    remote = "https://github.com/ada/app"
    seen = scan_repository(layout, remote, DETECTOR, wanted, Tally(), no_progress)
    return [sighting.location for sighting in seen]


def test_a_repository(repo: GitRepo, new_token: Callable[[], str]) -> None:
    folder, branch, staged, inside = (new_token() for _ in range(4))
    commit = repo.add(f"{encoded(folder)}/a.env", inside)
    repo.git("branch", encoded(branch))
    repo.stage(f"s/{encoded(staged)}.env", "1")
    told = look(repo)
    paths = {(place.kind, place.path) for place in told}
    in_folder = next(place for place in told if place.kind is Kind.BLOB)
    assert str(in_folder.path).startswith(shown(folder))
    assert str(in_folder.path).endswith("/a.env")
    assert in_folder.url == f"https://github.com/ada/app/commit/{commit}"
    assert any(kind is Kind.PATH and str(path).startswith(shown(folder)) for kind, path in paths)
    assert any(kind is Kind.REF_NAME and shown(branch) in str(path) for kind, path in paths)
    assert any(kind is Kind.PATH and shown(staged) in str(path) for kind, path in paths)
    for secret in (folder, branch, staged):
        assert_hidden(secret, told)


def test_what_no_commit_holds(repo: GitRepo, new_token: Callable[[], str]) -> None:
    folder, inside = new_token(), new_token()
    repo.add(f"{encoded(folder)}/a.env", inside)
    repo.stage(f"{encoded(folder)}/b.env", new_token())
    told = look(repo, work_tree=False)
    assert {place.kind for place in told} == {Kind.BLOB, Kind.PATH, Kind.STAGED}
    assert_hidden(folder, [replace(place, note=None) for place in told if place.commit])


def test_what_is_staged(
    repo: GitRepo, new_token: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, inside = new_token(), new_token()
    repo.stage(f"{encoded(folder)}/a.env", inside)
    repo.stage(f"{encoded(folder)}/a.zip", sealed())
    monkeypatch.chdir(repo.path)
    tally = Tally()
    seen = [s.location for s in scan_staged(staged_changes(), "work", DETECTOR, tally)]
    assert {place.kind for place in seen} == {Kind.STAGED, Kind.PATH}
    assert all(str(place.path).startswith(shown(folder)) for place in seen)
    assert len(tally.skipped) == 1
    assert_hidden(folder, seen, tally.skipped)


def test_what_is_pushed(leaving: Leaving, new_token: Callable[[], str]) -> None:
    folder, branch, tag, inside = (new_token() for _ in range(4))
    leaving.repo.add(f"{encoded(folder)}/a.env", inside)
    leaving.repo.add(f"{encoded(folder)}/a.zip", sealed())
    leaving.repo.git("tag", "-a", "-m", inside, encoded(tag))
    seen = leaving.look(
        f"main:refs/heads/{encoded(branch)}", f"{encoded(tag)}:refs/tags/{encoded(tag)}"
    )
    kinds = {place.kind for _, place in seen}
    assert kinds >= {Kind.BLOB, Kind.PATH, Kind.REF_NAME, Kind.TAG_MESSAGE}
    assert len(leaving.tally.skipped) == 1
    for secret in (folder, branch, tag):
        assert_hidden(secret, [place for _, place in seen], leaving.tally.skipped)


def found(secret: str, start: int, taken: int, spelling: str | None = "hex") -> Match:
    return Match(
        "rule", Secret(secret), start, 1, start + 1, Confidence.HIGH, ChecksumVerdict.UNKNOWN,
        taken=taken, spelling=spelling,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("matches", "begin", "expected"),
    [
        ([], 0, b"0123456789"),
        ([found("abcdefgh", 2, 3, None)], 0, b"0123456789"),
        ([found("abcdefgh", 2, 3)], 0, b"01ab...gh56789"),
        ([found("abcdefgh", 12, 3)], 10, b"01ab...gh56789"),
        ([found("abcdefgh", 4, 4), found("abcdefgh", 2, 3)], 0, b"01ab...gh89"),
        ([found("abcdefgh", 2, 6), found("ABCDEFGH", 3, 2)], 0, b"01ab...gh89"),
        ([found("abcdefgh", 8, 9), found("ABCDEFGH", 30, 2)], 0, b"01234567ab...gh"),
    ],
)
def test_spans_are_taken_out(matches: list[Match], begin: int, expected: bytes) -> None:
    assert without_encoded(b"0123456789", matches, begin) == expected
