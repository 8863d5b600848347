"""Text of PDFs is read as a reader sees it, of real ones and of hostile ones."""

from __future__ import annotations

import base64
import random
import shutil
import string
import subprocess
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.containers.container import Budget, Member, MemberError, SpentError
from leakscan.containers.pdf import Pdf, looks_like
from leakscan.model import Unread

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

_RANDOM = random.Random(11)  # noqa: S311 - no secrets
TOKENS = ["r8_" + "".join(_RANDOM.choices(string.ascii_letters, k=37)) for _ in range(3)]
TOKEN = TOKENS[0]

PAGE = b"<< /Type /Page /Contents 2 0 R /Resources << /Font << /F1 3 0 R >> >> >>"


def _pdf(*objects: bytes, trailer: bytes = b"<< /Root 1 0 R >>") -> bytes:
    body = b"".join(b"%d 0 obj\n%b\nendobj\n" % (n, said) for n, said in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer\n" + trailer + b"\nstartxref\n0\n%%EOF\n"


def _stream(content: bytes, said: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), said, content)


def _flate(content: bytes, said: bytes = b"") -> bytes:
    return _stream(zlib.compress(content), b"/Filter /FlateDecode " + said)


def _shown(content: bytes, *objects: bytes) -> str:
    """Return the text of a page with this content, whose font is object 3."""
    found, unread = _read(_pdf(PAGE, _flate(content), *(objects or (b"<< /Type /Font >>",))))
    assert not unread
    return found[0][1].decode()


def _read(
    data: bytes, budget: Budget | None = None
) -> tuple[list[tuple[str, bytes]], list[Unread]]:
    found, unread = [], []
    for member in Pdf().members(data, budget or Budget()):
        if isinstance(member, Unread):
            unread.append(member)
            continue
        assert isinstance(member, Member)
        pieces: list[bytes] = []
        try:
            pieces.extend(member.chunks)
        except MemberError as error:
            unread.append(Unread(member.name, str(error)))
        found.append((member.name, b"".join(pieces)))
    return found, unread


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_what_a_browser_prints(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        f"<h1>Deploy</h1><p>the key is {TOKENS[0]}, AV To We</p><pre>K={TOKENS[1]}\nnext</pre>"
        f'<p style="font-family: serif; font-style: italic; letter-spacing: 1px">{TOKENS[2]} x</p>'
    )
    made = tmp_path / "page.pdf"
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    where = [f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={made}", str(page)]
    subprocess.run([BROWSER, *options, *where], check=True, capture_output=True, timeout=100)
    data = made.read_bytes()
    assert looks_like(data)
    assert not any(token.encode() in data for token in TOKENS)
    found, unread = _read(data)
    assert not unread
    text = next(content.decode() for _, content in found if b"Deploy" in content)
    lines = text.splitlines()
    assert f"the key is {TOKENS[0]}, AV To We" in lines
    assert f"K={TOKENS[1]}" in lines
    assert f"{TOKENS[2]} x" in lines


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"BT /F1 9 Tf (one) Tj ET", "one"),
        (b"BT /F1 9 Tf (a) Tj T* (b) Tj (c) ' 1 2 (d) \" ET", "a\nb\nc\nd"),
        (b"BT /F1 9 Tf [(r8) 20 (_a) -12.5 (b)] TJ ET", "r8_ab"),
        (b"BT /F1 9 Tf [(two) -333 (words)] TJ ET", "two words"),
        (rb"BT (a\(b\)\\ \101\7\1234 (nested (more)) \
joined\n) Tj ET", "a(b)\\ A\x07S4 (nested (more)) joined\n"),
        (b"BT <7238 5f 4> Tj ET", "r8_@"),
        (b"BT /F1 10 Tf (abcd) Tj 20 0 Td (ef) Tj 0 -12 Td (g) Tj ET", "abcdef\ng"),
        (b"BT /F1 10 Tf (abcd) Tj 40 0 Td (ef) Tj ET", "abcd ef"),
        (b"BT /F1 10 Tf 1 0 0 1 9 9 Tm (ab) Tj ET BT 1 0 0 1 19 9 Tm (cd) Tj ET", "abcd"),
        (b"BT /F1 10 Tf 0 1 -1 0 9 9 Tm (ab) Tj 0 1 -1 0 9 19 Tm (cd) Tj ET", "abcd"),
        (b"BT /F1 10 Tf 2 Tc (ab) Tj 14 0 Td (cd) Tj ET", "abcd"),
        (b"/F1 10 Tf q 0 0 m 9 9 l S Q BT (x) Tj ET % (no) Tj\nBT (y) Tj ET", "x\ny\n (no) Tj"),
        (b"BT /Span << /ActualText (not this) >> BDC (this) Tj EMC ET", "this\nnot this"),
    ],
)  # fmt: skip
def test_how_strings_are_shown(content, shown):
    assert _shown(content) == shown


