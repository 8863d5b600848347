"""Which streams of a PDF are pages, alone or together, and what says which fonts they have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakscan.containers.pdf_objects import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakscan.containers.pdf_objects import Objects, Value

MAX_CONTENTS = 200_000
"""Streams that pages name as their content, those that several name counted as often; most pages
have one, some programs write eight."""


@dataclass(slots=True)
class Pages:
    """The pages of a document, and the forms, which are pages within pages.

    Attributes:
        holders: what holds the fonts, by the number of a stream.
        alone: streams that are a page or a form of their own.
        joined: streams that are one content stream together (ISO 32000-1, 7.8.2), and what holds
            the fonts of that.
    """

    holders: dict[int, Mapping[bytes, Value]] = field(default_factory=dict)
    alone: set[int] = field(default_factory=set)
    joined: dict[tuple[int, ...], Mapping[bytes, Value]] = field(default_factory=dict)


def find_pages(objects: Objects) -> Pages:
    """Return the pages of a document whose object streams are taken in already."""
    pages = Pages()
    for stream in objects.streams:
        if stream.says(b"Form") and stream.says(b"BBox"):
            pages.holders[stream.number] = objects.dictionary(Ref(stream.number))
            pages.alone.add(stream.number)
    left = MAX_CONTENTS
    for page in objects.holders(b"/Contents"):
        contents = objects.items(page[b"/Contents"])
        left -= len(contents)
        if left < 0:
            objects.left_out.add(f"its pages name more than {MAX_CONTENTS:,} streams")
            break
        numbers = tuple([content.number for content in contents if isinstance(content, Ref)])
        if len(numbers) == 1:
            pages.alone.add(numbers[0])
        elif numbers:
            pages.joined[numbers] = page
            numbers = tuple([number for number in numbers if number not in pages.alone])
        pages.holders.update(dict.fromkeys(numbers, page))
    for numbers, holder in pages.joined.items():
        # A page that was given more content begins with what it was; all of that is read there.
        before = pages.holders[numbers[0]].get(b"/Resources")
        if before is not None and before == holder.get(b"/Resources"):
            pages.alone.discard(numbers[0])
    return pages
