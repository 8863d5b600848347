"""Read ``[disable.NAME]``, the tables of the hooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.keys import is_signing_key
from leakscan.respond.hooks.command import CommandHook
from leakscan.respond.hooks.http import HttpHook
from leakscan.respond.hooks.plugin import PythonHook, find_function
from leakscan.respond.server_settings import REPLICATE, read_server, read_timeout
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leakscan.respond.hooks.contract import Hook

VARIABLE = "LEAKSCAN_DISABLE_SECRET"
"""The key of the signatures, for every http hook that names no file; ``..._NAME`` for one."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


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
            hook = CommandHook(_argv(table), read_timeout(table, 30))
        else:
            hook = PythonHook(find_function(table.text("entry_point")), read_timeout(table, 30))
        table.done()
        hooks[name] = NamedHook(hook, rules)
    return hooks


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