def test_maps_of_fonts():
    to_unicode = (
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        b"2 beginbfchar <0001> <0072> <0002> <00380005F> <0003> <0066006C> endbfchar\n"
        b"1 beginbfrange <0010> <0012> <0061> <0020> <0021> [<0078> <0079007A>] endbfrange"
    ).replace(b"<00380005F>", b"<0038005F>")
    wide = b"<< /Subtype /Type0 /Encoding /Identity-H /ToUnicode 4 0 R /DescendantFonts [5 0 R] >>"
    objects = (wide, _flate(to_unicode), b"<< /DW 500 /W [1 [300 300] 16 18 600] >>")
    assert _shown(b"BT /F1 9 Tf <00010002001000110012002000210003> Tj ET", *objects) == (
        "r8_abcxyzfl"
    )
    shown = _shown(b"BT /F1 10 Tf <00010002> Tj 6 0 Td <0010> Tj 9 0 Td <0011> Tj ET", *objects)
    assert shown == "r8_a b"


def test_encodings_with_differences():
    encoding = (
        b"<< /Type /Font /Encoding << /Differences [1 /r /eight /underscore 65 /uni0042] >> >>"
    )
    assert _shown(rb"BT /F1 9 Tf (\001\002\003Ax) Tj ET", encoding) == "r8_Bx"


def test_ligatures_are_letters():
    to_unicode = b"1 beginbfchar <01> <FB01> endbfchar"
    font = b"<< /Type /Font /ToUnicode 4 0 R >>"
    assert _shown(rb"BT /F1 9 Tf (r8_\001x) Tj ET", font, _flate(to_unicode)) == "r8_fix"


def test_fonts_of_a_parent_of_forms_and_in_object_streams():
    content = b"BT /F1 9 Tf <01> Tj ET"
    packed = b"7 0 8 30 << /ToUnicode 6 0 R         >> << /Contents 2 0 R /Parent 1 0 R >>"
    data = _pdf(
        b"<< /Type /Pages /Kids [8 0 R] /Resources << /Font << /F1 7 0 R >> >> >>",
        _flate(content),
        _flate(packed, b"/Type /ObjStm /N 2 /First 9"),
        _flate(content, b"/Subtype /Form /BBox [0 0 1 1] /Resources << /Font 5 0 R >>"),
        b"<< /F1 7 0 R >>",
        _flate(b"1 beginbfrange <01> <01> <0058> endbfrange"),
    )
    found, unread = _read(data)
    assert not unread
    assert dict(found)["stream 2"] == b"X"
    assert dict(found)["stream 4"] == b"X"
    assert dict(found)["stream 3"] == packed


def test_a_page_that_nothing_mentions_is_read_too():
    content = b"BT /F1 9 Tf [(r8)-1(_x)] TJ ET"
    found, _ = _read(_pdf(_flate(content)))
    assert [text for _, text in found] == [content, b"r8_x"]


@pytest.mark.parametrize(
    ("names", "encoded"),
    [
        (b"/FlateDecode", zlib.compress(TOKEN.encode())),
        (b"[ /ASCIIHexDecode ]", TOKEN.encode().hex().encode() + b">"),
        (b"[/ASCII85Decode/FlateDecode]", base64.a85encode(zlib.compress(TOKEN.encode())) + b"~>"),
        (b"/A85", b"<~" + base64.a85encode(TOKEN.encode(), wrapcol=30) + b"~>"),
        (b"/RunLengthDecode", b"\x27" + TOKEN.encode() + b"\x80"),
        (b"[]", TOKEN.encode()),
    ],
)
def test_filters(names, encoded):
    found, unread = _read(_pdf(_stream(encoded, b"/Type /EmbeddedFile /Filter " + names)))
    assert found == [("stream 1", TOKEN.encode())]
    assert not unread


