"""Git's lists of changes, as the real git writes them, and as it never should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakscan.errors import TargetError
from leakscan.git.raw_diff import OPTIONS, Change, read_changes, read_commits

if TYPE_CHECKING:
    from gitrepo import GitRepo

ONE, TWO, NONE = "1" * 40, "2" * 40, "0" * 40


def staged(repo: GitRepo) -> dict[bytes, Change]:
    changes = read_changes(repo.run("diff", "--cached", *OPTIONS))
    return {change.path: change for change in changes}


def test_added_edited_and_removed(repo: GitRepo) -> None:
    before = repo.tip("HEAD:README.md")
    repo.add("gone.txt", "gone\n")
    repo.git("rm", "-q", "gone.txt")
    repo.stage("README.md", "edited\n")
    repo.stage(b"odd\n:name \xff", "new\n")
    found = staged(repo)
    assert [*found] == [b"README.md", b"gone.txt", b"odd\n:name \xff"]
    edited, gone, new = found.values()
    assert (edited.before, edited.after) == (before, repo.tip(":README.md"))
    assert not any((edited.is_new, edited.is_gone, edited.is_symlink, edited.is_unmerged))
    assert (gone.after, gone.is_gone, gone.is_new) == (None, True, False)
    assert (new.before, new.is_new, new.is_gone) == (None, True, False)


def test_links_and_submodules(repo: GitRepo) -> None:
    (repo.path / "link").symlink_to("nowhere")
    repo.git("add", "link")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.tip()},sub")
    found = staged(repo)
    assert found[b"link"].is_symlink
    sub = found[b"sub"]
    assert (sub.before, sub.after, sub.is_new, sub.is_gone) == (None, None, True, False)


def test_a_file_that_becomes_a_submodule(repo: GitRepo) -> None:
    oid = repo.tip("HEAD:README.md")
    repo.git("update-index", "--cacheinfo", f"160000,{repo.tip()},README.md")
    change = staged(repo)[b"README.md"]
    assert (change.before, change.after, change.is_new, change.is_gone) == (oid, None, False, False)


def test_unmerged(repo: GitRepo) -> None:
    oid = repo.tip("HEAD:README.md")
    repo.git("update-index", "--index-info", stdin=f"100644 {oid} 2\tboth\n".encode())
    assert staged(repo)[b"both"].is_unmerged


def test_commits_and_both_sides_of_a_merge(repo: GitRepo) -> None:
    root = repo.tip()
    repo.git("checkout", "-q", "-b", "topic")
    topic = repo.add("a.txt", "a\n")
    repo.git("checkout", "-q", "main")
    main = repo.add("b.txt", "b\n")
    merge = repo.merge("topic")
    told = "".join(f"{oid}\n" for oid in (root, topic, main, merge)).encode()
    raw = repo.run("diff-tree", "--stdin", "-r", "-m", "--root", *OPTIONS, stdin=told)
    found = [(oid, [change.path for change in changes]) for oid, changes in read_commits(raw)]
    assert found == [
        (root, [b"README.md"]),
        (topic, [b"a.txt"]),
        (main, [b"b.txt"]),
        (merge, [b"a.txt"]),
        (merge, [b"b.txt"]),
    ]


def test_what_only_a_merge_changes(repo: GitRepo) -> None:
    repo.git("checkout", "-q", "-b", "topic")
    repo.add("a.txt", "a\n")
    repo.git("checkout", "-q", "main")
    repo.add("b.txt", "b\n")
    ours, theirs = repo.tip("main:README.md"), repo.tip("topic:README.md")
    merge = repo.merge("topic", **{"README.md": "merged\n", "new.txt": "new\n"})
    raw = repo.run("diff-tree", "--stdin", "-r", "-c", *OPTIONS, stdin=f"{merge}\n".encode())
    [(oid, changes)] = read_commits(raw)
    assert oid == merge
    merged, new = repo.tip("HEAD:README.md"), repo.tip("HEAD:new.txt")
    assert [(c.path, c.before, c.after, c.is_new) for c in changes] == [
        (b"README.md", ours, merged, False),
        (b"README.md", theirs, merged, False),
        (b"new.txt", None, new, True),
        (b"new.txt", None, new, True),
    ]


def test_nothing() -> None:
    assert read_changes(b"") == []
    assert list(read_commits(b"")) == []


@pytest.mark.parametrize(
    "raw",
    [
        f":100644 100644 {ONE} {TWO} M\0",
        f":100644 100644 {ONE} {TWO}\0path\0",
        f":100644 100644 100644 {ONE} {TWO} {NONE} MM\0path\0",
        f"::100644 100644 {ONE} {TWO} MM\0path\0",
    ],
)
def test_what_git_should_not_say(raw: str) -> None:
    with pytest.raises(TargetError):
        read_changes(raw.encode())
