"""Run a command and say what it cost: time, processor, memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource

SAMPLE_EVERY = 0.02


@dataclass
class Run:
    """What one run of a tool cost, and how it ended."""

    wall: float
    cpu: float
    rss: int
    status: int
    complaint: str
    pss: int = 0


def measure(
    command: list[str],
    folder: Path,
    report: Path | None,
    limit: float,
    *,
    watch: bool,
    where: Path | None = None,
) -> Run:
    """Run a command in a session of its own and say what it cost.

    Standard output goes to the report, for a command that does not name it itself.  The folder
    is for what it writes to standard error; it runs there too, unless ``where`` says otherwise.
    """
    own_report = report is None or str(report) in command
    output = Path(os.devnull) if own_report or report is None else report
    with output.open("wb") as out, (folder / "stderr").open("w+b") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            cwd=where or folder,
            start_new_session=True,
        )
        pss, status, usage = follow(process, began + limit, watch=watch)
        wall = time.perf_counter() - began
        errors.seek(0)
        complaint = last_complaint(errors.read().decode(errors="replace"))
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, usage.ru_maxrss * 1024, status, complaint, pss)


def follow(
    process: subprocess.Popen[bytes], deadline: float, *, watch: bool
) -> tuple[int, int, resource.struct_rusage]:
    """Wait for a process; return its session's peak of memory, its status and its usage."""
    killer = threading.Timer(deadline - time.perf_counter(), os.killpg, (process.pid, SIGKILL))
    killer.start()
    peak = pid = 0
    try:
        while watch and not pid:
            peak = max(peak, session_memory(process.pid))
            time.sleep(SAMPLE_EVERY)
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if not watch:
            _, status, usage = os.wait4(process.pid, 0)
    except KeyboardInterrupt:
        os.killpg(process.pid, SIGKILL)
        raise
    finally:
        killer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return peak, process.returncode, usage


def session_memory(session: int) -> int:
    """Add up the proportional set sizes of a session: shared pages count once."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[3]) == session:
                rollup = (stat.parent / "smaps_rollup").read_text()
                total += int(rollup.split("\nPss:", 1)[1].split(None, 1)[0]) * 1024
        except (OSError, IndexError):
            continue  # the process is gone
    return total


def last_complaint(text: str) -> str:
    """Return the last line of a log that tells of a failure."""
    words = ("fatal:", " ERR", "Error")
    lines = [line for line in text.splitlines() if any(word in line for word in words)]
    return lines[-1].strip()[-120:] if lines else ""
