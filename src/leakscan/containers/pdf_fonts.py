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
from typing import TYPE_CHECKING

from leakscan.containers.pdf_objects import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leakscan.containers.pdf_objects import Objects, Value

MAX_CODES_OF_FONT = 65_536
"""Codes of a font whose meaning is noted."""

MAX_CODES = 1_000_000
"""Codes of all fonts of a document whose meaning is noted; and widths of them."""

MAX_FONTS = 4096
"""Fonts of a document that are read, and names for them on a page."""

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
        self._maps: dict[int, tuple[dict[int, str], bool]] = {}
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
        if parent is None or depth > 32:
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
        named = list(self._objects.dictionary(value).items())[:MAX_FONTS]
        return {name: self._font(font) for name, font in named}

    def _font(self, value: Value) -> Font:
        if not isinstance(value, Ref):
            return self._made(self._objects.dictionary(value))
        if value.number not in self._fonts:
            if len(self._fonts) >= MAX_FONTS:
                return Font()
            self._fonts[value.number] = self._made(self._objects.dictionary(value))
        return self._fonts[value.number]

    def _made(self, said: dict[bytes, Value]) -> Font:
        is_wide = said.get(b"/Subtype") == b"/Type0"
        font = Font(is_wide)
        shown = said.get(b"/ToUnicode")
        if isinstance(shown, Ref):
            font.characters, is_narrow = self._map(shown.number)
            font.is_wide = is_wide and not is_narrow
        if is_wide:
            self._set_wide_widths(font, said)
        else:
            self._set_widths(font, said)
            if not font.characters:
                font.characters = self._differences(said)
        return font

    def _map(self, number: int) -> tuple[dict[int, str], bool]:
        """Return a ToUnicode map, and whether it says that codes have one byte."""
        if number not in self._maps:
            data = self._read(number) if self._codes_left > 0 else b""
            characters = parse_to_unicode(data, min(MAX_CODES_OF_FONT, self._codes_left))
            self._codes_left -= len(characters) + len(data) // 64
            space = _CODE_SPACE.search(data)
            is_narrow = space is not None and len(space[1].translate(None, _SPACE)) == 2
            self._maps[number] = (characters, is_narrow)
        return self._maps[number]

    def _differences(self, said: dict[bytes, Value]) -> dict[int, str]:
        """Return which characters an encoding puts in the place of the usual ones."""
        encoding = self._objects.dictionary(said.get(b"/Encoding"))
        found: dict[int, str] = {}
        code = 0
        for item in self._objects.items(encoding.get(b"/Differences")):
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
        if isinstance(widths, list):
            for width in widths[:256]:
                if isinstance(width, float):
                    font.widths[code] = width
                code += 1
        elif b"Courier" in str(said.get(b"/BaseFont")).encode():
            font.widths.usual = 600.0

    def _set_wide_widths(self, font: Font, said: dict[bytes, Value]) -> None:
        """Read the widths of a composite font (ISO 32000-1, 9.7.4.3)."""
        below = self._objects.items(said.get(b"/DescendantFonts"))
        glyphs = self._objects.dictionary(below[0]) if below else {}
        usual = self._objects.get(glyphs.get(b"/DW"))
        font.widths.usual = usual if isinstance(usual, float) else 1000.0
        pending: list[float] = []
        for item in self._objects.items(glyphs.get(b"/W"))[:MAX_CODES_OF_FONT]:
            if self._codes_left <= 0:
                break
            value = self._objects.get(item)
            if isinstance(value, float):
                pending.append(value)
                if len(pending) == 3:
                    first, last, width = pending
                    codes = range(int(first), int(min(last, first + self._codes_left)) + 1)
                    self._codes_left -= len(codes)
                    font.widths.update(dict.fromkeys(codes, width))
                    pending = []
            elif isinstance(value, list) and pending:
                for number, width_of in enumerate(value[: self._codes_left], int(pending[0])):
                    if isinstance(width_of, float):
                        font.widths[number] = width_of
                self._codes_left -= len(value)
                pending = []


def parse_to_unicode(data: bytes, most: int) -> dict[int, str]:
    """Return which characters the codes of a font stand for, by its ToUnicode map.

    Args:
        data: the map.
        most: codes to note.
    """
    found: dict[int, str] = {}
    for part in data.split(b"beginbfchar")[1:]:
        for pair in _CHARACTER.finditer(part.partition(b"endbfchar")[0]):
            if len(found) >= most:
                return found
            found[_code(pair[1])] = _characters(pair[2])
    for part in data.split(b"beginbfrange")[1:]:
        for line in _RANGE.finditer(part.partition(b"endbfrange")[0]):
            if len(found) >= most:
                return found
            first, last = _code(line[1]), _code(line[2])
            count = min(last - first + 1, most - len(found))
            if line[4] is not None:
                targets = re.findall(rb"<([0-9A-Fa-f\s]{0,600}+)>", line[4])[: max(count, 0)]
                for number, target in enumerate(targets, first):
                    found[number] = _characters(target)
            elif text := _characters(line[3]):
                head, at = text[:-1], ord(text[-1])
                for number in range(max(min(count, 0x110000 - at), 0)):
                    found[first + number] = head + chr(at + number)
    return found


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
