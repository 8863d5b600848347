"""What cannot be read of one text is told of that, however it is searched, and of no other."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING

import pytest

from leakscan.detect import Detector
from leakscan.model import Unread
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Search = Callable[[Detector, bytes], Sequence[object]]

TORN = b"secret: " + base64.b64encode(gzip.compress(bytes(range(256)) * 40)[:-9]) + b"\n"
HARMLESS = (b"nothing\n", b"char8_t r8_x 7238 5F\n", gzip.compress(b"nothing\n"))

WAYS: dict[str, Search] = {
    "text": lambda detector, data: detector.search_text(data),
    "blob": lambda detector, data: detector.search_blob(data),
    "stream": lambda detector, data: [*detector.search_stream([data])],
    "message": lambda detector, data: detector.sparing().search_message(data),
    "file": lambda detector, data: detector.sparing().search_file(data)[0],
    "known file": lambda detector, data: detector.sparing().search_known_file(data),
}
SILENT: dict[str, Search] = {
    "name": lambda detector, data: detector.search(data),
    "suspicion": lambda detector, data: [detector.sparing().suspects(data)][:0],
}


@pytest.fixture
def detector() -> Detector:
    return Detector(select_rules(load_rules(), ()))


def unread(found: Sequence[object]) -> int:
    return sum(isinstance(one, Unread) for one in found)


@pytest.mark.parametrize("way", [*WAYS, *SILENT])
@pytest.mark.parametrize("next_way", WAYS)
def test_what_is_unread_is_told_once_and_of_the_right_text(
    detector: Detector, way: str, next_way: str
) -> None:
    assert unread((WAYS | SILENT)[way](detector, TORN)) == (way in WAYS)
    assert not any(unread(WAYS[next_way](detector, data)) for data in HARMLESS)
    assert unread(WAYS[next_way](detector, TORN)) == 1
