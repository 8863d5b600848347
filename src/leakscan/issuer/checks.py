"""What people may call themselves and their tokens."""

from __future__ import annotations

import re
import unicodedata

from leakscan.errors import UsageError
from leakscan.model import Secret

NAME_LENGTH = 64
PASSWORD_LENGTHS = (8, 1000)

_TOKEN = re.compile(r"r8_[0-9A-Za-z]{37}")
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}")
_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")
_WEB_PAGE = re.compile(r"https?://[!-~]+")


def checked_name(name: str) -> str:
    """Return a token's or an account's name without white space around it, in one spelling.

    Raises:
        UsageError: it is empty, too long, or holds what cannot be seen.
    """
    name = unicodedata.normalize("NFC", name.strip())
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise UsageError(
            "this is no name",
            f"use 1 to {NAME_LENGTH} characters, all of them visible",
        )
    if _TOKEN.search(name):  # pasted into the wrong field, it would be kept in the clear
        raise UsageError("a name must not hold a token", "give it a name that is no secret")
    return name


def without_tokens(text: str) -> str:
    """Return a text with every token in it redacted."""
    return _TOKEN.sub(lambda token: Secret(token[0]).redacted(), text)


def checked_username(username: str) -> str:
    """Return a user name that is none yet.

    Raises:
        UsageError: it is not 1 to 39 letters, digits and dashes.
    """
    if not _USERNAME.fullmatch(username):
        raise UsageError(
            "this is no user name",
            "use 1 to 39 letters from A to Z, digits and dashes, and no dash at the start",
        )
    return username


def checked_email(email: str | None) -> str | None:
    """Return an e-mail address that is plausible and on one line, or none.

    Raises:
        UsageError: it is neither.
    """
    if email is not None and not (
        _EMAIL.fullmatch(email) and email.isprintable() and len(email) <= 254
    ):
        raise UsageError("this is no e-mail address", "use one such as ada@example.com")
    return email


def checked_locale(locale: str | None) -> str | None:
    """Return a language tag, or none.

    Raises:
        UsageError: it is neither.
    """
    if locale is not None and not _LOCALE.fullmatch(locale):
        raise UsageError("this is no locale", "use a tag such as en or de-AT")
    return locale


def checked_web_page(url: str | None) -> str | None:
    """Return the address of a web page, or none.

    Raises:
        UsageError: it is neither.
    """
    if url is not None and not _WEB_PAGE.fullmatch(url):
        raise UsageError("this is no web page", "use one such as https://github.com/ada")
    return url


def checked_password(password: str) -> str:
    """Return a password that is not too easy to guess, nor too long to hash.

    Raises:
        UsageError: it is one of these; the password is not shown.
    """
    least, most = PASSWORD_LENGTHS
    if not least <= len(password) <= most:
        raise UsageError(
            "the password is too short or too long", f"use {least} to {most} characters"
        )
    return password
