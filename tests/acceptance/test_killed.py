"""kill -9 at every step between match and mail: nothing is lost, nothing done twice in effect."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from scanning import environment

from leakscan.demo.sink import Sink, running_sink
from leakscan.demo.stage import write_settings
from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer
from leakscan.ledger.words import ActionKind
from ledgers import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLED = -signal.SIGKILL
TESTS = Path(__file__).parents[1]
_accounts = count(1)


@dataclass
class Killable:
    """A process that runs commands in forks, each to its end or to its death."""

    process: subprocess.Popen[str]

    @classmethod
    @contextlib.contextmanager
    def started(cls) -> Iterator[Killable]:
        command = [sys.executable, str(TESTS / "killable.py")]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            yield cls(process)
            assert process.stdin
            process.stdin.close()

    def run(self, *arguments: str, step: int = 0, beside: bool = False) -> tuple[int, str]:
        """Run a command, killed at a step; return its status and which processes died."""
        assert self.process.stdin
        assert self.process.stdout
        command = {"arguments": arguments, "step": step, "beside": beside}
        print(json.dumps(command), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer["status"], answer["deaths"]


@dataclass
class Leak:
    """Two leaked tokens of one owner and one of another, a token that is not, and a ledger."""

    folder: Path
    settings: Path
    url: str
    sink: Sink
    leaked: list[str]
    safe: str

    @classmethod
    def made(cls, folder: Path, issuer: Issuer, url: str, sink: Sink) -> Leak:
        folder.mkdir()
        ada, grace = (f"{name}{next(_accounts)}" for name in ("ada", "grace"))
        first = issuer.create_account(ada, password="x" * 20, email=f"{ada}@example.com")
        other = issuer.create_account(grace, password="x" * 20, email=f"{grace}@example.com")
        second = issuer.create_token(ada, "second").secret.reveal()
        leaked = [first.token.secret.reveal(), second, other.token.secret.reveal()]
        (folder / "files").mkdir()
        for number, token in enumerate(leaked):
            (folder / "files" / f"{number}.env").write_text(f"TOKEN={token}\n")
        settings = write_settings(folder, issuer, url, sink.port)
        safe = issuer.create_token(ada, "safe").secret.reveal()
        return cls(folder, settings, url, sink, leaked, safe)

    @property
    def scan(self) -> tuple[str, ...]:
        return ("scan", str(self.folder / "files"), "--record", "--config", str(self.settings))

    @property
    def respond(self) -> tuple[str, ...]:
        return ("respond", "--config", str(self.settings))

    def mails(self) -> Counter[str]:
        """Count the mails that tell of each finding of this leak."""
        with self.desk() as desk:
            mine = {row.fingerprint for row in desk.rows("findings", "fingerprint")}
        told = (f for mail in self.sink.mails for f in mail.get_all("x-leakscan-finding", []))
        return Counter(name for name in (f.strip() for f in told) if name in mine)

    @contextlib.contextmanager
    def desk(self) -> Iterator[Desk]:
        with Desk.open(str(self.folder / "ledger.sqlite3"), self.folder / "ledger.key") as desk:
            yield desk

    def respond_later(self, runner: Killable) -> None:
        """Do what an operator's timer does, when leases and what mails wait for have ended."""
        for _ in range(2):
            with self.desk() as desk:
                desk.pass_time(timedelta(hours=2))
            runner.run(*self.respond)

    def assert_closed(self) -> None:
        """Check what has to be true once all is over, whatever happened before."""
        for token, status in [*((token, 401) for token in self.leaked), (self.safe, 200)]:
            answer = requests.get(
                f"{self.url}/v1/account", headers={"authorization": f"Bearer {token}"}, timeout=20
            )
            assert answer.status_code == status
        with self.desk() as desk:
            findings = desk.rows("findings", "id, fingerprint, sealed_secret, disabled_at")
            assert len(findings) == len(self.leaked)
            assert [row.sealed_secret for row in findings] == [None] * len(findings)
            assert None not in [row.disabled_at for row in findings]
            assert set(desk.states(ActionKind.DISABLE)) == {"done"}
            assert set(desk.states(ActionKind.NOTIFY)) == {"done"}
            attempts = {
                row.finding_id: row.attempts
                for row in desk.rows("actions", "finding_id, kind, attempts")
                if row.kind == "notify"
            }
        mails = self.mails()
        for row in findings:
            assert 1 <= mails[row.fingerprint] <= attempts[row.id]

    def recover(self, runner: Killable) -> None:
        """Scan again, then do all that is left; check that it is over, and that it stays so."""
        runner.run(*self.scan)
        self.respond_later(runner)
        self.assert_closed()
        mails = self.mails()
        assert runner.run(*self.respond)[0] == 0
        assert self.mails() == mails


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Issuer, str, Sink]]:
    """Serve an issuer and a mail server."""
    folder = tmp_path_factory.mktemp("killed")
    with Issuer.open(folder / "issuer") as issuer, running(issuer) as url, running_sink() as sink:
        yield folder, issuer, url, sink


