"""Secrets at rest: keys are made once, changed safely, and their loss is told plainly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from leakscan.errors import LeakscanError, UsageError
from leakscan.ledger.rotate import reseal
from leakscan.ledger.seal import (
    VARIABLE,
    SealError,
    Vault,
    key_id,
    open_vault,
    with_new_key,
    write_keys,
)
from leakscan.model import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from ledgers import Desk


def test_what_is_sealed_is_opened_again(tmp_path: Path, token: str) -> None:
    vault = open_vault(tmp_path / "key")
    sealed = vault.seal(Secret(token))
    assert token.encode() not in sealed
    assert vault.unseal(sealed, vault.seals_with) == token
    assert vault.seal(Secret(token)) != sealed  # nothing tells equal secrets


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.key"
    assert open_vault(path).keys == open_vault(path).keys
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_of_the_environment_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    monkeypatch.setenv(VARIABLE, f"{keys[0]}, {keys[1]}")
    vault = open_vault(tmp_path / "key")
    assert vault.keys == tuple(keys)
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("text", ["", "no key", "00" * 32])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(UsageError, match="not an encryption key") as caught:
        open_vault(path)
    assert not text or text not in str(caught.value)


def test_a_key_file_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LeakscanError, match="cannot read or make"):
        open_vault(tmp_path / "file" / "key")


def test_a_lost_key_is_named(tmp_path: Path, token: str) -> None:
    old, new = open_vault(tmp_path / "old"), open_vault(tmp_path / "new")
    sealed = old.seal(Secret(token))
    with pytest.raises(SealError, match=f"{old.seals_with}.*new lacks") as caught:
        new.unseal(sealed, old.seals_with)
    assert old.keys[0] not in str(caught.value)


def test_a_damaged_row_is_no_lost_key(tmp_path: Path, token: str) -> None:
    vault = open_vault(tmp_path / "key")
    with pytest.raises(SealError, match="damaged"):
        vault.unseal(vault.seal(Secret(token))[:-9] + b"AAAAAAAAA", vault.seals_with)


def test_a_vault_does_not_print_its_keys(tmp_path: Path) -> None:
    vault = open_vault(tmp_path / "key")
    assert vault.keys[0] not in repr(vault)
    assert key_id(vault.keys[0]) != vault.keys[0][:8]


def test_a_new_key_takes_over(desk: Desk) -> None:
    secrets = desk.secrets(5)
    desk.record_some(5)
    rotated = with_new_key(desk.vault)
    assert reseal(desk.ledger, rotated) == (5, 0)
    assert reseal(desk.ledger, rotated) == (0, 0)
    only_new = replace(rotated, keys=rotated.keys[:1])
    rows = desk.rows("findings", "sealed_secret, sealed_by")
    opened = {only_new.unseal(bytes(row.sealed_secret), row.sealed_by) for row in rows}
    assert opened == set(secrets)


def test_what_no_key_opens_is_counted_and_kept(desk: Desk, tmp_path: Path) -> None:
    desk.record_some(3)
    stranger = open_vault(tmp_path / "stranger")
    assert reseal(desk.ledger, stranger) == (0, 3)
    row = desk.rows("findings", "sealed_secret, sealed_by")[0]
    assert desk.vault.unseal(bytes(row.sealed_secret), row.sealed_by)


def test_a_key_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "key"
    vault = open_vault(path)
    write_keys(path, with_new_key(vault).keys)
    assert open_vault(path).keys[1:] == vault.keys
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_an_empty_vault_is_none() -> None:
    with pytest.raises(UsageError):
        Vault((), "nowhere")
