"""``leakscan ledger``: look after the ledger itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from leakscan.cli.options import config_option, past_moment
from leakscan.config import load_config
from leakscan.errors import LeakscanError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

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

    with opened_ledger(load_config(config_path)) as opened:
        click.echo(f"{'ledger':<14} {opened.name}")
        for what, count in totals(opened).items():
            click.echo(f"{what:<14} {count}")
        backlog = Queue(opened).backlog()
    for (kind, responder, state), count in sorted(backlog.items()):
        click.echo(f"{state.replace('_', ' '):<14} {count} {kind} ({responder})")


@ledger.command()
@config_option
def upgrade(config_path: Path | None) -> None:
    """Bring the tables of a shared database to this version; stop older processes first."""
    from leakscan.ledger.engine import open_engine
    from leakscan.ledger.schema import HEAD
    from leakscan.ledger.schema import upgrade as run_migrations
    from leakscan.respond.settings import read_ledger_settings

    opened = open_engine(read_ledger_settings(load_config(config_path)).url)
    run_migrations(opened)
    click.echo(f"{opened.name} is at version {HEAD}.")


@ledger.command()
@click.option(
    "--before", type=past_moment, metavar="WHEN",
    help="Of findings last seen before: 365.days, 2026-11-25 (UTC).",
)  # fmt: skip
@click.option("--person", metavar="EMAIL", help="Only the owner or author of this address.")
@config_option
def forget(before: datetime | None, person: str | None, config_path: Path | None) -> None:
    """Erase who owners and authors are, of findings for which nothing is owed any more.

    What was found, where, and what was done about it stays: a token that is seen again is known
    again, and nobody is told twice.
    """
    from leakscan.cli.ledger_access import opened_ledger
    from leakscan.ledger.forget import forget as erase

    if before is None and not person:
        raise UsageError("nothing says whom to forget", "give --before, --person or both")
    with opened_ledger(load_config(config_path)) as opened:
        done, kept = erase(opened, before, person)
    click.echo(f"People erased from {done} {'finding' if done == 1 else 'findings'}.")
    if kept:
        click.echo(f"{kept} left as they are, since something is owed: see `findings list`.")


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
    from leakscan.cli.ledger_access import opened_ledger, vault_of
    from leakscan.ledger.rotate import reseal, used_keys
    from leakscan.ledger.seal import key_id, locked, write_keys

    config = load_config(config_path)
    with opened_ledger(config) as opened, contextlib.ExitStack() as stack:
        path = vault_of(opened, config).path
        if path:
            stack.enter_context(_writable(path))
            stack.enter_context(locked(path))
        # Read again under the lock: another process may have changed them.
        vault = _renewed(vault_of(opened, config))
        done, lost = reseal(opened, vault)
        click.echo(f"{done} encrypted anew with key {vault.seals_with}.")
        if lost:
            raise LeakscanError(
                f"{lost} cannot be decrypted with any key at hand",
                "add the key that sealed them, or scan their places again with --record",
            )
        if vault.path:
            # The last one stays too: a process that has begun may still seal with it.
            used = used_keys(opened)
            kept = [key for key in vault.keys[2:] if key_id(key) in used]
            write_keys(vault.path, (*vault.keys[:2], *kept))


def _renewed(vault: Vault) -> Vault:
    """Put a new key before those of a file, and write it down before anything is sealed with it.

    Raises:
        UsageError: the keys are in the environment, and there is only one.
    """
    from leakscan.ledger.seal import with_new_key, write_keys

    if vault.path:
        path, vault = vault.path, with_new_key(vault)
        write_keys(path, vault.keys)
    elif len(vault.keys) == 1:
        raise UsageError(f"{vault.source} has one key", "put a new one before it, then run this")
    return vault


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Say in one line that a key file cannot be written."""
    try:
        yield
    except OSError as error:
        raise LeakscanError(
            f"cannot write {path} ({error.strerror})", "make it writable; nothing is lost"
        ) from None
