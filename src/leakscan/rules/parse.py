"""Turn the table of a rule file into a `Rule`, strictly.

Every error names the file and the key, since its reader is the author of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from leakscan.errors import RuleError
from leakscan.model import Checksum, Examples, Rule, Severity
from leakscan.rules.checksum import ALGORITHMS, WIDTHS

Table = Mapping[str, object]
T = TypeVar("T")

_TEXTS = ("id", "name", "issuer", "description", "severity", "pattern", "alphabet")
_LISTS = ("placeholders", "context", "references", "remediation")
SHORTEST_PREFIX, SHORTEST_TOKEN = 3, 16
"""Characters of what can be looked for in everything."""

REQUIRED = (*_TEXTS, "prefixes", "max_length")
OPTIONAL = (*_LISTS, "checksum", "examples", "default")
GUIDE = "docs/rules.md lists every key"

_LONGEST_QUOTE = 200
"""Characters of a value that are quoted."""

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def parse_rule(table: Table, source: str) -> Rule:
    """Build a rule from the table of its file.

    Args:
        table: what `tomllib` read, after any override.
        source: the file as a user would name it, for errors.

    Raises:
        RuleError: a key is missing, unknown, of the wrong type or of a wrong value.
    """
    read = _Reader(table, source, "")
    read.keys(REQUIRED, OPTIONAL)
    rule = Rule(
        id=read.text("id"),
        name=read.text("name"),
        description=read.text("description"),
        issuer=read.text("issuer"),
        prefixes=read.texts("prefixes"),
        pattern=read.text("pattern"),
        max_length=read.number("max_length"),
        alphabet=read.text("alphabet"),
        severity=Severity(read.one_of("severity", tuple(Severity))),
        checksum=_checksum(read.table("checksum")),
        placeholders=read.texts("placeholders"),
        context=read.texts("context"),
        references=read.texts("references"),
        remediation=read.texts("remediation"),
        examples=_examples(read.table("examples")),
        default=read.flag("default"),
    )
    _check_values(rule, read)
    return rule


def check_expressions(rule: Rule, source: str) -> None:
    """Compile a rule's expressions, so that a typing error is named before a scan starts.

    Only operators' rules need it at run time; the shipped ones are checked by tests.

    Raises:
        RuleError: a pattern, alphabet or placeholder is no regular expression, or would need much
            to be compiled.
    """
    from leakscan.expressions import compiled

    expressions = [("pattern", rule.pattern), ("alphabet", rule.alphabet)]
    expressions += [("placeholders", text) for text in rule.placeholders]
    for key, expression in expressions:
        try:
            compiled(expression)
        except ValueError as error:
            raise RuleError(f"{source}: {key}: {error}", f"in {_short(expression)}") from None


def _check_values(rule: Rule, read: _Reader) -> None:
    if not _ID.fullmatch(rule.id) or rule.id == "all":
        raise read.error(
            "id", f"{_short(rule.id)} is no rule id", "use lower-case-words-and-dashes"
        )
    if not rule.prefixes or not all(p.isascii() and p.isprintable() for p in rule.prefixes):
        raise read.error("prefixes", "at least one is needed, each of printable ASCII characters")
    if min(map(len, rule.prefixes)) < SHORTEST_PREFIX:
        what = f"one has less than {SHORTEST_PREFIX} characters, which stand everywhere"
        raise read.error("prefixes", what, "take in what always follows")
    if "(?P<body>" not in rule.pattern:
        raise read.error("pattern", "no group (?P<body>...)", "name the random part `body`")
    if not (rule.alphabet.startswith("[") and rule.alphabet.endswith("]")):
        raise read.error("alphabet", "not a character class", "write it as [0-9A-Za-z]")
    if rule.max_length <= max(map(len, rule.prefixes)):
        raise read.error("max_length", "no longer than a prefix", "count the whole token")
    if rule.max_length < SHORTEST_TOKEN:
        what = f"tokens of less than {SHORTEST_TOKEN} characters are not told from other text"
        raise read.error("max_length", what)


def _checksum(read: _Reader | None) -> Checksum | None:
    if read is None or not read.data:
        return None
    read.keys(("algorithm", "over", "encoding", "width"), ("byte_order", "pad"))
    encoding = read.one_of("encoding", tuple(WIDTHS))
    fewest, most = WIDTHS[encoding]
    checksum = Checksum(
        algorithm=read.one_of("algorithm", tuple(ALGORITHMS)),
        over=read.one_of("over", ("body", "prefix+body")),
        encoding=encoding,
        width=read.number("width"),
        byte_order=read.one_of("byte_order", ("big", "little"), "big"),
        pad=read.text("pad", "0"),
    )
    if not fewest <= checksum.width <= most:
        raise read.error("width", f"{encoding} takes {fewest} to {most} characters")
    if len(checksum.pad) != 1:
        raise read.error("pad", "exactly one character is needed")
    return checksum


def _examples(read: _Reader | None) -> Examples:
    if read is None:
        return Examples()
    read.keys((), ("positive", "negative"))
    return Examples(read.texts("positive"), read.texts("negative"))


def _short(value: object) -> str:
    """Quote a value, which may be a whole file."""
    try:
        text = repr(value)
    except ValueError:  # Python writes out no number of thousands of digits
        return "so large a number"
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


class _Reader:
    """Typed access to one TOML table; every complaint names the file and the key."""

    def __init__(self, data: Table, source: str, path: str) -> None:
        self.data = data
        self._source = source
        self._path = path

    def error(self, key: str, what: str, remedy: str = GUIDE) -> RuleError:
        return RuleError(f"{self._source}: {self._path}{key}: {what}", remedy)

    def keys(self, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
        for key in self.data:
            if key not in required and key not in optional:
                raise self.error(key, "unknown key")
        if missing := [key for key in required if key not in self.data]:
            raise self.error(", ".join(missing), "missing")

    def text(self, key: str, default: str = "") -> str:
        return self._typed(key, str, default, "a text that is not empty")

    def number(self, key: str) -> int:
        return self._typed(key, int, 0, "a whole number above 0")

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, f"expected true or false, not {_short(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            # The value is not quoted: an example may hold somebody's real token.
            raise self.error(key, "expected a list of texts")
        return tuple(value)

    def one_of(self, key: str, choices: tuple[str, ...], default: str = "") -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self.error(key, f"{_short(value)} is none of {', '.join(choices)}")
        return value

    def table(self, key: str) -> _Reader | None:
        value = self.data.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.error(key, f"expected a table, not {_short(value)}")
        return None if value is None else _Reader(value, self._source, f"{key}.")

    def _typed(self, key: str, kind: type[T], default: T, wanted: str) -> T:
        value = self.data.get(key, default)
        if not isinstance(value, kind) or isinstance(value, bool) or not value:
            raise self.error(key, f"expected {wanted}, not {_short(value)}")
        if isinstance(value, int) and value < 0:
            raise self.error(key, f"expected {wanted}, not {_short(value)}")
        return value
