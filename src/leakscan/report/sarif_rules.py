"""Rules in the words of SARIF and of the code-scanning services that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.model import Rule, Severity

if TYPE_CHECKING:
    from leakscan.report.documents import Document

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
# Services turn these scores back into the same four words.
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
}
_TAGS = ["security", "secret", "external/cwe/cwe-798"]


def rule_document(rule: Rule) -> Document:
    """Return a rule as a SARIF reporting descriptor."""
    document: Document = {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": f"Leaked {rule.name}"},
        "fullDescription": {"text": rule.description},
        "help": _help(rule),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "precision": "very-high" if rule.checksum else "high",
            "security-severity": _SCORES[rule.severity],
            "tags": _TAGS,
        },
    }
    if rule.references:
        document["helpUri"] = rule.references[0]
    return document


def _help(rule: Rule) -> Document:
    steps = [f"{number}. {step}" for number, step in enumerate(rule.remediation, 1)]
    links = [f"- <{reference}>" for reference in rule.references]
    markdown = [rule.description]
    if steps:
        markdown.append("## What to do\n\n" + "\n".join(steps))
    if links:
        markdown.append("## References\n\n" + "\n".join(links))
    return {
        "text": "\n".join([rule.description, *steps]),
        "markdown": "\n\n".join(markdown),
    }
