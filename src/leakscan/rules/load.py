"""Find and read rule files: the shipped ones, an operator's own, and overrides of either.

Every scan starts here, so this imports nothing heavy and compiles no shipped expression:
all seven rules load in about 3 ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.errors import RuleError, UsageError
from leakscan.plain_files import read_toml_file
from leakscan.rules.parse import Table, check_expressions, parse_rule

if TYPE_CHECKING:
    from leakscan.model import Rule

Overrides = Mapping[str, Table]


def load_rules(
    extra_paths: Iterable[Path] = (), overrides: Overrides | None = None
) -> tuple[Rule, ...]:
    """Load the shipped rules and an operator's own.

    Args:
        extra_paths: rule files, or folders whose ``*.toml`` files are rules.
        overrides: by rule id, keys that replace those of its file.  A table such as
            ``checksum`` is replaced whole; an empty one removes it.

    Returns:
        Every rule, the shipped ones first, each group in the order of its file names.

    Raises:
        RuleError: a file cannot be read or is wrong, or two rules have one id.
        UsageError: an override names no rule.
    """
    overrides = overrides or {}
    rules: dict[str, Rule] = {}
    origin: dict[str, Path] = {}
    shipped = rule_files(shipped_folder())
    extra = [file for path in extra_paths for file in rule_files(path)]
    for path in shipped + extra:
        rule = read_rule(path, overrides, shipped=path in shipped)
        if rule.id in rules:
            raise RuleError(
                f"{path}: id: {rule.id} is already the rule of {origin[rule.id]}",
                f"choose another id, or change that rule with [rules.override.{rule.id}]",
            )
        rules[rule.id], origin[rule.id] = rule, path
    for rule_id in overrides:
        if rule_id not in rules:
            raise _unknown(f"rules.override.{rule_id}", rule_id, rules)
    return tuple(rules.values())


def read_rule(path: Path, overrides: Overrides | None = None, *, shipped: bool = False) -> Rule:
    """Read one rule file, and apply the override of its rule if there is one.

    Args:
        path: the rule file.
        overrides: as in `load_rules`.
        shipped: whether the tests have compiled the file's expressions already.

    Raises:
        RuleError: the file cannot be read or is wrong.
    """
    table: Table = _read(path)
    source = str(path)
    override = (overrides or {}).get(str(table.get("id")))
    if override is not None:
        source += f" (with rules.override.{table['id']})"
        if "id" in override:
            raise RuleError(f"{source}: id: cannot be overridden", "write a rule file of your own")
        table = {**table, **override}
    rule = parse_rule(table, source)
    if override is not None or not shipped:
        check_expressions(rule, source)
    return rule


def select_rules(rules: Sequence[Rule], names: Iterable[str]) -> tuple[Rule, ...]:
    """Choose rules by id.

    Args:
        rules: what to choose from.
        names: ids; ``all`` stands for every rule, none at all for the default rules.

    Returns:
        The chosen rules in the order of ``rules``, each once.

    Raises:
        UsageError: a name is no rule's id (the near ones are named), or no rule is left.
    """
    wanted = set(names)
    ids = [rule.id for rule in rules]
    for name in sorted(wanted - {"all", *ids}):
        raise _unknown(name, name, ids)
    if not wanted:
        wanted = {rule.id for rule in rules if rule.default}
    if not wanted:
        raise UsageError("no rule is active", "name one with rules.enable, or `all`")
    return tuple(rule for rule in rules if "all" in wanted or rule.id in wanted)


def require_known(where: str, rule_id: str, rules: Iterable[Rule]) -> None:
    """Refuse an id that is no rule's.

    Args:
        where: it stands, for the error.
        rule_id: the id.
        rules: all that are loaded, whether or not they are on.

    Raises:
        UsageError: there is no such rule; the near ones are named.
    """
    ids = [rule.id for rule in rules]
    if rule_id not in ids:
        raise _unknown(where, rule_id, ids)


def shipped_folder() -> Path:
    """Find the shipped rule files: inside an installed package, or beside ``src`` in a checkout.

    Raises:
        RuleError: neither place holds them.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "patterns", package.parents[1] / "patterns"):
        if (folder / "replicate-api-token.toml").is_file():
            return folder
    raise RuleError("the shipped rules are missing", "reinstall leakscan")


def shipped_files() -> dict[str, Path]:
    """Return the shipped rule files by the ids of their rules, after which they are named.

    Raises:
        RuleError: they are missing.
    """
    return {file.stem: file for file in rule_files(shipped_folder())}


def rule_files(path: Path) -> list[Path]:
    """List the rule files that a path stands for: itself, or a folder's ``*.toml`` by name.

    Raises:
        RuleError: a folder holds none.
    """
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.toml"))
    if not files:
        raise RuleError(f"{path}: no rule files (*.toml) in this folder", "name another")
    return files


def _read(path: Path) -> dict[str, object]:
    try:
        return read_toml_file(path)
    except OSError as error:
        raise RuleError(f"{path}: cannot read it: {error.strerror}", "check the path") from None
    except ValueError as error:
        raise RuleError(f"{path}: not a TOML file: {error}", "see docs/rules.md") from None


def _unknown(where: str, name: str, known: Iterable[str]) -> UsageError:
    import difflib

    ids = list(known)
    near = [rule_id for rule_id in ids if name in rule_id]
    near = near or difflib.get_close_matches(name, ids, cutoff=0.4) or ids
    return UsageError(f"{where}: no such rule", f"did you mean {' or '.join(near)}?")
