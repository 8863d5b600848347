"""Write what rich renders, without the blanks at the ends of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from leakscan.report.words import encodable_by, wants_color

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from rich.console import RenderableType

ANY_WIDTH = 10_000
"""As wide as it takes: nothing is cut or folded that one may want to copy."""


def write_rendered(parts: Iterable[RenderableType], out: TextIO, width: int = ANY_WIDTH) -> None:
    """Write texts and tables one below the other.

    Args:
        parts: what rich can render.
        out: where to; it decides whether there are colours.
        width: columns of a line.
    """
    console = Console(
        file=out,
        width=width,
        color_system="standard" if wants_color(out, None) else None,
        no_color=False,
        highlight=False,
    )
    with console.capture() as captured:
        for part in parts:
            console.print(part, soft_wrap=width == ANY_WIDTH)
    lines = (line.rstrip() + "\n" for line in captured.get().splitlines())
    out.write(encodable_by(out, "".join(lines)))
