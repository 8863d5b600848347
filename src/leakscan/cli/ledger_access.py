"""The ledger, its keys and what is done about leaks, as the configuration says."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakscan.cli.embedded_issuer import embedded_hooks
from leakscan.ledger.schema import open_ledger
from leakscan.ledger.seal import open_vault
from leakscan.respond.settings import read_ledger_settings, read_response_settings
from leakscan.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leakscan.config import Config
    from leakscan.ledger.engine import Ledger
    from leakscan.ledger.seal import Vault
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
def opened_ledger(config: Config) -> Iterator[Ledger]:
    """Open the ledger alone, for reading it.

    Raises:
        UsageError: the configuration is wrong.
        LeakscanError: the ledger cannot be opened.
    """
    ledger = open_ledger(read_ledger_settings(config).url)
    with contextlib.closing(ledger):
        yield ledger


@contextlib.contextmanager
def opened_response(config: Config) -> Iterator[Response]:
    """Open everything.

    Raises:
        UsageError: the configuration is wrong.
        LeakscanError: the ledger or a key cannot be opened.
    """
    settings = read_response_settings(config, os.environ)
    if "disable" not in config.response:
        settings = replace(settings, hooks=embedded_hooks())
    rules = {rule.id: rule for rule in load_rules(config.rule_paths, config.overrides)}
    vault = open_vault(settings.ledger.key_file)
    with opened_ledger(config) as ledger:
        yield Response(ledger, vault, settings, rules)
