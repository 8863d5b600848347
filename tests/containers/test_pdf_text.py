"""However a program draws a token on a page, its text is whole, and other words are apart."""

from __future__ import annotations

import random
import string
import time

import pytest

from leakscan.containers.pdf_fonts import Font
from leakscan.containers.pdf_pen import MAX_WRITTEN
from leakscan.containers.pdf_text import SHOW_WORK, STEP_WORK, text_of

_RANDOM = random.Random(12)  # noqa: S311 - no secrets
TOKEN = "r8_" + "".join(_RANDOM.choices(string.ascii_letters + string.digits, k=37))

PLAIN = Font()
SHIFTED = Font(False, {code: chr(code - 1) for code in range(33, 128)} | {32: "~"})
NO_SPACE = Font(False, {code: "x" for code in range(256) if not chr(code).isalnum()})
LETTERS = Font(False, {1: "ffl", 2: "\ufb01", 3: "", 4: "\ufffe"})
WIDE = Font(True, {0x100 + code: chr(code) for code in range(128)})
FONTS = {b"/P": PLAIN, b"/S": SHIFTED, b"/N": NO_SPACE, b"/L": LETTERS, b"/W": WIDE}
BEGIN = b"BT /P 10 Tf "


def _text(content: bytes) -> str:
    return text_of(content, FONTS, 1 << 30).text


def _kerned(pieces: list[bytes]) -> bytes:
    """Write pieces with kerning of all kinds between them that is no space."""
    room = [b"3", b" -4 ", b"\n12\n", b".5", b"-28", b" 101.5", b"-200", b"1000", b"", b"-120.25"]
    return b"".join(b"%b%b" % (piece, _RANDOM.choice(room)) for piece in pieces[:-1]) + pieces[-1]


def _cut(token: str) -> list[str]:
    pieces = []
    while token:
        length = _RANDOM.randint(1, 4)
        pieces.append(token[:length])
        token = token[length:]
    return pieces


