"""Fuzz one target in this process: what ``run.py`` starts, under limits of memory and time."""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import signal
import sys
import time
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from targets import Target

try:
    import atheris
except ImportError:
    atheris = None

MEMORY = 1 << 30
"""Bytes of address space that a target gets."""

SLOW = 10
"""Seconds after which one input counts as one that hangs."""

LONGEST = 1 << 16
"""Bytes of an input."""


def main() -> None:
    """Fuzz until the time is over or something is wrong; crashers go into the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Whatever of numpy's is compared, atheris 3.0 never frees: 400 bytes a run.
    names = {"include": ["leakscan"], "exclude": ["leakscan.git.forest_vector"]}
    with atheris.instrument_imports(**names) if atheris else nullcontext():
        from targets import targets

        target = targets()[options.target]
        for seed in target.seeds():
            target.check(seed)  # imports all that it needs, to be instrumented
    if atheris:
        _with_atheris(target, options)
    else:
        _with_hypothesis(target, options)


def _with_atheris(target: Target, options: argparse.Namespace) -> None:
    seeds = options.folder / "seeds"
    seeds.mkdir(exist_ok=True)
    for data in target.seeds():
        (seeds / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    learnt = options.folder / "learnt"
    learnt.mkdir(exist_ok=True)
    flags = [
        f"-max_total_time={options.seconds}",
        f"-timeout={SLOW}",
        f"-max_len={LONGEST}",
        f"-seed={options.seed}",
        f"-artifact_prefix={options.folder}/",
        f"-rss_limit_mb={MEMORY >> 20}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(learnt), str(seeds)], target.check)
    atheris.Fuzz()


def _with_hypothesis(target: Target, options: argparse.Namespace) -> None:
    """Try what hypothesis makes, and changed seeds; print what libFuzzer would."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st
    from mutations import mutated

    signal.signal(signal.SIGALRM, _hangs)  # libFuzzer has a clock of its own
    seeds = [*target.seeds()]
    changed = st.integers(0, 1 << 64).map(lambda n: mutated(random.Random(n), seeds))  # noqa: S311
    quiet = settings(
        database=None,
        deadline=None,
        max_examples=200,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    runs, given_last = 0, b""

    def once(data: bytes) -> None:
        nonlocal runs, given_last
        runs, given_last = runs + 1, data
        signal.alarm(SLOW)
        target.check(data)
        signal.alarm(0)

    end = time.monotonic() + options.seconds
    try:
        while time.monotonic() < end:
            quiet(given(st.one_of(st.binary(max_size=LONGEST), changed))(once))()
    except BaseException:  # noqa: BLE001 - whatever it is, it is what is looked for
        name = hashlib.sha256(given_last).hexdigest()
        (options.folder / f"crash-{name}").write_bytes(given_last)
        traceback.print_exc()
        sys.exit(1)
    finally:
        sys.stderr.write(f"stat::number_of_executed_units: {runs}\n")


def _hangs(_number: int, _frame: object) -> None:
    raise TimeoutError("one input takes too long")


if __name__ == "__main__":
    main()
