"""The report as one JSON document, described by leakscan-v1.schema.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from leakscan.report.documents import (
    finding_document,
    report_document,
    suppressed_finding_document,
)

if TYPE_CHECKING:
    from leakscan.model import ScanResult


def write(result: ScanResult, out: TextIO, *, show_secrets: bool, show_suppressed: bool) -> None:
    """Write the whole result as one indented document.

    It is ASCII, with everything else escaped: no terminal or encoding can damage it.
    """
    findings = [finding_document(found, show_secrets=show_secrets) for found in result.findings]
    document = report_document(result, findings)
    if show_suppressed:
        document["suppressed_findings"] = [
            suppressed_finding_document(item, show_secrets=show_secrets)
            for item in result.suppressed
        ]
    json.dump(document, out, indent=2)
    out.write("\n")
