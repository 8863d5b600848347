"""What the tests of decoders share: made-up texts, finding them, and what holds of any decoder."""

from __future__ import annotations

import random
import re
import string
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

import leakscan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.detect.decode.decoder import Decoded, Decoder, Form

TEXTS = [b"r8_", b"cjhf", b"I4X", b"yOF"]
"""How a token begins, and how it does in base64 at each alignment."""

seeds = st.integers(0, 2**32)


def new_text(seed: int, begin: bytes = b"r8_") -> bytes:
    """Return a made-up token, or base64 of one."""
    alphabet = (string.ascii_letters + string.digits).encode()
    return begin + bytes(random.Random(seed).choices(alphabet, k=37))  # noqa: S311


def places(decoder: Decoder, known: bytes, data: bytes) -> Iterator[tuple[Form, int]]:
    """Yield the forms of a known text that stand in some data, and the anchors."""
    for form in decoder.forms(known):
        pattern = form.pattern or re.escape(form.literal)
        if found := re.search(pattern, data, re.DOTALL):
            start = data.rfind(form.literal, 0, found.end())
            assert start >= 0, form
            yield form, start + form.shift


def check(decoder: Decoder, known: bytes, text: bytes, parts: tuple[bytes, bytes, bytes]) -> None:
    """Assert that a text is found, and read back to the byte, as the second of three parts."""
    before, written, _ = parts
    data = b"".join(parts)
    anchors = [anchor for _, anchor in places(decoder, known, data)]
    assert anchors, written
    for anchor in anchors:
        decoded = decoder.decode(data, anchor, 0, len(data))
        assert decoded is not None, written
        assert len(decoded.origin) == len(decoded.text) + 1
        if text in decoded.text:
            at = decoded.text.index(text)
            assert decoded.origin[at] == len(before)
            assert decoded.origin[at + len(text)] == len(before) + len(written)
            return
    pytest.fail(f"{text!r} is not read back from {written!r}")


def sound(decoded: Decoded | None, low: int, high: int) -> None:
    """Assert that origins ascend, one for each byte and one more, within the window."""
    if decoded is not None:
        assert len(decoded.origin) == len(decoded.text) + 1
        origin = list(decoded.origin)
        assert origin == sorted(origin)
        assert low <= origin[0] <= origin[-1] <= high


def takes(decoder: Decoder, data: bytes) -> float:
    """Return how many seconds of a processor it takes to decode some data."""
    spent = []
    for _ in range(2):
        start = time.process_time()
        sound(decoder.decode(data, len(data) // 2, 0, len(data)), 0, len(data))
        spent.append(time.process_time() - start)
    return min(spent)


def per_megabyte_of_source_text(decoder: Decoder) -> float:
    """Return how many literals stand in a megabyte of Python: of this program, and its library."""
    package = Path(leakscan.__file__).parent
    files = [path for path in package.rglob("*.py") if path.name != "known_signs.py"]
    library = Path(sysconfig.get_path("stdlib"))
    files += [*library.glob("*.py"), *library.glob("encodings/*.py"), *library.glob("asyncio/*.py")]
    data = b"".join(path.read_bytes() for path in files)
    assert len(data) > 5_000_000
    literals = [form.literal for form in decoder.forms(b"r8_") if form.literal != b"r8_"]
    return sum(map(data.count, literals)) / (len(data) / 1e6)
