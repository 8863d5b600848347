"""What a watch says of what it tries again."""

from __future__ import annotations

import pytest

from leakscan.cli.watch_retry import said


@pytest.mark.parametrize(
    ("pushes", "feeds", "line"),
    [
        (412, 1, "412 pushes and 1 source are tried again"),
        (1200, 0, "1,200 pushes are tried again"),
        (1, 0, "1 push is tried again"),
        (0, 1, "1 source is tried again"),
        (1, 1, "1 push and 1 source are tried again"),
        (0, 2, "2 sources are tried again"),
        (0, 0, "nothing is tried again: within watch.keep, nothing was left out or has failed"),
    ],
)
def test_how_much_is_tried_again(pushes: int, feeds: int, line: str) -> None:
    assert said(pushes, feeds) == line
