"""Look closer where something may stand: match patterns, decode, and look again at what comes out.

What is found in a decoded text is told where it is written, as if it stood there plainly.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import hyperscan

from leakscan.detect.confirm import Confirmer, settled
from leakscan.detect.decode.base64 import Positions
from leakscan.detect.encodings import MIXING, NOT_TWICE, PACKED, signs
from leakscan.model import Confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from leakscan.detect.decode.decoder import Decoded, Decoder
    from leakscan.detect.encodings import Sign
    from leakscan.model import Match, Rule

MAX_DEPTH = 3
"""Encodings within one another that are taken off."""

BEFORE = 512
"""Bytes before an anchor that are decoded: enough to see what stands before a token."""

BEHIND = 4096
"""Bytes behind an anchor that are decoded: a token of 40 characters takes 320 as ``\\u0072``, and
1,280 if that is written so again."""

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

MOST_LOW = 50
"""Candidates of low confidence that are kept of one stretch that is decoded."""

Unpacked = tuple[str, list["Match"]]
"""What a container is called, and the matches in it."""

_Hit = tuple[int, int]
"""Number of an expression, and offset of the end of what it matched."""


@dataclass(frozen=True, slots=True)
class _Text:
    """What is searched: the data themselves, or what came out of decoding a stretch of them.

    Attributes:
        taken_off: the encodings that were taken off, the outermost first.
        doubt: why it may have been misread.
        seams: where something was left out of it, and why that may have been wrong.
    """

    data: bytes
    taken_off: tuple[Decoder, ...] = ()
    doubt: str | None = None
    seams: Mapping[int, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What was decoded, and the offset beyond which was not looked."""

    decoded: Decoded
    high: int


