"""Which characters the codes of a PDF's fonts stand for, and how wide they are.

A font that is embedded mostly holds only the glyphs that are used, under numbers of its own.  Its
ToUnicode map (ISO 32000-1, 9.10.3) says what they mean, so that text can be copied.
"""

from __future__ import annotations

import re
import sys
from array import array
from codecs import charmap_decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from leakscan.containers.pdf_objects import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from leakscan.containers.pdf_objects import Objects, Value

MAX_CODES_OF_FONT = 65_536
"""Codes of a font whose meaning is noted."""

MAX_CODES = 1_000_000
"""Codes of all fonts of a document whose meaning is noted, and widths of them; those that stand for
many characters count more than once."""

MAX_FONTS = 4096
"""Fonts of a document that are read, and names for them on a page."""

MAX_DEPTH = 32
"""Groups of pages within groups that are followed."""

_SHORT = 4
"""Characters for which a code counts once more."""

_LAST_CODE = 0xFFFF
"""The last code of two bytes."""

_MANY_FONTS = f"it has more than {MAX_FONTS:,} fonts"

_MANY_CODES = "its fonts have too many codes"

_Made = TypeVar("_Made")

NORMAL_WIDTH = 500.0
"""Thousandths of the font's size that a glyph is wide if nothing says how wide it is."""

_GLYPHS = {
    b"/" + name: character
    for name, character in zip(
        (
            b"space exclam quotedbl numbersign dollar percent ampersand quotesingle parenleft "
            b"parenright asterisk plus comma hyphen period slash zero one two three four five six "
            b"seven eight nine colon semicolon less equal greater question at bracketleft "
            b"backslash bracketright asciicircum underscore grave braceleft bar braceright "
            b"asciitilde"
        ).split(),
        " !\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`{|}~",
        strict=True,
    )
}
_GLYPHS |= {b"/ff": "ff", b"/fi": "fi", b"/fl": "fl", b"/ffi": "ffi", b"/ffl": "ffl"}
"""Names of ASCII's characters but letters, and of ligatures (Adobe Glyph List)."""

_HEX = rb"<([0-9A-Fa-f\s]{0,600}+)>\s*+"

_CHARACTER = re.compile(_HEX + _HEX)

_RANGE = re.compile(_HEX + _HEX + rb"(?:" + _HEX + rb"|\[([^\]]*+)\])")

_SPACE = b" \t\r\n\f\v\0"

_CODE_SPACE = re.compile(rb"begincodespacerange\s*+<([0-9A-Fa-f\s]{0,20}+)>")


class _Widths(dict[int, float]):
    """Widths of glyphs by their codes.

    Attributes:
        usual: the width of those that are not named.
    """

    usual = NORMAL_WIDTH

    def __missing__(self, code: int) -> float:
        return self.usual


@dataclass(slots=True)
class Font:
    """A font, as far as text needs it.

    Attributes:
        is_wide: whether a code has two bytes.
        characters: what codes stand for; others stand for themselves.
        widths: of codes, in thousandths of the font's size.
    """

    is_wide: bool = False
    characters: dict[int, str] = field(default_factory=dict)
    widths: _Widths = field(default_factory=_Widths)
    _table: str | dict[int, str] = ""
    _narrow_widths: list[float] = field(default_factory=list)
    _blank: bytes | None = None
    _longest: int = 0

    @property
    def longest(self) -> int:
        """Characters that a code stands for at most."""
        if not self._longest:
            self._longest = max(map(len, self.characters.values()), default=1) or 1
        return self._longest

    def text(self, codes: bytes) -> str:
        """Return what a string shows."""
        if self.is_wide:
            shown = codes[: len(codes) & ~1].decode("utf-16-be", "replace")
            return shown.translate(self.characters)
        if not self._table:
            self._table = _table(self.characters)
        return charmap_decode(codes, "replace", self._table)[0]

    def width(self, codes: bytes) -> float:
        """Return how wide it is, in thousandths of the font's size."""
        if not self.is_wide:
            if not self._narrow_widths:
                self._narrow_widths = [self.widths[code] for code in range(256)]
            return sum(map(self._narrow_widths.__getitem__, codes))
        numbers = array("H", codes[: len(codes) & ~1])
        if sys.byteorder == "little":
            numbers.byteswap()
        return sum(map(self.widths.__getitem__, numbers))

    def blank(self) -> bytes:
        """Return a code that shows a space and needs no escape in a string, if there is one."""
        if self._blank is None:
            characters = self.characters
            named = (code for code, character in characters.items() if character == " ")
            code = 32 if characters.get(32, " ") == " " else next(named, -1)
            size = 2 if self.is_wide else 1
            usable = 0 <= code < 256**size and (self.is_wide or code not in b"()<>\\\r")
            self._blank = code.to_bytes(size, "big") if usable else b""
        return self._blank


