"""The ledger, its keys and what is done about leaks, as the configuration says."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.embedded import embedded_hooks
from leakscan.errors import UsageError
from leakscan.ledger.schema import open_ledger
from leakscan.ledger.seal import Vault, open_vault
from leakscan.respond.settings import read_ledger_settings, read_response_settings
from leakscan.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leakscan.config import Config
    from leakscan.ledger.engine import Ledger
    from leakscan.model import Rule
    from leakscan.respond.settings import ResponseSettings


@dataclass(frozen=True, slots=True)
class Response:
    """All that answering leaks takes."""

    ledger: Ledger
    vault: Vault
    settings: ResponseSettings
    rules: Mapping[str, Rule]


@contextlib.contextmanager
def opened_ledger(config: Config, *, make: bool = False) -> Iterator[Ledger]:
    """Open the ledger alone.

    Raises:
        UsageError: the configuration is wrong, or there is no ledger and none is to be made.
        LeakscanError: the ledger cannot be opened.
    """
    ledger = open_ledger(read_ledger_settings(config).url, make=make)
    with contextlib.closing(ledger):
        yield ledger


def vault_of(ledger: Ledger, config: Config) -> Vault:
    """Open the vault of a ledger: where the configuration says, or beside an SQLite file.

    Raises:
        UsageError: a key is none, or a shared ledger's key is not named.
        LeakscanError: the key cannot be read or made.
    """
    file = ledger.engine.url.database if ledger.engine.dialect.name == "sqlite" else None
    beside = Path(file).with_suffix(".key") if file else None
    return open_vault(read_ledger_settings(config).key_file or beside)


@contextlib.contextmanager
def opened_response(config: Config) -> Iterator[Response]:
    """Open everything.

    Raises:
        UsageError: the configuration is wrong.
        LeakscanError: the ledger or a key cannot be opened.
    """
    rules = {rule.id: rule for rule in load_rules(config.rule_paths, config.overrides)}
    with opened_settings(config) as settings:
        _refuse_unknown_rules(config, settings, rules)
        with opened_ledger(config, make=True) as ledger:
            yield Response(ledger, vault_of(ledger, config), settings, rules)


@contextlib.contextmanager
def opened_settings(config: Config) -> Iterator[ResponseSettings]:
    """Read who answers leaks: as configured, or else the issuer on this machine.

    Raises:
        UsageError: the configuration is wrong.
    """
    settings = read_response_settings(config, os.environ)
    if "disable" in config.response:
        yield settings
        return
    with embedded_hooks() as hooks:
        yield replace(settings, hooks=hooks)


def _refuse_unknown_rules(
    config: Config, settings: ResponseSettings, rules: Mapping[str, Rule]
) -> None:
    """Refuse a misspelt rule: nobody would be asked to disable its tokens."""
    named = {f"disable.{name}": hook.rules for name, hook in settings.hooks.items()}
    named |= {"verify": settings.verifier.rules} if settings.verifier else {}
    for table, ids in named.items():
        for unknown in sorted(ids - set(rules)):
            raise UsageError(
                f"{config.source}: {table}.rules: there is no rule {unknown}",
                "see `leakscan rules list`",
            )
