"""The operator's configuration: one TOML file (docs/configuration.md).

It comes from ``--config``, ``LEAKSCAN_CONFIG`` or the user's own folder; the checkout that one
works in may add rules to it, and say what not to report of itself.  Any other repository that is
scanned has no say.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import UsageError
from leakscan.places import (
    BASELINE_FILE,
    CHECKOUT_FILE,
    CONFIG_VARIABLE,
    own_root,
    user_config_file,
)
from leakscan.reasons import gives_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.toml_table import Table

RESPONSE = ("ledger", "disable", "verify", "mail", "alerts", "respond")
"""Tables that `respond.settings` reads, when there is something to respond to."""

CRAWL = ("github", "watch")
"""Tables that `crawl.settings` reads, when GitHub is watched."""

_OF_CHECKOUTS = ("rules", "allow", "baseline")
"""Tables that a checkout's file may have."""

_TABLES = (*_OF_CHECKOUTS, "digests", "fingerprint", *RESPONSE, *CRAWL)

_ALLOWANCE = '{ reason = "made for tests", paths = ["tests/fixtures/**"] }'


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the configuration allows to stand somewhere: one table of ``[[allow]]``.

    All that is set must hold, and ``paths`` or ``patterns`` is.

    Attributes:
        where: the file and the number of the table, for errors.
        reason: why it is allowed.
        paths: globs (`leakscan.suppress.globs`), one of which the path matches.
        patterns: regular expressions, one of which the whole secret matches.
        rule: the id of the rule; ``None`` for any.
        source: the file that allows it.
    """

    where: str
    reason: str
    paths: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    rule: str | None = None
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What an operator may set.  Paths are absolute or relative to the working directory.

    Attributes:
        source: the file that was read; ``None`` if there is none, and all is default.
        root: the top of the checkout that the user works in.
        checkout: the file of that checkout, if it has one and it was read.
        rule_paths: rule files, or folders of them, besides the shipped ones.
        enable: ids of the rules to use, or ``all``; empty for the default rules.
        also_enable: ids of more rules to use, which a checkout added.
        overrides: by rule id, keys that replace those of its file.
        digest_file: the issuer's list of issued tokens (`detect.digests`).
        digest_key_file: where its key is kept, unless ``LEAKSCAN_DIGEST_KEY`` is set.
        fingerprint_key_file: where the key for the fingerprints of findings is kept.
        allow: what the operator allows anywhere.
        baseline_file: the operator's baseline, if one is set.
        checkout_allow: what the checkout's file allows in the checkout.
        checkout_baseline: the baseline of the checkout, whether or not it is there.
        response: the tables of `RESPONSE` as TOML has them.
        crawl: the tables of `CRAWL` as TOML has them.
    """

    source: Path | None = None
    root: Path | None = None
    checkout: Path | None = None
    rule_paths: tuple[Path, ...] = ()
    enable: tuple[str, ...] = ()
    also_enable: tuple[str, ...] = ()
    overrides: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    digest_file: Path | None = None
    digest_key_file: Path | None = None
    fingerprint_key_file: Path | None = None
    allow: tuple[Allowance, ...] = ()
    baseline_file: Path | None = None
    checkout_allow: tuple[Allowance, ...] = ()
    checkout_baseline: Path | None = None
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
    top = own_root(str(start)) if start is not None else None
    root = Path(top) if top is not None else None
    named = explicit or (
        Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None
    )
    if named is not None:
        return _in_checkout(_parse(_read(named), named), root)
    path = Path(user_config_file())
    tables = _read_if_there(path)
    config = _in_checkout(Config() if tables is None else _parse(tables, path), root)
    if root is not None and (tables := _read_if_there(root / CHECKOUT_FILE)) is not None:
        return _with_checkout(root / CHECKOUT_FILE, tables, config)
    return config


def _in_checkout(config: Config, root: Path | None) -> Config:
    return replace(config, root=root, checkout_baseline=root and root / BASELINE_FILE)


def _with_checkout(path: Path, table: Mapping[str, object], config: Config) -> Config:
    """Add what a checkout's file says, which anybody may have written: some things it may not.

    Raises:
        UsageError: it says one of them.
    """
    forbidden = [name for name in _TABLES if name not in _OF_CHECKOUTS and name in table]
    rules = table.get("rules")
    if isinstance(rules, dict) and "override" in rules:
        forbidden.append("rules.override")
    for name in forbidden:
        raise UsageError(
            f"{path}: {name}: not in a checkout's file, which anybody may have written",
            f"set it in your own configuration, or say --config {path}",
        )
    added = _parse(table, path)
    for rules_path in added.rule_paths:
        for file in (rules_path, *rules_path.glob("*.toml")):  # a link may lead anywhere
            _require_inside(path, "rules.paths", file)
    if added.baseline_file:
        _require_inside(path, "baseline.file", added.baseline_file)
    return replace(
        config,
        checkout=path,
        rule_paths=config.rule_paths + added.rule_paths,
        also_enable=added.enable,
        checkout_allow=added.allow,
        checkout_baseline=added.baseline_file or config.checkout_baseline,
    )


def _require_inside(source: Path, key: str, file: Path) -> None:
    """Refuse a file that a checkout's configuration names, if it is not the checkout's own."""
    if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(source.parent)):
        raise UsageError(f"{source}: {key}: outside of the checkout", "name a file in it")


def _read_if_there(path: Path) -> dict[str, object] | None:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # its folder cannot be read: what cannot be seen may be there
    return _read(path)


def _read(path: Path) -> dict[str, object]:
    from leakscan.plain_files import read_toml_file

    try:
        return read_toml_file(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot read it: {error.strerror}", "check the path") from None
    except ValueError as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from None


def _parse(tables: Mapping[str, object], path: Path) -> Config:
    # Imported here: most scans have no configuration.
    from leakscan.toml_table import Table

    for name in tables:
        if name not in _TABLES:
            raise UsageError(f"{path}: {name}: unknown key", f"use {', '.join(_TABLES)}")
    rules = Table(path, "rules", tables.get("rules", {}))
    digests = Table(path, "digests", tables.get("digests", {}))
    fingerprint = Table(path, "fingerprint", tables.get("fingerprint", {}))
    baseline = Table(path, "baseline", tables.get("baseline", {}))
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
        allow=tuple(map(_allowance, Table(path, "", tables).list_of_tables("allow", _ALLOWANCE))),
        baseline_file=baseline.path("file", None),
        response={name: content for name, content in tables.items() if name in RESPONSE},
        crawl={name: content for name, content in tables.items() if name in CRAWL},
    )
    for table in (rules, digests, fingerprint, baseline):
        table.done()
    return config


def _allowance(table: Table) -> Allowance:
    allowance = Allowance(
        where=f"{table.source}: {table.name}",
        reason=table.text("reason"),
        paths=table.texts("paths", ()),
        patterns=table.texts("patterns", ()),
        rule=table.text("rule", None),
        source=table.source,
    )
    table.done()
    if not allowance.paths and not allowance.patterns:
        raise table.error("paths", "missing, and so is patterns", "say what is allowed, or where")
    if any(glob.startswith("!") for glob in allowance.paths):
        raise table.error("paths", "a glob begins with !, which is not known here", "name files")
    if not gives_reason(allowance.reason):
        raise table.error("reason", "expected a text that gives one", "say why it is allowed")
    return allowance
