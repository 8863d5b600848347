"""What is held whole is given in pieces, each of which is charged."""

from __future__ import annotations

import json
import zlib

import pytest

from leakscan.containers.container import CHUNK, Budget, Member, SpentError, pieces
from leakscan.containers.notebook import Notebook
from leakscan.containers.pdf import Pdf


def test_pieces_are_charged_as_they_are_made() -> None:
    budget = Budget(CHUNK + 5)
    content = bytes(2 * CHUNK)
    given = pieces(content, budget)
    assert budget.left == CHUNK + 5
    assert next(given) == bytes(CHUNK)
    assert budget.left == 5
    with pytest.raises(SpentError):
        next(given)


def test_joined_they_are_the_whole() -> None:
    content = bytes(range(256)) * (CHUNK // 100)
    given = list(pieces(content, Budget()))
    assert b"".join(given) == content
    assert max(map(len, given)) == CHUNK
    assert not list(pieces(b"", Budget(0)))


def spent(members: object, budget: Budget) -> int:
    """Return what is charged for the content of all members, once they are there."""
    total = 0
    for member in members:  # type: ignore[attr-defined] - the test's own
        assert isinstance(member, Member)
        before = budget.left
        size = sum(map(len, member.chunks))
        assert before - budget.left >= size
        total += size
    return total


def test_a_notebook_charges_its_cells() -> None:
    budget = Budget()
    cells = [{"cell_type": "code", "source": "x" * 999}]
    data = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()
    assert spent(Notebook().members(data, budget), budget) == 999


def test_a_pdf_charges_its_object_streams() -> None:
    budget = Budget()
    packed = zlib.compress(b"7 0 << /A 1 >>")
    head = b"1 0 obj << /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>" % len(
        packed
    )
    data = b"%PDF-1.5\n" + head + b"\nstream\n" + packed + b"\nendstream\nendobj\n"
    assert spent(Pdf().members(data, budget), budget) == 14