def _lzw(data: bytes) -> bytes:
    """Compress as PDF does: codes grow one code early."""
    table = {bytes([code]): code for code in range(256)}
    following, width, bits, kept = 258, 9, f"{256:09b}", b""
    for byte in data:
        longer = kept + bytes([byte])
        if longer in table:
            kept = longer
            continue
        bits += f"{table[kept]:0{width}b}"
        table[longer] = following
        following += 1
        width = max(9, following.bit_length())
        kept = bytes([byte])
        if following == 4094:
            bits += f"{table[kept]:0{width}b}{256:0{width}b}"
            table = {bytes([code]): code for code in range(256)}
            following, width, kept = 258, 9, b""
    if kept:
        bits += f"{table[kept]:0{width}b}"
    bits += f"{257:0{width}b}"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)


def test_lzw():
    data = bytes(_RANDOM.choices(b"abc", k=3000)) + bytes(_RANDOM.choices(range(256), k=9000))
    found, unread = _read(_pdf(_stream(_lzw(data), b"/Type /X /Filter /LZWDecode")))
    assert not unread
    assert found[0][1] == data
    known = bytes.fromhex("800B6050220C0C8501")  # the example of ISO 32000-1, 7.4.4.2
    found, _ = _read(_pdf(_stream(known, b"/Type /X /Filter /LZWDecode")))
    assert found[0][1] == bytes((45, 45, 45, 45, 45, 65, 45, 45, 45, 66))


def test_lengths_that_lie_and_streams_that_were_deleted():
    first = _flate(b"the first").replace(b"/Length ", b"/Length 9")
    second = _flate(b"the second").replace(b"/Length ", b"/Length 7 0 R /X ")
    data = _pdf(first, second) + _pdf(_flate(b"later"))[9:]
    assert [content for _, content in _read(data)[0]] == [b"the first", b"the second", b"later"]


def test_a_stream_that_holds_another_document():
    inner = _pdf(_stream(b"inner"))
    assert _read(_pdf(_stream(inner, b"/Type /EmbeddedFile")))[0] == [("stream 1", inner)]


def test_pictures_are_left_out():
    data = _pdf(
        _flate(bytes(99), b"/Type /XObject /Subtype /Image"),
        _stream(b"\xff\xd8", b"/Filter [/FlateDecode /DCTDecode]"),
        _flate(b"9", b"/Type /XRef"),
    )
    assert _read(data) == ([], [])


@pytest.mark.parametrize("trailer", [b"<< /Encrypt 9 0 R >>", b"<< /Encrypt << /V 1 >> >>"])
def test_an_encrypted_one_is_told(trailer):
    found, unread = _read(_pdf(PAGE, _flate(b"BT (x) Tj ET"), trailer=trailer))
    assert not found
    assert unread == [Unread("", "it is encrypted")]


def test_an_encrypted_one_without_a_trailer_is_told():
    data = _pdf(_flate(b"9", b"/Type /XRef /Encrypt 9 0 R"))
    assert _read(data)[1] == [Unread("", "it is encrypted")]


def test_what_only_mentions_encryption_is_read():
    data = _pdf(_stream(b"trailer << /Encrypt 9 0 R >>", b"/Type /EmbeddedFile"))
    assert not _read(data)[1]


def test_what_cannot_be_read_is_told():
    data = _pdf(
        _stream(zlib.compress(b"ab" * 50)[:-9], b"/Type /X /Filter /FlateDecode"),
        _stream(b"words", b"/Type /X /Filter /Unheard"),
        _stream(b"words", b"/Type /X /Filter 9 0 R"),
        _stream(b"xyz>", b"/Type /X /Filter /ASCIIHexDecode"),
        _flate(b"sound"),
    )
    found, unread = _read(data)
    assert [part.within for part in unread] == [f"stream {number}" for number in range(1, 5)]
    assert found[-1] == ("stream 5", b"sound")


def test_what_merely_begins_like_one():
    assert not looks_like(b"%PDF-")
    assert not looks_like(b"%PDF is a format")
    assert _read(b"%PDF-1.4 is the version that this text is about") == ([], [])


