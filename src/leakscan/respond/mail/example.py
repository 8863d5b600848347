"""Compose examples, so that a broken template is found before a token leaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.model import PUBLIC
from leakscan.respond.mail.compose import compose
from leakscan.respond.mail.letter import PLACES_SHOWN
from leakscan.respond.mail.templates import HTML, SUBJECT, TEXT, locale_folders
from leakscan.respond.notice import Notice, Owner, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from leakscan.respond.mail.settings import MailSettings

_PLACE = Place(
    kind="blob",
    repository="https://github.com/acme/app",
    commit="c386bbc4cd613e30d8f16adf91b7584a2265b1f5",
    path="config/production.env",
    line=12,
    url="https://github.com/acme/app/blob/c386bbc4cd613e30d8f16adf91b7584a2265b1f5"
    "/config/production.env#L12",
)

EXAMPLE_OWNER = Owner("Ada Lovelace", "ada@example.com")

EXAMPLE = Notice(
    fingerprint="2dc5fd3d9974d75b333824fe61790134676b1b695a357cb10b07502ed4c6eb9c",
    rule="Replicate API token",
    issuer="replicate",
    redacted="r8_ujOe...ddmQ",
    token_name="laptop",  # noqa: S106 - what its owner calls it
    found_at=datetime(2026, 11, 25, 9, 12, tzinfo=UTC),
    disabled_at=datetime(2026, 11, 25, 9, 13, tzinfo=UTC),
    exposure=PUBLIC,
    places=(_PLACE,),
    place_count=1,
)

SPARSE_EXAMPLE = replace(
    EXAMPLE,
    fingerprint="9c5e6a1f0b7d4e2a8f3c6b9d0e1a2f4c5b6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f",
    redacted="r8_Qm3v...x0Zt",
    token_name=None,
    disabled_at=None,
    exposure="it was used from two countries at once",
    places=(),
    place_count=0,
)
"""All is missing that can be."""

FULL_EXAMPLE = replace(
    EXAMPLE,
    places=(
        _PLACE,
        replace(_PLACE, kind="commit-message", path=None, line=3, url=None),
        replace(_PLACE, kind="file", commit=None, line=None),
        replace(_PLACE, kind="ref-name", commit=None, path=None, line=None, url=None),
    )
    * 3,
    place_count=3 * PLACES_SHOWN,
)
"""All is there that can be."""


def examples(count: int, exposure: str) -> tuple[Notice, ...]:
    """Make notices of some tokens of one owner.

    Args:
        count: how many, one or more.
        exposure: `model.PUBLIC`, or another sign of compromise in words.
    """
    names = (f"laptop {number + 1}" if number else "laptop" for number in range(count))
    return tuple(replace(EXAMPLE, token_name=name, exposure=exposure) for name in names)


def check_templates(settings: MailSettings) -> None:
    """Compose examples in each language that there are templates for.

    Raises:
        UsageError: a template is broken, or its folder is misnamed; file and line are named.
    """
    for locale in (None, *_locales(settings.templates)):
        messages = [
            compose(owner, notices, settings, "<example@leakscan.invalid>")
            for owner in (replace(EXAMPLE_OWNER, locale=locale), Owner(locale=locale))
            for notices in ((FULL_EXAMPLE,), (SPARSE_EXAMPLE,), (FULL_EXAMPLE, SPARSE_EXAMPLE))
        ]
        for message in messages:
            _refuse_empty(message, locale)
        if locale and settings.templates:
            _refuse_partial(settings.templates, locale)


def _refuse_partial(folder: Path, locale: str) -> None:
    """Refuse a language into which only a part of the mail is translated."""
    for name in (SUBJECT, TEXT, HTML):
        if not any((folder / closest / name).exists() for closest in locale_folders(locale)):
            raise UsageError(
                f"{folder / locale}: {name} is missing", "translate every part of a mail"
            )


def _refuse_empty(message: EmailMessage, locale: str | None) -> None:
    """Refuse a mail that says nothing in one of its parts."""
    bodies = {name: message.get_body((kind,)) for name, kind in ((TEXT, "plain"), (HTML, "html"))}
    parts = {name: body.get_content() if body else "" for name, body in bodies.items()}
    parts[SUBJECT] = str(message["Subject"])
    for name, content in parts.items():
        if not content.strip():
            where = f"{locale}/{name}" if locale else name
            raise UsageError(f"{where}: broken template: it makes nothing", "see docs/mail.md")


def _locales(folder: Path | None) -> Iterator[str]:
    if folder is None:
        return
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot read it: {error.strerror}", "check mail.templates"
        ) from None
    for path in inner:
        if not any((path / name).exists() for name in (SUBJECT, TEXT, HTML)):
            continue
        usual = locale_folders(path.name)
        if not usual:
            raise UsageError(f"{path}: no language tag", "name the folder such as de or de-AT")
        if usual[0] != path.name:
            raise UsageError(f"{path}: nobody's language is spelled so", f"name it {usual[0]}")
        yield path.name
