"""What git tells the hooks of a push."""

from __future__ import annotations

import pytest

from leakscan.errors import UsageError
from leakscan.sources.ref_updates import RefUpdate, pushed_updates, received_updates

ONE, TWO, NONE = "1" * 40, "2" * 64, "0" * 40


def test_updates_as_git_tells_them() -> None:
    lines = (
        f"refs/heads/a {ONE} refs/heads/b {NONE}\n(delete) {NONE} refs/heads/c {TWO}\n"
        f"HEAD@{{1 day ago}} {ONE} refs/heads/\x85\u2028\udcff {TWO}\n"
    )
    pushed = pushed_updates(lines)
    assert pushed == [
        RefUpdate("refs/heads/b", None, ONE),
        RefUpdate("refs/heads/c", TWO, None),
        RefUpdate("refs/heads/\x85\u2028\udcff", TWO, ONE),
    ]
    sources = ["refs/heads/a", "(delete)", "HEAD@{1 day ago}"]  # which make no update another one
    assert [update.source for update in pushed] == sources
    received = received_updates(f"{NONE} {ONE} refs/heads/\x85\n")
    assert received == [RefUpdate("refs/heads/\x85", None, ONE)]
    assert received[0].source == ""
    assert pushed_updates("") == received_updates("") == []


@pytest.mark.parametrize(
    "lines",
    [
        "\n",
        "x\n",
        f"a {ONE} b\n\n",
        f"a {ONE[1:]} b {ONE}\n",
        f"a --all b {ONE}\n",
        f"a {ONE} b {ONE} c",
    ],
)
def test_what_git_does_not_tell_them(lines: str) -> None:
    for read in (pushed_updates, received_updates):
        with pytest.raises(UsageError, match="is not what git tells"):
            read(lines)
