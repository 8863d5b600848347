"""``leakscan`` and ``python -m leakscan``."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn


def start() -> NoReturn:
    """Run the command line and leave at once.

    Half of the time of a small scan is Python's own.  Nothing here makes cycles worth
    collecting, and nothing is left to be done when a command is over, so neither looking for
    garbage while modules are imported nor taking every object apart at the end is waited for.
    """
    gc.disable()
    from leakscan.cli import main

    status = main()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    start()
