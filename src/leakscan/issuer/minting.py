"""What a token of this issuer looks like, and how leakscan is told of it."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from leakscan.errors import UsageError
from leakscan.model import Checksum, Secret
from leakscan.rules import load_rules, select_rules
from leakscan.rules.checksum import BASE62, compute

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RULE = "replicate-api-token"
PREFIX = "r8_"
RANDOM_CHARACTERS = 31
CHECKSUM = Checksum(algorithm="crc32", over="prefix+body", encoding="base62", width=6)


def mint() -> Secret:
    """Make a token: 31 random characters (184 bits) between the prefix and their checksum."""
    body = "".join(secrets.choice(BASE62) for _ in range(RANDOM_CHARACTERS))
    return Secret(PREFIX + body + compute(CHECKSUM, PREFIX, body))


def rule_override() -> str:
    """Return the TOML that tells leakscan of the checksum.

    The examples are made on the spot, so that none was ever issued.
    """
    (shipped,) = select_rules(load_rules(), [RULE])
    whole = mint().reveal()
    sound = [f"REPLICATE_API_TOKEN={mint().reveal()}", f"Authorization: Bearer {whole}"]
    broken = whole[:-1] + ("1" if whole[-1] == "0" else "0")
    unsound = [f"REPLICATE_API_TOKEN={broken}", *shipped.examples.negative]
    stated = ("algorithm", "over", "encoding", "width")
    checksum = ", ".join(f"{key} = {json.dumps(getattr(CHECKSUM, key))}" for key in stated)
    return (
        "# For leakscan's own configuration.  Tokens of this issuer carry a checksum: one that\n"
        "# fits proves a token.  A token without it, such as of Replicate's, is then graded low.\n"
        f"[rules.override.{RULE}]\n"
        f"checksum = {{ {checksum} }}\n\n"
        "# SYNTHETIC: made for this text, and issued to nobody.\n"
        f"[rules.override.{RULE}.examples]\n"
        f"positive = {_toml_list(sound)}\n"
        f"negative = {_toml_list(unsound)}\n"
    )


def hook_settings(url: str, secret_file: Path) -> str:
    """Return the TOML with which leakscan's http hook finds this issuer."""
    return (
        "[disable.issuer]\n"
        'kind = "http"\n'
        f"url = {toml_text(url)}\n"
        f"secret_file = {toml_text(str(secret_file))}\n"
    )


def verify_settings(hook_url: str) -> str:
    """Return the TOML with which leakscan asks this issuer whether a token works.

    It is commented out: for most issuers, being asked counts as a use of the token.
    """
    return (
        "# To ask first whether the token still works, and whose it is:\n"
        "# [verify]\n"
        f"# url = {toml_text(urljoin(hook_url, '../v1/account'))}\n"
    )


def digest_settings(digest_file: Path, key_file: Path) -> str:
    """Return the TOML with which leakscan reads a digest file of this issuer."""
    return (
        f"[digests]\nfile = {toml_text(str(digest_file))}\nkey_file = {toml_text(str(key_file))}\n"
    )


def toml_text(text: str) -> str:
    """Write a text as TOML does.

    Raises:
        UsageError: it holds bytes that are not UTF-8, for which TOML has no spelling.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{text}: TOML has no spelling for a name that is not UTF-8", "choose another"
        ) from None
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_list(texts: Iterable[str]) -> str:
    return "[\n" + "".join(f"  {toml_text(text)},\n" for text in texts) + "]"
