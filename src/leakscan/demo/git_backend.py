"""Git's own server over HTTP, run once for each request (git-http-backend(1))."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from leakscan.git.program import quiet_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedReader
    from pathlib import Path

_SETTINGS = {"safe.directory": "*"}
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class GitRequest:
    """What a git server is asked.

    Attributes:
        method: such as ``POST``.
        path: of the address.
        query: of the address, without the question mark.
        headers: by name, in small letters.
        body: what was sent along.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@contextlib.contextmanager
def git_answer(
    root: Path,
    request: GitRequest,
    settings: Mapping[str, str] = _SETTINGS,
) -> Iterator[tuple[int, dict[str, str], Iterator[bytes]]]:
    """Have git answer a request; it is stopped at the end, whether it has or not.

    Args:
        root: a folder of repositories.
        request: what is asked.
        settings: of git.

    Yields:
        The status, the headers, and the body in pieces as they come.
    """
    with subprocess.Popen(
        ["git", "http-backend"],
        env=_cgi_environment(root, request, settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin  # noqa: S101 - a pipe, as told above
        stdout = cast("BufferedReader", process.stdout)
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(request.body)
                process.stdin.close()
            headers: dict[str, str] = {}
            while line := stdout.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name] = value.strip()
            status = int(headers.pop("Status", "200").split()[0])
            yield status, headers, iter(lambda: stdout.read1(_PIECE), b"")
        finally:
            process.kill()


def _cgi_environment(
    root: Path, request: GitRequest, settings: Mapping[str, str]
) -> dict[str, str]:
    """Return what git-http-backend(1) is told of a request (RFC 3875)."""
    return quiet_environment(settings) | {
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROJECT_ROOT": str(root.resolve()),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
    }
