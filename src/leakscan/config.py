"""The operator's configuration: one TOML file (docs/configuration.md).

It comes from ``--config``, ``LEAKSCAN_CONFIG`` or the user's own folder; the checkout that one
works in may add rules to it.  A repository that is scanned has no say.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = ".leakscan.toml"
VARIABLE = "LEAKSCAN_CONFIG"

RESPONSE = ("ledger", "disable", "verify", "mail", "alerts", "respond")
"""Tables that `respond.settings` reads, when there is something to respond to."""

CRAWL = ("github", "watch")
"""Tables that `crawl.settings` reads, when GitHub is watched."""

_TABLES = ("rules", "digests", "fingerprint", *RESPONSE, *CRAWL)


@dataclass(frozen=True, slots=True)
class Config:
    """What an operator may set.  Paths are absolute or relative to the working directory.

    Attributes:
        source: the file that was read; ``None`` if there is none, and all is default.
        checkout: the file of a checkout that adds rules, if there is one.
        rule_paths: rule files, or folders of them, besides the shipped ones.
        enable: ids of the rules to use, or ``all``; empty for the default rules.
        also_enable: ids of more rules to use, which a checkout added.
        overrides: by rule id, keys that replace those of its file.
        digest_file: the issuer's list of issued tokens (`detect.digests`).
        digest_key_file: where its key is kept, unless ``LEAKSCAN_DIGEST_KEY`` is set.
        fingerprint_key_file: where the key for the fingerprints of findings is kept.
        response: the tables of `RESPONSE` as TOML has them.
        crawl: the tables of `CRAWL` as TOML has them.
    """

    source: Path | None = None
    checkout: Path | None = None
    rule_paths: tuple[Path, ...] = ()
    enable: tuple[str, ...] = ()
    also_enable: tuple[str, ...] = ()
    overrides: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    digest_file: Path | None = None
    digest_key_file: Path | None = None
    fingerprint_key_file: Path | None = None
    response: Mapping[str, object] = field(default_factory=dict)
    crawl: Mapping[str, object] = field(default_factory=dict)


def load_config(explicit: Path | None = None, start: Path | None = None) -> Config:
    """Find and read the configuration.

    Args:
        explicit: the file of ``--config``, which comes before all others.
        start: folder inside the checkout that the *user* works in, as a rule the working
            directory; ``None`` leaves checkouts out.  Never a scanned repository.

    Raises:
        UsageError: a named file is missing, or a file is wrong; the key is named.
    """
    named = explicit or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        return _parse(_read(named), named)
    # The command line has imported click already; platformdirs would take another 10 ms.
    import click

    path = Path(click.get_app_dir("leakscan")) / "config.toml"
    config = _parse(_read(path), path) if path.is_file() else Config()
    root = _git_root(start) if start is not None else None
    if root is not None and (root / FILE_NAME).is_file():
        return _with_rules_of(root / FILE_NAME, config)
    return config


def _with_rules_of(path: Path, config: Config) -> Config:
    """Add the rules of a checkout's file, which anybody may have written: it may do no more.

    Raises:
        UsageError: it tries to.
    """
    table = _read(path)
    forbidden = [name for name in _TABLES if name != "rules" and name in table]
    rules = table.get("rules")
    if isinstance(rules, dict) and "override" in rules:
        forbidden.append("rules.override")
    for name in forbidden:
        raise UsageError(
            f"{path}: {name}: not in a checkout's file, which anybody may have written",
            f"set it in your own configuration, or say --config {path}",
        )
    added = _parse(table, path)
    return replace(
        config,
        checkout=path,
        rule_paths=config.rule_paths + added.rule_paths,
        also_enable=added.enable,
    )


def _read(path: Path) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read it: {error.strerror}", "check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from None


def _git_root(start: Path) -> Path | None:
    """Find the top of the checkout around ``start``; `.git` is a file in linked worktrees."""
    folder = start.resolve()
    return next((f for f in (folder, *folder.parents) if (f / ".git").exists()), None)


def _parse(tables: Mapping[str, object], path: Path) -> Config:
    # Imported here: most scans have no configuration.
    from leakscan.toml_table import Table

    for name in tables:
        if name not in _TABLES:
            raise UsageError(f"{path}: {name}: unknown key", f"use {', '.join(_TABLES)}")
    rules = Table(path, "rules", tables.get("rules", {}))
    digests = Table(path, "digests", tables.get("digests", {}))
    fingerprint = Table(path, "fingerprint", tables.get("fingerprint", {}))
    config = Config(
        source=path,
        rule_paths=rules.paths("paths", ()),
        enable=rules.texts("enable", ()),
        overrides={
            name: dict(Table(path, f"rules.override.{name}", content).tables())
            for name, content in rules.table("override").tables()
        },
        digest_file=digests.path("file", None),
        digest_key_file=digests.path("key_file", None),
        fingerprint_key_file=fingerprint.path("key_file", None),
        response={name: content for name, content in tables.items() if name in RESPONSE},
        crawl={name: content for name, content in tables.items() if name in CRAWL},
    )
    for table in (rules, digests, fingerprint):
        table.done()
    return config
