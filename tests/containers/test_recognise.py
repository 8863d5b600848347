from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import subprocess
import sys
import sysconfig
import tarfile
import timeit
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leakscan
from leakscan import containers
from leakscan.containers import may_begin_container, recognise

TEXT = b"All that a container could hold, and a little more.\n" * 40


def _zip(comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", TEXT)
        archive.comment = comment
    return file.getvalue()


def _gzip_of(system: int) -> bytes:
    """Name a system; there are numbers that no system has."""
    data = bytearray(gzip.compress(TEXT))
    data[9] = system
    return bytes(data)


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (_zip(), "zip"),
        (b"PK\x07\x08" + _zip(), "zip"),
        (b"MZ" + bytes(98) + _zip(), "zip"),
        (b"\x7fELF" + bytes(96) + _zip(), "zip"),
        (b"#!/usr/bin/python\n" + _zip(), "zip"),
        (b"#!/usr/bin/python\n" + _zip(b"made by hand"), "zip"),
        (b"MZ" + bytes(98) + _zip(b"x" * 0xFFFF), "zip"),
        (b"MZ" + bytes(98) + _zip() + b"signature", "zip"),
        (b"MZ" + bytes(98) + _zip() + b"PK\5\6" + bytes(30), "zip"),
        (b"#!/bin/sh\n" + _zip() + b"# PK\5\6", "zip"),
        (b"\0\0\0\0" + _zip()[4:], "zip"),
        (b"\x89PNG\r\n" + bytes(50) + _zip(), "zip"),
        (b"Cr24" + bytes(50) + _zip(b"an extension"), "zip"),
        (_tar(), "tar"),
        (gzip.compress(TEXT), "gzip"),
        (_gzip_of(200), "gzip"),
        (bz2.compress(TEXT), "bzip2"),
        (lzma.compress(TEXT), "xz"),
        (lzma.compress(TEXT, lzma.FORMAT_ALONE), "LZMA"),
        (b"\x28\xb5\x2f\xfd" + bytes(20), "zstd"),
        (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24), "7z"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_recognised(data: bytes, name: str) -> None:
    found = recognise(data)
    assert found
    assert found.name == name
    assert found.hides


BEGINNINGS = [
    b"PK\3\4",
    b"PK\5\6",
    b"PK\x07\x08",
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"BZh",
    b"BZh9",
    b"\x1f\x8b",
    b"\xfd7zXZ",
    b"]\0\0",
    b"7z\xbc\xaf",
    b"P*M\x18",
    b"\x28\xb5",
]


@pytest.mark.parametrize("beginning", BEGINNINGS)
@given(rest=st.text(st.characters(codec="ascii", min_codepoint=32), max_size=60))
def test_a_text_that_begins_like_a_container_is_none(beginning: bytes, rest: str) -> None:
    assert recognise(beginning + rest.encode()) is None


@pytest.mark.parametrize("beginning", [*BEGINNINGS, b"", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c"])
@given(rest=st.binary(max_size=700))
def test_never_fails(beginning: bytes, rest: bytes) -> None:
    recognise(beginning + rest)


def test_no_source_file_is_a_container() -> None:
    folders = Path(leakscan.__file__).parent, Path(sysconfig.get_path("stdlib")) / "json"
    files = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(files) > 100
    assert [path for path in files if recognise(path.read_bytes())] == []


def test_noise_in_whole_blocks_is_no_tar() -> None:
    noise = random.Random(1)  # noqa: S311 - made up, not secret
    for _ in range(2000):
        block = bytearray(noise.randbytes(1024))
        block[156:157] = b"0"
        assert recognise(bytes(block)) is None
        block[257:262] = b"ustar"
        assert recognise(bytes(block)) is None


def test_what_is_no_container_costs_next_to_nothing() -> None:
    text = b"import this\n" * 100
    seconds = min(timeit.repeat(lambda: recognise(text), number=10_000, repeat=7)) / 10_000
    assert seconds < 2e-6  # a quarter of a microsecond, on a machine that has nothing else to do


def test_what_is_no_container_imports_nothing_heavy() -> None:
    code = (
        "import sys; from leakscan.containers import recognise;"
        "assert recognise(b'import this' * 100) is None;"
        "heavy = {'zlib', 'bz2', 'lzma', 'zipfile', 'tarfile', 'isal', 'deflate', 'py7zr'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(leakscan.__file__).parent.parent)},
    )
    assert result.returncode == 0, result.stderr


BEGINNINGS = [
    (_zip()[:20], True),
    (b"MZ" + bytes(2000), True),
    (b"\x7fELF" + bytes(2000), True),
    (b"#!/bin/sh\n", True),
    (_tar()[:1024], True),
    (_tar()[:1001], True),
    (gzip.compress(TEXT)[:11], True),
    (b"", False),
    (b"text", False),
    (bytes(1024), False),
    (b"0" * 1024, False),
    (b"\x7fEL" + bytes(2000), False),
    (b'{"nbformat": 4, "cells": []}', False),
    (b"\x80\x04\x95" + bytes(30), False),
]


# Numbered, since the time is written in some: each of several workers has to call them the same.
@pytest.mark.parametrize(("beginning", "may"), BEGINNINGS, ids=map(str, range(len(BEGINNINGS))))
def test_may_begin_container(beginning: bytes, may: bool) -> None:
    assert may_begin_container(beginning) is may


def test_what_candidates_say_of_their_formats_is_so() -> None:
    for candidate in containers._CANDIDATES:
        _, format = containers._loaded(candidate)
        assert candidate.hides == format.hides, candidate
