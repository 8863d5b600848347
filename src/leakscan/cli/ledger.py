"""``leakscan ledger``: look after the ledger itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import config_option
from leakscan.config import load_config
from leakscan.errors import LeakscanError, UsageError

if TYPE_CHECKING:
    from leakscan.ledger.seal import Vault


@click.group()
def ledger() -> None:
    """Look after the ledger: what was scanned, found, and done about it."""


@ledger.command()
@config_option
def status(config_path: Path | None) -> None:
    """Say where the ledger is, what is in it, and what is still owed."""
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.queue import Queue
    from leakscan.ledger.totals import totals

    with opened_ledger(load_config(config_path, Path.cwd())) as opened:
        click.echo(f"{'ledger':<10} {opened.name}")
        for what, count in totals(opened).items():
            click.echo(f"{what:<10} {count}")
        backlog = Queue(opened).backlog()
    for (kind, responder, state), count in sorted(backlog.items()):
        click.echo(f"{state.replace('_', ' '):<10} {count} {kind} ({responder})")


@ledger.command()
@config_option
def upgrade(config_path: Path | None) -> None:
    """Bring the tables of a shared database to this version; stop older processes first."""
    from leakscan.ledger.engine import open_engine
    from leakscan.ledger.schema import HEAD
    from leakscan.ledger.schema import upgrade as run_migrations
    from leakscan.respond.settings import read_ledger_settings

    opened = open_engine(read_ledger_settings(load_config(config_path, Path.cwd())).url)
    run_migrations(opened)
    click.echo(f"{opened.name} is at version {HEAD}.")


@ledger.command("new-key")
def new_key() -> None:
    """Print a new encryption key, for LEAKSCAN_LEDGER_KEYS or a key file."""
    from cryptography.fernet import Fernet

    click.echo(Fernet.generate_key().decode())


@ledger.command("rotate-key")
@config_option
def rotate_key(config_path: Path | None) -> None:
    """Encrypt every secret that waits anew: with a new key, or the first of the environment.

    Keys in a file: a new one is made; the last one stays until the next time, for processes that
    are running now, and older ones are removed.  Keys in LEAKSCAN_LEDGER_KEYS: put a new one
    first, run this, then remove the others.
    """
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.rotate import reseal
    from leakscan.ledger.seal import open_vault, with_new_key
    from leakscan.respond.settings import read_ledger_settings

    config = load_config(config_path, Path.cwd())
    vault = open_vault(read_ledger_settings(config).key_file)
    if vault.path:
        vault = with_new_key(vault)
        _write(vault, vault.keys)
    elif len(vault.keys) == 1:
        raise UsageError(f"{vault.source} has one key", "put a new one before it, then run this")
    with opened_ledger(config) as opened:
        done, lost = reseal(opened, vault)
    click.echo(f"{done} encrypted anew with key {vault.seals_with}.")
    if lost:
        raise LeakscanError(
            f"{lost} cannot be decrypted with any key at hand",
            "add the key that sealed them, or scan their places again with --record",
        )
    if vault.path:
        _write(vault, vault.keys[:2])  # a process that has begun may still seal with the last one


def _write(vault: Vault, keys: tuple[str, ...]) -> None:
    from leakscan.ledger.seal import write_keys

    assert vault.path is not None  # noqa: S101 - the callers have asked
    try:
        write_keys(vault.path, keys)
    except OSError as error:
        raise LeakscanError(
            f"cannot write {vault.path} ({error.strerror})", "make it writable; nothing is lost"
        ) from None
