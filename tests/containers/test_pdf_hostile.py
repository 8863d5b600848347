"""PDFs that are made to cost much, or to be read in part: they cost little, and it is told."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from leakscan.containers import pdf, pdf_fonts, pdf_objects, pdf_pages, pdf_text
from leakscan.containers.container import CHUNK, Budget, Member, MemberError, SpentError
from leakscan.containers.pdf import Pdf
from leakscan.containers.pdf_filters import Effort, decoded
from leakscan.containers.pdf_fonts import Font
from leakscan.containers.pdf_text import text_of
from leakscan.model import Unread

if TYPE_CHECKING:
    from types import ModuleType

HEAD = b"%PDF-1.7\n"
SHOWN = b"BT /F1 9 Tf (shown) Tj ET"
PAGE = b"<< /Type /Page /Contents 2 0 R >>"
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] "


def _object(number: int, said: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, said)


def _stream(number: int, content: bytes, said: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    said = b"<< %b /Filter /FlateDecode /Length %d >>" % (said, len(packed))
    return _object(number, said + b"\nstream\n" + packed + b"\nendstream")


def _read(data: bytes, budget: Budget | None = None) -> tuple[dict[str, bytes], list[str]]:
    """Return the members of a document, those of one name together, and what is told of it."""
    found: dict[str, bytes] = {}
    told = []
    for member in Pdf().members(HEAD + data, budget or Budget()):
        if isinstance(member, Unread):
            told.append(member.why)
            continue
        assert isinstance(member, Member)
        try:
            for piece in member.chunks:
                found[member.name] = found.get(member.name, b"") + piece
        except MemberError as error:
            told.append(str(error))
    return found, told


@pytest.mark.parametrize(
    ("names", "raw"),
    [
        (b"/RunLengthDecode", b"\x81\0" * 200_000),
        (b"[/RunLengthDecode /RunLengthDecode]", b"\x81\x81" * 2000),
        (b"/ASCII85Decode", b"z" * 4_000_000 + b"~>"),
        (b"/ASCIIHexDecode", b"30" * 2_000_000 + b">"),
        (b"/FlateDecode", zlib.compress(bytes(20 << 20))),
    ],
)
def test_filters_make_small_pieces(names, raw):
    pieces = decoded(memoryview(raw), b"<< /Filter %b >>" % names, Budget(), Effort())
    assert max(map(len, pieces)) <= 2 * CHUNK


SLOW = [b"LZWDecode", b"LZW", b"ASCII85Decode", b"A85", b"RunLengthDecode", b"RL"]


@pytest.mark.parametrize("name", SLOW)
def test_slow_filters_upon_a_bomb_are_stopped(name):
    said = b"<< /Filter [/FlateDecode /%b] >>" % name
    raw = zlib.compress(b"!" * 4000)
    with suppress(MemberError):
        list(decoded(memoryview(raw), said, Budget(), Effort(4000 * 500)))
    effort = Effort(4000 * 100)
    with pytest.raises(MemberError, match="too long to decode"):
        list(decoded(memoryview(raw), said, Budget(), effort))
    assert list(decoded(memoryview(raw), b"<< /Filter /FlateDecode >>", Budget(), effort))


def test_slow_filters_share_what_they_may_take(monkeypatch):
    monkeypatch.setattr(pdf, "Effort", lambda: Effort(10_000_000))
    content = zlib.compress(b"!" * 20_000 + b"~>")
    said = b"<< /Type /X /Filter [/FlateDecode /A85] /Length %d >>" % len(content)
    streams = [_object(n, said + b"\nstream\n" + content + b"\nendstream") for n in range(1, 5)]
    found, told = _read(b"".join(streams))
    assert list(found) == ["stream 1", "stream 2"]
    assert told == ["it takes too long to decode"] * 2


@pytest.mark.parametrize("name", SLOW[::2])
def test_time_of_bombs_in_slow_filters(name):
    said = b"<< /Type /X /Filter [/FlateDecode /%b] /Length %%d >>" % name
    data = zlib.compress(b" ! A" * (12 << 20))
    begun = time.process_time()
    _, told = _read(_object(1, said % len(data) + b"\nstream\n" + data + b"\nendstream"))
    assert told
    assert time.process_time() - begun < 20


def test_filters_upon_filters_are_stopped_by_the_budget():
    raw = b"\x81\x81" * 200
    said = b"<< /Filter [%b] >>" % (b" /RunLengthDecode" * 4)
    tracemalloc.start()
    try:
        with pytest.raises(SpentError):
            for _ in decoded(memoryview(raw), said, Budget(10 << 20), Effort()):
                pass
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_object_streams_are_held_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(pdf, "MAX_PACKED", 1000)
    content = b"7 0 << /A 1 >>" + b" " * 2000
    found, told = _read(_stream(1, content, b"/Type /ObjStm /N 1 /First 4"))
    assert found == {"stream 1": content}
    assert len(told) == 1
    assert "object streams" in told[0]


ORPHAN = b"<< /Length 12 >>\nstream\nBT (a)Tj ET \nendstream\n"
FONTS = b"<< /Font << %b >> >>" % b"".join(b"/F%d %d 0 R " % (n, n + 10) for n in range(4000))
WIDE = b"<< /Subtype /Type0 /DescendantFonts [4 0 R] >>"

COSTLY = {
    "pages and streams that are none": b"".join(
        [_object(n, b"<< /Contents 9 0 R >>") for n in range(10, 10_000)] + [ORPHAN] * 10_000
    ),
    "fonts and streams that are none": b"".join(
        [_object(2, FONTS)]
        + [_object(n, b"<< /Contents 9 0 R /Resources 2 0 R >>") for n in range(5000, 5200)]
        + [ORPHAN] * 2000
    ),
    "shared widths": b"".join(
        [_object(2, FONTS), _object(3, b"<< /Contents 9 0 R /Resources 2 0 R >>")]
        + [_object(4, b"<< /W [%b] >>" % (b"0 -1 1 " * 9000))]
        + [_object(n, WIDE) for n in range(10, 4010)]
        + [ORPHAN]
    ),
    "shared contents": _object(9, b"[%b]" % (b"7 0 R " * 7000))
    + _object(1, b"<< /Contents 9 0 R >>") * 19_999,
    "comments": b"1 0 obj<</Contents 1[%" * 20_000,
    "codes that are mapped again": _object(1, b"<< /Contents 2 0 R /Resources 3 0 R >>")
    + _object(3, FONTS)
    + b"".join(_object(n, b"<< /ToUnicode %d 0 R >>" % (n + 4000)) for n in range(10, 30))
    + _stream(2, SHOWN)
    + b"".join(
        _stream(n + 4000, b"beginbfrange " + b"<00><ff><41>" * 80_000) for n in range(10, 30)
    ),
    "streams of many pages": b"".join(
        [_object(1, b"<< /Contents [2 0 R 3 0 R %d 0 R] >>" % n) for n in range(10, 5000)]
        + [_stream(2, bytes(1 << 20)), _stream(3, SHOWN)]
    ),
    "runs that write nothing": _object(1, PAGE)
    + _stream(2, b"BT " + b"(a)Tj " * 1000 + b"1 0 0 1 0 0 Tm " + b"[a]TJ " * 20_000),
}


@pytest.mark.parametrize("name", COSTLY)
def test_time_is_bounded(name):
    begun = time.process_time()
    try:
        _read(COSTLY[name])
    except SpentError:
        assert name == "streams of many pages"
    assert time.process_time() - begun < 4


@pytest.mark.parametrize(
    "content",
    [
        b"BT [" + b"()" * 400_000 + b"]TJ",
        b"BT [" + b"(\\1)9 9" * 50_000 + b"]TJ",
        b"BT [" + b"()" * 4_000_000 + b"]TJ",
        b"BT " + b"(ab)Tj " * 100_000,
        b"BT (a)Tj " + b"T* " * 500_000,
        b"/F 1 Tf " * 500_000 + b"BT (a)Tj",
    ],
)
def test_memory_of_a_page_is_bounded(content):
    tracemalloc.start()
    try:
        text_of(content, {}, 1 << 30)
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_what_is_too_long_to_be_shown_is_told():
    long = b"[(" + b"a" * (pdf_text.MAX_RUN + 1) + b")] TJ "
    found, told = _read(_object(1, PAGE) + _stream(2, b"BT " + long + b"(shown) Tj ET"))
    assert found == {"stream 2": b"shown"}
    assert told == ["it shows too much text at once"]


def test_codes_for_much_text_are_bounded():
    fonts = {b"/F": Font(False, {97: "x" * 100})}
    content = b"BT /F 1 Tf " + (b"(" + b"a" * 10_000 + b") Tj ") * 100
    shown = text_of(content, fonts, 1 << 30)
    assert len(shown.text) <= pdf_text.MAX_SHOWN
    assert not shown.is_whole


@pytest.mark.parametrize(
    ("token", "most"),
    [(b"[", 26), (b"()Tj", 70), (b"[]TJ", 70), (b"ET BT ", 60), (b"(\\1)Tj", 80)],
)
def test_short_tokens_count_for_the_time_that_they_take(token, most):
    content = b"BT 0 w " + token * 1000
    work = text_of(content, {}, 1 << 30).work
    assert 12_000 < work < most * 1000
    assert text_of(content, {}, 5000).work < 5200


@pytest.mark.parametrize("token", [b"T* ", b"(a) ", b"%\n"])
def test_what_lies_between_strings_is_bounded(token):
    for between in (b" 0 w ", b" ET ", b" ET " + b"B " * 20_000):
        content = b"BT (a)Tj" + between + token * 100_000 + b"Tj BT (b)Tj"
        shown = text_of(content, {}, len(content) + 5000)
        if token != b"T* " or between != b" ET ":
            assert len(content) + 5000 < shown.work < 3 * len(content)


def test_pages_with_too_many_operations_are_told(monkeypatch):
    monkeypatch.setattr(pdf, "MAX_WORK", 10_000)
    monkeypatch.setattr(pdf, "WORK_FOR_SIZE", 1)
    pages = b"".join(
        _object(n, b"<< /Contents %d 0 R >>" % (n + 1)) + _stream(n + 1, content)
        for n, content in ((1, SHOWN), (3, b"BT " + b"[" * 2000), (5, SHOWN))
    )
    found, told = _read(pages)
    assert found == {"stream 2": b"shown"}
    assert told == [pdf.TOO_MUCH] * 2


def test_operations_are_carried_out_wherever_they_are_parted():
    for count in range(65_500 // 3, 65_560 // 3):
        content = b"BT /F 9 Tf (a) Tj " + b"9 w" * count + b" 0 -20 Td 1 0 0 1 3 9 Tm (b) Tj ET"
        assert text_of(content, {}, 1 << 30).text == "a\nb"


@pytest.mark.parametrize(
    "said",
    [
        b"/Resources << /XObject << /Image 12 0 R >> >>",
        b"/Resources << /XObject << /XRef 12 0 R >> >>",
        b"/Resources << /XObject << /ObjStm 12 0 R >> >>",
        b"/Resources << /X << /Subtype /Image /Type /XRef >> >>",
        b"/Resources << /X << /Filter /DCTDecode >> >>",
        b"/X (/Filter /DCTDecode /Subtype /Image)",
    ],
)
def test_a_form_that_mentions_pictures_is_none(said):
    assert _read(_stream(2, SHOWN, said + FORM)) == ({"stream 2": b"shown"}, [])
    assert _read(_stream(2, SHOWN, FORM + said)) == ({"stream 2": b"shown"}, [])


def test_a_page_that_says_it_is_a_picture_is_read():
    said = b"/Type /XObject /Subtype /Image"
    assert _read(_object(1, PAGE) + _stream(2, SHOWN, said)) == ({"stream 2": b"shown"}, [])


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        (b"BT /F1 9 Tf", b"(one) Tj ET", b"one"),
        (b"BT /F1 9 Tf (one) Tj", b"(two) Tj ET", b"onetwo"),
        (b"BT /F1 9 Tf [(one)", b"5 (two)] TJ ET", b"onetwo"),
        (b"q /F1 9 Tf", b"BT (\\001) Tj ET", b"X"),
        (b"BT (one) Tj ET", b"no more", b"one"),
    ],
)
def test_streams_of_a_page_are_one(first, second, shown):
    page = b"<< /Contents [2 0 R 3 0 R] /Resources << /Font << /F1 4 0 R >> >> >>"
    font = _object(4, b"<< /ToUnicode 5 0 R >>") + _stream(5, b"beginbfchar <01> <0058>")
    data = _object(1, page) + _stream(2, first) + _stream(3, second) + font
    found, told = _read(data)
    assert not told
    assert found["stream 2"] == shown
    assert "stream 3" not in found


def test_streams_of_a_page_that_are_damaged_replaced_or_missing():
    page = _object(1, b"<< /Contents [2 0 R 8 0 R 3 0 R] >>")
    damaged = _object(2, b"<< /Filter /Unheard >>\nstream\n\nendstream")
    found, told = _read(page + _stream(3, b"BT (old) Tj ET") + damaged + _stream(3, SHOWN))
    assert found == {"stream 2": b"shown", "stream 3": b"old"}
    assert told == ["its encoding is not known: Unheard"]
    assert _read(page) == ({}, [])


def test_a_filter_with_an_odd_name_is_told():
    odd = _object(2, b"<< /Filter [/\xe4] >>\nstream\n\nendstream")
    found, told = _read(odd + _stream(3, SHOWN))
    assert found["stream 3"]
    assert told == ["its encoding is not known: \\xe4"]


MAPPED = (
    _object(1, b"<< /Contents 2 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>")
    + _stream(2, SHOWN)
    + _object(3, b"<< /Subtype /Type1 /ToUnicode 5 0 R /Widths [500 500 500 500] >>")
    + _object(4, b"<< /Encoding << /Differences [1 /a /b /c /d] >> >>")
    + _stream(5, b"beginbfrange <01> <09> <0058> endbfrange")
    + _object(6, b"<< /Contents [2 0 R 2 0 R 2 0 R] >>")
)


@pytest.mark.parametrize(
    ("where", "limit", "value", "why"),
    [
        (pdf, "MAX_MEMBERS", 0, "streams"),
        (pdf, "MAX_MAP", 9, "map"),
        (pdf_objects, "MAX_PAGES", 1, "pages"),
        (pdf_objects, "MAX_DICTIONARY", 60, "an object"),
        (pdf_objects, "MAX_NESTING", 1, "nested"),
        (pdf_pages, "MAX_CONTENTS", 2, "name more than"),
        (pdf_fonts, "MAX_FONTS", 1, "fonts"),
        (pdf_fonts, "MAX_CODES_OF_FONT", 5, "codes"),
    ],
)
def test_limits_are_told(
    monkeypatch: pytest.MonkeyPatch, where: ModuleType, limit: str, value: int, why: str
) -> None:
    assert _read(MAPPED)[1] == []
    monkeypatch.setattr(where, limit, value)
    told = _read(MAPPED)[1]
    assert len(told) == 1
    assert why in told[0]


def test_too_many_objects_or_tokens_or_codes_are_told():
    objects = b"9 0 obj\n" * (pdf_objects.MAX_OBJECTS + 1)
    assert _read(objects + MAPPED)[1] == ["it has more than 500,000 objects"]
    long = b"[" + b"1 " * 300_000 + b"]"
    told = _read(_object(9, b"<< /Contents 2 0 R /A %b >>" % long) * 8 + MAPPED)[1]
    assert told == ["its objects are too long"]
    wide = _object(4, WIDE.replace(b"4 0 R", b"9 0 R"))
    many = _object(9, b"<< /W [%b] >>" % (b"0 65535 500 " * 20))
    assert _read(MAPPED + wide + many)[1] == ["its fonts have too many codes"]


HEADING = b"BT /F1 9 Tf 1 0 0 1 9 9 Tm (heading) Tj ET % a comment\n"


def test_a_stream_that_pages_share_is_told_once():
    contents = [b"BT 1 0 0 1 9 %d00 Tm (page %d) Tj ET %% c%d\n" % (n, n, n) for n in range(5, 8)]
    data = b"".join(
        _object(n, b"<< /Contents [2 0 R %d 0 R 3 0 R] >>" % (n + 100)) + _stream(n + 100, content)
        for n, content in enumerate(contents, 10)
    )
    shared = _stream(2, HEADING) + _stream(3, HEADING.replace(b"heading", b"foot"))
    found, told = _read(shared + data)
    assert not told
    words = found["stream 2"].split()
    assert [words.count(word) for word in (b"heading", b"foot", b"comment", b"page")] == [
        1,
        1,
        2,
        3,
    ]
    assert words.index(b"foot") < words.index(b"6")


def test_a_word_that_goes_on_in_another_stream_is_whole_on_each_page():
    data = b"".join(
        _object(n, b"<< /Contents [2 0 R %d 0 R] >>" % (n + 100))
        + _stream(n + 100, b"(%d) Tj ET" % n)
        for n in (10, 11)
    )
    found, _ = _read(_stream(2, b"BT /F1 9 Tf (one) Tj T* (two) Tj") + data)
    assert found["stream 2"].split() == [b"one", b"two10", b"two11"]


def test_a_stream_that_is_a_page_and_part_of_another_is_told_once():
    data = _object(1, b"<< /Contents 2 0 R /A 1 >>") + _stream(2, HEADING)
    data += _object(4, b"<< /Contents [2 0 R 3 0 R] /Resources << >> >>")
    found, _ = _read(data + _stream(3, b"BT 1 0 0 1 9 99 Tm (more) Tj ET"))
    assert found["stream 2"].split() == [b"heading", b"a", b"comment", b"more"]


def test_what_is_shown_is_not_told_again():
    marked = b"/Span << /ActualText (shown) /Alt (other) >> BDC " + SHOWN + b" EMC"
    assert _read(_object(1, PAGE) + _stream(2, marked))[0] == {"stream 2": b"shown\nother"}


def test_a_page_that_was_given_more_content_is_read_once():
    resources = b"/Resources << /Font << /F1 4 0 R >> >>"
    pages = [b"<< /Contents %b %b >>" % (said, resources) for said in (b"2 0 R", b"[2 0 R 3 0 R]")]
    data = b"".join(_object(1, page) for page in pages) + _stream(2, SHOWN) + _stream(3, b"/X Do")
    assert _read(data) == ({"stream 2": b"shown"}, [])
