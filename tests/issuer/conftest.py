"""An issuer in a folder of its own, and one that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from issuing import PASSWORD, Hook, Visitor

from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.issuer.values import NewAccount


@pytest.fixture
def dear_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Argon2 work as it does for real accounts; name it before the issuer."""
    monkeypatch.setattr("leakscan.issuer.passwords.PasswordHasher", PasswordHasher)


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    with Issuer.open(tmp_path / "issuer") as opened:
        yield opened


@pytest.fixture
def ada(issuer: Issuer) -> NewAccount:
    """Create an account with all that there is to tell of one."""
    return issuer.create_account(
        "ada",
        password=PASSWORD,
        email="ada@example.com",
        name="Ada Lovelace",
        locale="en-GB",
        github_url="https://github.com/ada",
    )


@pytest.fixture
def url(issuer: Issuer) -> Iterator[str]:
    """Serve the issuer on a free port."""
    with running(issuer) as address:
        yield address


@pytest.fixture
def hook(issuer: Issuer, url: str) -> Hook:
    return Hook(url, issuer.webhook_secret)


@pytest.fixture
def visitor(url: str) -> Iterator[Visitor]:
    visiting = Visitor(url)
    yield visiting
    visiting.session.close()


@pytest.fixture
def home(visitor: Visitor, ada: NewAccount) -> Visitor:
    """Sign in as Ada."""
    assert visitor.sign_in(ada.account.username).url.endswith("/tokens")
    return visitor
