"""The report as JSON lines: one a finding, one for what is suppressed if asked for, one summary.

A report without its summary line is that of a run which was cut short.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from leakscan.report.documents import (
    SCHEMA,
    Document,
    finding_document,
    report_document,
    suppressed_finding_document,
)

if TYPE_CHECKING:
    from leakscan.model import ScanResult


def write(result: ScanResult, out: TextIO, *, show_secrets: bool, show_suppressed: bool) -> None:
    """Write a line for each finding, and last what was read and what was not."""
    for found in result.findings:
        finding = finding_document(found, show_secrets=show_secrets)
        _write_line({"type": "finding", "schema": SCHEMA, "target": result.target} | finding, out)
    for item in result.suppressed if show_suppressed else ():
        finding = suppressed_finding_document(item, show_secrets=show_secrets)
        _write_line(
            {"type": "suppressed", "schema": SCHEMA, "target": result.target} | finding, out
        )
    _write_line({"type": "summary"} | report_document(result, len(result.findings)), out)


def _write_line(document: Document, out: TextIO) -> None:
    # dumps, not dump: one call into C a line.
    out.write(json.dumps(document) + "\n")
