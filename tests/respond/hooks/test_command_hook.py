"""The command hook runs real programs; the token goes through standard input alone."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leakscan.ledger.words import Answer
from leakscan.respond.failure import AttemptError
from leakscan.respond.hooks.command import CommandHook

if TYPE_CHECKING:
    from leakscan.respond.hooks import DisableRequest


def python(program: str, timeout: float = 20) -> CommandHook:
    return CommandHook((sys.executable, "-c", program), timeout)


def failure(hook: CommandHook, request: DisableRequest) -> AttemptError:
    with pytest.raises(AttemptError) as caught:
        hook.disable(request)
    assert request.token.reveal() not in caught.value.why
    return caught.value


def test_the_program_reads_the_request_and_answers(request_: DisableRequest) -> None:
    program = (
        "import json, sys; data = json.load(sys.stdin)['data'];"
        "print(json.dumps({'status': 'disabled', 'token': {'name': data['token'][:3]}}))"
    )
    outcome = python(program).disable(request_)
    assert (outcome.answer, outcome.token_name) == (Answer.DISABLED, "r8_")


def test_the_token_is_in_no_argument_and_no_variable(
    request_: DisableRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKSCAN_LEDGER_KEYS", "the key of the ledger")
    monkeypatch.setenv("OTHER", "kept")
    seen = tmp_path / "seen"
    program = (
        "import json, os, pathlib, sys;"
        "read = lambda name: pathlib.Path('/proc/self', name).read_bytes().decode();"
        "own = [read('cmdline'), read('environ')];"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps(own + [dict(os.environ)]));"
        'print(\'{"status": "not_ours"}\')'
    )
    python(program).disable(request_)
    text = seen.read_text()
    assert request_.token.reveal() not in text
    variables = json.loads(text)[2]
    assert variables["OTHER"] == "kept"
    assert not [name for name in variables if name.startswith("LEAKSCAN_")]


def test_there_is_no_shell(request_: DisableRequest, tmp_path: Path) -> None:
    hook = CommandHook(("echo", f'{{"status": "disabled"}}; touch {tmp_path / "made"}'))
    assert "not JSON" in failure(hook, request_).why
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit(3)", "exit status 3"),
        ("import sys; sys.exit('no such account')", "exit status 1: no such account"),
        ("import sys; sys.exit(sys.stdin.read())", "exit status 1: "),
        ("pass", "not JSON"),
        ("print('done')", "not JSON"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit status -9"),
        ("import os; os.close(0); print('{}')", "no status"),
    ],
)
def test_a_failure_says_what_is_known(request_: DisableRequest, program: str, words: str) -> None:
    assert words in failure(python(program), request_).why


@pytest.mark.parametrize("argv", [("/no/such/program",), ("/tmp",), ("a\0b",)])  # noqa: S108 - a folder, to be run
def test_what_cannot_be_run_is_trouble(request_: DisableRequest, argv: tuple[str, ...]) -> None:
    error = failure(CommandHook(argv), request_)
    assert (error.trouble, "cannot run it" in error.why) == (True, True)


def test_a_program_that_hangs_is_killed_with_all_it_started(
    request_: DisableRequest, tmp_path: Path
) -> None:
    born = tmp_path / "born"
    program = (
        "import pathlib, subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"pathlib.Path({str(born)!r}).write_text(str(child.pid)); time.sleep(600)"
    )
    started = time.monotonic()
    error = failure(python(program, 3), request_)
    assert time.monotonic() - started < 30
    assert (error.down, error.why) == (True, "no answer within 3 s")
    deadline = time.monotonic() + 30
    while is_alive(int(born.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_just_being_started_is_stopped_too(
    request_: DisableRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    born = tmp_path / "born"
    start = subprocess.Popen

    def start_slowly(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        process = start(*arguments, **options)
        while not born.exists():
            time.sleep(0.01)
        time.sleep(0.5)
        return process

    monkeypatch.setattr(subprocess, "Popen", start_slowly)
    hook = python(f"import pathlib, time; pathlib.Path({str(born)!r}).touch(); time.sleep(600)", 60)
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        failed = pool.submit(failure, hook, request_)
        while not born.exists():
            time.sleep(0.01)
        assert hook.stop()
        assert failed.result().why == "exit status -9"
    assert time.monotonic() - started < 30


def test_what_waits_to_be_started_is_not_started_any_more(
    request_: DisableRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen
    starting, asked = threading.Event(), threading.Event()

    def start_slowly(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        starting.set()
        assert asked.wait(20)
        return start(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start_slowly)
    monkeypatch.setattr("leakscan.respond.hooks.command._LONGEST_START", 60)
    go = tmp_path / "go"
    program = f"import os, time; os.path.exists({str(go)!r}) or time.sleep(600)"
    hook = python(program, 60)
    with ThreadPoolExecutor(3) as pool:
        failed = [pool.submit(failure, hook, request_) for _ in range(2)]
        assert starting.wait(20)
        stopped = pool.submit(hook.stop)
        while not hook._programs.stops:
            time.sleep(0.01)
        asked.set()
        assert stopped.result()
        whys = sorted(one.result().why for one in failed)
    assert whys == ["exit status -9", "stopped before it was begun"]
    go.touch()
    assert failure(hook, request_).why != "stopped before it was begun"


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; what nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_what_it_started_may_outlive_it_and_holds_nobody_up(request_: DisableRequest) -> None:
    program = (
        "import subprocess, sys;"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        'print(\'{"status": "disabled"}\')'
    )
    started = time.monotonic()
    assert python(program).disable(request_).answer is Answer.DISABLED
    assert time.monotonic() - started < 30


def test_an_answer_without_end_takes_no_memory(request_: DisableRequest) -> None:
    program = "import sys; [sys.stdout.write('x' * 1000000) for _ in range(300)]"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = failure(python(program), request_)
    assert "longer than" in error.why
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def test_complaints_without_end_are_cut(request_: DisableRequest) -> None:
    program = "import sys; [sys.stderr.write('x' * 1000000) for _ in range(50)]; sys.exit(3)"
    assert len(failure(python(program), request_).why) <= 300


def test_a_request_that_is_not_read_holds_nobody_up(request_: DisableRequest) -> None:
    from dataclasses import replace

    long = replace(request_, exposure="x" * 1_000_000)
    assert python('print(\'{"status": "not_ours"}\')').disable(long).answer is Answer.NOT_OURS
