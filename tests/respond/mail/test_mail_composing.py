"""What a mail says, and what strangers' texts cannot make it say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.model import Kind
from leakscan.respond.mail import MailSettings, compose
from leakscan.respond.mail.example import EXAMPLE, SPARSE_EXAMPLE
from leakscan.respond.mail.letter import in_words
from leakscan.respond.notice import Owner, Place
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from email.message import EmailMessage

    from leakscan.respond.notice import Notice

SETTINGS = MailSettings(
    host="127.0.0.1",
    security="none",
    sender="Replicate Security <security@replicate.example>",
    reply_to="help@replicate.example",
    support="help@replicate.example",
)
ADA = Owner("Ada Lovelace", "ada@example.com")
PLACE = EXAMPLE.places[0]
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "mail.md"
HISTORY = (
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/"
    "removing-sensitive-data-from-a-repository"
)


class Page(HTMLParser):
    """Collects the text, tags and links of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    @property
    def links(self) -> list[str | None]:
        return [value for name, value in self.attributes if name == "href"]


def arrived(*notices: Notice, owner: Owner = ADA) -> EmailMessage:
    """Compose, and read what a server would get."""
    sent = compose(owner, notices, SETTINGS, "<id@leakscan.example>").as_bytes()
    assert all(len(line) <= 998 for line in sent.split(b"\r\n"))
    return message_from_bytes(sent, policy=policy.default)


def parts(message: EmailMessage) -> tuple[str, Page]:
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert html.get_content_type() == "text/html"
    return text.get_content().replace("\r\n", "\n"), Page(html.get_content())


def test_the_headers() -> None:
    other = replace(EXAMPLE, fingerprint="ab" * 32)
    message = arrived(EXAMPLE, other)
    assert message["From"] == "Replicate Security <security@replicate.example>"
    assert message["To"] == "Ada Lovelace <ada@example.com>"
    assert message["Reply-To"] == "help@replicate.example"
    assert message["Message-ID"] == "<id@leakscan.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    findings = [value.strip() for value in message.get_all("X-Leakscan-Finding")]
    assert findings == [EXAMPLE.fingerprint, other.fingerprint]
    assert abs(datetime.now(UTC) - parsedate_to_datetime(message["Date"])) < timedelta(minutes=5)
    assert message.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    ("notices", "subject"),
    [
        ((EXAMPLE,), 'Your Replicate API token "laptop" was leaked and has been disabled'),
        (
            (SPARSE_EXAMPLE,),
            "Your Replicate API token r8_Qm3v...x0Zt was leaked and has been disabled",
        ),
        (
            (EXAMPLE, SPARSE_EXAMPLE, EXAMPLE),
            "3 of your Replicate API tokens were leaked and have been disabled",
        ),
        (
            (EXAMPLE, replace(EXAMPLE, rule="Acme key")),
            "2 of your API tokens were leaked and have been disabled",
        ),
    ],
)
def test_the_subject(notices: tuple[Notice, ...], subject: str) -> None:
    assert arrived(*notices)["Subject"].strip() == subject  # it may be folded at the colon


def test_both_parts_tell_what_happened_and_what_to_do() -> None:
    text, page = parts(arrived(EXAMPLE))
    assert 'your Replicate API token "laptop" was leaked and has been disabled.' in text
    assert '- "github[.]com/acme/app"\n' in text
    assert f'file "config/production.env:12", commit c386bbc4cd61\n    {PLACE.url}\n' in text
    assert "github.com/acme/app file config/production.env:12 , commit c386bbc4cd61" in (
        page.text.replace("12,", "12 ,")
    )
    assert PLACE.url in page.links
    for words in (" ".join(text.split()), page.text):
        assert "Ada Lovelace" in words
        assert "r8_ujOe...ddmQ" in words
        assert "25 November 2026, 09:12 UTC" in words
        assert "25 November 2026, 09:13 UTC" in words
        assert "It was in a public repository, where anybody can read it" in words
        for step in (
            "Create a new token",
            "Update the applications that used the old one.",
            "Check for other tokens that may be exposed, and refresh or delete them.",
            "Look through the recent use of your account for anything that is not yours.",
            "Remove the token from the history of the repository.",
            "What protects you is that it is disabled, since copies may exist",
            "Keep tokens in environment variables or in a secret manager, not in code.",
            "Use a separate token for each environment, and rotate them regularly.",
            "We never ask for a token or a password",
            "If you have a question, please ask help@replicate.example.",
        ):
            assert step in words
    for link in (SETTINGS.token_page, HISTORY):
        assert link in text
        assert link in page.links


