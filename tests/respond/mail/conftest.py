"""What the tests of mails share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakscan.respond.mail import MailSettings, compose
from leakscan.respond.mail.example import EXAMPLE
from leakscan.respond.notice import Owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage


@pytest.fixture
def settings_for() -> Callable[..., MailSettings]:
    """Make settings for a server on this machine."""

    def make(port: int = 9, **given: object) -> MailSettings:
        usual = {"host": "127.0.0.1", "security": "none", "timeout": 10.0}
        usual["sender"] = "Replicate Security <security@replicate.example>"
        return MailSettings(**(usual | {"port": port} | given))

    return make


@pytest.fixture
def letter_to(settings_for: Callable[..., MailSettings]) -> Callable[[str | None], EmailMessage]:
    """Compose the example for an address."""

    def make(address: str | None) -> EmailMessage:
        return compose(Owner("Ada", address), [EXAMPLE], settings_for(), "<id@leakscan.example>")

    return make
