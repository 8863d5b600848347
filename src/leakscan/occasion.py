"""Who runs the guard: git as its hook, the pre-commit framework, or somebody by hand.

The glance asks this before anything else is imported.
"""

import os


def is_asked() -> bool:
    """Whether somebody runs `pre-commit` by hand, and waits for an answer."""
    return not _is_hook() and not _is_framework() and os.isatty(1)


def is_framework_by_hand() -> bool:
    """Whether somebody runs the framework by hand: then it may mean all files."""
    return _is_framework() and not _is_hook()


def names_commits() -> bool:
    """Whether the framework names commits to look at, instead of what is staged."""
    return bool(of_framework("TO_REF"))


def is_pushed_by_framework() -> bool:
    """Whether the framework names commits that are pushed, or to be looked at as if they were."""
    return bool(of_framework("REMOTE_NAME")) or names_commits()


def of_framework(name: str) -> str:
    """Return what the framework says; empty if it says nothing.

    Args:
        name: of its variable, without what they all begin with.
    """
    return os.environ.get(f"PRE_COMMIT_{name}", "")


def _is_hook() -> bool:
    """Whether git runs a hook for a commit: then it names the index."""
    return "GIT_INDEX_FILE" in os.environ


def _is_framework() -> bool:
    return "PRE_COMMIT" in os.environ