class Finder:
    """The second stage of the detector.

    Args:
        rules: the active rules.
        prefixes: how their tokens begin.
        issued: the issuer's list of issued tokens, if there is one.
        unpack: searches a container; ``None`` of what is none.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        prefixes: tuple[bytes, ...],
        issued: Container[str] | None,
        unpack: Callable[[bytes], Unpacked | None] | None,
    ) -> None:
        self._confirmer = Confirmer(rules, issued)
        self._signs = signs(prefixes)
        self._first_sign = len(rules)
        self._unpack = unpack
        self._hits: list[_Hit] = []
        self._database = compiled([rule.pattern.encode() for rule in rules], self._signs)

    def _on_hit(self, which: int, _start: int, end: int, _flags: int, _context: object) -> None:
        self._hits.append((which, end))

    def matches(self, data: bytes) -> list[Match]:
        """Return every candidate in ``data``, of any confidence, by position."""
        return settled(self._candidates(_Text(data)), data)

    def _candidates(self, text: _Text) -> list[Match]:
        """Return what stands in a text, plainly or encoded, nothing of it settled."""
        self._database.scan(text.data, self._on_hit)
        hits, self._hits = self._hits, []
        if not hits:
            return []
        plain = [hit for hit in hits if hit[0] < self._first_sign]
        found: list[Match] = []
        if plain:
            found += self._confirmer.candidates(text.data, plain, text.doubt, text.seams)
        if len(text.taken_off) < MAX_DEPTH and len(plain) < len(hits):
            for sign, decoded in self._decoded(text, hits):
                found += self._inside(text, sign, decoded)
        return found

    def _decoded(self, text: _Text, hits: Sequence[_Hit]) -> Iterator[tuple[Sign, Decoded]]:
        """Decode around each sign, but where that has been done with an earlier one."""
        data = text.data
        recent: defaultdict[Decoder, deque[_Stretch]] = defaultdict(partial(deque, maxlen=PHASES))
        seen: set[tuple[int, int]] = set()
        for which, end in hits:
            if which < self._first_sign:
                continue
            sign = self._signs[which - self._first_sign]
            if sign.decoder in NOT_TWICE and sign.decoder in text.taken_off:
                continue
            # A pattern ends anywhere behind its literal, and more than once.
            start = data.rfind(sign.literal, 0, end)
            if (which, start) in seen:
                continue
            seen.add((which, start))
            anchor = start + sign.shift
            if sign.is_packed:
                stretch = _packed(data, sign, anchor, recent[sign.decoder])
            elif any(_covers(before, anchor) for before in recent[sign.decoder]):
                continue
            else:
                stretch = _around(data, sign, start)
            if stretch:
                recent[sign.decoder].append(stretch)
                yield sign, stretch.decoded

    def _inside(self, text: _Text, sign: Sign, decoded: Decoded) -> Iterator[Match]:
        """Yield what is found in a decoded text, placed where it is written."""
        encoding = sign.decoder.name
        if sign.is_packed and self._unpack and sign.texts[0] in PACKED:
            if unpacked := self._unpack(decoded.text):
                yield from _all_placed(unpacked, decoded, encoding)
            return
        doubt = text.doubt or decoded.doubt
        taken_off = (*text.taken_off, sign.decoder)
        low = 0
        for match in self._candidates(_Text(decoded.text, taken_off, doubt, decoded.seams)):
            low += match.confidence is Confidence.LOW
            if match.confidence is Confidence.LOW and low > MOST_LOW:
                continue
            placed = _placed(match, decoded, encoding)
            plain = text.data[placed.start : placed.start + placed.length]
            if plain == match.secret.reveal().encode():
                # It is beside what was encoded, which tells what it is delimited by.
                placed = replace(placed, taken=None, spelling=None)
            yield placed


def _all_placed(unpacked: Unpacked, decoded: Decoded, encoding: str) -> Iterator[Match]:
    """Yield what is found in a container that was written as text, where that begins."""
    name, found = unpacked
    for match in found:
        whole = replace(match, start=0, taken=len(decoded.text), within=None, spelling=name)
        yield _placed(whole, decoded, encoding)


def _around(data: bytes, sign: Sign, start: int) -> _Stretch | None:
    """Decode what a sign at some offset is part of."""
    anchor = start + sign.shift
    low, high = max(0, anchor - BEFORE), min(len(data), anchor + BEHIND)
    decode = sign.decoder.decode
    if sign.decoder in MIXING:
        tried = decode(data, anchor, max(low, start - PROBED), min(high, start + PROBED))
        if tried is None or not any(text in tried.text for text in sign.texts):
            return None
    decoded = decode(data, anchor, low, high)
    return _Stretch(decoded, high) if decoded else None


def _packed(data: bytes, sign: Sign, anchor: int, recent: Iterable[_Stretch]) -> _Stretch | None:
    """Decode a container that begins at an anchor: as far as it goes, but each byte once.

    Of what was decoded before, only a line is decoded again: others may have one container a line.
    """
    high = min(len(data), anchor + LARGEST_PACKED)
    if any(_covers(before, anchor) for before in recent):
        if data[anchor - 1 : anchor] != b"\n":
            return None
        line_end = data.find(b"\n", anchor, high)
        high = high if line_end < 0 else line_end
    begin = sign.decoder.decode(data, anchor, anchor, min(high, anchor + PROBED))
    if begin is None or not begin.text.startswith(sign.texts):
        return None
    decoded = sign.decoder.decode(data, anchor, anchor, high)
    return _Stretch(decoded, high) if decoded else None


def _covers(stretch: _Stretch, anchor: int) -> bool:
    """Whether what was decoded has a unit at an anchor, and enough behind it."""
    origin = stretch.decoded.origin
    start, end = min(origin[0], origin[-1]), max(origin[0], origin[-1])
    is_cut = end + CLOSE >= stretch.high
    if not start <= anchor < end - (_ROOM if is_cut else 0):
        return False
    return anchor in origin if isinstance(origin, (range, Positions)) else True


def _placed(match: Match, decoded: Decoded, encoding: str) -> Match:
    """Say of a match in a decoded text where that is written in the data, and how."""
    stop = match.start + match.length
    start, end = decoded.origin[match.start], decoded.origin[stop]
    if stop in decoded.seams:  # and what was left out there is no part of it
        end = decoded.origin[stop - 1] + 1
    if end < start:  # written backwards
        start, end = end + 1, start + 1
    spelling = encoding if match.spelling is None else f"{match.spelling} in {encoding}"
    return replace(match, start=start, taken=end - start, spelling=spelling)


def compiled(patterns: Sequence[bytes], by: Sequence[Sign] = ()) -> hyperscan.Database:
    """Compile patterns, and signs to find by, into one hyperscan database; ids are positions.

    Raises:
        hyperscan.HyperscanError: a pattern is not in hyperscan's language.
    """
    literals = [sign.pattern or b"".join(b"\\x%02x" % byte for byte in sign.literal) for sign in by]
    database = hyperscan.Database()
    database.compile(
        expressions=[*patterns, *literals],
        ids=list(range(len(patterns) + len(by))),
        flags=[0] * len(patterns) + [hyperscan.HS_FLAG_DOTALL] * len(by),
    )
    return database
