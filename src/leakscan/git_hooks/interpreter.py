"""The Python that a git hook runs, found so that nothing of its surroundings is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import leakscan
from leakscan.errors import LeakscanError

_PACKAGES = """import os, sys
before = set(sys.path)
import site
site.main()
found = [os.fsencode(path) for path in sys.path if path not in before]
sys.stdout.buffer.write(b"".join(path + b"\\0" for path in found))"""
"""Says where this Python finds packages, besides those that it comes with."""

_TRIAL = "import sys; sys.path += sys.argv[1:]; import leakscan.cli, regex, hyperscan"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python and where it finds leakscan and all that leakscan needs.

    Attributes:
        program: the absolute path of the Python.
        packages: absolute paths of folders, to be searched after Python's own.
    """

    program: bytes
    packages: tuple[bytes, ...]


def this_interpreter() -> Interpreter:
    """Describe the Python that runs this.

    Variables such as PYTHONPATH and the present folder have no say in what a git hook imports,
    but leakscan is always found where it is now.

    Raises:
        LeakscanError: leakscan would not run from a git hook.
    """
    if not sys.executable:
        raise LeakscanError(
            "this Python does not know its own path, and so cannot be run by git",
            "install leakscan with pip or pipx, then try again",
        )
    home = os.fsencode(os.path.dirname(os.path.dirname(os.path.abspath(leakscan.__file__))))  # noqa: PTH100, PTH120 - as bytes
    listed = _run("-E", "-P", "-S", "-c", _PACKAGES).split(b"\0")[:-1]
    interpreter = Interpreter(
        os.fsencode(os.path.abspath(sys.executable)),  # noqa: PTH100 - as bytes
        tuple(dict.fromkeys([home, *filter(os.path.isabs, listed)])),
    )
    _run("-I", "-S", "-c", _TRIAL, *interpreter.packages)
    return interpreter


def _run(*arguments: str | bytes) -> bytes:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise LeakscanError(
            f"{sys.executable} would not run leakscan from a git hook ({reason})",
            "install leakscan in a virtual environment or with pipx, then try again",
        )
    return done.stdout
