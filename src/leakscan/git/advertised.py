"""Asking another repository what it has, as the user who is about to push there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

from leakscan.errors import TargetError
from leakscan.git.own import ask, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 20.0
"""Seconds that the other side has for its answer; somebody waits for the push."""

_LINE = re.compile(r"(?m)^([0-9a-f]{40}|[0-9a-f]{64})\t(.+)$")


def advertised(url: str, patience: float = PATIENCE) -> dict[str, str] | None:
    """Return the hex ids that branches and tags of a repository name, and what tags lead to.

    Nobody is prompted for anything.

    Args:
        url: to which git pushes, all rewriting done.
        patience: seconds that it has to answer.

    Returns:
        ``None`` if it does not say.

    Raises:
        TargetError: git cannot read its configuration, or is not there.
    """
    # It may be the name of a remote, too, or be rewritten once more: that leads elsewhere.
    try:
        leads_to = ask("ls-remote", "--get-url", "--", url, doing="tell where a URL leads")
    except TargetError:
        return None
    if os.fsdecode(leads_to).removesuffix("\n") != url:
        return None
    listed = _answer(url, patience)
    if listed is None:
        return None
    return {name: oid for oid, name in _LINE.findall(os.fsdecode(listed))}


def _answer(url: str, patience: float) -> bytes | None:
    with subprocess.Popen(
        # Hosting services name every review, too, which may be hundreds of thousands.
        ["git", "ls-remote", "--quiet", "--heads", "--tags", "--", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,  # without a terminal, and to be ended with all that it starts
    ) as process:
        try:
            listed, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
    return None if process.returncode else listed


def _environment() -> Mapping[str, str]:
    """Return the user's own settings, as for the push itself, but for prompts."""
    silent = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "LC_ALL": "C"}
    is_set = "GIT_SSH_COMMAND" in os.environ or "GIT_SSH" in os.environ
    if not is_set and not settings(r"^core\.sshcommand$"):
        silent["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
    return os.environ | silent
