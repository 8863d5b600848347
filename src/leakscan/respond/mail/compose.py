"""Make the mail that tells an owner of leaked tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from leakscan.respond.mail.addresses import header_text, parse_mailbox, usable_address
from leakscan.respond.mail.letter import letter
from leakscan.respond.mail.templates import HTML, SUBJECT, TEXT, Templates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakscan.respond.mail.settings import MailSettings
    from leakscan.respond.notice import Notice, Owner

# Bodies are encoded to plain ASCII, which every server on the way takes.
_POLICY = policy.SMTP.clone(cte_type="7bit")


def compose(
    owner: Owner, notices: Sequence[Notice], settings: MailSettings, message_id: str
) -> EmailMessage:
    """Make one mail about one or several tokens of one owner.

    An address that cannot be used leaves the mail without a recipient; `Mailer.send` refuses
    it then.

    Args:
        owner: who gets it, and in which language.
        notices: one a token, at least one, all of this owner.
        settings: sender, templates and links.
        message_id: for the header, in angle brackets; the same for each try.

    Raises:
        UsageError: a template of the operator's is broken.
    """
    if not notices:
        raise ValueError("a mail tells of at least one token")
    templates, variables = Templates(settings.templates), letter(owner, notices, settings)
    subject, text, html = (
        templates.render(name, owner.locale, variables) for name in (SUBJECT, TEXT, HTML)
    )
    message = EmailMessage(policy=_POLICY)
    message["From"] = settings.sender_address
    recipient = usable_address(owner.email, owner.name)
    if recipient is not None:
        message["To"] = recipient
    if settings.reply_to is not None:
        message["Reply-To"] = parse_mailbox(settings.reply_to)
    message["Subject"] = header_text(subject)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for notice in notices:
        message["X-Leakscan-Finding"] = notice.fingerprint
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message
