"""The demonstration: the README's first command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from scanning import environment

if TYPE_CHECKING:
    from pathlib import Path


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "leakscan", "demo", *options],
        capture_output=True,
        check=False,
        text=True,
        env=environment(HOME=str(folder), TMPDIR=str(folder)),
    )


def test_the_loop_is_shown_on_one_screen_in_under_a_minute_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    started = time.monotonic()
    done = demo(tmp_path)
    assert time.monotonic() - started < 60
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert done.stdout.count("401 dead") == 5
    assert done.stdout.count("200 works  200 works") == 1
    assert "2 of your Replicate API tokens were leaked" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_facts_are_the_same_for_programs(tmp_path: Path) -> None:
    done = demo(tmp_path, "--format", "json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["schema"], facts["well"]) == (0, "leakscan-demo/v1", True)
    leaked = [token for token in facts["tokens"] if token["leak"]]
    assert {token["status_after"] for token in leaked} == {401}
    assert {token["verified"] for token in leaked} == {"valid"}
    assert {token["status_after"] for token in facts["tokens"] if not token["leak"]} == {200}
    assert sorted(mail["to"] for mail in facts["mails"]) == [
        "Ada <ada@example.com>",
        "Alan <alan@example.com>",
        "Grace <grace@example.com>",
        "Mary <mary@example.com>",
    ]
    assert facts["scan"]["coverage"]["complete"]
    assert facts["watch"]["findings"] == 2
    assert facts["watch"]["pushes"]["scanned"] == 1
    assert facts["watch"]["requests"]["git"] == 1
    assert 0 < facts["seconds_to_disabled"] < 60
