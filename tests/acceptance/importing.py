"""What Python says that it imports: every module is time that a developer waits."""

from __future__ import annotations

SLOW = {
    "alembic",
    "apprise",
    "argon2",
    "cryptography",
    "dulwich",
    "git",
    "github",
    "jinja2",
    "numpy",
    "requests",
    "rich",
    "sqlalchemy",
    "starlette",
    "tenacity",
    "urllib3",
    "uvicorn",
}
"""Packages that nobody is to wait for."""

ONLY_FOR_PREFIXES = {"regex"}
"""Packages that are needed where something looks like a token."""

ONLY_FOR_MUCH = {"hyperscan"}
"""Packages that are needed where there are megabytes to read."""

_SIGN = "import time:"


def modules(said: str) -> set[str]:
    """Return the names of the modules that Python says it has imported (``-X importtime``)."""
    lines = [line for line in said.splitlines() if _SIGN in line]
    return {line.rpartition("|")[2].strip() for line in lines}


def packages(modules: set[str]) -> set[str]:
    """Return the packages that modules are of."""
    return {module.partition(".")[0] for module in modules}