WAYS = {
    "whole": b"(%b) Tj" % TOKEN.encode(),
    "next to each other": b" ".join(b"(%b) Tj" % part.encode() for part in _cut(TOKEN)),
    "kerned": b"[%b] TJ" % _kerned([b"(%b)" % part.encode() for part in _cut(TOKEN)]),
    "hexadecimal": b"<%b> Tj" % TOKEN.encode().hex().encode(),
    "hexadecimal and kerned": b"[ %b ]TJ"
    % _kerned([b"<%b>" % part.encode().hex().encode() for part in _cut(TOKEN)]),
    "hexadecimal with blanks": b"[%b]TJ"
    % _kerned([b"<%b>" % part.encode().hex(" ").encode() for part in _cut(TOKEN)]),
    "octal": b"(%b) Tj" % b"".join(b"\\%o" % code + b"\\\n" for code in TOKEN.encode()),
    "octal and kerned": b"[%b]TJ" % _kerned([b"(\\%03o)" % code for code in TOKEN.encode()]),
    "both kinds": b"[%b]TJ"
    % _kerned(
        [
            b"(%b)" % part.encode() if len(part) > 2 else b"<%b>" % part.encode().hex().encode()
            for part in _cut(TOKEN)
        ]
    ),
    "letter by letter": b" ".join(b"(%c) Tj 5 0 Td" % code for code in TOKEN.encode()),
    "runs of a letter": b"".join(b"[(%c)]TJ/P 10 Tf 5 0 Td" % code for code in TOKEN.encode()),
    "placed letters": b" ".join(
        b"1 0 0 1 %d 9 Tm (%c) Tj" % (5 * at, code) for at, code in enumerate(TOKEN.encode())
    ),
    "placed and turned": b" ".join(
        b"0 2 -2 0 99 %d Tm 0 g (%c) Tj" % (10 * at, code) for at, code in enumerate(TOKEN.encode())
    ),
    "objects of a letter": b" ".join(
        b"ET Q q BT /P 10 Tf 1 0 0 1 %d 9 Tm [(%c)] TJ" % (5 * at, code)
        for at, code in enumerate(TOKEN.encode())
    ),
    "other codes": b"/S 10 Tf [%b] TJ"
    % _kerned([b"(%b)" % bytes(ord(c) + 1 for c in part) for part in _cut(TOKEN)]),
    "two bytes": b"/W 10 Tf [%b] TJ"
    % _kerned([b"<%b>" % "".join(f"01{ord(c):02X}" for c in p).encode() for p in _cut(TOKEN)]),
    "two bytes in literal strings": b"/W 10 Tf [%b] TJ"
    % _kerned([b"(%b)" % b"".join(b"\\001%c" % ord(c) for c in part) for part in _cut(TOKEN)]),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_draw_a_token(way):
    text = _text(
        BEGIN + b"(key) Tj 0 -12 Td " + WAYS[way] + b" ET BT /P 10 Tf 0 -30 Td (end) Tj ET"
    )
    assert text.splitlines() == ["key", TOKEN, "end"]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (rb"[(a\)) 5 (\(b\\) 5 (c\\\)) 5 (d)] TJ", "a)(b\\c\\)d"),
        (rb"[(a\) -500 \(b) -5 (c)] TJ", "a) -500 (bc"),
        (b"[(f(x)) 5 (g(5) -500 (y))] TJ", "f(x)g(5) -500 (y)"),
        (rb"[(]) 5 (TJ \(])] TJ (more) Tj", "]TJ (]more"),
        (b"[(a) -250 (b)-1000(c) -201.5(d) 250 (e)] TJ", "a b c de"),
        (b"[-500 (a) 5 (b) -500] TJ (c) Tj", " ab c"),
        (b"/S 10 Tf [(b)-500(c) 5 (d)-500(!)] TJ", "a bc  "),
        (b"/N 10 Tf [(a)-500(b) 5 (c)] TJ", "a bc"),
        (b"/W 10 Tf [<0141>-500<0142>5<0143>] TJ", "A BC"),
        (b"/W 10 Tf [<01>5<0142>5<0143>] TJ", "BC"),
        (rb"/L 10 Tf (a\001\002\003\004) Tj", "afflfi\ufffd"),
        (b"(a) Tj /ET1 gs /SET gs EMC EX (b) Tj ET Q BBT 50 0 Td (c) Tj ET", "ab c"),
        (b"/P <</MCID 0>> BDC (a) Tj EMC /P <</X (no)>> BDC (b) Tj EMC", "ab"),
        (b"(a) Tj ET /S 9 Tf 1 w BT (b) Tj ET", "a\na"),
        (b"(a) Tj\x000\x00-20\x00Td\x00(b)\x00Tj", "a\nb"),
        (b"[(a) % no\n (b)] TJ (c) Tj", "abc"),
        (rb"(\53\0531\9\q\ ) Tj", "++19q "),
        (b"(a\r\nb\rc\\\r\nd) Tj", "a\nb\ncd"),
    ],
)
def test_strings_and_what_is_between(content, shown):
    assert _text(BEGIN + content) == shown


@pytest.mark.parametrize("kern", [b"-9", b" 9 ", b"-150"])
def test_kerning_adds_up(kern):
    """What follows a run stands where its glyphs and all the room between them end."""
    run = b"[" + kern.join([b"(a)"] * 100) + b"] TJ "
    end = (100 * 500 - 99 * float(kern)) / 100
    for aside, between in ((0.0, ""), (3.0, " "), (-3.0, "\n")):
        moved = BEGIN + run + b"%f 0 Td (b) Tj" % (end + aside)
        assert _text(moved) == "a" * 100 + between + "b"


def test_numbers_in_strings_are_no_kerning():
    run = b"[(<a>) 5 (500<a>500</a>)] TJ "
    assert _text(BEGIN + run + b"79.95 0 Td (b) Tj") == "<a>500<a>500</a>b"
    run = b"[<61> 5 <62>-5<63>] TJ "
    assert _text(BEGIN + run + b"15 0 Td (d) Tj") == "abcd"


def test_room_for_a_space_is_no_glyph():
    run = b"[(a)-500(b)-500(c)] TJ "
    assert _text(BEGIN + run + b"25 0 Td (d) Tj") == "a b cd"
    assert _text(BEGIN + b"1 Tc 9 Tw " + run + b"28 0 Td (d) Tj") == "a b cd"


