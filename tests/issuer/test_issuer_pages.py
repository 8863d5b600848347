"""The pages of one's tokens over HTTP: what they do, and what they never run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from issuing import (
    PASSWORD,
    SIGHTING,
    TIMEOUT,
    Hook,
    Visitor,
    account_answer,
    token_shown,
    words,
)

from leakscan.model import Kind, Secret
from leakscan.surfaces import surface

if TYPE_CHECKING:
    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import NewAccount


def test_a_token_is_shown_once(issuer: Issuer, home: Visitor) -> None:
    created = home.create("laptop")
    assert created.status_code == 200
    assert created.headers["cache-control"] == "no-store"
    secret = Secret(token_shown(created.text))
    assert secret.reveal() not in str(created.headers) + created.url + str(home.session.cookies)
    assert account_answer(home.url, secret).json()["username"] == "ada"
    assert secret.reveal() not in home.get("/tokens").text
    assert secret.redacted() in home.get("/tokens").text
    assert len(issuer.tokens("ada")) == 2


def test_sending_the_form_again_creates_nothing(issuer: Issuer, home: Visitor) -> None:
    page = home.get("/tokens").text
    (key,) = set(re.findall('name="form_key" value="(.*?)"', page))
    (form,) = re.findall('name="form" value="(.*?)"', page)
    first = home.post("/tokens", form_key=key, form=form, name="laptop")
    secret = token_shown(first.text)
    for name in ("laptop", "another"):
        again = home.post("/tokens", form_key=key, form=form, name=name)
        assert again.status_code == 409
        assert secret not in again.text
        assert "created already" in again.text
    assert len(issuer.tokens("ada")) == 2
    assert home.post("/tokens", form_key=key, form="x", name="y").status_code == 403


def test_a_wrong_name_is_told_beside_the_field(issuer: Issuer, home: Visitor) -> None:
    for name, message in (
        ("Default", "There is already a token Default: choose another name."),
        ("x" * 65, "This is no name: use 1 to 64 characters, all of them visible."),
        ("a\u202eb", "This is no name"),
        ("", "This is no name"),
    ):
        answer = home.create(name)
        assert answer.status_code == 422
        assert message in answer.text
        assert 'aria-describedby="new-name-error"' in answer.text
        assert f'id="new-name" name="name" value="{name}"' in answer.text
    assert len(issuer.tokens("ada")) == 1


def test_renaming(issuer: Issuer, home: Visitor) -> None:
    (token,) = issuer.tokens("ada")
    path = f"/tokens/{token.id}/rename"
    home.create("laptop")
    answer = home.submit("/tokens", path, name="laptop")
    assert answer.status_code == 422
    assert f'id="name-{token.id}-error"' in answer.text
    assert re.search(r"<details open>", answer.text)
    answer = home.submit("/tokens", path, name="desktop")
    assert answer.url.endswith("/tokens")
    assert "The token has a new name." in answer.text
    assert "The token has a new name." not in home.get("/tokens").text
    assert {token.name for token in issuer.tokens("ada")} == {"laptop", "desktop"}


def test_disabling_takes_a_confirmation(issuer: Issuer, home: Visitor, ada: NewAccount) -> None:
    (token,) = issuer.tokens("ada")
    path = f"/tokens/{token.id}/disable"
    page = home.get(path)
    assert "cannot be undone" in page.text
    assert account_answer(home.url, ada.token.secret).status_code == 200
    answer = home.submit(path, path)
    assert "The token “Default” is disabled." in answer.text
    assert "Disabled by you" in words(answer.text)
    assert account_answer(home.url, ada.token.secret).status_code == 401
    assert home.get(path).url.endswith("/tokens")
    (key,) = set(re.findall('name="form_key" value="(.*?)"', answer.text))
    assert "was disabled before" in home.post(path, form_key=key).text


def test_other_peoples_tokens_are_not_there(issuer: Issuer, home: Visitor) -> None:
    issuer.create_account("bob", password=PASSWORD)
    (theirs,) = issuer.tokens("bob")
    (key,) = set(re.findall('name="form_key" value="(.*?)"', home.get("/tokens").text))
    for token_id in (theirs.id, "9" * 40, "%00", "%ff"):
        assert home.get(f"/tokens/{token_id}/disable").status_code == 404
        for action in ("disable", "rename"):
            answer = home.post(f"/tokens/{token_id}/{action}", form_key=key, name="mine")
            assert answer.status_code == 404
            assert "No such token" in answer.text
    assert issuer.tokens("bob") == (theirs,)


def test_names_are_never_run(issuer: Issuer, home: Visitor) -> None:
    evil = '"><script>alert(1)</script>'
    created = home.create(evil)
    (token,) = [one for one in issuer.tokens("ada") if one.name == evil]
    pages = [
        created,
        home.get("/tokens"),
        home.create(evil),
        home.get(f"/tokens/{token.id}/disable"),
        home.submit(f"/tokens/{token.id}/disable", f"/tokens/{token.id}/disable"),
    ]
    for page in pages:
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text


def test_a_leak_is_told_with_when_why_where_and_what_next(
    issuer: Issuer, home: Visitor, ada: NewAccount
) -> None:
    Hook(home.url, issuer.webhook_secret).disable(ada.token.secret)
    page = home.get("/tokens").text
    text = words(page)
    assert "The token “Default” was leaked and has been disabled." in text
    assert re.search(r"Disabled automatically on \d+ \w+ \d{4}, \d\d:\d\d UTC\.", text)
    assert "It was found in a public repository." in text
    assert "https://github.com/ada/engine src/.env:3 commit 444444444444" in text
    assert f'<a href="{SIGHTING["url"]}" rel="noopener noreferrer nofollow">' in page
    assert "Open it on github.com" in text
    for step in (
        "Create a new token",
        "Update the applications",
        "from its history",
        "environment variables or a secret manager",
        "one token for each environment, and rotate them",
    ):
        assert step in text


def test_every_surface_has_words() -> None:
    assert "place" not in map(surface, Kind)


def test_sightings_are_never_run(issuer: Issuer, home: Visitor, ada: NewAccount) -> None:
    script = '<script>alert(1)</script>"onmouseover="alert(1)'
    urls = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/",
        "https://[",
        "https:///no-host",
        'https://x.example/"onclick="alert(1)',
        None,
    ]
    sightings = [
        SIGHTING
        | {"kind": script, "repository": script, "path": script, "commit": script, "url": u}
        for u in urls
    ]
    Hook(home.url, issuer.webhook_secret).disable(
        ada.token.secret, exposure=script, sightings=sightings, sighting_count=12
    )
    page = home.get("/tokens").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"<[^>]*\son\w+=", page)
    links = re.findall(r'href="(.*?)" rel', page)
    assert links == ["https://x.example/&#34;onclick=&#34;alert(1)"]
    assert "And 2 more places." in page


@pytest.mark.parametrize("path", ["/sign-in", "/tokens", "/absent", "/style.css", "/v1/account"])
def test_every_answer_has_the_headers(home: Visitor, path: str) -> None:
    headers = home.get(path).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_pages_that_are_not_there(visitor: Visitor) -> None:
    answer = visitor.get("/absent")
    assert (answer.status_code, "Not Found" in answer.text) == (404, True)
    assert answer.headers["content-type"].startswith("text/html")
    assert visitor.session.put(f"{visitor.url}/tokens", timeout=TIMEOUT).status_code == 405
