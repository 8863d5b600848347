"""How a watch tells people what goes on: a live view in a terminal, lines elsewhere."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import click

from leakscan.cli.events import event_line, is_well
from leakscan.cli.watch_words import log_line, rows, source_rows, trouble_rows
from leakscan.respond.event import Result
from leakscan.safe_text import safe_text
from leakscan.sources.placing import way_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from rich.console import Console
    from rich.table import Table

    from leakscan.crawl.figures import Figures
    from leakscan.crawl.github.allowance import Budget
    from leakscan.model import Finding
    from leakscan.respond.event import Event

MINUTE = 60.0

REFRESH = 0.25
"""Seconds between two drawings of the live view."""


def found_line(finding: Finding, word: str = "found") -> str:
    """Return a finding whose texts are redacted, on one line."""
    first = finding.locations[0]
    line = f":{first.line}" if first.line else ""
    place = first.url or f"{first.repository} {first.path or first.kind}{line}"
    within = way_inside(first.path) if first.url else None
    details = [f"{within}{line}"] if within else []
    details += [first.note] if first.note else []
    place += f" ({', '.join(details)})" if details else ""
    more = f" and {len(finding.locations) - 1} more" if len(finding.locations) > 1 else ""
    return safe_text(f"{word:<18}  {finding.secret.redacted()}  {place}{more}")


class LogView:
    """Writes lines to standard error: what is found and done as it happens, figures by the minute.

    Args:
        budgets: asks what credentials may still do.
        quiet: write only what is found, that it is disabled, and what goes wrong.
    """

    def __init__(self, budgets: Callable[[], Iterable[Budget]], *, quiet: bool) -> None:
        self._budgets = budgets
        self._quiet = quiet
        self._lock = threading.Lock()
        self._next = time.monotonic() + MINUTE
        self.said: set[str] = set()
        """What a person has been told, to be told once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: every line is out."""

    def say(self, line: str) -> None:
        """Write something that a person should know."""
        self.said.add(line)
        self._write(f"leakscan: {safe_text(line)}")

    def remark(self, line: str) -> None:
        """Write something that nobody needs to know, unless it is to be quiet."""
        if not self._quiet:
            self._write(f"leakscan: {safe_text(line)}")

    def found(self, findings: Sequence[Finding]) -> None:
        """Write what was found."""
        for finding in findings:
            self._write(found_line(finding))

    def known(self, findings: Sequence[Finding]) -> None:
        """Write what was found again and is dead, unless it is to be quiet."""
        for finding in () if self._quiet else findings:
            self._write(found_line(finding, "known"))

    def event(self, event: Event) -> None:
        """Write what was done about it; if it is to be quiet, what became of the token."""
        is_disabled = event.kind == "disable" and event.result is Result.DONE
        if is_disabled or not (self._quiet and is_well([event])):
            self._write(event_line(event))

    def show(self, figures: Figures) -> None:
        """Write the figures, once a minute."""
        if self._quiet or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + MINUTE
        self._write(f"{datetime.now(UTC):%H:%M:%SZ}  {log_line(figures, self._budgets())}")

    def _write(self, line: str) -> None:
        with self._lock:
            click.echo(line, err=True)


class LiveView:
    """Draws the figures in a terminal; what is found and done is written above, where it stays.

    Args:
        budgets: asks what credentials may still do.
        console: where to draw, within its height; by default standard error.
    """

    def __init__(
        self, budgets: Callable[[], Iterable[Budget]], console: Console | None = None
    ) -> None:
        from rich.console import Console
        from rich.live import Live

        self._budgets = budgets
        self._started = self._next = time.monotonic()
        self.said: set[str] = set()
        """What a person has been told, to be told once."""
        self._live = Live(
            console=console or Console(stderr=True), auto_refresh=False, vertical_overflow="crop"
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        """Write something that a person should know."""
        self.said.add(line)
        self.remark(line)

    def remark(self, line: str) -> None:
        """Write something that nobody needs to know."""
        self._write(safe_text(f"leakscan: {line}"))

    def found(self, findings: Sequence[Finding]) -> None:
        """Write what was found."""
        for finding in findings:
            self._write(found_line(finding))

    def known(self, findings: Sequence[Finding]) -> None:
        """Write what was found again and is dead."""
        for finding in findings:
            self._write(found_line(finding, "known"))

    def event(self, event: Event) -> None:
        """Write what was done about it."""
        self._write(event_line(event))

    def show(self, figures: Figures) -> None:
        """Draw, a few times a second."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + REFRESH
            self._live.update(self._drawn(figures), refresh=True)

    def _write(self, line: str) -> None:
        self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _drawn(self, figures: Figures) -> Table:
        """Draw all of it, and in the lines that are left then how sources are doing.

        If none is left, what was found and what is wrong come first.
        """
        console = self._live.console
        first = rows(figures, self._budgets(), self._started)
        longest = max(map(len, (*figures.feeds, *(name for name, _ in first))))
        width = min(longest, console.width // 3)
        height = len(console.render_lines(_table(first, (), width)))  # some lines are folded
        if height < console.height:
            return _table(first, source_rows(figures, console.height - height), width)
        return _table(first[:1], trouble_rows(figures, console.height // 2), width, first[1:])


def _table(
    first: Iterable[tuple[str, str]],
    sources: Iterable[tuple[str, str]],
    width: int,
    last: Iterable[tuple[str, str]] = (),
) -> Table:
    """Make a table in which each source takes one line.

    Args:
        first: names and values of what comes before the sources.
        sources: the same of these.
        width: columns that names take.
        last: names and values of what comes after them.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True, overflow="ellipsis", width=width)
    table.add_column(overflow="fold")
    for name, value in first:
        table.add_row(Text(name), Text(safe_text(value)))
    for name, value in sources:
        line = Text(safe_text(value), no_wrap=True, overflow="ellipsis")
        table.add_row(Text(safe_text(name)), line)
    for name, value in last:
        table.add_row(Text(name), Text(safe_text(value)))
    return table
