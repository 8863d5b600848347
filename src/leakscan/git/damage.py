"""The error of the git layer for one thing that cannot be read."""

from __future__ import annotations


class DamagedError(Exception):
    """An object, a pack or an index cannot be read; the message says why.

    It never leaves the git layer and the sources: there it becomes a `Skip`.
    """
