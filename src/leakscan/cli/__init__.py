"""The command line.  One file a command; a command's module is imported only when it runs."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan import __version__
from leakscan.errors import LeakscanError

if TYPE_CHECKING:
    from types import FrameType, TracebackType

COMMANDS = {
    "demo": "leakscan.cli.demo:demo",
    "scan": "leakscan.cli.scan:scan",
    "pre-commit": "leakscan.cli.pre_commit:pre_commit",
    "commit-msg": "leakscan.cli.commit_msg:commit_msg",
    "pre-push": "leakscan.cli.pre_push:pre_push",
    "pre-receive": "leakscan.cli.pre_receive:pre_receive",
    "install-hook": "leakscan.cli.install_hook:install_hook",
    "baseline": "leakscan.cli.baseline:baseline",
    "watch": "leakscan.cli.watch:watch",
    "coverage": "leakscan.cli.coverage:coverage",
    "respond": "leakscan.cli.respond:respond",
    "rehearse": "leakscan.cli.rehearse:rehearse",
    "findings": "leakscan.cli.findings:findings",
    "ledger": "leakscan.cli.ledger:ledger",
    "rules": "leakscan.cli.rules:rules",
    "digests": "leakscan.cli.digests:digests",
    "issuer": "leakscan.cli.issuer:issuer",
    "sample": "leakscan.cli.sample:sample",
    "completion": "leakscan.cli.completion:completion",
}

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_LOSING = frozenset({"__del__", "_remove", "remove", "weakref_cb", "cb", "do_close"})
"""Functions that no exception comes out of: Python only prints those of destructors and of what it
calls when an object that is weakly referred to goes, SQLAlchemy those of closing a connection."""


class SignalExit(SystemExit):
    """A signal ends the process.

    Args:
        status: the exit status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


_LAST_WORDS = 5.0
"""Seconds that a command has to say what it did, as long as nobody reads it."""


class LateSignals:
    """Lets a command that is done say so before a signal ends it; a second one ends it at once.

    Use it as a context manager: at its end, what has waited is raised as ever.
    """

    def __init__(self) -> None:
        self._first = 0

    def __enter__(self) -> LateSignals:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in _SIGNALS:
            if signal.getsignal(number) == self._note:
                signal.signal(number, _stop)
        if self._first:
            signal.setitimer(signal.ITIMER_REAL, 0)
            _stop(self._first, None)

    def wait(self) -> None:
        """Have the first signal from now on wait."""
        for number in _SIGNALS:
            if signal.getsignal(number) is _stop:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._first:
            _stop(number, frame)
        self._first = number
        _stop_later(number, _LAST_WORDS)


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports each on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name every command, in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module of one command."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - a wrong entry above is our bug
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leakscan")
def cli() -> None:
    """Find leaked API tokens in git repositories, fast and completely.

    Exit status: 0 clean, 1 findings, 2 wrong usage, 3 error or incomplete scan.
    """


def main() -> int:
    """Run the command line; every expected failure is one clear line on stderr.

    Returns:
        The exit status.
    """
    for number in _SIGNALS:  # so that clones are removed
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _stop)
    try:
        status = _run()
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message(), "")
        status = 2
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx:
            _say(error.ctx.get_usage(), "")
        _say(_presentable(error.format_message()))
        status = 2
    except LeakscanError as error:
        _say(_presentable(str(error)))
        status = error.exit_status
    except (click.Abort, KeyboardInterrupt, SignalExit) as stop:
        _stop_no_more()
        _say("interrupted before the end")
        status = stop.status if isinstance(stop, SignalExit) else 130
    except (BrokenPipeError, SystemExit) as end:
        # The reader of our output went away, which is its right: `leakscan scan x | head`.  (Click
        # turns that into a SystemExit, and leaves by another one when it has completed a word.)
        discard_output()
        status = 0 if getattr(end, "code", 1) == 0 else 141  # as when the closed pipe ends one
    except OSError as error:
        discard_output()
        _say(f"{error.strerror or error}: the result is not whole")
        status = 3
    except Exception as error:
        if os.environ.get("LEAKSCAN_DEBUG"):
            raise
        # Not the message: it might quote what was being read.
        where = f"{type(error).__name__} in {_last_frame(error)}"
        _say(f"internal error ({where}): please report it; LEAKSCAN_DEBUG=1 shows more")
        status = 3
    _stop_no_more()
    return status or 0


def _run() -> int | None:
    """Run a command, or complete a word if the script of a shell asks for that."""
    if "_LEAKSCAN_COMPLETE" in os.environ:
        from leakscan.cli.completing import register

        register()
    status = cli.main(standalone_mode=False)
    return status if isinstance(status, int) else None


def _stop_no_more() -> None:
    """Have signals end the process, where no exception would change its status any more."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in _SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    """End the command, by an exception; a moment later where that would be lost."""
    caller = frame
    while caller:
        if caller.f_code.co_name in _LOSING:
            _stop_later(number, 0.01)
            return
        caller = caller.f_back
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SignalExit(128 + number)


def _stop_later(number: int, seconds: float) -> None:
    signal.signal(signal.SIGALRM, lambda _alarm, frame: _stop(number, frame))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _presentable(text: str) -> str:
    _stop_no_more()  # an exception now would be one too many
    from leakscan.report.presentable import presentable_line

    return presentable_line(text)


def _say(text: str, who: str = "leakscan: ") -> None:
    """Tell the user; where that cannot be, the exit status still does."""
    with contextlib.suppress(OSError):
        click.echo(who + text, err=True)


def discard_output() -> None:
    """Keep standard output from failing again on what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _last_frame(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if not trace:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
