"""Write a scan result for people (text) or for programs (json, jsonl, sarif, github)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from leakscan.errors import UsageError
from leakscan.report.presentable import presentable
from leakscan.report.words import encodable_by, nothing_to_tell, summary, wants_color

if TYPE_CHECKING:
    from leakscan.model import ScanResult
    from leakscan.report.guard import Way

FORMATS = ("text", "json", "jsonl", "sarif", "github")

_REDACTED = ("sarif", "github")
"""Formats that other services keep: they never hold a secret."""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How a result is written.

    Attributes:
        format: one of `FORMATS`; only its module is imported.
        show_secrets: whether secrets are written whole; SARIF and GitHub's never hold one,
            nor does what the guard says.
        color: whether text has colours; ``None`` asks the environment and the stream.
        advise: whether text says what to do about leaked tokens.
        show_suppressed: whether what is suppressed is listed; it is counted anyway.
        way: of the guard, how to go on: text is then what a developer reads who was stopped.
    """

    format: str = "text"
    show_secrets: bool = False
    color: bool | None = None
    advise: bool = True
    show_suppressed: bool = False
    way: Way | None = None


def write_report(result: ScanResult, out: TextIO, options: ReportOptions) -> None:
    """Write what a scan found, and how much it read, to ``out``.

    Raises:
        UsageError: the format is none of `FORMATS`.
    """
    shown = options.show_secrets and options.format not in _REDACTED
    result = presentable(result, show_secrets=shown)
    if options.format == "text":
        _write_text(result, out, options)
    else:
        _write_document(result, out, options.format, shown, options.show_suppressed)


def _write_text(result: ScanResult, out: TextIO, options: ReportOptions) -> None:
    if options.way:
        from leakscan.report import guard

        color, listed = options.color, options.show_suppressed
        guard.write(result, options.way, out, color=color, show_suppressed=listed)
    elif nothing_to_tell(result) and not wants_color(out, options.color):
        out.write(encodable_by(out, summary(result) + "\n"))
    else:
        from leakscan.report import text

        text.write(
            result,
            out,
            show_secrets=options.show_secrets,
            color=options.color,
            advise=options.advise,
            show_suppressed=options.show_suppressed,
        )


def _write_document(
    result: ScanResult, out: TextIO, format: str, show_secrets: bool, show_suppressed: bool
) -> None:
    match format:
        case "json":
            from leakscan.report import json

            json.write(result, out, show_secrets=show_secrets, show_suppressed=show_suppressed)
        case "jsonl":
            from leakscan.report import jsonl

            jsonl.write(result, out, show_secrets=show_secrets, show_suppressed=show_suppressed)
        case "sarif":
            from leakscan.report import sarif

            sarif.write(result, out, show_suppressed=show_suppressed)
        case "github":
            from leakscan.report import github

            github.write(result, out, show_suppressed=show_suppressed)
        case _:
            raise UsageError(f"unknown format {format!r}", f"choose one of {', '.join(FORMATS)}")
