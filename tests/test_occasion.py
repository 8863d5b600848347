"""Who runs the guard, as its environment tells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from leakscan import occasion

if TYPE_CHECKING:
    from collections.abc import Mapping

FRAMEWORK = {"PRE_COMMIT": "1"}
HOOK = {"GIT_INDEX_FILE": ".git/index"}


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Leave nothing in the environment, and stand at a terminal."""
    for name in [name for name in os.environ if name.startswith(("PRE_COMMIT", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "isatty", lambda _: True)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "asked", "by_hand"),
    [({}, True, False), (HOOK, False, False), (FRAMEWORK, False, True),
     (HOOK | FRAMEWORK, False, False)],
)  # fmt: skip
def test_who_waits_for_an_answer(
    plain: pytest.MonkeyPatch, variables: Mapping[str, str], *, asked: bool, by_hand: bool
) -> None:
    for name, value in variables.items():
        plain.setenv(name, value)
    assert (occasion.is_asked(), occasion.is_framework_by_hand()) == (asked, by_hand)
    plain.setattr(os, "isatty", lambda _: False)
    assert not occasion.is_asked()


def test_what_the_framework_says(plain: pytest.MonkeyPatch) -> None:
    assert not occasion.names_commits()
    assert not occasion.is_pushed_by_framework()
    assert occasion.of_framework("REMOTE_NAME") == ""
    plain.setenv("PRE_COMMIT_REMOTE_NAME", "origin")
    assert occasion.of_framework("REMOTE_NAME") == "origin"
    assert (occasion.names_commits(), occasion.is_pushed_by_framework()) == (False, True)
    plain.setenv("PRE_COMMIT_REMOTE_NAME", "")
    plain.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert (occasion.names_commits(), occasion.is_pushed_by_framework()) == (True, True)
    plain.setenv("PRE_COMMIT_TO_REF", "")
    assert not occasion.is_pushed_by_framework()
