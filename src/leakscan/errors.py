"""One base error.  Each error says what happened and what to do about it."""

from __future__ import annotations


class LeakscanError(Exception):
    """Something a user can act on; the command line prints it as one clear line.

    Args:
        what: what happened.
        remedy: what the user can do about it.
    """

    exit_status = 3

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}" if self.remedy else self.what


class UsageError(LeakscanError):
    """The command line, a configuration file or a rule file is wrong."""

    exit_status = 2


class RuleError(UsageError):
    """A rule file cannot be used."""


class TargetError(LeakscanError):
    """The target of a scan cannot be read at all."""
