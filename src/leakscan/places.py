"""Where configuration files are.  The glance asks this before anything else is imported."""

from __future__ import annotations

import os
import sys

CHECKOUT_FILE = ".leakscan.toml"
"""At the top of a checkout."""

BASELINE_FILE = ".leakscan-baseline"
"""At the top of a checkout, unless the configuration names another."""

CONFIG_VARIABLE = "LEAKSCAN_CONFIG"
"""Names the configuration instead of the user's own."""


def user_config_file() -> str:
    """Return the path of the user's configuration, whether or not there is one."""
    if sys.platform == "darwin":
        folder = "~/Library/Application Support"
    else:
        folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return os.path.expanduser(f"{folder}/leakscan/config.toml")


def own_root(start: str) -> str | None:
    """Return the top of the checkout that the user works in; ``None`` outside of any.

    Args:
        start: the folder that the user is in.
    """
    if tree := os.environ.get("GIT_WORK_TREE"):  # it has no `.git`: dotfiles in a bare repository
        return os.path.realpath(tree)
    return checkout_root(start)


def checkout_root(start: str) -> str | None:
    """Return the top of the checkout around a folder; ``None`` outside of any.

    ``.git`` is a file in linked work trees and submodules.
    """
    folder = os.path.realpath(start)
    while not os.path.exists(folder + "/.git"):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder
