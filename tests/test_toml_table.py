"""Tables of a configuration, key by key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import UsageError
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path("/etc/leakscan/config.toml")


def table(toml: str) -> Table:
    return Table(SOURCE, "part", tomllib.loads(toml))


def test_every_kind_of_value() -> None:
    keys = table('a = "x"\nb = 3\nc = 2\nd = false\ne = ["y", "z"]\nf = "sub/file"\ng = "/abs"')
    assert keys.text("a") == "x"
    assert keys.number("b") == 3
    assert keys.seconds("c") == 2.0
    assert keys.flag("d") is False
    assert keys.texts("e") == ("y", "z")
    assert keys.path("f") == Path("/etc/leakscan/sub/file")
    assert keys.path("g") == Path("/abs")
    assert "a" in keys
    assert "h" not in keys
    keys.done()


def test_defaults() -> None:
    keys = table("")
    assert keys.text("a", "x") == "x"
    assert keys.text("a", None) is None
    assert keys.number("b", None) is None
    assert keys.seconds("c", 1.5) == 1.5
    assert keys.flag("d", default=True) is True
    assert keys.texts("e", ()) == ()
    assert keys.path("f", None) is None
    keys.done()


def test_home_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert table('a = "~/key"').path("a") == Path("/home/ada/key")


@pytest.mark.parametrize(
    ("toml", "ask", "message"),
    [
        ("", lambda t: t.text("a"), "missing: set it in [part]"),
        ("b = 1", lambda t: t.text("a"), "missing: set it in [part]"),
        ("a = 1", lambda t: t.text("a"), "expected a text, not a number"),
        ('a = ""', lambda t: t.text("a", None), "expected a text, not an empty text"),
        ("a = 2026-11-25", lambda t: t.text("a"), "expected a text, not a date or time"),
        (
            'a = "z"',
            lambda t: t.text("a", choices=("x", "y")),
            'expected "x" or "y", not "z"',
        ),
        (
            "a = 1.5",
            lambda t: t.number("a"),
            "expected a whole number from 0 up, not a number",
        ),
        ("a = -1", lambda t: t.number("a"), "expected a whole number from 0 up, not -1"),
        (
            "a = 9",
            lambda t: t.number("a", most=8),
            "a whole number from 0 to 8, not 9",
        ),
        ("a = true", lambda t: t.number("a"), "whole number from 0 up, not true or false"),
        ("a = nan", lambda t: t.seconds("a"), "expected seconds, from 0 up, not nan"),
        ("a = inf", lambda t: t.seconds("a"), "expected seconds, from 0 up, not inf"),
        (f"a = 1{'0' * 400}", lambda t: t.seconds("a", most=5), "from 0 to 5, not 1000"),
        ("a = -0.1", lambda t: t.seconds("a", most=5), "seconds, from 0 to 5, not -0.1"),
        ('a = "yes"', lambda t: t.flag("a"), "expected true or false, not a text"),
        ('a = "x"', lambda t: t.texts("a"), "expected a list of texts, not a text"),
        ("a = [1]", lambda t: t.texts("a"), "expected a list of texts, not a number in it"),
        ('a = ["q"]', lambda t: t.texts("a", choices=("x",)), 'a list of x, not "q"'),
        ("a = {}", lambda t: t.path("a"), "expected a path, not a table"),
        (r'a = "x\u0000"', lambda t: t.path("a"), "not a text with a null character"),
        ('a = "~nobody-is-called-so/x"', lambda t: t.path("a"), "no such home folder"),
        ("a = 1\nb = 2", lambda t: (t.number("b"), t.done()), "unknown key: use b"),
    ],
)
def test_a_wrong_value_names_file_and_key(
    toml: str, ask: Callable[[Table], object], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        ask(table(toml))
    assert str(caught.value).startswith("/etc/leakscan/config.toml: part.a: ")
    assert message in str(caught.value)


def test_a_text_in_the_wrong_place_is_never_quoted() -> None:
    for method in ("number", "seconds", "flag", "texts"):
        with pytest.raises(UsageError) as caught:
            getattr(table('a = "hunter2"'), method)("a")
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "key", "remedy"),
    [
        ('sneder = "x"', "sender", "is sneder a misspelling?"),
        ('hots = "x"\nuser = "y"', "host", "is hots a misspelling?"),
        (r'"sen\u001bder" = "x"', "sender", r"is sen\x1bder a misspelling?"),
        ('hostname = "x"', "host", "set it in [part]"),
    ],
)
def test_a_key_that_may_be_the_missing_one_misspelt_is_named(
    toml: str, key: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        table(toml).text(key)
    assert str(caught.value) == f"/etc/leakscan/config.toml: part.{key}: missing: {remedy}"


def test_a_key_that_was_asked_for_is_no_misspelling() -> None:
    keys = table('sender2 = "x"')
    keys.text("sender2")
    with pytest.raises(UsageError, match="set it in"):
        keys.text("sender")


def test_what_is_no_table() -> None:
    with pytest.raises(UsageError, match="part: expected a table, not a list"):
        Table(SOURCE, "part", [])
