"""The fuzzing harness works: each target takes its seeds, some changed inputs, and nothing."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

FUZZ = Path(__file__).parents[2] / "fuzz"
sys.path.insert(0, str(FUZZ))
import targets as fuzzed  # noqa: E402 - after the path to it
from mutations import mutated  # noqa: E402

if TYPE_CHECKING:
    from targets import Target

TARGETS = fuzzed.targets()
INPUTS = 300
DECODERS, FORMATS = 10, 12
"""How many there are at least."""


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_seeds_and_changed_inputs(target: Target) -> None:
    rng = random.Random(target.name)  # noqa: S311 - the same every time, on purpose
    seeds = target.seeds()
    assert seeds
    for data in (b"", *seeds, *(mutated(rng, seeds) for _ in range(INPUTS))):
        target.check(data)


def test_all_is_fuzzed() -> None:
    names = list(TARGETS)
    assert sum(name.startswith("decode-") for name in names) >= DECODERS
    assert sum(name.startswith("container-") for name in names) >= FORMATS
    assert {"pack-arriving", "pack-of-entries", "pack-with-index", "detector"} <= set(names)


def test_seeds_are_read_to_their_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    # A seed that is refused at once would lead nowhere.
    resolved = []
    resolve = fuzzed._resolved
    monkeypatch.setattr(
        fuzzed, "_resolved", lambda pack, forest: resolved.append(resolve(pack, forest))
    )
    for name in ("pack-arriving", "pack-of-entries", "pack-with-index"):
        for data in TARGETS[name].seeds():
            resolved.clear()
            TARGETS[name].check(data)
            assert resolved, name


def test_failure_is_kept_and_ends_with_one(tmp_path: Path) -> None:
    """A target that fails on some input makes the runner say so, and the input stays."""
    broken = tmp_path / "broken.py"
    broken.write_text(
        f"import sys; sys.path.insert(0, {str(FUZZ)!r})\n"
        "import run, targets\n"
        "def check(data):\n"
        "    targets.require(b'x' not in data, 'an x')\n"
        "made = {'broken': targets.Target('broken', check, lambda: (b'abc',))}\n"
        "targets.targets = lambda: made\n"
        "if 'worker' in sys.argv:\n"
        "    sys.argv.remove('worker'); import worker; worker.main()\n"
        "run.WORKER = [__file__, 'worker']\n"
        "sys.exit(run.main())\n"
    )
    command = [sys.executable, broken, "--minutes=0.05", "--jobs=1", f"--folder={tmp_path}/found"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED" in done.stdout
    crashers = list((tmp_path / "found/broken").glob("crash-*"))
    assert crashers
    assert all(b"x" in crasher.read_bytes() for crasher in crashers)
