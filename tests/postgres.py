"""A real PostgreSQL server for tests, on a socket in a folder of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Nothing here has to outlive a crash of the machine.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")


def programs() -> Path | None:
    """Find the folder with ``initdb``; Debian puts none of it on the PATH."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


@contextlib.contextmanager
def running_postgres() -> Iterator[Callable[[], str]]:
    """Run a server; yield what makes a fresh database and returns its URL."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL's server programs are not installed (Debian: postgresql-15)")
    place = Path(tempfile.mkdtemp(prefix="leakscan-pg-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(place, owner.pw_uid, owner.pw_gid)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def run(*command: str) -> None:
        subprocess.run(
            command, check=True, capture_output=True, cwd=place, stdin=subprocess.DEVNULL, **user
        )

    data, numbers = str(place / "data"), itertools.count()
    settings = [f"-c {setting}" for setting in (*_FAST, "listen_addresses=")]
    try:
        run(str(folder / "initdb"), "-D", data, "-U", "leakscan", "-A", "trust", "--no-sync")
        options = " ".join([*settings, f"-k {place}"])
        run(str(folder / "pg_ctl"), "-D", data, "-w", "-o", options, "-l", f"{data}/log", "start")
        try:

            def database() -> str:
                name = f"ledger{next(numbers)}"
                run(str(folder / "createdb"), "-h", str(place), "-U", "leakscan", name)
                return f"postgresql://leakscan@/{name}?host={place}"

            yield database
        finally:
            run(str(folder / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)
