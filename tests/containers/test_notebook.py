"""Notebooks are read cell by cell."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from leakscan.containers.container import Budget, Member
from leakscan.containers.notebook import Notebook, looks_like

TOKEN = "r8_" + "Ab9" * 12 + "Z"

CODE = {
    "cell_type": "code",
    "metadata": {"tags": ["t"]},
    "source": ["import os\n", f'os.environ["T"] = "{TOKEN}"'],
    "outputs": [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
        {
            "output_type": "display_data",
            "data": {
                "text/plain": ["plain"],
                "text/html": "<b>html</b>",
                "application/json": {"key": "in json"},
                "image/png": "iVBOR",
            },
        },
        {"output_type": "error", "ename": "E", "evalue": "value", "traceback": ["a", "b"]},
    ],
}


def _members(notebook: object) -> dict[str, str]:
    return _read(json.dumps(notebook).encode())


def _read(data: bytes) -> dict[str, str]:
    found = {}
    for member in Notebook().members(data, Budget()):
        assert isinstance(member, Member)
        found[member.name] = b"".join(member.chunks).decode()
    return found


def test_cells_outputs_and_metadata():
    markdown = {"cell_type": "markdown", "metadata": {}, "source": "# Title\nwords"}
    notebook = {"cells": [markdown, CODE], "metadata": {"kernel": "k"}, "nbformat": 4}
    assert looks_like(json.dumps(notebook).encode())
    found = _members(notebook)
    assert found["cell 1"] == "# Title\nwords"
    assert found["cell 2"].splitlines()[1] == f'os.environ["T"] = "{TOKEN}"'
    output = found["output of cell 2"]
    for shown in ("one\ntwo\n", "plain", "<b>html</b>", "in json", "value", "a\nb"):
        assert shown in output
    assert "iVBOR" not in output
    assert '"kernel"' in found["metadata"]
    assert '"tags"' in found["metadata of cell 2"]


def test_the_lines_of_an_output_are_those_that_are_shown():
    outputs = [
        {"name": "stdout", "output_type": "stream", "text": ["one\n", "two"]},
        {"name": TOKEN, "output_type": "stream", "text": "three"},
    ]
    found = _members({"cells": [{"source": "", "outputs": outputs}], "nbformat": 4})
    assert found["output of cell 1"] == f"one\ntwo\n{TOKEN}\nthree"


def test_version_3_has_worksheets_and_inputs():
    cell = {"cell_type": "code", "input": ["a\n", "b"], "outputs": [{"text": ["out"], "png": "x"}]}
    notebook = {"metadata": {}, "nbformat": 3, "worksheets": [{"cells": [cell]}]}
    assert looks_like(json.dumps(notebook).encode())
    assert _members(notebook) == {"cell 1": "a\nb", "output of cell 1": "out"}


def test_what_is_no_notebook_gives_nothing():
    assert not looks_like(b'{"cells": []}')
    assert not looks_like(b'{"name": "x", "nbformat": 4}')
    for odd in (b"", b"{", b'{"cells"', b"[" * 200_000, b'{"cells": 1' + b"0" * 5000 + b"}"):
        assert _read(odd) == {}
    for odd in ([], {"cells": 3}, {"cells": [1, None, []]}, {"worksheets": [1, {"cells": {}}]}):
        assert _members(odd) == {}


def test_odd_cells_are_read_as_far_as_there_is_text():
    cells = [{"source": 5, "outputs": [3, {"text": None}]}, {"source": "\ud800 x"}]
    assert _members({"cells": cells}) == {"cell 1": "5", "output of cell 1": "", "cell 2": "? x"}


def test_what_is_nested_deeply_does_no_harm():
    nested = b"[" * 900 + b"]" * 900
    found = _read(b'{"cells": [{"source": "s", "metadata": ' + nested + b"}]}")
    assert found["cell 1"] == "s"


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_damaged_ones_raise_nothing(at, junk):
    data = bytearray(json.dumps({"cells": [CODE], "metadata": {}, "nbformat": 4}).encode())
    at %= len(data)
    data[at : at + len(junk)] = junk
    _read(bytes(data))
    _read(bytes(data[:at]))
