"""Lines that fit where they are shown."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.report.lines import WIDTH, fitted, width_of

WORDS = st.lists(st.text("abc-:/", min_size=1, max_size=30), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("columns", "width"), [(60, 60), (100, 100), (250, WIDTH), (0, WIDTH), (10, WIDTH)]
)
def test_a_terminal_says_how_wide_it_is(columns: int, width: int) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "w") as terminal:
        assert width_of(terminal) == width


def test_what_is_no_terminal() -> None:
    assert width_of(io.StringIO()) == WIDTH
    with Path(os.devnull).open("w") as file:
        assert width_of(file) == WIDTH


def test_a_command_is_not_broken() -> None:
    text, command = "Take this out of where it stands, then say:", "git commit -a --amend --no-edit"
    assert fitted(text, 40, "1. ", "   ", command) == [
        "1. Take this out of where it stands,",
        "   then say:",
        "     git commit -a --amend --no-edit",
    ]
    assert fitted(text, 100, typed=command) == [f"{text}  {command}"]


@given(WORDS, st.integers(10, 60))
def test_nothing_is_cut(words: list[str], width: int) -> None:
    lines = fitted(" ".join(words), width, "- ", "  ")
    assert " ".join(lines).removeprefix("- ").split() == words
    assert all(len(line) <= width or " " not in line[2:] for line in lines)
