"""Writes src/leakscan/known_signs.py: ``python tests/detect/known_signs.py``."""

from __future__ import annotations

from pathlib import Path

from leakscan.detect.encodings import ends, literals
from leakscan.detect.neighbours import beside, free, loose, then
from leakscan.rules import load_rules, select_rules

_Bytes = bytes | tuple[bytes, ...]

HEAD = '''"""What tokens of the shipped rules that are on can be told by, encoded or not.

Made by tests/detect/known_signs.py of `leakscan.detect.encodings`, since finding it out takes
longer than looking at a commit; the tests compare.
"""

# fmt: off
# ruff: noqa: E501, Q000 - written as Python does it

'''


def text() -> str:
    """Return what the file has to say."""
    rules = select_rules(load_rules(), ())
    prefixes = tuple(sorted({prefix.encode() for rule in rules for prefix in rule.prefixes}))
    common, rare = literals(prefixes)
    return (
        f"{HEAD}PREFIXES: tuple[bytes, ...] = {prefixes!r}\n\n"
        f"COMMON: tuple[bytes, ...] = (\n{_lines(common)})\n"
        f'"""How they begin, plainly or in any encoding that people use."""\n\n'
        f"RARE: tuple[bytes, ...] = (\n{_lines(rare)})\n"
        f'"""The same in what hardly anybody writes, such as base64 in base64."""\n\n'
        f"ENDS: tuple[bytes, ...] = (\n{_lines(ends(prefixes))})\n"
        f'"""How these end, without the first bytes."""\n\n'
        f"LOOSE: tuple[bytes, ...] = (\n{_lines(tuple(sorted(loose(prefixes))))})\n"
        f'"""Those behind which a blank may stand."""\n\n'
        f"FREE: tuple[bytes, ...] = (\n{_lines(tuple(sorted(free(prefixes))))})\n"
        f'"""Those with which a token may begin or end, whatever stands on the other side."""\n\n'
        f"BESIDE: dict[bytes, tuple[bytes, bytes]] = {{\n{_pairs(beside(prefixes))}}}\n"
        f'"""Of some, the bytes of which one stands before, and one behind; none if any may."""\n\n'
        f"THEN: dict[bytes, tuple[bytes, tuple[bytes, ...]]] = {{\n{_pairs(then(prefixes))}}}\n"
        f'"""Of some, bytes to pass over behind them, and how what follows these begins."""\n'
    )


def _lines(literals: tuple[bytes, ...]) -> str:
    """Return literals in lines of some 90 characters."""
    lines, line = [], ""
    for literal in literals:
        item = f"{literal!r},"
        if len(line) + len(item) > 90:
            lines.append(line)
            line = ""
        line += f" {item}" if line else f"    {item}"
    return "\n".join([*lines, line]) + "\n"


def _pairs(known: dict[bytes, tuple[bytes, _Bytes]]) -> str:
    """Return the items of a dictionary, one a line; bytes and alternatives in order."""
    items = ((one, _sorted(first), _sorted(second)) for one, (first, second) in known.items())
    return "".join(
        line if len(line := f"    {literal!r}: ({first!r}, {second!r}),\n") <= 101
        else f"    {literal!r}: (\n        {first!r},\n        {second!r},\n    ),\n"
        for literal, first, second in sorted(items)
    )  # fmt: skip


def _sorted(each: _Bytes) -> _Bytes:
    return bytes(sorted(each)) if isinstance(each, bytes) else tuple(sorted(each))


if __name__ == "__main__":
    path = Path(__file__).parents[2] / "src" / "leakscan" / "known_signs.py"
    path.write_text(text())
