"""Archives in what is staged, pushed and received: only what is new in them is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leaving import DETECTOR, KNOWN

from leakscan.model import Kind
from leakscan.sources.sighting import Tally
from leakscan.sources.staged import IN_HEAD, scan_staged, staged_changes
from sealing import sealed, zipped

if TYPE_CHECKING:
    import pytest
    from leaving import Leaving

    from gitrepo import GitRepo

Told = tuple[str | None, int | None, str | None]


def staged(repo: GitRepo, patch: pytest.MonkeyPatch, tally: Tally) -> list[Told]:
    patch.chdir(repo.path)
    seen = scan_staged(staged_changes(), "work", DETECTOR, tally)
    return [(s.location.path, s.location.line, s.known) for s in seen]


def test_a_staged_archive(repo: GitRepo, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.stage("a.zip", zipped(inner__app_env=f"\n{token}"))
    repo.stage("b.zip", sealed())
    tally = Tally()
    assert staged(repo, monkeypatch, tally) == [("a.zip!/inner/app.env", 2, None)]
    assert [(s.what, s.sealed) for s in tally.skipped] == [("b.zip!/secret.txt", True)]


def test_what_an_archive_held_before_is_known(
    repo: GitRepo, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.add("a.zip", zipped(app_env=token))
    repo.stage("a.zip", zipped(app_env=token, more="1"))
    assert staged(repo, monkeypatch, Tally()) == [("a.zip!/app.env", 1, IN_HEAD)]
    repo.stage("a.zip", zipped(app_env=token, copy=token))
    assert {known for *_, known in staged(repo, monkeypatch, Tally())} == {None}


def test_a_pushed_archive(leaving: Leaving, token: str) -> None:
    commit = leaving.repo.add("a.zip", zipped(inner__app_env=token))
    leaving.repo.add("x/b.zip", sealed())
    ((_, place),) = leaving.look("main")
    assert (place.path, place.line, place.commit) == ("a.zip!/inner/app.env", 1, commit)
    assert [(s.what, s.sealed) for s in leaving.tally.skipped] == [("x/b.zip!/secret.txt", True)]
    leaving.push("main")
    leaving.repo.add("a.zip", zipped(inner__app_env=token, more="1"), "Build it anew")
    assert leaving.look("main") == []
    assert [place.path for _, place in leaving.known] == ["a.zip!/inner/app.env"]
    assert not leaving.tally.skipped
    assert KNOWN


def test_what_only_a_tag_leads_to(leaving: Leaving, token: str) -> None:
    oid = leaving.repo.git("hash-object", "-w", "--stdin", stdin=zipped(app_env=token))
    shut = leaving.repo.git("hash-object", "-w", "--stdin", stdin=sealed())
    leaving.repo.git("tag", "one", oid)
    leaving.repo.git("tag", "two", shut)
    ((_, place),) = leaving.look("one:refs/tags/one", "two:refs/tags/two")
    assert (place.kind, place.object, place.path) == (Kind.BLOB, oid, "!/app.env")
    assert [skip.what for skip in leaving.tally.skipped] == [f"object {shut}!/secret.txt"]
