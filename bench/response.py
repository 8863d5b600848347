"""How fast leaks are recorded and answered: on this machine, loopback only.

    python bench/response.py [--ledger postgresql://...] [--matches 100000] [--actions 1000]

Four figures: the time from a match to its token being disabled at the embedded issuer, at the end
of a scan and in the middle of one; the time of a `respond` whose hook answers in 50 ms; the time
and memory that recording takes.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.demo.sink import running_sink
from leakscan.demo.stage import write_settings
from leakscan.fingerprint import fingerprint
from leakscan.issuer.serve import running
from leakscan.issuer.store import Issuer
from leakscan.ledger.duties import Duties
from leakscan.ledger.outcomes import Patience
from leakscan.ledger.record import Recorder
from leakscan.ledger.runs import start_run
from leakscan.ledger.schema import open_ledger
from leakscan.ledger.seal import Vault, open_vault
from leakscan.model import (
    PUBLIC,
    ChecksumVerdict,
    Confidence,
    Finding,
    Kind,
    Location,
    Rule,
    Secret,
)
from leakscan.respond.hooks.http import HttpHook
from leakscan.respond.hooks.settings import NamedHook
from leakscan.respond.responder import respond
from leakscan.respond.settings import LedgerSettings, ResponseSettings
from leakscan.respond.web import Server
from leakscan.rules import load_rules, select_rules
from leakscan.sample import mint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.ledger.engine import Ledger

KEY = bytes(32)
SIGNING_KEY = "whsec_c2VjcmV0IGZvciBiZW5jaG1hcmtz"
DELAY = 0.05

_MUCH = b"\n" * (5 << 20)
"""More than a scan reads before it searches."""


def a_finding(rule: Rule, secret: Secret, number: int) -> Finding:
    """Make a finding with one place."""
    place = Location(
        Kind.BLOB,
        "https://github.com/acme/app",
        object=f"{number:040x}",
        commit=f"{number:040x}",
        path=f"settings/{number}.toml",
        line=number % 500 + 1,
        column=9,
    )
    return Finding(
        rule,
        secret,
        fingerprint(KEY, rule.id, secret),
        Confidence.HIGH,
        ChecksumVerdict.UNKNOWN,
        None,
        ("well formed",),
        (place,),
    )


def some_findings(rule: Rule, secrets: int, matches: int) -> Iterator[Finding]:
    """Yield matches of a number of secrets, one by one, in no order."""
    rng = random.Random(0)  # noqa: S311 - the same every time, on purpose
    minted = [mint(rng) for _ in range(secrets)]
    for number in range(matches):
        yield a_finding(rule, minted[number] if number < secrets else rng.choice(minted), number)


def settings_for(url: str, key: str, rule: Rule) -> ResponseSettings:
    """Ask one hook, and nobody else."""
    hook = NamedHook(HttpHook(Server(url), key), frozenset({rule.id}))
    return ResponseSettings(
        ledger=LedgerSettings(),
        hooks={"issuer": hook},
        verifier=None,
        mail=None,
        alerts=None,
        patience=Patience(),
        concurrency=16,
        lease=timedelta(seconds=60),
    )


def record(ledger: Ledger, vault: Vault, rule: Rule, found: Iterator[Finding]) -> None:
    """Record findings as a scan does."""
    run = start_run(ledger, "https://github.com/acme/app", None, "bench")
    duties = Duties({"issuer": frozenset({rule.id})})
    Recorder(ledger, vault, duties, run).record(found, PUBLIC)


def megabytes() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def slow_hook() -> Iterator[str]:
    """Serve a hook that takes its time."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            time.sleep(DELAY)
            body = json.dumps({"status": "disabled"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Threads(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    with Threads(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def bench_latency(folder: Path, rule: Rule, url: str | None) -> None:
    """Measure from a match to the disabled token, ten times."""
    with (
        Issuer.open(folder / "issuer") as issuer,
        running(issuer) as address,
        closing(open_ledger(url or str(folder / "latency.sqlite3"))) as ledger,
    ):
        vault = open_vault(folder / "key")
        issuer.create_account("ada", password="x" * 20, email="ada@example.com")
        settings = settings_for(f"{address}/hooks/disable", issuer.webhook_secret, rule)
        times = []
        for number in range(10):
            secret = issuer.create_token("ada", str(number)).secret
            started = time.perf_counter()
            record(ledger, vault, rule, iter([a_finding(rule, secret, number)]))
            events = list(respond(ledger, vault, settings, {rule.id: rule}))
            times.append(time.perf_counter() - started)
            assert [event.answer for event in events] == ["disabled"]
        print(f"match to disabled: {sorted(times)[5] * 1000:.0f} ms (median of 10)")


def bench_scanning(folder: Path) -> None:
    """Measure the same for a scan that goes on, five times in one process."""
    folder.mkdir()
    with (
        Issuer.open(folder / "issuer") as issuer,
        running(issuer) as address,
        running_sink() as sink,
    ):
        issuer.create_account("ada", password="x" * 20, email="ada@example.com")
        settings = write_settings(folder, issuer, address, sink.port)
        command = [sys.executable, "-m", "leakscan", "scan", "-", "--record", "--config"]
        times = []
        with subprocess.Popen(
            [*command, str(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as scan:
            assert scan.stdin
            scan.stdin.write(_MUCH)
            for number in range(5):
                token = issuer.create_token("ada", str(number)).secret.reveal()
                scan.stdin.write(token.encode() + _MUCH)
                started = time.perf_counter()  # all but the last of it has been read
                while issuer.bearer(token):
                    time.sleep(0.01)
                times.append(time.perf_counter() - started)
            scan.stdin.close()
        print(f"in the middle of a scan: {sorted(times)[2] * 1000:.0f} ms (median of 5)")


def bench_recording(folder: Path, rule: Rule, url: str | None, matches: int) -> None:
    """Measure recording, and how memory grows with ten times as many."""
    vault = open_vault(folder / "key")
    with closing(open_ledger(url or str(folder / "recording.sqlite3"))) as ledger:
        record(ledger, vault, rule, some_findings(rule, matches // 10, matches // 10))
        before = megabytes()
        started = time.perf_counter()
        record(ledger, vault, rule, some_findings(rule, matches // 10, matches))
        seconds = time.perf_counter() - started
        print(
            f"{matches:,} matches of {matches // 10:,} findings recorded in {seconds:.1f} s; "
            f"peak {megabytes():.0f} MB, {megabytes() - before:+.0f} MB over the first tenth"
        )


def bench_responding(folder: Path, rule: Rule, url: str | None, count: int) -> None:
    """Measure a response to many findings."""
    vault = open_vault(folder / "key")
    with (
        closing(open_ledger(url or str(folder / "responding.sqlite3"))) as ledger,
        slow_hook() as address,
    ):
        record(ledger, vault, rule, some_findings(rule, count, count))
        settings = settings_for(address, SIGNING_KEY, rule)
        started = time.perf_counter()
        events = respond(ledger, vault, settings, {rule.id: rule})
        answers = Counter(event.answer for event, _ in zip(events, range(count), strict=False))
        print(
            f"{count:,} due actions done in {time.perf_counter() - started:.1f} s: {dict(answers)}"
        )


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", help="URL of an empty PostgreSQL database")
    parser.add_argument("--matches", type=int, default=100_000)
    parser.add_argument("--actions", type=int, default=1_000)
    options = parser.parse_args()
    (rule,) = select_rules(load_rules(), ["replicate-api-token"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench_latency(folder, rule, options.ledger)
        bench_responding(folder, rule, options.ledger, options.actions)
        bench_recording(folder, rule, options.ledger, options.matches)
        bench_scanning(folder / "scan")


if __name__ == "__main__":
    main()
