"""What the corpus is made of: texts with a token in them, and samples that hide one."""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

CHARACTERS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


class Group(StrEnum):
    """What a sample is about."""

    ENCODING = "encoding"
    SPELLING = "spelling"
    CONTAINER = "container"
    PAIR = "two encodings"
    MIXED = "an encoding in a container"


@dataclass(frozen=True, slots=True)
class Sample:
    """Some content with one token, and what is to be said of it.

    Attributes:
        row: the way that it is written, as the page calls it; many samples can be of one row.
        group: what it is about.
        file: a name for a file of it.
        data: the content.
        token: the secret, which stands nowhere else.
        line: where it begins, in the innermost member that holds it; `None` where no line is told.
        where: the way to that member; `None` if there is none.
    """

    row: str
    group: Group
    file: str
    data: bytes
    token: str
    line: int | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A token in its surroundings."""

    before: bytes
    token: str
    after: bytes

    @property
    def plain(self) -> bytes:
        """All of it."""
        return self.before + self.token.encode() + self.after

    @property
    def twin(self) -> bytes:
        """The same with another first character: what differs once encoded shows where it is."""
        return self.before + b"M" + self.token[1:].encode() + self.after


def mint(rng: random.Random) -> str:
    """Make a token of random characters, some of each kind."""
    body = [rng.choice(kind) for kind in CHARACTERS]
    body += rng.choices("".join(CHARACTERS), k=37 - len(body))
    rng.shuffle(body)
    return "r8_" + "".join(body)


def settings(token: str) -> Text:
    """Write a token into a file of settings, on its third line."""
    before = b"# settings of the app\nDEBUG=false\nREPLICATE_API_TOKEN="
    return Text(before, token, b"\n# why? ~~~>>>??? so\n")


def long_settings(token: str) -> Text:
    """Write a token into a file of settings that is long enough for every compressor to squeeze."""
    text = settings(token)
    more = "".join(f"OPTION_{n}=value number {n * n} of {n} or more\n" for n in range(80))
    return Text(text.before, token, text.after + more.encode())


SETTINGS_LINE = 3
"""The line of the token in such a file."""
