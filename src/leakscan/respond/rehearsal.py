"""Ask the real hooks and servers before a token leaks, about one that nobody has issued."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import make_msgid
from typing import TYPE_CHECKING

import regex

from leakscan.ledger.words import Answer, Verdict
from leakscan.model import Secret
from leakscan.respond.alerts import Alert, send_alert
from leakscan.respond.failure import attempt_error
from leakscan.respond.hooks import DisableRequest
from leakscan.respond.mail import Delivered, Mailer, compose, examples
from leakscan.respond.server_settings import REPLICATE
from leakscan.sample import mint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from email.message import EmailMessage

    from leakscan.ledger.words import Owner
    from leakscan.model import Rule
    from leakscan.respond.alerts import AlertSettings
    from leakscan.respond.hooks.settings import NamedHook
    from leakscan.respond.mail import MailSettings
    from leakscan.respond.settings import ResponseSettings

EXPOSURE = "a rehearsal: nobody has issued this token"

_ALERT = Alert(
    "leakscan: alerts reach you here",
    "Somebody rehearsed how leakscan answers leaks. Nothing has happened, and nothing needs you.",
    is_urgent=False,
)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How one of those did who answer leaks.

    Attributes:
        who: in the words of the configuration, such as ``disable.replicate``.
        is_well: whether it did what it has to.
        answer: what it said, on one line.
    """

    who: str
    is_well: bool
    answer: str


def rehearse_calls(settings: ResponseSettings, rules: Mapping[str, Rule]) -> Iterator[Rehearsed]:
    """Ask every disable hook and the verifier; yield how each did.

    Args:
        settings: who they are.
        rules: by id, all that the configuration knows.
    """
    for name, named in settings.hooks.items():
        yield Rehearsed(f"disable.{name}", *_ask(named, rules))
    if settings.verifier:
        _, token = _made_up(settings.verifier.rules, rules)
        try:
            verdict, _ = settings.verifier.verify(token)
        except Exception as error:  # noqa: BLE001 - as of a hook
            yield Rehearsed("verify", is_well=False, answer=attempt_error(error).why)
        else:
            yield Rehearsed("verify", verdict is Verdict.INVALID, verdict)


def rehearse_alerts(settings: AlertSettings) -> Rehearsed:
    """Send an alert to every channel that says that it is none."""
    _, failure = send_alert(settings, _ALERT)
    channels = len(settings.urls)
    sent = f"sent to {channels} {'channel' if channels == 1 else 'channels'}"
    return Rehearsed("alerts", failure is None, failure or sent)


def example_mail(settings: MailSettings, owner: Owner, tokens: int, exposure: str) -> EmailMessage:
    """Make the mail that an owner would get, marked as an example.

    Args:
        settings: sender, templates and links.
        owner: who gets it, and in which language.
        tokens: how many it tells of, one or more.
        exposure: `model.PUBLIC`, or another sign of compromise in words.

    Raises:
        UsageError: a template is broken.
    """
    receipt = make_msgid(domain=settings.own_name)
    message = compose(owner, examples(tokens, exposure), settings, receipt)
    message.replace_header("Subject", f"[Example] {message['Subject']}")
    del message["X-Leakscan-Finding"]
    return message


def rehearse_mail(settings: MailSettings, message: EmailMessage) -> Rehearsed:
    """Send a mail for real."""
    with Mailer(settings) as mailer:
        outcome = mailer.send(message)
    return Rehearsed("mail", isinstance(outcome, Delivered), outcome.answer)


def _ask(named: NamedHook, rules: Mapping[str, Rule]) -> tuple[bool, str]:
    """Ask a hook about a token that it cannot know."""
    rule, token = _made_up(named.rules, rules)
    request = DisableRequest(
        finding=secrets.token_hex(32),
        rule=rule,
        token=token,
        exposure=EXPOSURE,
        found_at=datetime.now(UTC),
        sightings=(),
        sighting_count=0,
    )
    try:
        answer = named.hook.disable(request).answer
    except Exception as error:  # noqa: BLE001 - a bug in one hook must not stop the others
        return False, attempt_error(error).why
    if answer is Answer.NOT_OURS:
        return True, answer
    return False, f"it answers {answer} for a token that nobody has issued"


def _made_up(ids: Collection[str], rules: Mapping[str, Rule]) -> tuple[str, Secret]:
    """Return the first of some rules, and a token of its form that nobody has issued.

    Rules cannot make tokens, but they have examples.  Where there is none, it is Replicate's.
    """
    chosen = min(ids, default=REPLICATE[0])
    rule = rules.get(chosen)
    if rule and chosen not in REPLICATE:
        for text in rule.examples.positive:
            if found := regex.search(rule.pattern, text):
                return chosen, Secret(found[0])
    return chosen, mint(random.SystemRandom())
