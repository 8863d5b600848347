"""``leakscan`` and ``python -m leakscan``."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def start() -> NoReturn:
    """Run the command line and leave at once.

    Nothing here makes cycles worth collecting, and nothing is left to be done when a command
    is over, so neither looking for garbage nor taking every object apart at the end is waited
    for.
    """
    gc.disable()
    from leakscan.cli import main

    status = main()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as where the shell has closed it
            with suppress(OSError):
                stream.flush()
    os._exit(status)


if __name__ == "__main__":
    start()
