"""What ``leakscan watch`` writes while it goes on."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console, ConsoleDimensions

from leakscan.cli.watch_views import LiveView, LogView, found_line
from leakscan.cli.watching import cleaner
from leakscan.crawl.figures import FeedFigures, Figures
from leakscan.crawl.github.allowance import Budget
from leakscan.ledger.words import Entry
from leakscan.model import Secret
from leakscan.respond.event import Event, Result
from leakscan.rules import load_rules, select_rules
from leakscan.trouble import Trouble
from ledgers import a_finding, a_place

if TYPE_CHECKING:
    from collections.abc import Callable

BUDGET = Budget("env:GH_TOKEN", "core", 4970, 5000, 1200.0)


def test_a_finding_on_a_line(new_token: Callable[[], str]) -> None:
    secret = Secret(new_token())
    place = a_place(2, path="a\x1b[31m.env")
    line = found_line(a_finding(secret, place, a_place(3)))
    assert secret.reveal() not in line
    assert secret.redacted() in line
    assert line.endswith("https://github.com/acme/app a\\x1b[31m.env:3 and 1 more")


def test_how_a_secret_is_written_and_where_inside_of_a_file_is_told(
    new_token: Callable[[], str],
) -> None:
    secret = Secret(new_token())
    place = a_place(2, path="a.zip!/inner/app.env", note="written in base64")
    line = found_line(a_finding(secret, place))
    assert line.endswith("/app a.zip!/inner/app.env:3 (written in base64)")
    line = found_line(a_finding(secret, replace(place, url="https://host/a.zip")))
    assert line.endswith("  https://host/a.zip (inner/app.env:3, written in base64)")


def test_texts_are_redacted_by_the_operators_rules_too(new_token: Callable[[], str]) -> None:
    shipped = load_rules()
    own = replace(shipped[0], id="own", prefixes=("own_",), pattern="own_[0-9]{10}")
    clean, token = cleaner((*shipped, own), select_rules(shipped, ())), new_token()
    assert clean("refs/heads/main") == "refs/heads/main"
    assert token not in clean(f"refs/heads/{token}")
    assert "0123456789" not in clean("refs/heads/own_0123456789")
    encoded = base64.urlsafe_b64encode(token.encode()).decode()
    assert encoded[12:24] not in clean(f"refs/heads/{encoded}")
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


def an_event(kind: str, result: Result) -> Event:
    unknown: dict[str, Any] = dict.fromkeys(field.name for field in fields(Entry))
    entry = Entry(**unknown | {"id": 7, "redacted": "r8_ab..."})
    return Event(kind, "replicate", entry, result, "disabled")


def test_a_quiet_log_tells_what_became_of_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    with LogView(list, quiet=True) as view:
        for kind in ("verify", "notify", "alert"):
            view.event(an_event(kind, Result.DONE))
        view.event(an_event("disable", Result.LOST))
        assert capsys.readouterr().err == ""
        view.event(an_event("disable", Result.DONE))
        view.event(an_event("disable", Result.GAVE_UP))
        view.event(an_event("notify", Result.LATER))
    first, *others = capsys.readouterr().err.splitlines()
    assert first.startswith("disabled  ")
    assert len(others) == 2


def many_sources() -> Figures:
    figures = Figures(seen=1240, skipped=Counter(dict.fromkeys(Trouble, 1000)))
    figures.feeds = {f"repo:{'acme' * 9}/app{n:02}": FeedFigures(9, n, 1) for n in range(40)}
    figures.feeds["user:zoe"] = FeedFigures(trouble="GitHub knows no public user:zoe " * 5)
    return figures


def drawn(view: LiveView, console: Console, figures: Figures) -> list[str]:
    """Return the lines of one drawing."""
    view._next = 0.0
    with console.capture() as capture:
        view.show(figures)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capture.get())
    return [line for line in text.replace("\r", "\n").split("\n") if line.strip()]


@pytest.mark.parametrize("budgets", [1, 30])
def test_a_live_view_keeps_within_the_terminal_however_large_that_is(budgets: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
    known = [replace(BUDGET, credential=f"env:T{n}") for n in range(budgets)]
    with LiveView(lambda: known, console) as view:
        for width, height in [(80, 24), (80, 40), (40, 24), (80, 14), (30, 5), (10, 2), (200, 80)]:
            console.size = ConsoleDimensions(width, height)  # as a window that is resized
            lines = drawn(view, console, many_sources())
            assert len(lines) <= height
            assert max(map(len, lines)) <= width
            if width == 80 and height >= 24:
                assert any(line.startswith("user:zoe ") for line in lines[:20])
                rest = r"and \d+ more sources: [\d,]+ events, \d+ new pushes"
                assert re.fullmatch(rest, lines[-1].strip())
            if width >= 30 and height >= 5:  # what matters is not what is cut
                assert any(line.startswith("findings") for line in lines)
                assert any(line.startswith("user:zoe ") for line in lines)


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
