"""A server in a process of its own, for measurements, serves the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.backend import git_server_process
from leakscan.git.wire import Limits

if TYPE_CHECKING:
    from wire_stage import Stage


@pytest.mark.parametrize(("options", "requests"), [((), 1), (("--v0",), 3)])
def test_a_server_in_another_process_serves_the_same(
    stage: Stage, options: tuple[str, ...], requests: int
) -> None:
    before, head = stage.commits[4], stage.commits[9]
    with git_server_process(stage.server.root, *options) as base:
        url = f"{base}/acme/app/.git"
        with stage.wire.fetch_push(url, before, head, Limits(), stage.meter) as arriving:
            pack = b"".join(arriving)
    assert stage.objects(pack) == stage.expected(f"{before}..{head}")
    assert stage.meter.requests == requests
