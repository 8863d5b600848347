"""Templates of the operator's: languages, overrides, and what is broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import LeakscanError
from leakscan.respond.mail import check_templates, compose
from leakscan.respond.mail.example import EXAMPLE, EXAMPLE_OWNER
from leakscan.respond.mail.templates import locale_folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leakscan.respond.mail import MailSettings

    Settings = Callable[..., MailSettings]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of templates, beside which lies what no locale may reach."""
    (tmp_path / "leak.txt").write_text("outside")
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates"


@pytest.fixture
def text(folder: Path, settings_for: Settings) -> Callable[[str | None], str]:
    """Compose the text part for a locale."""

    def make(locale: str | None) -> str:
        owner = replace(EXAMPLE_OWNER, locale=locale)
        message = compose(owner, [EXAMPLE], settings_for(templates=folder), "<id@x.example>")
        return message.get_body(("plain",)).get_content().strip()

    return make


def test_the_closest_language_wins(folder: Path, text: Callable[[str | None], str]) -> None:
    assert text("de-AT").startswith("Hello Ada Lovelace,")
    for name, words in (("", "plain"), ("de", "deutsch"), ("de-AT", "österreichisch")):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "leak.txt").write_text(words, encoding="utf-8")
    assert text("de-AT") == text("de_at") == "österreichisch"
    assert text("de") == text("DE") == text("de-CH") == text("de-Latn-CH") == "deutsch"
    assert text("fr") == text(None) == text("") == "plain"


@pytest.mark.parametrize(
    "locale",
    ["..", "../..", "../../etc", "de/../..", "/etc", "de\x00", "\udcff", "a" * 5000, "de\n", "."],
)
def test_no_locale_leads_out_of_the_folder(locale: str, text: Callable[[str | None], str]) -> None:
    assert locale_folders(locale) == []
    assert text(locale).startswith("Hello Ada Lovelace,")


def test_a_part_that_is_not_overridden_is_ours(folder: Path, settings_for: Settings) -> None:
    (folder / "leak.subject.txt").write_text("Leaked:\r\nBcc: {{ tokens[0].label }}\n")
    settings = settings_for(templates=folder)
    message = compose(EXAMPLE_OWNER, [EXAMPLE], settings, "<id@x.example>")
    assert message["Subject"] == 'Leaked: Bcc: "laptop"'
    assert message["Bcc"] is None
    assert "WHAT TO DO" in message.get_body(("plain",)).get_content()


def test_an_override_may_include_another(folder: Path, text: Callable[[str | None], str]) -> None:
    (folder / "leak.txt").write_text("{% include 'footer.txt' %}")
    (folder / "footer.txt").write_text("{{ tokens[0].found_at.strftime('%d.%m.%Y') }}")
    assert text(None) == "25.11.2026"


@pytest.mark.parametrize(
    ("template", "line", "why"),
    [
        ("one\n{% if %}", 2, "Expected an expression"),
        ("{% if tokens %}\n", 1, "Unexpected end of template"),
        ("one\n\n{{ tokenz }}", 3, "'tokenz' is undefined"),
        ("{{ tokens[0].nam }}", 1, "no attribute 'nam'"),
        ("one\n{{ 1 / 0 }}", 2, "division by zero"),
        ("one\n{{ tokens|nope }}", 2, "No filter named 'nope'"),
        ("one\n{% include 'missing.txt' %}", 2, "no template missing.txt"),
        ("one\n{{ ''.__class__.__mro__ }}", 2, "is unsafe"),
        ("one\n{% include '../leak.txt' %}", 2, "no template ../leak.txt"),
        ("one\n{{ range(10000000) }}", 2, "Range too big"),
    ],
)
@pytest.mark.parametrize("place", ["leak.txt", "leak.html", "leak.subject.txt", "de/leak.txt"])
def test_a_broken_template_is_found_with_its_line(
    template: str, line: int, why: str, place: str, folder: Path, settings_for: Settings
) -> None:
    (folder / "de").mkdir()
    (folder / place).write_text(template)
    with pytest.raises(LeakscanError) as caught:
        check_templates(settings_for(templates=folder))
    assert str(caught.value).startswith(f"{folder / place}:{line}: broken template: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_wrong_only_for_some_owners_is_found(folder: Path, settings_for: Settings) -> None:
    for template in (
        "{% if tokens|length == 2 %}{{ nope }}{% endif %}",
        "{% if not tokens[0].disabled_at %}{{ nope }}{% endif %}",
        "{% if not owner_name %}{{ nope }}{% endif %}",
        "{% for p in tokens[0].places if p.line and not p.spot %}{{ nope }}{% endfor %}",
        "{% if tokens[0].more %}{{ nope }}{% endif %}",
    ):
        (folder / "leak.txt").write_text(template)
        with pytest.raises(LeakscanError, match="'nope' is undefined"):
            check_templates(settings_for(templates=folder))


def test_a_template_that_is_no_text(folder: Path, settings_for: Settings) -> None:
    (folder / "de").mkdir()
    (folder / "de" / "leak.html").write_bytes(b"\xff")
    with pytest.raises(LeakscanError) as caught:
        check_templates(settings_for(templates=folder))
    assert str(caught.value).startswith(f"{folder / 'de' / 'leak.html'}: broken template: ")


@pytest.mark.parametrize(("name", "remedy"), [("de-at", "de-AT"), ("german", "de or de-AT")])
def test_a_folder_that_no_owner_would_get_is_found(
    name: str, remedy: str, folder: Path, settings_for: Settings
) -> None:
    (folder / name).mkdir()
    (folder / name / "leak.txt").write_text("hello")
    with pytest.raises(LeakscanError, match=remedy):
        check_templates(settings_for(templates=folder))


def test_good_templates_pass(folder: Path, settings_for: Settings) -> None:
    check_templates(settings_for())
    (folder / "partials").mkdir()
    (folder / "leak.html").write_text("<p>{{ tokens[0].label }} {{ token_page }}</p>")
    check_templates(settings_for(templates=folder))


def test_an_override_cannot_forget_to_escape(folder: Path, settings_for: Settings) -> None:
    (folder / "leak.html").write_text("<p>{{ tokens[0].label }}{{ tokens[0].name ~ '!' }}</p>")
    notice = replace(EXAMPLE, token_name="<script>evil.com")  # noqa: S106 - what its owner calls it
    message = compose(EXAMPLE_OWNER, [notice], settings_for(templates=folder), "<id@x.example>")
    html = message.get_body(("html",)).get_content()
    assert "&lt;script&gt;evil<wbr>.com</code>" in html
    assert "&#34;&lt;script&gt;evil[.]com&#34;!" in html, "joined, it is quoted as in a text"
    assert "<script" not in html
