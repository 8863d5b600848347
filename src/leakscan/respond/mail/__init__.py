"""Tell the owners of leaked tokens by e-mail (docs/mail.md).

`compose` makes a message, `Mailer` hands it to an SMTP server; neither knows the ledger.
"""

from leakscan.respond.mail.compose import compose
from leakscan.respond.mail.example import check_templates, examples
from leakscan.respond.mail.mailer import Mailer
from leakscan.respond.mail.outcome import Delivered, Failed, Outcome, Refused
from leakscan.respond.mail.read import read_mail
from leakscan.respond.mail.settings import MailSettings

__all__ = [
    "Delivered",
    "Failed",
    "MailSettings",
    "Mailer",
    "Outcome",
    "Refused",
    "check_templates",
    "compose",
    "examples",
    "read_mail",
]
