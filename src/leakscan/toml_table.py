"""Read one table of a TOML configuration, key by key, with errors that name file and key."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar, overload

from leakscan.errors import UsageError
from leakscan.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Default = TypeVar("Default")


class _Absent(enum.Enum):
    """Stands for the default of a key that has none, because ``None`` may be one."""

    ABSENT = enum.auto()


_ABSENT: Final = _Absent.ABSENT

_LIKENESS: Final = 0.7
"""From which a key may be another one misspelt; ``hostname`` is no misspelling of ``host``."""


class Table:
    """One table of a configuration.  Ask for each key, then say `done`.

    A key that is asked for without a default must be there.  An error never quotes a text,
    which may be a password in the wrong place; only `text` with ``choices`` does.

    Args:
        source: the file, for errors; paths are relative to its folder.
        name: the table's name in the file, such as ``mail`` or ``disable.replicate``; empty for
            the file itself; ``[[allow]] number 1`` for one of those with that heading.
        content: what TOML made of it.
        example: of a table that is part of a list, which has no line ``[name]`` of its own.

    Raises:
        UsageError: it is no table.
    """

    def __init__(self, source: Path, name: str, content: object, example: str = "") -> None:
        self.source = source
        self.name = name
        if not isinstance(content, Mapping):
            raise UsageError(
                f"{source}: {safe_text(name)}: expected a table, not {_kind(content)}",
                f"write {example or f'[{safe_text(name)}]'}",
            )
        self._is_item = bool(example)
        self._content: Mapping[str, object] = content
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._content

    @overload
    def text(self, key: str, *, choices: Collection[str] = ()) -> str: ...
    @overload
    def text(
        self, key: str, default: Default, *, choices: Collection[str] = ()
    ) -> str | Default: ...
    def text(self, key: str, default: object = _ABSENT, *, choices: Collection[str] = ()) -> object:
        """Read a text that is not empty, and is one of ``choices`` if there are any.

        Raises:
            UsageError: it is something else, or missing though there is no default.
        """
        value = self._get(key, default)
        if value is default:
            return default
        wanted = " or ".join(f'"{choice}"' for choice in choices) or "a text"
        if not isinstance(value, str) or not value:
            self._refuse(key, wanted, _kind(value))
        if choices and value not in choices:
            self._refuse(key, wanted, f'"{safe_text(value[:40])}"')
        return value

    @overload
    def number(self, key: str, *, least: int = 0, most: int | None = None) -> int: ...
    @overload
    def number(
        self, key: str, default: Default, *, least: int = 0, most: int | None = None
    ) -> int | Default: ...
    def number(
        self, key: str, default: object = _ABSENT, *, least: int = 0, most: int | None = None
    ) -> object:
        """Read a whole number from ``least`` to ``most``, both of them included.

        Raises:
            UsageError: it is something else, or missing though there is no default.
        """
        value = self._get(key, default)
        if value is default:
            return default
        wanted = f"a whole number from {least}" + (" up" if most is None else f" to {most}")
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(key, wanted, _kind(value))
        if value < least or (most is not None and value > most):
            self._refuse(key, wanted, str(value)[:40])
        return value

    @overload
    def seconds(self, key: str, *, least: float = 0, most: float = math.inf) -> float: ...
    @overload
    def seconds(
        self, key: str, default: Default, *, least: float = 0, most: float = math.inf
    ) -> float | Default: ...
    def seconds(
        self, key: str, default: object = _ABSENT, *, least: float = 0, most: float = math.inf
    ) -> object:
        """Read a number of seconds, whole or not, from ``least`` to ``most``.

        Raises:
            UsageError: it is something else, or missing though there is no default.
        """
        value = self._get(key, default)
        if value is default:
            return default
        wanted = f"seconds, from {least:g}" + (" up" if most == math.inf else f" to {most:g}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(key, wanted, _kind(value))
        if value == math.inf or not least <= value <= most:  # not a number is in no range
            self._refuse(key, wanted, str(value)[:40])
        return float(value)

    @overload
    def flag(self, key: str) -> bool: ...
    @overload
    def flag(self, key: str, default: Default) -> bool | Default: ...
    def flag(self, key: str, default: object = _ABSENT) -> object:
        """Read ``true`` or ``false``.

        Raises:
            UsageError: it is something else, or missing though there is no default.
        """
        value = self._get(key, default)
        if value is not default and not isinstance(value, bool):
            self._refuse(key, "true or false", _kind(value))
        return value

    @overload
    def texts(self, key: str, *, choices: Collection[str] = ()) -> tuple[str, ...]: ...
    @overload
    def texts(
        self, key: str, default: Default, *, choices: Collection[str] = ()
    ) -> tuple[str, ...] | Default: ...
    def texts(
        self, key: str, default: object = _ABSENT, *, choices: Collection[str] = ()
    ) -> object:
        """Read a list of texts, none of them empty, each one of ``choices`` if there are any.

        Raises:
            UsageError: it is something else, or missing though there is no default.
        """
        value = self._get(key, default)
        if value is default:
            return default
        wanted = f"a list of {', '.join(choices) or 'texts'}"
        if not isinstance(value, list | tuple):
            self._refuse(key, wanted, _kind(value))
        for item in value:
            if not isinstance(item, str) or not item:
                self._refuse(key, wanted, f"{_kind(item)} in it")
            if choices and item not in choices:
                self._refuse(key, wanted, f'"{safe_text(item[:40])}"')
        return tuple(value)

    @overload
    def path(self, key: str) -> Path: ...
    @overload
    def path(self, key: str, default: Default) -> Path | Default: ...
    def path(self, key: str, default: object = _ABSENT) -> object:
        """Read a path: relative to the configuration's folder, ``~`` is the home folder.

        Raises:
            UsageError: it is something else, or missing though there is no default.
        """
        value = self._get(key, default)
        if value is default:
            return default
        if not isinstance(value, str) or not value:
            self._refuse(key, "a path", _kind(value))
        return self._path(key, value)

    def paths(self, key: str, default: tuple[Path, ...]) -> tuple[Path, ...]:
        """Read a list of paths, as `path` reads one.

        Raises:
            UsageError: it is something else.
        """
        texts = self.texts(key, None)
        return default if texts is None else tuple(self._path(key, text) for text in texts)

    def table(self, key: str) -> Table:
        """Read a table within this one; an empty one if it is missing.

        Raises:
            UsageError: it is something else.
        """
        return Table(self.source, self._named(key), self._get(key, {}))

    def list_of_tables(self, key: str, example: str) -> tuple[Table, ...]:
        """Read a list of tables, named by their place from 1 on; none if it is missing.

        Args:
            key: of the list.
            example: of one of them as it is written, for who has written something else.

        Raises:
            UsageError: it is something else.
        """
        content = self._get(key, ())
        if not isinstance(content, list | tuple):
            what = f"expected a list of tables, not {_kind(content)}"
            is_headed = isinstance(content, Mapping) and not self.name
            raise self.error(key, what, f"write [[{key}]]" if is_headed else f"write [{example}]")
        named = self._named(key) if self.name else f"[[{key}]] number"
        return tuple(
            Table(self.source, f"{named} {place}", item, example)
            for place, item in enumerate(content, 1)
        )

    def tables(self) -> Iterator[tuple[str, object]]:
        """Yield every key with what it holds, for tables whose keys are names of tables."""
        for key, value in self._content.items():
            self._asked.append(key)
            yield key, value

    def error(self, key: str, what: str, remedy: str = "") -> UsageError:
        """Make the error of a key whose value does not make sense, for the caller to raise."""
        return UsageError(f"{self.source}: {safe_text(self._named(key))}: {what}", remedy)

    def done(self) -> None:
        """Refuse the keys that nobody asked for.

        Raises:
            UsageError: there is one.
        """
        for key in self._content:
            if key not in self._asked:
                raise self.error(key, "unknown key", f"use {', '.join(self._asked)}")

    def _named(self, key: str) -> str:
        if self.name.startswith("[["):
            return f"{key} in {self.name}"
        return f"{self.name}.{key}" if self.name else key

    def _get(self, key: str, default: object) -> object:
        if key not in self._asked:
            self._asked.append(key)
        value = self._content.get(key, default)
        if value is _ABSENT:
            place = "there" if self._is_item else f"in [{safe_text(self.name)}]"
            remedy = self._misspelt(key) or f"set it {place}"
            raise self.error(key, "missing", remedy)
        return value

    def _misspelt(self, key: str) -> str | None:
        """Ask whether a key that nobody has asked for yet was meant to be this one."""
        from difflib import get_close_matches  # at a mistake only: the command line starts fast

        others = [other for other in self._content if other not in self._asked]
        close = get_close_matches(key, others, n=1, cutoff=_LIKENESS)
        return f"is {safe_text(close[0])} a misspelling?" if close else None

    def _path(self, key: str, text: str) -> Path:
        if "\0" in text:
            self._refuse(key, "a path", "a text with a null character")
        try:
            return self.source.parent / Path(text).expanduser()
        except RuntimeError:
            raise self.error(key, "no such home folder", "write the path out") from None

    def _refuse(self, key: str, wanted: str, found: str) -> NoReturn:
        raise self.error(key, f"expected {wanted}, not {found}")


def _kind(value: object) -> str:
    """Say what a value of TOML is without quoting it."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "a text" if value else "an empty text"),
        ((list, tuple), "a list"),
        (Mapping, "a table"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "a date or time")
