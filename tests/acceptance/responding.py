"""Run the real command line on a ledger, an issuer and a mail server of the test's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scanning import environment

from leakscan.demo.stage import write_settings
from ledgers import Desk
from servers import a_closed_port

if TYPE_CHECKING:
    from pathlib import Path

    from forked import Commands
    from leakscan.demo.sink import Sink
    from leakscan.issuer.store import Issuer


@dataclass
class Done:
    """What one command answered."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output, decoded."""
        return json.loads(self.stdout)


@dataclass
class Office:
    """A security team's machine: a configuration, and what stands behind it."""

    folder: Path
    settings: Path
    issuer: Issuer
    url: str
    sink: Sink
    commands: Commands
    dead_port: int = 0

    @classmethod
    def made(cls, folder: Path, issuer: Issuer, url: str, sink: Sink, commands: Commands) -> Office:
        """Write the configuration."""
        settings = write_settings(folder, issuer, url, sink.port)
        return cls(folder, settings, issuer, url, sink, commands)

    def lose_the_hook(self) -> None:
        """Name a hook where nobody answers."""
        port = self.url.rpartition(":")[2]
        self.dead_port = a_closed_port()
        self.configure(f":{port}/hooks", f":{self.dead_port}/hooks")

    def name_no_hook(self) -> None:
        """Leave the hook out."""
        text = self.settings.read_text(encoding="utf-8")
        self.configure(text[text.index("[disable.issuer]") : text.index("[verify]")], "")

    def configure(self, old: str, new: str) -> None:
        """Change the configuration."""
        text = self.settings.read_text(encoding="utf-8")
        assert old in text
        self.settings.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *arguments: str, **settings: Any) -> Done:
        """Run a command with this configuration."""
        return self.run_alone(*arguments, "--config", str(self.settings), **settings)

    def run_alone(
        self, *arguments: str, stdin: str = "", cwd: Path | None = None, **variables: Any
    ) -> Done:
        """Run a command; a traceback is a failure."""
        env = _without_none(environment(**variables))
        done = self.commands.run(arguments, stdin=stdin.encode(), env=env, cwd=cwd)
        answer = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in answer.stderr, answer.stderr
        assert "internal error" not in answer.stderr, answer.stderr
        return answer

    def desk(self) -> Any:
        """Open the ledger."""
        return Desk.open(str(self.folder / "ledger.sqlite3"), self.folder / "ledger.key")

    def leak(self, name: str = "leaked", account: str = "ada") -> str:
        """Issue a token and write it to a file that can be scanned; return it."""
        if account not in {known.username for known in self.issuer.accounts()}:
            email = f"{account}@example.com"
            self.issuer.create_account(account, password="x" * 20, email=email)
        token = self.issuer.create_token(account, name).secret.reveal()
        (self.folder / f"{name}.env").write_text(f"REPLICATE_API_TOKEN={token}\n")
        return token

    def scan(self, name: str = "leaked", *options: str, **settings: Any) -> Done:
        """Scan such a file for the ledger."""
        return self.run("scan", str(self.folder / f"{name}.env"), "--record", *options, **settings)


def _without_none(variables: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value is not None}
