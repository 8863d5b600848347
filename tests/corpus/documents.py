"""Documents that hold text: PDF, SQLite, pickles, compiled Python, notebooks."""

from __future__ import annotations

import json
import pickle
import py_compile
import sqlite3
import tempfile
import zlib
from pathlib import Path

ROWS = 3
"""Rows of the table; the last one holds what matters."""


def pdf(text: str) -> bytes:
    """Write a document of one page, its text in a compressed stream."""
    lines = " T* ".join(f"({_escaped(line)}) Tj" for line in text.splitlines())
    page = zlib.compress(f"BT /F1 12 Tf 14 TL 72 720 Td {lines} ET".encode())
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, value in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    data += b"xref\n0 6\n0000000000 65535 f \n" + table
    return data + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def sqlite(value: str) -> bytes:
    """Write a database whose table ``settings`` has a value in the last of its rows."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE settings (name TEXT, value TEXT)")
    rows = [(f"name {n}", f"value {n}") for n in range(1, ROWS)]
    database.executemany("INSERT INTO settings VALUES (?, ?)", [*rows, ("token", value)])
    database.commit()
    return database.serialize()


def long_text(token: str) -> str:
    """Return a text longer than a page of a database, such that two pages share the token.

    What does not fit into the leaf stands in overflow pages of 4,092 bytes, the last of which is
    full, most often: the token is put where that one begins, wherever that is.
    """
    for rest in range(4050, 4095, 5):
        text = "x" * 6000 + " " + token + " " + "y" * rest
        if token.encode() not in sqlite(text):
            return text
    raise AssertionError("no page ends within the token")


def pickled(token: str, protocol: int) -> bytes:
    """Pickle a dictionary."""
    return pickle.dumps({"name": "app", "token": token, "debug": False}, protocol)


def compiled(token: str) -> bytes:
    """Compile a module that assigns a token."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "settings.py"
        source.write_text(f"DEBUG = False\nTOKEN = {token!r}\n")
        made = py_compile.compile(
            str(source),
            str(source.with_suffix(".pyc")),
            dfile="settings.py",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        return Path(made or "").read_bytes()


def notebook(source: str = "", output: str = "") -> bytes:
    """Write a notebook whose third cell has a source and an output."""

    def cell(text: str, *outputs: object) -> dict[str, object]:
        return {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": list(outputs),
            "source": text.splitlines(keepends=True),
        }

    printed = {"name": "stdout", "output_type": "stream", "text": output.splitlines(keepends=True)}
    document = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Captions"]},
            cell("import replicate"),
            cell(source, *([printed] if output else [])),
        ],
        "metadata": {"kernelspec": {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1).encode()