Place = tuple[Path, Issuer, str, Sink]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("half", [0, 1])
def test_killed_at_every_step_of_a_scan_that_is_recorded(place: Place, half: int) -> None:
    folder, *servers = place
    with Killable.started() as runner:
        status, step = KILLED, half - 1
        # How many steps there are differs a little, by which calls happen to end together.
        while status == KILLED:
            step += 2
            leak = Leak.made(folder / f"killed{step}", *servers)
            status, _ = runner.run(*leak.scan, step=step)
            if status != KILLED:  # the step was never reached: a scan that nobody stopped
                assert status == 1
                leak.assert_closed()
            leak.recover(runner)
        assert step > 20


@pytest.mark.timeout(400)
def test_killed_at_every_step_of_what_is_done_beside_a_scan(place: Place) -> None:
    """Both processes count, so that now the one dies, now the other, now both."""
    folder, *servers = place
    all_deaths: Counter[str] = Counter()
    with Killable.started() as runner:
        for step in range(1, 40, 3):
            leak = Leak.made(folder / f"beside{step}", *servers)
            status, deaths = runner.run(*leak.scan, step=step, beside=True)
            assert status == KILLED if "s" in deaths else status in (1, 3)
            all_deaths.update(deaths)
            leak.recover(runner)
    assert all_deaths["s"] >= 3
    assert all_deaths["b"] >= 3


@pytest.mark.timeout(400)
def test_killed_at_random_again_and_again(place: Place) -> None:
    folder, *servers = place
    rng = random.Random("killed")  # noqa: S311 - for times, not for keys
    undisturbed = [sys.executable, "-m", "leakscan", *Leak.made(folder / "usual", *servers).scan]
    started = time.monotonic()
    subprocess.run(undisturbed, env=environment(), capture_output=True, check=False)
    usual = time.monotonic() - started
    leak = Leak.made(folder / "random", *servers)
    commands = [leak.scan, leak.respond]
    deaths = 0
    for turn in count():
        if deaths >= 12:
            break
        process = subprocess.Popen(
            [sys.executable, "-m", "leakscan", *commands[turn % 2]],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(0.1, 1) * usual)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.wait() == KILLED:
            deaths += 1
        else:
            usual *= 0.8  # the machine is faster now, or what is left to be done is less
        if turn % 2:
            with leak.desk() as desk:
                desk.pass_time(timedelta(hours=2))
    with Killable.started() as runner:
        leak.recover(runner)


def test_many_scans_of_the_same_leak_at_once_do_it_once(place: Place) -> None:
    folder, *servers = place
    leak = Leak.made(folder / "together", *servers)
    command = [sys.executable, "-m", "leakscan", *leak.scan]
    processes = [
        subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    errors = [process.communicate()[1] for process in processes]
    assert b"Traceback" not in b"".join(errors)
    # 3: what another process was just doing was not known to be done.
    statuses = {process.returncode for process in processes}
    assert 1 in statuses
    assert statuses <= {1, 3}
    # One process may have told an owner while another had not disabled the owner's other token:
    # that is gathered for the next mail.
    with Killable.started() as runner:
        leak.respond_later(runner)
    leak.assert_closed()
    assert set(leak.mails().values()) == {1}
