"""Jupyter notebooks (nbformat 3 and 4): their cells, so that a line is one of a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakscan.containers.container import Member, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.containers.container import Budget, Buffer
    from leakscan.model import Unread

MAX_SIZE = 64 << 20
"""Bytes of a notebook that is parsed, which takes ten times as much memory.  Of a larger one it
is only less well said where something stands."""

_STREAMS = ("stdout", "stderr")

_HEAD = re.compile(rb'(?:\xef\xbb\xbf)?\s{0,64}\{\s{0,64}"(?:cells|worksheets|metadata|nbformat)')


def looks_like(data: Buffer) -> bool:
    """Whether it begins as a notebook does, and says of which version it is."""
    return _HEAD.match(data) is not None and data.find(b'"nbformat"') >= 0


class Notebook:
    """A Jupyter notebook (https://nbformat.readthedocs.io)."""

    name = "notebook"
    hides = False

    def members(self, data: Buffer, budget: Budget) -> Iterator[Member | Unread]:
        """Yield the source and the output of each cell, then what is said of cells and all.

        Cells are counted from 1.  Nothing comes of what is no notebook, or too large to be parsed:
        its bytes show what it holds.

        Args:
            data: the file.
            budget: told of each member and of each piece.

        Raises:
            SpentError: the budget does not allow more.
        """
        if len(data) > MAX_SIZE:
            return
        budget.spend(len(data))
        notebook = _loaded(data)
        if not isinstance(notebook, dict):
            return
        about = [("metadata", notebook.get("metadata"))]
        for number, cell in enumerate(_cells(notebook), 1):
            if not isinstance(cell, dict):
                continue
            budget.enter()
            source = cell.get("source", cell.get("input"))
            yield Member(f"cell {number}", _pieces(_text(source), budget))
            outputs = cell.get("outputs")
            if isinstance(outputs, list) and outputs:
                budget.enter()
                shown = "\n".join(text for output in outputs for text in _output(output))
                yield Member(f"output of cell {number}", _pieces(shown, budget))
            about.append((f"metadata of cell {number}", cell.get("metadata")))
        for name, said in about:
            if said:
                budget.enter()
                yield Member(name, _pieces(_dumped(said), budget))


def _loaded(data: Buffer) -> object:
    import json

    try:
        loaded: object = json.loads(bytes(data).decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError, MemoryError):
        return None
    return loaded


def _cells(notebook: dict[str, object]) -> Iterator[object]:
    """Yield the cells; those of version 3 are in worksheets."""
    sheets = notebook.get("worksheets")
    for holder in (notebook, *(sheets if isinstance(sheets, list) else ())):
        cells = holder.get("cells") if isinstance(holder, dict) else None
        if isinstance(cells, list):
            yield from cells


def _output(output: object) -> Iterator[str]:
    """Yield the texts of an output; pictures, which are written in base64, are none."""
    if not isinstance(output, dict):
        return
    for key, value in output.items():
        if key in ("output_type", "execution_count", "prompt_number", "metadata"):
            continue
        if key in ("name", "stream") and value in _STREAMS:  # no line of what is shown
            continue
        if key == "data" and isinstance(value, dict):
            yield from (
                _text(shown)
                for kind, shown in value.items()
                if not kind.startswith("image/") or kind == "image/svg+xml"
            )
        elif key == "traceback" and isinstance(value, list):
            yield "\n".join(map(_text, value))
        elif key not in ("png", "jpeg"):
            yield _text(value)


def _text(value: object) -> str:
    """Return a text, which may be given as a list of lines; of other things their JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return "" if value is None else _dumped(value)


def _dumped(value: object) -> str:
    import json

    try:
        return json.dumps(value, indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _pieces(text: str, budget: Budget) -> Iterator[bytes]:
    return pieces(text.encode("utf-8", "replace"), budget)
