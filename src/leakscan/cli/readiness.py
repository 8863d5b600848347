"""Whether a response could do its work, as far as that shows on this machine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from leakscan.errors import LeakscanError, UsageError
from leakscan.ledger.seal import key_id
from leakscan.ledger.tables import findings
from leakscan.respond.hooks.command import CommandHook
from leakscan.respond.mail import check_templates

if TYPE_CHECKING:
    from leakscan.cli.ledger_access import Response


def require_ready(response: Response) -> None:
    """Check what would fail only when a token has leaked: templates, programs, keys.

    Raises:
        UsageError: a template is broken, or a hook's program cannot be run.
        LeakscanError: a secret waits that no key at hand can open.
    """
    if response.settings.mail:
        check_templates(response.settings.mail)
    for name, named in response.settings.hooks.items():
        if isinstance(named.hook, CommandHook) and shutil.which(named.hook.argv[0]) is None:
            raise UsageError(
                f"disable.{name}.argv: {named.hook.argv[0]} is no program that can be run",
                "check the path and its permissions",
            )
    mine = [key_id(key) for key in response.vault.keys]
    strange = findings.c.sealed_secret.is_not(None) & findings.c.sealed_by.not_in(mine)
    with response.ledger.reading() as connection:
        count = connection.execute(select(func.count()).where(strange)).scalar_one()
    if count:
        raise LeakscanError(
            f"{count} waiting secrets were encrypted with keys that {response.vault.source} lacks",
            "add these keys, or scan the places again with --record",
        )
