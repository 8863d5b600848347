"""Read the ``[mail]`` table of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leakscan.errors import UsageError
from leakscan.respond.mail.settings import PORTS, TOKEN_PAGE, MailSettings, check_ca_file
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = "LEAKSCAN_MAIL_PASSWORD"


def read_mail(table: object, source: Path, environ: Mapping[str, str]) -> MailSettings:
    """Read the ``[mail]`` table.

    Args:
        table: the table, as TOML made it.
        source: the file that it stands in; paths are relative to its folder.
        environ: the environment, for the password.

    Raises:
        UsageError: a key is unknown, missing or wrong, or a file that is named cannot be read.
    """
    keys = Table(source, "mail", table)
    security = keys.text("security", "starttls", choices=PORTS)
    values: dict[str, Any] = {
        "host": keys.text("host"),
        "port": keys.number("port", PORTS[security], least=1, most=65535),
        "security": security,
        "username": keys.text("username", None),
        "password": _password(keys, environ),
        "sender": keys.text("sender"),
        "reply_to": keys.text("reply_to", None),
        "timeout": keys.seconds("timeout", 20.0, least=0.1, most=600),
        "templates": keys.path("templates", None),
        "token_page": keys.text("token_page", TOKEN_PAGE),
        "support": keys.text("support", None),
        "hostname": keys.text("hostname", None),
        "ca_file": keys.path("ca_file", None),
        "allow_plain": keys.flag("allow_plain", default=False),
        "digest_window_seconds": keys.seconds("digest_window_seconds", 600.0, most=86400),
    }
    keys.done()
    if values["templates"] is not None and not values["templates"].is_dir():
        raise keys.error("templates", "no such folder", "check the path")
    try:
        if values["ca_file"] is not None:
            check_ca_file(values["ca_file"])
        return MailSettings(**values)
    except UsageError as error:
        raise UsageError(f"{source}: {error.what}", error.remedy) from None


def _password(keys: Table, environ: Mapping[str, str]) -> str | None:
    """Read the password from the environment, else from the file that the table names."""
    path = keys.path("password_file", None)
    if environ.get(VARIABLE):
        return environ[VARIABLE]
    if path is None:
        return None
    try:
        password = path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise keys.error("password_file", f"cannot read it: {error.strerror}") from None
    except UnicodeDecodeError:
        raise keys.error(
            "password_file", "not UTF-8 text", "write only the password in it"
        ) from None
    if not password:
        raise keys.error("password_file", "is empty", "write the password in it")
    return password
