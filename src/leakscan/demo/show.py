"""The demonstration on one screen, and as facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from leakscan.report.plain import write_rendered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage
    from typing import TextIO

    from leakscan.demo.play import Facts, Played

SCHEMA = "leakscan-demo/v1"


def write_screen(facts: Facts, out: TextIO) -> None:
    """Write what happened, for a terminal of 80 columns and 24 lines."""
    write_rendered(_screen(facts), out, width=80)


def facts_document(facts: Facts) -> dict[str, Any]:
    """Return what happened as plain JSON values; no secret is whole."""
    return {
        "schema": SCHEMA,
        "well": facts.is_well,
        "issuer": facts.url,
        "tokens": [_token_document(played) for played in facts.tokens],
        "mails": [{"to": str(mail["to"]), "subject": str(mail["subject"])} for mail in facts.mails],
        "scan": {"findings": len(facts.scan["findings"]), "coverage": facts.scan["coverage"]},
        "watch": {name: facts.watch[name] for name in ("pushes", "findings", "requests")},
        "seconds_to_disabled": round(facts.seconds, 3),
    }


def _token_document(played: Played) -> dict[str, Any]:
    entry = played.entry
    return {
        "owner": played.token.owner,
        "name": played.token.name,
        "secret": played.token.secret.redacted(),
        "leak": played.token.leak,
        "status_before": played.before,
        "status_after": played.after,
        "finding": entry and entry.id,
        "verified": entry and entry.verified,
        "disabled_at": entry and entry.disabled_at and entry.disabled_at.isoformat(),
    }


def _screen(facts: Facts) -> list[Text | Table]:
    coverage, pushes = facts.scan["coverage"], facts.watch["pushes"]
    leaked = [played for played in facts.tokens if played.token.leak]
    parts: list[Text | Table] = [
        _step(1, "issue", f"a token issuer on {facts.url} has issued {len(facts.tokens)} tokens"),
        _step(2, "leak", f"{len(leaked)} of them: in a repository, in a push, in a comment"),
        _step(
            3,
            "scan",
            f"leakscan scan --record: {len(facts.scan['findings'])} found in "
            f"{coverage['objects']} objects, {'' if coverage['complete'] else 'in'}complete",
        ),
        _step(
            4,
            "watch",
            f"leakscan watch --once: {facts.watch['findings']} found, {pushes['scanned']} push read"
            f" with {facts.watch['requests']['git']} request",
        ),
        _step(5, "disable", f"each within {facts.seconds:.1f} s after the command was started"),
        _step(6, "tell", f"{len(facts.mails)} mails to the owners"),
        Text(),
        _tokens(facts),
    ]
    parts += [Text(), *map(_subject, facts.mails), *map(_dim, _opening(facts.mails[-1:])), Text()]
    if facts.is_well:
        text = "Leaked tokens are dead, the others work, each owner has one mail."
        parts.append(Text(text, "bold green"))
    else:
        parts.append(Text("Something is not as it should be.", "bold red"))
    return parts


def _step(number: int, name: str, text: str) -> Text:
    return Text(f"{number}. ").append(f"{name:<8}", "bold").append(text)


def _tokens(facts: Facts) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("OWNER", "TOKEN", "", "LEAKED", "BEFORE", "AFTER"):
        table.add_column(heading, no_wrap=True)
    for played in facts.tokens:
        style = "green" if played.is_well else "bold red"
        table.add_row(
            played.token.owner,
            played.token.name,
            Text(played.token.secret.redacted(), "magenta"),
            played.token.leak or "nowhere",
            Text(f"{played.before} {_WORDS.get(played.before, '')}"),
            Text(f"{played.after} {_WORDS.get(played.after, '')}", style),
        )
    return table


def _subject(mail: EmailMessage) -> Text:
    name = str(mail["to"]).partition(" <")[0]
    return Text(f"to {name}: ").append(str(mail["subject"]), "bold")


def _opening(mails: Sequence[EmailMessage]) -> list[str]:
    """Return to whom a mail speaks, and its first sentence."""
    bodies = (mail.get_body(("plain",)) for mail in mails)
    text = "".join(body.get_content() for body in bodies if body)
    return [f"  {line}" for line in text.splitlines() if line][:2]


def _dim(line: str) -> Text:
    return Text(line, "dim")


_WORDS = {200: "works", 401: "dead"}
