"""``leakscan`` and ``python -m leakscan``."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # built in, which its stubs do not know
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def start() -> NoReturn:
    """Run the command line and leave at once.

    Nothing here makes cycles worth collecting, and nothing is left to be done when a command
    is over, so neither looking for garbage nor taking every object apart at the end is waited
    for.
    """
    # Until there is something to leave in order.  The module `signal` takes ms to import.
    if _signal.getsignal(_signal.SIGINT) is not _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    _leave_if_clean()
    import gc
    from contextlib import suppress

    gc.disable()
    # Where the shell has closed a stream, the next file to be opened would take its place.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - stays open until the process ends
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 - stays open until the process ends
    from leakscan.cli import main

    status = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def _leave_if_clean() -> None:
    """Spare a developer the import of everything where there surely is nothing to find."""
    if sys.argv[1:2] in (["pre-commit"], ["commit-msg"]):
        from leakscan.glance import is_clean

        if is_clean(*sys.argv[1:]):
            os._exit(0)


if __name__ == "__main__":
    start()
