"""Run ``leakscan watch`` on a small GitHub with real repositories, an issuer and a mail server."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scanning import environment
from sqlalchemy import update

from hub import Change, Hub
from hub.backend import GitServer
from leakscan.ledger.push_tables import feeds, pushes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from responding import Done, Office

    from hub.repository import HubRepository, Pushed

TOKEN_VARIABLE = "WATCH_TEST_TOKEN"  # noqa: S105 - the name of a variable


@dataclass
class Town:
    """A small GitHub, the office that watches it, and what was leaked there.

    Attributes:
        leaked: names of the tokens that were planted, by the token.
    """

    office: Office
    hub: Hub
    git: GitServer
    token: str
    leaked: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(cls, office: Office, *, settings: str = "", v0_only: bool = False) -> Iterator[Town]:
        """Serve the small GitHub and configure the office to watch it."""
        folder = office.folder / "hub"
        with (
            GitServer(folder / "repositories", v0_only=v0_only) as git,
            Hub(folder, git.url) as hub,
        ):
            with office.settings.open("a", encoding="utf-8") as file:
                file.write(
                    f'\n[github]\napi_url = "{hub.url}"\ngit_url = "{git.url}"\n'
                    f'credentials = [{{ env = "{TOKEN_VARIABLE}" }}]\n{settings}'
                )
            yield cls(office, hub, git, hub.token())

    def new_token(self, name: str) -> str:
        """Issue a token that is to be leaked."""
        if not self.office.issuer.accounts():
            self.office.issuer.create_account("ada", password="x" * 20, email="ada@example.com")
        token = self.office.issuer.create_token("ada", name).secret.reveal()
        self.leaked[token] = name
        return token

    def leak(self, repository: HubRepository, name: str, **options: Any) -> Pushed:
        """Push a commit that leaks a new token."""
        text = f"REPLICATE_API_TOKEN={self.new_token(name)}\n"
        return self.hub.push(repository, Change({f"{name}.env": text}), **options)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the watch."""
        return {TOKEN_VARIABLE: self.token}

    def watch(self, *options: str, **settings: Any) -> Done:
        """Run the watch to its end."""
        return self.office.run("watch", *options, **self.variables, **settings)

    def once(self, *options: str, **settings: Any) -> Done:
        """Run the watch as a timer would, for its figures."""
        return self.watch("--once", "--format", "json", *options, **settings)

    @contextmanager
    def watching(self, *options: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run the watch beside the test, with these variables in its environment."""
        command = [sys.executable, "-m", "leakscan", "watch", *options]
        with subprocess.Popen(
            [*command, "--config", str(self.office.settings)],
            env=environment(**self.variables, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def alive(self) -> set[str]:
        """Return the names of leaked tokens that still work."""
        return {name for token, name in self.leaked.items() if self.office.issuer.bearer(token)}

    def pass_time(self) -> None:
        """Let leases and delays end, of pushes and of feeds."""
        long_ago = datetime.now(UTC) - timedelta(minutes=1)
        with self.office.desk() as desk, desk.ledger.writing() as connection:
            for table in (pushes, feeds):
                for name in ("due_at", "lease_until"):
                    some = update(table).where(table.c[name].is_not(None))
                    connection.execute(some.values({name: long_ago}))

    def await_death(self, *names: str) -> None:
        """Wait until tokens work no longer."""
        deadline = time.monotonic() + 120  # a feed or a push of a watch that died is taken up late
        while set(names) & self.alive():
            assert time.monotonic() < deadline, self.alive()
            time.sleep(0.02)

    def rows(self, table: str, columns: str = "*") -> list[Any]:
        """Return the rows of a table of the ledger."""
        with self.office.desk() as desk:
            return desk.rows(table, columns)
