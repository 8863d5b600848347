"""Whether a response could do its work, as far as that shows on this machine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from leakscan.cli.detection import open_detector
from leakscan.errors import LeakscanError, UsageError
from leakscan.fingerprint import load_key
from leakscan.ledger.rotate import used_keys
from leakscan.ledger.runs import has_findings_key
from leakscan.ledger.seal import key_id
from leakscan.respond.hooks.command import CommandHook
from leakscan.respond.mail import check_templates

if TYPE_CHECKING:
    from leakscan.cli.ledger_access import Response
    from leakscan.config import Config


def require_ready(response: Response, config: Config) -> None:
    """Check what would fail only when a token has leaked: templates, programs, keys, rules.

    Raises:
        UsageError: a template is broken, or a hook's program cannot be run, or its
            rules are off.
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
    strange = used_keys(response.ledger) - {key_id(key) for key in response.vault.keys}
    if strange:
        raise LeakscanError(
            f"secrets wait that were encrypted with {', '.join(sorted(strange))}, which"
            f" {response.vault.source} lacks",
            "add these keys, or scan the places again with --record",
        )
    load_key(config.fingerprint_key_file, make=not has_findings_key(response.ledger))
    with open_detector(config, ()) as detector:
        active = {rule.id for rule in detector.rules}
    for name, named in response.settings.hooks.items():
        if not named.rules & active:
            raise UsageError(
                f"disable.{name}.rules: no scan uses {', '.join(sorted(named.rules))}",
                "add them to rules.enable",
            )
