"""Look closer where something may stand: match patterns, decode, and look again at what comes out.

What is found in a decoded text is told where it is written, as if it stood there plainly.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from leakscan.detect.encodings import NOT_TWICE, PACKED, signs
from leakscan.detect.literals import Literals
from leakscan.detect.reading import Allowance, Reader
from leakscan.model import Confidence, Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    import hyperscan

    from leakscan.detect.confirm import Confirmer
    from leakscan.detect.decode.decoder import Decoded, Decoder
    from leakscan.detect.encodings import Sign
    from leakscan.detect.looked import Unpacked
    from leakscan.gate import Hit
    from leakscan.model import Match, Rule

MAX_DEPTH = 3
"""Encodings within one another that are taken off."""

MOST_LOW = 50
"""Candidates of low confidence that are kept of one stretch that is decoded."""

_GRADED = 100
"""Bytes that it counts as much as to grade a candidate in what was decoded."""

_BEGUN = 150
"""Bytes that it counts as much as to begin to search what was decoded."""

_TOO_MUCH = "more of it looks encoded than is decoded of one text"


class _Text(NamedTuple):
    """What is searched: the data themselves, or what came out of decoding a stretch of them.

    Attributes:
        allowance: what may be decoded of it.
        taken_off: the encodings that were taken off, the outermost first.
        doubt: why it may have been misread.
        seams: where something was left out of it, and why that may have been wrong.
    """

    data: bytes
    allowance: Allowance
    taken_off: tuple[Decoder, ...] = ()
    doubt: str | None = None
    seams: Mapping[int, str | None] | None = None


class Finder:
    """The second stage of the detector.

    Args:
        rules: the active rules.
        prefixes: how their tokens begin.
        issued: the issuer's list of issued tokens, if there is one.
        unpack: searches a container; ``None`` of what is none.
        tell: is told what was not read.
        gate: the literals of the gate: each that a sign has holds one of them.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        prefixes: tuple[bytes, ...],
        issued: Container[str] | None,
        unpack: Callable[[bytes], Unpacked | None] | None,
        tell: Callable[[Unread], object] | None = None,
        gate: Sequence[bytes] = (),
    ) -> None:
        self._rules, self._issued = rules, issued
        self._unpack, self._tell = unpack, tell
        self._prefixes = prefixes
        known = signs(prefixes)
        by_literal: dict[bytes, list[tuple[int, Sign]]] = {prefix: [] for prefix in prefixes}
        for number, sign in enumerate(known):
            by_literal.setdefault(sign.literal, []).append((number, sign))
        self._count = len(known)
        self._signs = list(by_literal.values())
        self._literals = Literals(tuple(by_literal), gate)

    @cached_property
    def _confirmer(self) -> Confirmer:
        # It takes longer to get ready than all else, and mostly no token begins anywhere.
        from leakscan.detect.confirm import Confirmer

        return Confirmer(self._rules, self._issued)

    def matches(self, data: bytes, hits: Sequence[Hit] | None = None) -> list[Match]:
        """Return every candidate in data, of any confidence, by position.

        Args:
            data: the data.
            hits: where literals of the gate stand in them, if all are known.
        """
        allowance = Allowance(len(data))
        places = None if hits is None else self._literals.around(hits, data)
        found = self._candidates(_Text(data, allowance), places)
        if allowance.is_spent and self._tell:
            self._tell(Unread("", _TOO_MUCH))
        if found:
            from leakscan.detect.confirm import settled

            found = settled(found, data)
        return found

    def _candidates(self, text: _Text, places: Iterable[Hit] | None = None) -> list[Match]:
        """Return what stands in a text, plainly or encoded, nothing of it settled."""
        is_deep = len(text.taken_off) == MAX_DEPTH
        plain: list[list[int]] = [[] for _ in self._prefixes]
        inside: list[Match] = []
        once = [decoder for decoder in text.taken_off if decoder in NOT_TWICE]
        reader = Reader(text.data, text.allowance, self._count, once)
        until, count = reader.until, len(plain)
        for which, start, _ in self._literals.places(text.data) if places is None else places:
            if which < count:
                plain[which].append(start)
            if is_deep:
                continue
            for number, sign in self._signs[which]:
                if start >= until[number] and (decoded := reader.decoded(number, sign, start)):
                    inside += self._inside(text, sign, decoded)
        return self._plain(text, plain) + inside if any(plain) else inside

    def _plain(self, text: _Text, places: Sequence[Sequence[int]]) -> list[Match]:
        """Return what stands plainly in a text, where prefixes do."""
        starts = dict(zip(self._prefixes, places, strict=True))
        context = text.data, starts, text.doubt, text.seams or {}
        if not text.taken_off:
            return self._confirmer.candidates(*context)
        found = self._confirmer.candidates(*context, most_low=MOST_LOW)
        text.allowance.take(_GRADED * len(found))
        return found

    def _inside(self, text: _Text, sign: Sign, decoded: Decoded) -> Iterator[Match]:
        """Yield what is found in a decoded text, placed where it is written."""
        encoding = sign.decoder.name
        if sign.is_packed and self._unpack and sign.texts[0] in PACKED:
            if unpacked := self._unpack(decoded.text):
                yield from _all_placed(unpacked, decoded, encoding)
            return
        doubt = text.doubt or decoded.doubt
        taken_off = (*text.taken_off, sign.decoder)
        text.allowance.take(_BEGUN)
        within = _Text(decoded.text, text.allowance, taken_off, doubt, decoded.seams)
        low = 0
        for match in self._candidates(within):
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


def compiled(patterns: Sequence[bytes]) -> hyperscan.Database:
    """Compile patterns into one hyperscan database; ids are positions.

    Raises:
        hyperscan.HyperscanError: a pattern is not in hyperscan's language.
    """
    import hyperscan

    database = hyperscan.Database()
    database.compile(expressions=list(patterns), ids=list(range(len(patterns))))
    return database
