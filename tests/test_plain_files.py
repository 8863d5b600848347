"""Files that anybody may have put there."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from leakscan.plain_files import MOST_DOTS, MOST_TOML, read_plain_file, read_toml_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "link").symlink_to("a")
    assert read_plain_file(tmp_path / "link", len(content)) == content
    with pytest.raises(OSError, match="larger than 3,145,727 bytes"):
        read_plain_file(tmp_path / "a", len(content) - 1)
    (tmp_path / "empty").touch()
    assert read_plain_file(tmp_path / "empty", 1) == b""


@pytest.mark.timeout(20)
def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "zeros"):
        with pytest.raises(OSError, match="no regular file"):
            read_plain_file(tmp_path / name, 100)
    with pytest.raises(IsADirectoryError):
        read_plain_file(tmp_path, 100)
    with pytest.raises(FileNotFoundError):
        read_plain_file(tmp_path / "absent", 100)


def toml(tmp_path: Path, text: str) -> Path:
    (tmp_path / "a.toml").write_text(text)
    return tmp_path / "a.toml"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = " + "9" * 5000, "4300"),
        ("a = " + "[" * 5000, "too many brackets"),
        ("a." * 10_000 + "a = 1", "more than 1,000 dots in a line"),
        ("a = 2026-99-99", "line 1"),
    ],
)
def test_toml_that_is_odd(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_toml_file(toml(tmp_path, text))


def test_toml_that_is_large(tmp_path: Path) -> None:
    line = "a." * (MOST_DOTS - 1) + "a{} = 1\n"
    lines = [line.format(number) for number in range(MOST_TOML // len(line))]
    before = time.monotonic()
    assert read_toml_file(toml(tmp_path, "".join(lines)))
    assert time.monotonic() - before < 30  # ten times as long as it takes
    with pytest.raises(OSError, match="larger than"):
        read_toml_file(toml(tmp_path, "".join(lines) + "#" * len(line)))
