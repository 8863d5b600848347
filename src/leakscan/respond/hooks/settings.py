"""Read ``[disable.NAME]``, the tables of the hooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leakscan.errors import UsageError
from leakscan.keys import is_signing_key
from leakscan.respond.hooks.command import CommandHook
from leakscan.respond.hooks.http import HttpHook
from leakscan.respond.hooks.plugin import PythonHook, find_function
from leakscan.respond.web import Server, is_loopback
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leakscan.respond.hooks.contract import Hook

VARIABLE = "LEAKSCAN_DISABLE_SECRET"
"""The key of the signatures, for every http hook that names no file; ``..._NAME`` for one."""

REPLICATE = ("replicate-api-token",)
"""A hook gets no other tokens unless it says so: an issuer is not to be sent those of others."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LONGEST_WAIT = 600.0


@dataclass(frozen=True, slots=True)
class NamedHook:
    """A hook of the configuration, and the ids of the rules that it is for."""

    hook: Hook
    rules: frozenset[str]


def read_hooks(tables: object, source: Path, environ: Mapping[str, str]) -> dict[str, NamedHook]:
    """Read all tables ``[disable.NAME]``.

    Args:
        tables: what TOML made of ``[disable]``.
        source: the file, for errors; paths are relative to its folder.
        environ: where signing keys may be.

    Raises:
        UsageError: a table is wrong; file and key are named.
    """
    hooks: dict[str, NamedHook] = {}
    for name, content in Table(source, "disable", tables).tables():
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{source}: disable: a hook's name has lower-case letters, digits and dashes",
                "rename it",
            )
        table = Table(source, f"disable.{name}", content)
        kind = table.text("kind", choices=("http", "command", "python"))
        rules = frozenset(table.texts("rules", REPLICATE))
        hook: Hook
        if kind == "http":
            hook = _http(table, name, environ)
        elif kind == "command":
            hook = CommandHook(_argv(table), _timeout(table, 30))
        else:
            hook = PythonHook(find_function(table.text("entry_point")), _timeout(table, 30))
        table.done()
        hooks[name] = NamedHook(hook, rules)
    return hooks


def read_server(table: Table, default_url: str | None = None, timeout: float = 10) -> Server:
    """Read the keys ``url``, ``timeout``, ``ca_file``, ``proxy`` and ``allow_plain``.

    Raises:
        UsageError: the URL would send tokens in the clear, or a key is wrong.
    """
    url = table.text("url", default_url) if default_url else table.text("url")
    plain = table.flag("allow_plain", False)
    if not _is_address(url):
        raise table.error("url", "not an address of the form https://HOST/PATH")
    if url.startswith("http:") and not plain and not is_loopback(urlsplit(url).hostname or ""):
        raise table.error(
            "url", "it would send tokens in the clear", "use https, or allow_plain = true"
        )
    proxy = table.text("proxy", None)
    if proxy is not None and not _is_address(proxy):
        raise table.error("proxy", "not an address of the form http://HOST:PORT")
    ca_file = table.path("ca_file", None)
    if ca_file and not ca_file.is_file():
        raise table.error("ca_file", f"there is no file {ca_file}")
    return Server(url, _timeout(table, timeout), ca_file, proxy)


def _is_address(url: str) -> bool:
    if not re.match(r"https?://[^/\s@]+(/|\Z)", url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _http(table: Table, name: str, environ: Mapping[str, str]) -> HttpHook:
    server = read_server(table)
    file = table.path("secret_file", None)
    own = f"{VARIABLE}_{name.upper().replace('-', '_')}"
    if given := environ.get(own) or (None if file else environ.get(VARIABLE)):
        secret = given
    elif file is None:
        raise table.error("secret_file", "missing", f"name a file, or set {own}")
    else:
        try:
            secret = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise table.error("secret_file", f"cannot read {file}", "check the path") from None
    if not is_signing_key(secret):
        raise table.error(
            "secret_file", "not a key of the form whsec_BASE64", "copy it from the issuer"
        )
    return HttpHook(server, secret)


def _argv(table: Table) -> tuple[str, ...]:
    argv = table.texts("argv")
    if not argv:
        raise table.error("argv", "expected a program and its arguments, not an empty list")
    program, *arguments = argv
    # As every path in a configuration; a bare name is looked for on the PATH.
    return (str(table.source.parent / program) if "/" in program else program, *arguments)


def _timeout(table: Table, default: float) -> float:
    return table.seconds("timeout", default, least=0.1, most=_LONGEST_WAIT)
