"""The hook that is a function of an installed package."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from leakscan.errors import UsageError
from leakscan.ledger.words import Answer
from leakscan.respond.failure import AttemptError
from leakscan.respond.hooks.plugin import PythonHook, find_function

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leakscan.respond.hooks import DisableRequest

PACKAGE = """
def disable(request):
    return {"status": "disabled", "owner": {"email": "ada@example.com"},
            "token": {"name": request.token.reveal()[:3]}}

nothing = None
"""
ENTRY_POINTS = """
[leakscan.disable_hooks]
ours = our_hook:disable
nothing = our_hook:nothing
absent = our_hook:absent
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that offers hooks."""
    (tmp_path / "our_hook.py").write_text(PACKAGE)
    info = tmp_path / "our_hook-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-hook\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("package")
def test_the_function_of_a_package_is_called(request_: DisableRequest) -> None:
    outcome = PythonHook(find_function("ours")).disable(request_)
    assert (outcome.answer, outcome.owner.email) == (Answer.DISABLED, "ada@example.com")
    assert outcome.token_name == "r8_"  # noqa: S105 - the start of one


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "words"),
    [("other", "no such entry point"), ("nothing", "not a function"), ("absent", "cannot load")],
)
def test_a_function_that_is_not_there_is_told_of(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_function(name)


def _raise(error: BaseException) -> Callable[[DisableRequest], Any]:
    def function(_request: DisableRequest) -> Any:
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_raise(ValueError("the token is r8_...")), "it raised ValueError"),
        (_raise(SystemExit(1)), "it raised SystemExit"),
        (lambda _request: None, "not a JSON object"),
        (lambda _request: {"status": "sure"}, "no status"),
    ],
)
def test_a_function_that_fails_is_a_failed_attempt(
    request_: DisableRequest, function: Callable[[DisableRequest], Any], words: str
) -> None:
    with pytest.raises(AttemptError, match=words):
        PythonHook(function).disable(request_)


def test_a_function_that_hangs_is_left_behind(request_: DisableRequest) -> None:
    over = threading.Event()
    with pytest.raises(AttemptError, match="no answer"):
        PythonHook(lambda _request: over.wait(), 0.2).disable(request_)
    over.set()