def test_many_strings_in_a_line():
    count = 3 * MAX_WRITTEN
    content = BEGIN + b"(a) Tj [(b) 5 (c)] TJ " * count
    for aside, between in ((0.0, ""), (3.0, " ")):
        moved = content + b"%f 0 Td (d) Tj" % (count * 14.95 + aside)
        assert _text(moved) == "abc" * count + between + "d"


def test_the_rest_is_left_out_where_there_is_too_much():
    content = BEGIN + b"(a) Tj ET " * 50
    shown = text_of(content.replace(b"ET ", b"ET 9 w BT "), FONTS, 2000)
    assert 2000 < shown.work < 2200
    assert 10 < shown.text.count("a") < 30
    assert text_of(content, FONTS, 1 << 20).work <= len(content) + 51 * (2 * STEP_WORK + SHOW_WORK)
    assert text_of(b"no text", FONTS, 9) == ("", "", 0, True, ([], []))


def test_graphics_between_texts_are_not_counted():
    graphics = b"0 0 m 9 9 l S q Q " * 1000
    shown = text_of(graphics + BEGIN + b"(a) Tj ET " + graphics + b"BT (b) Tj", FONTS, 1 << 20)
    assert shown.text == "a\nb"
    assert shown.work < 300


@pytest.mark.parametrize(
    ("content", "unseen"),
    [
        (b"% key " + TOKEN.encode() + b"\nBT (a) Tj ET", f" key {TOKEN}\n"),
        (b"BT (a) Tj % in BT (it)\n(b) Tj ET", " in BT (it)\n"),
        (b"BT (a) Tj ET q % outBT\rBT (b) Tj ET", " outBT\n"),
        (b"%only\nq Q", "only\n"),
        (b"BT (a 50% off) Tj [(%) 5 (b)] TJ ET", ""),
        (b"/Span << /ActualText (aBTb) >> BDC q BT (c) Tj ET EMC", "aBTb\n"),
        (b"BT (a) Tj ET /Span <</ActualText <FEFF0072003800 5F>>> BDC BT (c) Tj ET", "r8_\n"),
        (rb"BT /Span <</Alt (\376\377\000r\0008) /MCID 0>> BDC (c) Tj EMC ET", "r8\n"),
        (b"BT /P <</MCID 0 /E [(a) (b)]>> BDC (c) Tj EMC ET", "a\nb\n"),
        (b"BT /P <</MCID 0>> BDC (c) Tj EMC ET EMC /P <</MCID 1>> BDC BT (d) Tj ET", ""),
    ],
)
def test_what_is_said_but_not_shown(content, unseen):
    assert text_of(content, FONTS, 1 << 20).unseen == unseen


HOSTILE = {
    "ends": b"ET " * 130_000,
    "ends and half beginnings": b"ETB" * 130_000,
    "half beginnings": b"ET" + b"B" * 400_000,
    "dictionaries": b"<<a" * 130_000,
    "runs": b"[(a) 5 " * 60_000,
    "runs in strings": b"[([)" * 100_000,
    "runs of runs": b"[[(a) 5 (b)" * 40_000,
    "fonts": b"/P 1 Tf " * 50_000,
    "sizes": b"".join(b"/P %d Tf " % size for size in range(40_000)),
    "backslashes": b"[(" + b"\\\\" * 200_000 + b") 5 (a)] TJ",
    "escapes": b"[(" + b"\\1" * 200_000 + b") 5 (a)] TJ",
    "brackets": b"[(\\)" * 100_000,
    "matrices": b"1 " * 200_000 + b"Tm",
    "comments": b"ET %BT " * 60_000,
    "words between": b"ET (" * 100_000,
    "fonts outside": b"ET " + b"/ Tf " * 100_000,
    "half fonts between": (b"ET /" + b"xTf" * 333 + b" BT (a)Tj ") * 3000,
    "unknown fonts": b"".join(b"/X%d 1 Tf (a) Tj " % number for number in range(20_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear(name):
    begun = time.process_time()
    _text(BEGIN + HOSTILE[name])
    assert time.process_time() - begun < 2
