"""What became of a message, and answers of servers made fit to keep."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.respond.failure import presentable

if TYPE_CHECKING:
    from leakscan.respond.mail.settings import MailSettings


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server took the message, and answered this."""

    answer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The message can never be delivered as it is: trying again is no use."""

    answer: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The message was not delivered, but may be if it is tried again."""

    answer: str


Outcome = Delivered | Refused | Failed


def presentable_answer(text: str, settings: MailSettings) -> str:
    """Return what a server said as one short, safe line without the password.

    A server may quote the line that it did not like, so the password is also looked for as
    it is sent.
    """
    for secret in _spellings(settings):
        text = text.replace(secret, "[password]")
    return presentable(text)


def _spellings(settings: MailSettings) -> list[str]:
    if not settings.password:
        return []
    plain = f"\0{settings.username}\0{settings.password}"
    encoded = [base64.b64encode(text.encode()).decode() for text in (plain, settings.password)]
    return [*encoded, settings.password]