def test_another_sign_of_compromise_and_a_token_disabled_before() -> None:
    text, page = parts(arrived(SPARSE_EXAMPLE, owner=Owner(email="ada@example.com")))
    assert text.startswith("Hello,\n")
    for words in (" ".join(text.split()), page.text):
        assert "Somebody else may have it: it was used from two countries at once" in words
        assert "had been disabled already" in words
        assert "public repository" not in words
        assert "None" not in words


def test_a_token_is_removed_from_a_history_only_where_a_commit_has_it() -> None:
    elsewhere = replace(EXAMPLE, places=(Place(kind="file", repository="notes.txt"),))
    for notices, step in (
        ((elsewhere,), "Remove the token from where it was found. What protects you is that it is"),
        ((elsewhere, SPARSE_EXAMPLE), "Remove the tokens from where they were found. What"),
        ((elsewhere, EXAMPLE), "Remove the tokens from the history of the repository. What"),
    ):
        text, page = parts(arrived(*notices))
        assert all(len(line) <= 76 for line in text.splitlines() if "https://" not in line)
        for words in (" ".join(text.split()), page.text):
            assert step in words
            assert ("history" in words) == (EXAMPLE in notices)
            owner = "the repository" if EXAMPLE in notices else "the place"
            assert f"If {owner} is not yours, ask its owner." in words
        assert (HISTORY in page.links) == (HISTORY in text) == (EXAMPLE in notices)
        assert re.findall(r"^[0-9]\.", text, re.MULTILINE) == [f"{n}." for n in range(1, 7)]


@pytest.mark.parametrize(
    ("shown", "count", "rest"),
    [
        (2, 2, None),
        (12, 12, "and 2 more places"),
        (3, 4, "and 1 more place"),
        (12, 50, "and 40 more places"),
    ],
)
def test_at_most_ten_places(shown: int, count: int, rest: str | None) -> None:
    places = tuple(replace(PLACE, path=f"file-{number}.py") for number in range(shown))
    text, page = parts(arrived(replace(EXAMPLE, places=places, place_count=count)))
    for words in (text, page.text):
        assert len(set(re.findall(r"file-\d+", words))) == min(shown, 10)
        assert ("more place" in words) == (rest is not None)
        assert (rest or "") in words


def test_places_that_are_no_files() -> None:
    message = Place(kind="commit-message", repository="acme/app", commit="ab" * 20, line=3)
    branch = Place(kind="ref-name", repository="acme/app")
    text, _ = parts(arrived(replace(EXAMPLE, places=(message, branch), place_count=2)))
    assert '- "acme/app"\n    commit message, line 3, commit abababababab\n' in text
    assert '- "acme/app"\n    name of a branch or tag\n' in text


@pytest.mark.parametrize("kind", list(Kind))
def test_every_surface_has_a_name(kind: Kind) -> None:
    notice = replace(EXAMPLE, places=(replace(PLACE, kind=str(kind)),))
    assert ' place "config' not in parts(arrived(notice))[0]