HOSTILE = {
    "strings": b"BT " + b"(" * 400_000,
    "escapes": b"BT " + b"\\(" * 200_000,
    "arrays": b"BT " + b"[" * 400_000,
    "arrays of strings": b"BT " + b"[()" * 150_000,
    "numbers": b"BT " + b"1" * 400_000,
    "spaces": b"BT 1" + b" " * 400_000,
    "names": b"BT " + b"/" * 400_000,
    "digits": b"BT <" + b"a" * 400_000,
    "text objects": b"BT " * 130_000,
    "letters": b"BT /F1 1 Tf [" + b"(a)-1" * 80_000 + b"] TJ ET",
    "moves": b"BT " + b"1 0 0 1 0 0 Tm (a) Tj " * 20_000,
    "numbers that are none": b"BT 1.2.3 --4 Td (a) Tj /F1 +-. Tf (b) Tj ET",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_pages_are_read_in_linear_time(name):
    content = HOSTILE[name]
    data = _pdf(PAGE, _flate(content), b"<< /Type /Font >>")
    begun = time.process_time()
    _read(data)
    assert time.process_time() - begun < 3


def test_documents_are_read_in_linear_time():
    crooked = {
        "trailers": b"trailer " * 200_000,
        "objects": b"1 0 obj " * 100_000,
        "pages": b"1 0 obj << /Contents 2 0 R ( " * 50_000,
        "streams": b"1 0 obj << >> stream\n" * 50_000,
        "dictionaries": b"1 0 obj " + b"<< /Contents " * 50_000,
        "lengths": b"1 0 obj << /Length 999999999999 >> stream\n" * 50_000,
        "encryption": b"/Encrypt 1" * 100_000,
    }
    for name, content in crooked.items():
        begun = time.process_time()
        _read(b"%PDF-1.4\n" + content)
        assert time.process_time() - begun < 5, name


def test_bombs_are_bounded():
    bomb = zlib.compress(bytes(100 << 20))
    data = _pdf(PAGE, _stream(bomb, b"/Filter /FlateDecode"))
    _, unread = _read(data)
    assert "more than 64 MiB" in unread[0].why
    data = _pdf(_stream(bomb, b"/Filter /FlateDecode"))
    with pytest.raises(SpentError):
        _read(data, Budget(10 << 20))
    with pytest.raises(SpentError):
        _read(data, Budget(members=0))


def test_fonts_with_endless_maps_are_bounded():
    fonts = b"".join(b"/F%d %d 0 R " % (n, n + 4) for n in range(500))
    page = b"<< /Contents 2 0 R /Resources << /Font << %b >> >> >>" % fonts
    endless = _flate(b"beginbfrange " + b"<0000> <ffffffff> <0041>" * 9000)
    content = _flate(b"BT /F1 9 Tf (a) Tj ET")
    font = b"<< /Subtype /Type0 /ToUnicode 3 0 R /DescendantFonts [4 0 R] >>"
    widths = b"<< /W [" + b"0 99999999 1 " * 4000 + b"] >>"
    begun = time.process_time()
    _read(_pdf(page, content, endless, widths, *[font] * 500))
    assert time.process_time() - begun < 5


def test_objects_that_lead_to_themselves():
    page = b"<< /Contents 2 0 R /Parent 1 0 R >>"
    looped = b"<< /Contents 2 0 R /Resources 3 0 R >>"
    for said in (page, looped):
        found, _ = _read(_pdf(said, _flate(b"BT (x) Tj ET"), b"3 0 R"))
        assert found == [("stream 2", b"x")]


SMALL = _pdf(
    PAGE,
    _flate(b"BT /F1 9 Tf [(r8) 20 <5f>] TJ 1 0 Td (\\101) ' ET"),
    b"<< /Type /Font /ToUnicode 4 0 R /Widths [500 600] /FirstChar 65 >>",
    _flate(b"1 beginbfchar <41> <0061> endbfchar"),
    _stream(b"7 0 << /A 1 >>", b"/Type /ObjStm /N 1 /First 4"),
)


def test_cut_anywhere():
    for length in range(len(SMALL)):
        _read(SMALL[:length])


@given(st.data())
def test_damaged_ones_raise_nothing(data):
    at = data.draw(st.integers(0, len(SMALL) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=6))
    _read(SMALL[:at] + junk + SMALL[at + len(junk) :])
    _read(SMALL[:at] + junk + SMALL[at:])


@given(st.lists(st.sampled_from([b"BT ", b"ET ", b"(a", b") ", b"[", b"]", b"TJ ", b"Tj ", b"<4",
    b"> ", b"1 ", b"-9e9 ", b"Td ", b"1 0 0 1 2 3 Tm ", b"/F1 0 Tf ", b"\\", b"Tc ", b"Tw "]),
    max_size=40))  # fmt: skip
def test_any_operations_raise_nothing(pieces):
    _read(_pdf(PAGE, _flate(b"".join(pieces)), b"<< /Type /Font >>"))
