"""Everything that a response needs, real and on this machine."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from ledgers import Desk
from response_stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path, empty_ledger: Path) -> Iterator[Desk]:
    """Give an empty ledger in a file."""
    shutil.copy(empty_ledger, tmp_path / "ledger.sqlite3")
    with Desk.open(str(tmp_path / "ledger.sqlite3"), tmp_path / "ledger.key") as made:
        yield made


@pytest.fixture
def stage(desk: Desk) -> Iterator[Stage]:
    """Give a hook, a mail server and a team's channel, all of which behave well."""
    with ExitStack() as stack:
        yield Stage.enter(stack, desk)