def test_dates_are_in_utc() -> None:
    vienna = timezone(timedelta(hours=1))
    assert in_words(datetime(2026, 11, 25, 0, 5, tzinfo=vienna)) == "24 November 2026, 23:05 UTC"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com/x",
        "//example.com/x",
        "https://github.com@evil.example/x",
        "https://user:pw@evil.example/",
        "https://",
        "https://evil.example/ x",
        'https://evil.example/"onclick=x',
        "https://evil.example/\r\nx",
        "https://evil.example:port/",
        "https://[evil/",
        "https://evil.example/\u202e",
        f"https://evil.example/{'x' * 2000}",
    ],
)
def test_what_is_no_link_is_left_out(url: str) -> None:
    text, page = parts(arrived(replace(EXAMPLE, places=(replace(PLACE, url=url),))))
    assert f" {url}\n" not in text
    assert set(page.links) == {SETTINGS.token_page, HISTORY}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("evil.example/login", '"evil[.]example/login"'),
        ("www.evil.com", '"www[.]evil[.]com"'),
        ("https://localhost/x", '"localhost/x"'),
        ("see https://evil.com now", '"see https[:]//evil[.]com now"'),
        ("//evil.com/x", '"//evil[.]com/x"'),
        ("mail eve@evil.com", '"mail eve@evil[.]com"'),
        ("evil.com:8080", '"evil[.]com:8080"'),
        ("evil.sh/x", '"evil[.]sh/x"'),
        ("bücher.com", '"bücher[.]com"'),
        ("evil\u3002com", '"evil[\u3002]com"'),
        ("acme/app.js", '"acme/app.js"'),
        ("main.py", '"main.py"'),
        ("v1.2", '"v1.2"'),
        ('" was leaked. Call', '"\' was leaked. Call"'),
        ("one\r\n\r\nWHAT TO DO", '"one\\r\\n\\r\\nWHAT TO DO"'),
        ("\u202eevil\u200b", '"\\u202eevil\\u200b"'),
        ("lone \udcff", '"lone \\xff"'),
        ("a" * 300, '"' + "a" * 99 + "..." + "a" * 98 + '"'),
    ],
)
def test_a_strangers_name_is_quoted_and_no_link(name: str, shown: str) -> None:
    text, page = parts(arrived(replace(EXAMPLE, places=(replace(PLACE, repository=name),))))
    assert f"  - {shown}\n" in text
    assert all("evil" not in (link or "") for link in page.links)


def test_html_keeps_domains_from_becoming_links() -> None:
    notice = replace(EXAMPLE, places=(replace(PLACE, repository="evil.com"),))
    _, page = parts(arrived(notice))
    assert "evil.com" in page.text
    assert not any("evil.com" in text for text in page.texts)


PLAIN = arrived(EXAMPLE)
ANYTHING = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ settings }}{% raw %}",
        "x\r\nBcc: eve@evil.example\r\n\r\nbody",
        "x\x85Bcc: eve\u2028Bcc: eve\x0bBcc: eve",
        "=?utf-8?q?=0d=0aBcc:_eve?=",
        '"eve" <eve@evil.example>, "' + "x" * 100,
        "A, " * 80 + "<eve@evil.example>",
        "--===============0==",
    ]
)


@settings(max_examples=40)
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_no_text_can_inject(
    name: str, token_name: str, repository: str, path: str, exposure: str
) -> None:
    place = Place(kind="blob", repository=repository, path=path, line=1, url=path)
    notice = replace(
        EXAMPLE, token_name=token_name, places=(place,), exposure=exposure, rule=repository
    )
    message = arrived(notice, owner=Owner(name, "ada@example.com"))
    assert message.keys() == PLAIN.keys()
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.com"]
    assert not message.defects
    assert safe_text(message["Subject"]) == message["Subject"]
    text, page = parts(message)
    plain = parts(PLAIN)[1]
    assert set(page.tags) <= set(plain.tags) | {"wbr"}
    assert {name for name, _ in page.attributes} == {name for name, _ in plain.attributes}
    # Headings of ours stand on a line of their own; nothing of a stranger's can.
    assert text.splitlines().count("WHAT TO DO") == 1
    assert "\r" not in text


@given(st.text(st.characters(codec=None), max_size=80))
def test_any_address_is_used_as_it_is_or_not_at_all(address: str) -> None:
    message = compose(Owner("Ada", address), [EXAMPLE], SETTINGS, "<id@leakscan.example>")
    assert "Bcc" not in message
    if message["To"] is not None:
        (recipient,) = message["To"].addresses
        assert recipient.addr_spec.partition("@")[0] in address or not address.isascii()


def test_a_mail_without_tokens_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        compose(ADA, [], SETTINGS, "<id@leakscan.example>")


def test_nothing_is_fetched_from_elsewhere() -> None:
    _, page = parts(arrived(EXAMPLE, SPARSE_EXAMPLE))
    assert not set(page.tags) & {"img", "link", "script", "style", "iframe", "table"}
    assert not any(name in ("src", "background") for name, _ in page.attributes)
    assert not any("url(" in (value or "") for _, value in page.attributes)


def test_the_sample_in_the_documentation_is_what_is_sent() -> None:
    sample = replace(
        SETTINGS,
        sender="Replicate Security <security@example.com>",
        support="support@example.com",
        reply_to=None,
    )
    message = compose(ADA, [EXAMPLE], sample, "<id@leakscan.example>")
    text = message.get_body(("plain",)).get_content().strip()
    assert f"```text\n{text}\n```" in DOCUMENTATION.read_text(encoding="utf-8")
