"""What ``leakscan watch`` writes while it goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.cli.watch_views import LogView, found_line
from leakscan.cli.watching import cleaner
from leakscan.crawl.figures import Figures
from leakscan.crawl.github.allowance import Budget
from leakscan.model import Secret
from leakscan.rules import load_rules
from ledgers import a_finding, a_place

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

BUDGET = Budget("env:GH_TOKEN", "core", 4970, 5000, 1200.0)


def test_a_finding_on_a_line(new_token: Callable[[], str]) -> None:
    secret = Secret(new_token())
    place = a_place(2, path="a\x1b[31m.env")
    line = found_line(a_finding(secret, place, a_place(3)))
    assert secret.reveal() not in line
    assert secret.redacted() in line
    assert line.endswith("https://github.com/acme/app a\\x1b[31m.env:3 and 1 more")


def test_texts_are_redacted_by_the_operators_rules_too(new_token: Callable[[], str]) -> None:
    shipped = load_rules()
    own = replace(shipped[0], id="own", prefixes=("own_",), pattern="own_[0-9]{10}")
    clean, token = cleaner((*shipped, own)), new_token()
    assert clean("refs/heads/main") == "refs/heads/main"
    assert token not in clean(f"refs/heads/{token}")
    assert "0123456789" not in clean("refs/heads/own_0123456789")
    assert clean("refs/heads/\udcff") == "refs/heads/\\xff"  # which no database would take


def test_a_quiet_log_holds_only_what_matters(
    new_token: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    with LogView(lambda: [BUDGET], quiet=True) as view:
        view._next = 0.0
        view.show(Figures(seen=1240))
        view.remark("nothing to speak of")
        assert capsys.readouterr().err == ""
        view.found([a_finding(Secret(new_token()))])
        view.say("the ledger failed")
        view.known([a_finding(Secret(new_token()))])
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert view.said == {"the ledger failed"}


def test_what_is_known_and_dead_is_told_as_such(
    new_token: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    with LogView(list, quiet=False) as view:
        view.known([a_finding(Secret(new_token()))])
    assert capsys.readouterr().err.startswith("known   ")


def test_a_log_tells_the_figures_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    with LogView(lambda: [BUDGET], quiet=False) as view:
        view.show(Figures(seen=1240))
        assert capsys.readouterr().err == ""
        view._next = 0.0
        for _ in range(3):
            view.show(Figures(seen=1240))
    (line,) = capsys.readouterr().err.splitlines()
    assert "1,240 seen" in line
