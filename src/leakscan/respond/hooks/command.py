"""The hook that runs a command of the operator's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leakscan.respond.failure import AttemptError, presentable
from leakscan.respond.hooks.contract import read_answer

if TYPE_CHECKING:
    from leakscan.ledger.outcomes import Disabled
    from leakscan.model import Secret
    from leakscan.respond.hooks.contract import DisableRequest


@dataclass(frozen=True, slots=True)
class CommandHook:
    """Runs a program: the request on its standard input, the answer on its standard output.

    There is no shell; the token is in no argument and no variable, which other users can read.

    Attributes:
        argv: program and arguments.
        timeout: seconds after which it is killed, with all that it has started.
    """

    argv: tuple[str, ...]
    timeout: float = 30

    def disable(self, request: DisableRequest) -> Disabled:
        """Run the program once."""
        try:
            process = subprocess.Popen(
                self.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # so that all of it can be killed
            )
        except OSError as error:
            raise AttemptError(f"cannot run it ({error.strerror})", trouble=True) from None
        except ValueError:
            raise AttemptError("cannot run it (a null character in argv)", trouble=True) from None
        try:
            out, errors = process.communicate(request.to_json(datetime.now(UTC)), self.timeout)
        except subprocess.TimeoutExpired:
            raise AttemptError(f"no answer within {self.timeout:g} s", down=True) from None
        finally:
            _kill(process)
        if process.returncode:
            raise AttemptError(_complaint(process.returncode, errors, request.token))
        return read_answer(out)


def _environment() -> dict[str, str]:
    """Leave out our own settings, among which are keys."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LEAKSCAN_")}


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the program and of what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(OSError):
                stream.close()


def _complaint(status: int, errors: bytes, token: Secret) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    said = f": {lines[-1]}" if lines else ""
    return presentable(f"exit status {status}{said}", token)
