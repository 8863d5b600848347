"""Decode around the signs in a text: only where it may come to something, and nothing twice."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, cast

from leakscan.detect.decode.base64 import Positions
from leakscan.detect.decode.mixing import looks_like
from leakscan.detect.encodings import SPELLED

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from leakscan.detect.decode.decoder import Decoded, Decoder
    from leakscan.detect.encodings import Sign

BEFORE = 512
"""Bytes before an anchor that are decoded: enough to see what stands before a token."""

BEHIND = 4096
"""Bytes behind an anchor that are decoded: a token of 40 characters takes 320 as ``\\u0072``, and
1,280 if that is written so again."""

FURTHEST = 1 << 16
"""Bytes behind an anchor that are decoded where signs go on and on: twice as many each time, since
the last bytes of each stretch are decoded once more."""

PROBED = 48
"""Bytes around a sign of a mixing encoding that are decoded first: is it what it seems to be?"""

LARGEST_PACKED = 16 << 20
"""Bytes that are decoded of a container that is written as text."""

PHASES = 4
"""Stretches of an encoding that are remembered: as many ways as there are to read one."""

CLOSE = 16
"""Bytes at the end that what was decoded may lack though it goes on."""

_ROOM = 1400
"""Bytes at the end of what was decoded in which a token may be cut."""

_ENOUGH = 4
"""Characters of what a sign stands for that are surely written in `PROBED` bytes."""

_LONGEST_LEAD = 24
"""Bytes that a pattern may match before a literal with which it ends."""

_AHEAD = 1024
"""Bytes that are searched ahead for what a text may look like, where its signs are close."""

_TELLING = 3
"""Bytes of a text that are searched for: more would take longer to compile."""

_TRIED = 32
"""Bytes that could be decoded in the time that it takes to begin."""

_ASKED = 8
"""Bytes that could be decoded in the time that it takes to find that there are none to."""

_LEAST = 1 << 20
"""Bytes that may be decoded of any text."""

_TIMES = 8
"""And how many more for each byte of it."""


class Allowance:
    """What may yet be decoded, of a text and of all that comes out of it.

    Encodings within one another, each full of signs of the others, could keep one busy for ever.

    Args:
        size: bytes of the text.

    Attributes:
        is_spent: whether more was asked for than there was.
    """

    def __init__(self, size: int) -> None:
        self._left = _LEAST + _TIMES * size
        self.is_spent = False

    def has_some(self) -> bool:
        """Tell whether something may be decoded."""
        if self._left <= 0:
            self.is_spent = True
        return not self.is_spent

    def take(self, count: int) -> None:
        """Take so many bytes."""
        self._left -= count


class _Stretch(NamedTuple):
    """What was decoded.

    Attributes:
        start, stop: offsets between which another sign would show nothing new.
        units: where such a sign has to stand; ``None`` for anywhere.
        cut: offset at which it was cut; zero if it ends by itself.
    """

    decoded: Decoded
    start: int
    stop: int
    units: range | Positions | None
    cut: int

    def covers(self, anchor: int) -> bool:
        """Whether it has a unit at an anchor, and enough behind it."""
        return self.start <= anchor < self.stop and (self.units is None or anchor in self.units)


class Reader:
    """Decodes what is written in one text.

    Args:
        data: the text.
        allowance: what may be decoded.
        signs: how many there are.
        without: what not to decode.

    Attributes:
        until: of each sign, by number, the offset before which it shows nothing new.
    """

    def __init__(
        self, data: bytes, allowance: Allowance, signs: int, without: Iterable[Decoder]
    ) -> None:
        self._data = data
        self._allowance = allowance
        self.until = [0] * signs
        self._looked = [0] * signs
        self._done: dict[Decoder, int] = dict.fromkeys(without, len(data))
        self._recent: defaultdict[Decoder, deque[_Stretch]] = defaultdict(_recent)

    def decoded(self, number: int, sign: Sign, start: int) -> Decoded | None:
        """Decode around a sign.

        Args:
            number: its number.
            sign: the sign; of several, those first whose literals end first.
            start: offset at which its literal begins.

        Returns:
            What is written there; ``None`` if that is nothing, or came out with an earlier sign.
        """
        decoder = sign.decoder
        anchor = start + sign.shift
        if not sign.is_packed and anchor < self._done.get(decoder, anchor):
            self.until[number] = self._done[decoder] - sign.shift
            return None
        if sign.pattern and not self._matches(number, sign, start):
            return None
        is_covered = any(one.covers(anchor) for one in self._recent[decoder])
        if is_covered and not sign.is_packed:
            return None
        if not self._allowance.has_some():
            self.until[number] = len(self._data)
            return None
        if sign.is_packed:
            stretch = self._packed(sign, anchor, is_covered=is_covered)
        else:
            stretch = self._around(number, sign, start)
        if stretch is None:
            return None
        self._recent[decoder].append(stretch)
        if stretch.units is None:
            self._done[decoder] = max(stretch.stop, self._done.get(decoder, 0))
        return stretch.decoded

    def _matches(self, number: int, sign: Sign, start: int) -> bool:
        """Tell whether the pattern of a sign does, and its literal stands nowhere else in it.

        If not, it is looked for further on: files are full of literals where patterns are rare.
        """
        data, literal = self._data, sign.literal
        search = _pattern(sign).search
        found = search(data, max(0, start - _LONGEST_LEAD) if sign.is_last else start)
        while found:
            at = found.end() - len(literal) if sign.is_last else found.start()
            if at > start:
                self.until[number] = at
                return False
            if at == start:
                later = -1 if sign.is_last else data.find(literal, at + 1, found.end())
                # Of several that one pattern spans, the last one is nearest to what is encoded.
                return later < 0 or not _pattern(sign).match(data, later)
            found = search(data, found.start() + 1)
        self.until[number] = len(data)
        return False

    def _around(self, number: int, sign: Sign, start: int) -> _Stretch | None:
        """Decode what a sign at some offset is part of."""
        anchor = start + sign.shift
        if sign.decoder in SPELLED:
            begin, end = max(0, start - PROBED), min(len(self._data), start + PROBED)
            if not self._may_be_spelled(number, sign, begin, end):
                return None
            tried = self._decode(sign.decoder, anchor, begin, end)
            if tried is None or not any(text[:_ENOUGH] in tried.text for text in sign.texts):
                return None
        low = max(0, anchor - BEFORE)
        high = min(len(self._data), anchor + self._reach(sign.decoder, anchor))
        return self._stretch(sign.decoder, anchor, low, high)

    def _reach(self, decoder: Decoder, anchor: int) -> int:
        """Return how many bytes to decode from an anchor on, of which no stretch has enough."""
        before = [one.cut - one.start for one in self._recent[decoder] if anchor < one.cut]
        return min(FURTHEST, 2 * max(before)) if before else BEHIND

    def _packed(self, sign: Sign, anchor: int, *, is_covered: bool) -> _Stretch | None:
        """Decode a container that begins at an anchor: as far as it goes, but each byte once.

        Of what was decoded before, only a line is decoded again: others may have one container a
        line.
        """
        data, decoder = self._data, sign.decoder
        high = min(len(data), anchor + LARGEST_PACKED)
        if is_covered:
            if data[anchor - 1 : anchor] != b"\n":
                return None
            line_end = data.find(b"\n", anchor, high)
            high = high if line_end < 0 else line_end
        begin = self._decode(decoder, anchor, anchor, min(high, anchor + PROBED))
        if begin is None or not begin.text.startswith(sign.texts):
            return None
        return self._stretch(decoder, anchor, anchor, high)

    def _stretch(self, decoder: Decoder, anchor: int, low: int, high: int) -> _Stretch | None:
        decoded = self._decode(decoder, anchor, low, high)
        if decoded is None:
            return None
        origin = decoded.origin
        start, stop = min(origin[0], origin[-1]), max(origin[0], origin[-1]) - decoded.beside
        cut = high if stop + CLOSE >= high and high < len(self._data) else 0
        if cut:
            stop -= _ROOM
        if isinstance(origin, range | Positions) and origin[0] < origin[-1]:
            return _Stretch(decoded, start, stop, origin, cut)
        return _Stretch(decoded, start, stop, None, cut)

    def _decode(self, decoder: Decoder, anchor: int, low: int, high: int) -> Decoded | None:
        decoded = decoder.decode(self._data, anchor, low, high)
        self._allowance.take(_TRIED + (len(decoded.text) if decoded else 0))
        return decoded

    def _may_be_spelled(self, number: int, sign: Sign, low: int, high: int) -> bool:
        """Tell whether something begins between two offsets that looks like what a sign stands for.

        To ask this is much faster than to decode what is between.  If not, it is looked for further
        on: a dump is full of signs that come to nothing.
        """
        self._allowance.take(_ASKED)
        is_next = low < self._looked[number]  # one of many
        stop = min(len(self._data), high + _AHEAD) if is_next else high
        self._looked[number] = stop
        expression = _look_alike(cast("Hashable", sign.decoder), sign.texts)
        found = expression.search(self._data, low, stop)
        at = found.start() if found else max(low, stop - 2 * PROBED)
        if not found or at >= high:
            self.until[number] = at - PROBED
            return False
        return True


def _recent() -> deque[_Stretch]:
    return deque(maxlen=PHASES)


@cache
def _pattern(sign: Sign) -> re.Pattern[bytes]:
    return re.compile(sign.pattern or b"")


@cache
def _look_alike(decoder: object, texts: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Return an expression that matches whatever the beginning of a text may look like."""
    beginnings = dict.fromkeys(text[:_TELLING] for text in texts)
    return re.compile(looks_like(beginnings, SPELLED[decoder]))
