"""Archives in the history of a repository: who brought what is inside, and is it still there?"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo
from leakscan.detect import Detector
from leakscan.git.layout import find_layout
from leakscan.model import Kind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.repository import RepositoryOptions, scan_repository
from leakscan.sources.sighting import Tally, no_progress
from sealing import sealed, zipped, zipped_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakscan.model import Location

DETECTOR = Detector(select_rules(load_rules(), ()))
HISTORY = {"work_tree": False, "metadata": False}


@pytest.fixture(params=["loose", "packed"])
def store(request: pytest.FixtureRequest) -> Callable[[GitRepo], None]:
    return GitRepo.pack if request.param == "packed" else lambda _repo: None


def look(repo: GitRepo, tally: Tally | None = None, **options: object) -> list[Location]:
    layout = find_layout(repo.path)
    assert layout
    wanted = RepositoryOptions(**{**HISTORY, **options})  # type: ignore[arg-type] - the test's own
    seen = scan_repository(
        layout, "https://github.com/ada/app", DETECTOR, wanted, tally or Tally(), no_progress
    )
    return sorted((s.location for s in seen), key=lambda it: (it.path or "", it.commit or ""))


def test_the_place_of_a_member(repo: GitRepo, token: str, store: Callable[[GitRepo], None]) -> None:
    commit = repo.add("lib/a.zip", zipped(inner__app_env=f"\nKEY={token}\n"))
    store(repo)
    (place,) = look(repo)
    assert (place.kind, place.path) == (Kind.BLOB, "lib/a.zip!/inner/app.env")
    assert (place.line, place.column, place.commit) == (2, 5, commit)
    assert place.object == repo.tip("HEAD:lib/a.zip")
    assert place.current is True
    assert place.url == f"https://github.com/ada/app/blob/{commit}/lib/a.zip"


def test_each_member_is_a_place_of_its_own(
    repo: GitRepo, token: str, store: Callable[[GitRepo], None]
) -> None:
    both = zipped_files({"a.env": token, "b.env": f"\n{token} {token}\n"})
    repo.add("a.zip", both)
    store(repo)
    places = [(place.path, place.line, place.column) for place in look(repo)]
    assert places == [
        ("a.zip!/a.env", 1, 1), ("a.zip!/b.env", 2, 1), ("a.zip!/b.env", 2, 42),
    ]  # fmt: skip


def test_what_stays_in_an_archive_is_not_brought_again(
    repo: GitRepo, token: str, store: Callable[[GitRepo], None]
) -> None:
    first = repo.add("a.zip", zipped(app_env=token))
    repo.add("a.zip", zipped(app_env=f"{token}\n", other="1"), "Build it anew")
    third = repo.add("a.zip", zipped(app_env=token, copy_env=token), "Copy it within")
    repo.remove("a.zip")
    store(repo)
    places = [(place.path, place.commit, place.current) for place in look(repo)]
    assert places == [("a.zip!/app.env", first, False), ("a.zip!/copy.env", third, False)]


def test_of_many_members_that_hold_it_some_are_told(
    repo: GitRepo, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.sources.attribution.MAX_PLACES", 2)
    repo.add("a.zip", zipped_files({f"{number}.env": token for number in range(5)}))
    repo.add("b.zip", sealed())
    tally = Tally()
    assert len(look(repo, tally)) == 2
    assert [skip.what for skip in tally.skipped if not skip.sealed] == ["3 more places"]
    assert len(tally.skipped) == 2


def test_of_a_file_and_an_archive_that_hold_it_each_is_told(
    repo: GitRepo, token: str, store: Callable[[GitRepo], None]
) -> None:
    repo.add("a.env", token)
    repo.add("a.zip", zipped(a_env=token))
    store(repo)
    assert [place.path for place in look(repo)] == ["a.env", "a.zip!/a.env"]


def test_a_blob_that_no_commit_holds(
    repo: GitRepo, token: str, store: Callable[[GitRepo], None]
) -> None:
    oid = repo.git("hash-object", "-w", "--stdin", stdin=zipped(app_env=token))
    (place,) = look(repo)
    assert (place.object, place.path, place.line) == (oid, "!/app.env", 1)
    repo.write("a.zip", zipped(app_env=token))
    repo.git("add", "a.zip")
    store(repo)
    (place,) = look(repo)
    assert (place.kind, place.path) == (Kind.STAGED, "a.zip!/app.env")


def test_another_spelling(repo: GitRepo, token: str, store: Callable[[GitRepo], None]) -> None:
    repo.add("a.txt", base64.b64encode(f"KEY={token}".encode()))
    repo.remove("a.txt")
    store(repo)
    (place,) = look(repo)
    assert (place.note, place.current, place.line) == ("written in base64", False, 1)


def test_names_in_trees_are_no_archives(repo: GitRepo, token: str) -> None:
    commit = repo.add(f"x/{token}/a.zip", sealed())
    tally = Tally()
    (place,) = [place for place in look(repo, tally) if place.commit]
    assert (place.kind, place.path, place.commit) == (Kind.PATH, f"x/{token}", commit)
    assert place.url == f"https://github.com/ada/app/blob/{commit}/x/{token}"
    (skip,) = tally.skipped
    assert skip.what == f"blob {repo.tip(f'HEAD:x/{token}/a.zip')}!/secret.txt"


def test_a_sealed_blob_is_told_once(repo: GitRepo, store: Callable[[GitRepo], None]) -> None:
    repo.add("a.zip", sealed())
    repo.add("b.zip", sealed())
    repo.add("c.zip", sealed("other.txt"))
    store(repo)
    tally = Tally()
    assert not look(repo, tally)
    assert sorted(skip.what for skip in tally.skipped) == sorted(
        [
            f"blob {repo.tip('HEAD:a.zip')}!/secret.txt",
            f"blob {repo.tip('HEAD:c.zip')}!/other.txt",
        ]
    )
    assert all(skip.sealed for skip in tally.skipped)


def test_of_a_range_only_what_it_brought_counts(
    repo: GitRepo, store: Callable[[GitRepo], None]
) -> None:
    repo.add("old.zip", sealed())
    repo.add("new.zip", sealed("other.txt"))
    repo.add("more.txt", "1")
    store(repo)
    tally = Tally()
    assert not look(repo, tally, revisions="HEAD~1..HEAD")
    assert not tally.skipped
    assert not look(repo, tally, revisions="HEAD~2..HEAD")
    assert [(skip.what, skip.sealed) for skip in tally.skipped] == [
        ("file new.zip!/other.txt", True)
    ]


def test_early_news_are_of_matches_only(repo: GitRepo, token: str) -> None:
    repo.add("a.zip", zipped(app_env=token))
    repo.add("b.zip", sealed())
    early: list[object] = []
    look(repo, early=lambda sighting: early.append(sighting.match.secret.reveal()))
    assert early == [token]


def test_the_work_tree(repo: GitRepo, token: str) -> None:
    repo.write("new.zip", zipped(app_env=token))
    repo.write("sealed.zip", sealed())
    tally = Tally()
    (place,) = look(repo, tally, work_tree=True)
    assert (place.kind, place.path) == (Kind.FILE, "new.zip!/app.env")
    assert [skip.what for skip in tally.skipped] == ["file sealed.zip!/secret.txt"]