def _table(characters: Mapping[int, str]) -> str | dict[int, str]:
    """Return what each code of one byte stands for, in the form that is fastest."""
    shown = [characters.get(code, chr(code)) for code in range(256)]
    is_short = all(len(character) == 1 for character in shown)
    return "".join(shown) if is_short else dict(enumerate(shown))


class Fonts:
    """The fonts of a document, each read when it is first asked for.

    Args:
        objects: the document.
        read: returns the decoded stream of an object.
    """

    def __init__(self, objects: Objects, read: Callable[[int], bytes]) -> None:
        self._objects = objects
        self._read = read
        self._fonts: dict[int, Font] = {}
        self._fonts_left = MAX_FONTS
        self._maps: dict[int, tuple[dict[int, str], bool]] = {}
        self._differences_of: dict[int, dict[int, str]] = {}
        self._widths_of: dict[int, _Widths] = {}
        self._codes_left = MAX_CODES
        self._sets: dict[int, Mapping[bytes, Font]] = {}

    def of(self, holder: Mapping[bytes, Value], depth: int = 0) -> Mapping[bytes, Font]:
        """Return the fonts of a page or a form by the names that it has for them.

        Args:
            holder: its dictionary.
            depth: how many pages were asked that this one is below.
        """
        if b"/Resources" in holder:
            return self._set(holder[b"/Resources"], self._from_resources)
        parent = holder.get(b"/Parent")
        if parent is None:
            return {}
        if depth > MAX_DEPTH:
            self._objects.left_out.add("its pages are nested too deeply")
            return {}
        return self._set(parent, lambda value: self.of(self._objects.dictionary(value), depth + 1))

    def _set(
        self, value: Value, make: Callable[[Value], Mapping[bytes, Font]]
    ) -> Mapping[bytes, Font]:
        """Make a set of fonts; remember the one that an object stands for."""
        if not isinstance(value, Ref):
            return make(value)
        if value.number not in self._sets:
            self._sets[value.number] = {}  # should it lead back to itself
            self._sets[value.number] = make(value)
        return self._sets[value.number]

    def _from_resources(self, value: Value) -> Mapping[bytes, Font]:
        named = self._objects.dictionary(value).get(b"/Font")
        return self._set(named, self._from_names)

    def _from_names(self, value: Value) -> Mapping[bytes, Font]:
        named = list(self._objects.dictionary(value).items())
        if len(named) > MAX_FONTS:
            self._objects.left_out.add(_MANY_FONTS)
        return {name: self._font(font) for name, font in named[:MAX_FONTS]}

    def _font(self, value: Value) -> Font:
        if not isinstance(value, Ref):
            return self._made(self._objects.dictionary(value))
        if value.number not in self._fonts:
            self._fonts[value.number] = self._made(self._objects.dictionary(value))
        return self._fonts[value.number]

    def _made(self, said: dict[bytes, Value]) -> Font:
        self._fonts_left -= 1
        if self._fonts_left < 0:
            self._objects.left_out.add(_MANY_FONTS)
            return Font()
        is_wide = said.get(b"/Subtype") == b"/Type0"
        font = Font(is_wide)
        shown = said.get(b"/ToUnicode")
        if isinstance(shown, Ref):
            font.characters, is_narrow = self._map(shown.number)
            font.is_wide = is_wide and not is_narrow
        if is_wide:
            below = self._objects.items(said.get(b"/DescendantFonts"))
            font.widths = self._once(self._widths_of, below[0] if below else None, self._wide)
        else:
            self._set_widths(font, said)
            if not font.characters:
                encoding = said.get(b"/Encoding")
                font.characters = self._once(self._differences_of, encoding, self._differences)
        return font

    def _once(self, known: dict[int, _Made], value: Value, make: Callable[[Value], _Made]) -> _Made:
        """Make something of a value; only once of an object that several fonts share."""
        if not isinstance(value, Ref):
            return make(value)
        if value.number not in known:
            known[value.number] = make(value)
        return known[value.number]

    def _spend(self, codes: int) -> bool:
        """Whether so many codes more may be noted."""
        self._codes_left -= codes
        if self._codes_left < 0:
            self._objects.left_out.add(_MANY_CODES)
        return self._codes_left >= 0

    def _map(self, number: int) -> tuple[dict[int, str], bool]:
        """Return a ToUnicode map, and whether it says that codes have one byte."""
        if number not in self._maps:
            data = self._read(number) if self._spend(1) else b""
            most = min(MAX_CODES_OF_FONT, self._codes_left)
            characters, codes = parse_to_unicode(data, most)
            if codes > most:
                self._objects.left_out.add(_MANY_CODES)
            self._spend(min(codes, most) + len(data) // 64)
            space = _CODE_SPACE.search(data)
            is_narrow = space is not None and len(space[1].translate(None, _SPACE)) == 2
            self._maps[number] = (characters, is_narrow)
        return self._maps[number]

    def _differences(self, value: Value) -> dict[int, str]:
        """Return which characters an encoding puts in the place of the usual ones."""
        encoding = self._objects.dictionary(value)
        found: dict[int, str] = {}
        code = 0
        for item in self._objects.items(encoding.get(b"/Differences")):
            if not self._spend(1):
                break
            if isinstance(item, float):
                code = int(item) if 0 <= item < 256 else 0
            elif isinstance(item, bytes):
                if character := _character(item):
                    found[code] = character
                code += 1
        return found

    def _set_widths(self, font: Font, said: dict[bytes, Value]) -> None:
        first = self._objects.get(said.get(b"/FirstChar"))
        code = int(first) if isinstance(first, float) and 0 <= first < 256 else 0
        widths = self._objects.get(said.get(b"/Widths"))
        if isinstance(widths, list) and self._spend(min(len(widths), 256)):
            for width in widths[:256]:
                if isinstance(width, float):
                    font.widths[code] = width
                code += 1
        elif b"Courier" in str(said.get(b"/BaseFont")).encode():
            font.widths.usual = 600.0

    def _wide(self, value: Value) -> _Widths:
        """Read the widths of a composite font (ISO 32000-1, 9.7.4.3)."""
        glyphs = self._objects.dictionary(value)
        usual = self._objects.get(glyphs.get(b"/DW"))
        widths = _Widths()
        widths.usual = usual if isinstance(usual, float) else 1000.0
        pending: list[float] = []
        for item in self._objects.items(glyphs.get(b"/W")):
            if not self._spend(1):
                break
            said = self._objects.get(item)
            if isinstance(said, float):
                pending.append(said)
                if len(pending) == 3:
                    first, last, width = pending
                    codes = range(max(int(first), 0), int(min(last, _LAST_CODE)) + 1)
                    if not self._spend(len(codes)):
                        break
                    widths.update(dict.fromkeys(codes, width))
                    pending = []
            elif isinstance(said, list) and pending:
                if not self._spend(len(said)):
                    break
                for number, width_of in enumerate(said, int(pending[0])):
                    if isinstance(width_of, float):
                        widths[number] = width_of
                pending = []
        return widths


def parse_to_unicode(data: bytes, most: int) -> tuple[dict[int, str], int]:
    """Return which characters the codes of a font stand for, by its ToUnicode map.

    Args:
        data: the map.
        most: codes to note.

    Returns:
        The characters, and how many codes that was, the ones for many characters counted more than
        once; more than ``most`` if the rest was left out.
    """
    found: dict[int, str] = {}
    codes = 0
    for first, targets in _targets(data):
        for code, text in enumerate(targets, first):
            codes += 1 + len(text) // _SHORT
            if codes > most:
                return found, codes
            found[code] = text
    return found, codes


def _targets(data: bytes) -> Iterator[tuple[int, Iterable[str]]]:
    """Yield the first code of each entry of a ToUnicode map, and what it and the next stand for."""
    for part in data.split(b"beginbfchar")[1:]:
        for pair in _CHARACTER.finditer(part.partition(b"endbfchar")[0]):
            yield _code(pair[1]), (_characters(pair[2]),)
    for part in data.split(b"beginbfrange")[1:]:
        for line in _RANGE.finditer(part.partition(b"endbfrange")[0]):
            first, count = _code(line[1]), max(_code(line[2]) - _code(line[1]) + 1, 0)
            if line[4] is not None:
                targets = re.findall(rb"<([0-9A-Fa-f\s]{0,600}+)>", line[4])[:count]
                yield first, map(_characters, targets)
            elif text := _characters(line[3]):
                yield first, _row(text, count)


def _row(text: str, count: int) -> Iterator[str]:
    """Yield a text and those after it, whose last character is another one each."""
    head, at = text[:-1], ord(text[-1])
    for code in range(at, min(at + count, 0x110000)):
        yield head + chr(code)


def _code(digits: bytes) -> int:
    return int(digits.translate(None, _SPACE)[:8] or b"0", 16)


def _characters(digits: bytes) -> str:
    digits = digits.translate(None, _SPACE)
    raw = bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))
    return raw.decode("utf-16-be", "replace") if len(raw) > 1 else raw.decode("latin-1")


def _character(name: bytes) -> str | None:
    """Return the character that a glyph's name stands for."""
    if len(name) == 2 and name[1:].isalpha():
        return name[1:].decode("ascii", "replace")
    if re.fullmatch(rb"/uni[0-9A-F]{4}", name):
        return chr(int(name[4:], 16))
    return _GLYPHS.get(name)
