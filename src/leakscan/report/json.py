"""The report as one JSON document, described by leakscan-v1.schema.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from leakscan.report.documents import finding_document, report_document

if TYPE_CHECKING:
    from leakscan.model import ScanResult


def write(result: ScanResult, out: TextIO, *, show_secrets: bool) -> None:
    """Write the whole result as one indented document.

    It is ASCII, with everything else escaped: no terminal or encoding can damage it.
    """
    findings = [finding_document(found, show_secrets=show_secrets) for found in result.findings]
    json.dump(report_document(result, findings), out, indent=2)
    out.write("\n")
