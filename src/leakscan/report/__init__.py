"""Write a scan result for people (text) or for programs (json, jsonl, sarif, github)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from leakscan.errors import UsageError
from leakscan.report.presentable import presentable
from leakscan.report.words import encodable_by, nothing_to_tell, summary, wants_color

if TYPE_CHECKING:
    from leakscan.model import ScanResult

FORMATS = ("text", "json", "jsonl", "sarif", "github")

_REDACTED = ("sarif", "github")
"""Formats that other services keep: they never hold a secret."""


def write_report(
    result: ScanResult,
    format: str,  # noqa: A002 -- the word that users type
    out: TextIO,
    *,
    show_secrets: bool = False,
    color: bool | None = None,
    advise: bool = True,
    show_suppressed: bool = False,
) -> None:
    """Write the result to ``out`` in one of `FORMATS`.

    Args:
        result: what the scan found, and how much it read.
        format: one of `FORMATS`; only its module is imported.
        out: where the report goes.
        show_secrets: whether secrets are written whole; SARIF and GitHub's never hold one.
        color: whether text has colours; ``None`` asks the environment and the stream.
        advise: whether text says what to do about leaked tokens.
        show_suppressed: whether what is suppressed is listed; it is counted anyway.

    Raises:
        UsageError: the format is none of `FORMATS`.

    """
    result = presentable(result, show_secrets=show_secrets and format not in _REDACTED)
    match format:
        case "text" if nothing_to_tell(result) and not wants_color(out, color):
            out.write(encodable_by(out, summary(result) + "\n"))
        case "text":
            from leakscan.report import text

            text.write(
                result,
                out,
                show_secrets=show_secrets,
                color=color,
                advise=advise,
                show_suppressed=show_suppressed,
            )
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
