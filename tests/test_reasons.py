"""What is a reason, and what only stands in the place of one."""

from __future__ import annotations

import pytest

from leakscan.reasons import gives_reason


@pytest.mark.parametrize("text", ["", " \t", "...", "REASON", "reason", "<Reason>", " -- REASON."])
def test_none(text: str) -> None:
    assert not gives_reason(text)


@pytest.mark.parametrize(
    "text", ["x", "made for tests", "for this reason", "REASON: a sample", "é"]
)
def test_some(text: str) -> None:
    assert gives_reason(text)
