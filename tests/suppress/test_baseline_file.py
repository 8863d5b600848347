"""The baseline file: what it holds, what it bears, and how it merges."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from seen import RULE

from leakscan.errors import LeakscanError, UsageError
from leakscan.model import ChecksumVerdict, Confidence, Finding, Kind, Location, Secret
from leakscan.rules import load_rules, select_rules
from leakscan.suppress.baseline import (
    Baseline,
    Entry,
    new_baseline,
    read_baseline,
    shown_path,
    write_baseline,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitrepo import GitRepo

(TOKEN_RULE,) = select_rules(load_rules(), ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".leakscan-baseline"


def found(token: str, *paths: str | None) -> Finding:
    places = tuple(Location(Kind.BLOB, "/srv/app", path=path) for path in paths)
    unknown = ChecksumVerdict.UNKNOWN
    return Finding(TOKEN_RULE, Secret(token), "", Confidence.HIGH, unknown, None, (), places)


def holding(baseline: Baseline, *tokens: str) -> Baseline:
    return Baseline(baseline.keys, tuple(baseline.entry(found(token, "a")) for token in tokens))


def test_what_is_written_is_read_again(path: Path, new_token: Callable[[], str]) -> None:
    tokens = [new_token() for _ in range(20)]
    written = holding(new_baseline(), *tokens)
    write_baseline(path, written, is_new=True)
    read = read_baseline(path)
    assert read is not None
    assert read.keys == written.keys
    assert set(read.entries) == set(written.entries)
    assert all(len(read.find(RULE, Secret(token))) == 1 for token in tokens)
    assert read.find("another-rule", Secret(tokens[0])) == []
    assert read.find(RULE, Secret(new_token())) == []


def test_the_file_is_sorted_text_without_secrets(path: Path, new_token: Callable[[], str]) -> None:
    tokens = [new_token() for _ in range(20)]
    baseline = holding(new_baseline(), *tokens, tokens[0])
    write_baseline(path, baseline, is_new=True)
    text = path.read_bytes().decode("ascii")
    head, scope, key, *entries = text.splitlines()
    assert head.startswith("# leakscan baseline 1: ")
    assert scope.startswith("# Entries are not bound to a path")
    assert re.fullmatch("key [0-9a-f]{64}", key)
    assert entries == sorted(set(entries))
    assert len(entries) == 20
    assert text.endswith("\n")
    assert "r8_" not in text
    for token in tokens:
        message = f"{RULE}\0{token}".encode()
        digest = hmac.new(bytes.fromhex(key[4:]), message, hashlib.sha256).hexdigest()
        assert f"{digest} {RULE} a" in entries
        assert hashlib.sha256(token.encode()).hexdigest() not in text


@pytest.mark.parametrize(
    ("place", "written"),
    [
        ("config/prod.env", "config/prod.env"),
        ("with space\tand\nline", "with%20space%09and%0Aline"),
        ("100%/ü", "100%25/%C3%BC"),
        ("#no-comment", "%23no-comment"),
        (None, "-"),
        ("-", "%2D"),
        ("a-b/-", "a-b/-"),
    ],
)
def test_a_path_is_one_word(path: Path, token: str, place: str | None, written: str) -> None:
    new = new_baseline()
    write_baseline(path, Baseline(new.keys, (new.entry(found(token, place)),)), is_new=True)
    assert path.read_text().splitlines()[-1].split(" ")[2] == written
    (entry,) = read_baseline(path).entries  # type: ignore[union-attr]
    assert shown_path(entry) == place


def test_the_first_path_is_told(token: str) -> None:
    new = new_baseline()
    assert new.entry(found(token, None, "b", "c")).path == "b"


def test_no_file_is_no_baseline(path: Path) -> None:
    assert read_baseline(path) is None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_leftovers_of_merges_are_borne(path: Path, newline: str) -> None:
    """Two heads, two keys, lines twice and in no order, and a blank one."""
    one, two = "1" * 64, "2" * 64
    lines = ["# leakscan baseline 1: x", f"key {two}", f"{two} r b", "# leakscan baseline 1: y",
             f"key {one}", f"key {two}", "", f"{one} r a", f"{two} r b"]  # fmt: skip
    path.write_text("\ufeff" + newline.join(lines), newline="")
    assert read_baseline(path) == Baseline(
        (bytes.fromhex(one), bytes.fromhex(two)), (Entry(one, "r", "a"), Entry(two, "r", "b"))
    )


def test_git_merges_two_that_were_made_apart(repo: GitRepo, new_token: Callable[[], str]) -> None:
    """With its union driver; each secret is then found under its own key."""
    path = repo.path / ".leakscan-baseline"
    repo.add(".gitattributes", ".leakscan-baseline merge=union\n")
    tokens = [new_token(), new_token()]
    repo.git("checkout", "-q", "-b", "topic")
    write_baseline(path, holding(new_baseline(), tokens[0]), is_new=True)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "Accept one")
    repo.git("checkout", "-q", "main")
    write_baseline(path, holding(new_baseline(), tokens[1]), is_new=True)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "Accept another")
    repo.git("merge", "-q", "topic")
    merged = read_baseline(path)
    assert merged is not None
    assert len(merged.keys) == 2
    assert [len(merged.find(RULE, Secret(token))) for token in tokens] == [1, 1]


KEY = "key " + "0" * 64


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ": no baseline: its first line, `# leakscan baseline 1`, is missing"),
        ("# leakscan baseline 1: x", ": no baseline: its key is missing"),
        (KEY, ": no baseline: its first line"),
        ("# leakscan baseline 2: x", ":1: a baseline of version 2: update leakscan"),
        ("# leakscan baseline 1\n<<<<<<< HEAD\n", ":2: a conflict of a merge: keep the lines"),
        (f"# leakscan baseline 1\n{KEY}\n=======\n", ":3: a conflict of a merge"),
        (f"# leakscan baseline 1\n{KEY}\nabc r p\n", ":3: no line of a baseline"),
        (f"# leakscan baseline 1\n{KEY}\n{'a' * 64} rule\n", ":3: no line of a baseline"),
        (f"# leakscan baseline 1\n{KEY}\n{'a' * 64} r p q\n", ":3: no line of a baseline"),
        ("# leakscan baseline 1\nkey 00\n", ":2: no line of a baseline"),
        ("\0\0\0", ":1: no line of a baseline"),
    ],
)
def test_a_wrong_file_is_one_clear_line(path: Path, text: str, problem: str) -> None:
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_baseline(path)
    assert str(caught.value).startswith(f"{path}{problem}")
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(UsageError, match="no regular file"):
        read_baseline(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match=f"{path.name}: cannot read it: Is a directory"):
        read_baseline(path)


def test_what_is_there_is_never_overwritten(path: Path, token: str) -> None:
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already: use `leakscan baseline update`"):
        write_baseline(path, holding(new_baseline(), token), is_new=True)
    assert path.read_text() == "mine"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_system_without_hard_links(path: Path) -> None:
    program = f"""
import errno, os, sys
from pathlib import Path
from leakscan.suppress.baseline import new_baseline, write_baseline
def refuse(event, _arguments):
    if event == "os.link":
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
sys.addaudithook(refuse)
write_baseline(Path({str(path)!r}), new_baseline(), is_new=True)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert read_baseline(path) is not None
    assert list(path.parent.iterdir()) == [path]


def test_an_update_keeps_the_mode(path: Path, token: str) -> None:
    write_baseline(path, new_baseline(), is_new=True)
    path.chmod(0o640)
    write_baseline(path, holding(new_baseline(), token), is_new=False)
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("absent", "file"):
        with pytest.raises(UsageError, match="its folder is missing"):
            write_baseline(tmp_path / folder / "known", new_baseline(), is_new=True)


def test_what_cannot_be_written_leaves_the_old_file(path: Path, token: str) -> None:
    write_baseline(path, new_baseline(), is_new=True)
    before = path.read_text()
    path.with_name(f".{path.name}.{os.getpid()}").mkdir()  # where the new one would be written
    with pytest.raises(LeakscanError, match="cannot write"):
        write_baseline(path, holding(new_baseline(), token), is_new=False)
    assert path.read_text() == before
