"""Which addresses mail can be sent to, and their spelling in a header."""

from __future__ import annotations

import re
import unicodedata
from email.headerregistry import Address

from leakscan.respond.mail.foreign import shortened
from leakscan.safe_text import safe_text

LONGEST_ADDRESS, LONGEST_LOCAL_PART = 254, 64
LONGEST_NAME = 60

# Atoms with dots (RFC 5322), and what is not ASCII (RFC 6532).  Quoted parts and address
# literals, which nobody has for a mailbox, are the stuff of injections and left out.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_ALNUM = r"[A-Za-z0-9\u0080-\U0010ffff]"
_LABEL = rf"{_ALNUM}(?:(?:{_ALNUM}|-){{0,61}}{_ALNUM})?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)")
_STRUCTURAL = re.compile(r'[]["<>@,;:\\()]+')


def header_text(text: str) -> str:
    """Make a text fit for a header: on one line, and nothing in it that decodes to more.

    Python's e-mail package, and every mail program, decodes ``=?utf-8?q?=0d=0aBcc...?=``
    wherever it stands, so its beginning is pulled apart.
    """
    return safe_text(" ".join(text.split())).replace("=?", "= ?")


def usable_address(text: str | None, name: str | None = None) -> Address | None:
    """Read an address that is not to be trusted.

    Args:
        text: the address, such as ``ada@example.com``.
        name: whose it is.  Characters that structure a header become spaces, so that no bug in
            folding or quoting can turn a name into a second address.

    Returns:
        The address with an ASCII domain where one says the same; ``None`` if it cannot be used.
    """
    if text is None:
        return None
    text = unicodedata.normalize("NFC", text.strip(" "))
    parts = _ADDRESS.fullmatch(text)
    if parts is None or header_text(text) != text:
        return None
    local, domain = parts[1], _ascii_domain(parts[2])
    if len(local.encode()) > LONGEST_LOCAL_PART:
        return None
    if len(f"{local}@{domain}".encode()) > LONGEST_ADDRESS:
        return None
    return Address(_display_name(name or ""), username=local, domain=domain)


def parse_mailbox(text: str) -> Address | None:
    """Read an operator's ``Name <address>`` or bare address; ``None`` if it is neither."""
    if not text.isprintable():
        return None
    parts = re.fullmatch(r'\s*(?:"([^"\\]*)"|([^<>"]*?))\s*<([^<>]*)>\s*', text)
    if parts is None:
        return usable_address(text)
    return usable_address(parts[3], parts[1] or parts[2])


def _ascii_domain(domain: str) -> str:
    """Spell a domain in ASCII unless that, as with the German sharp s, names another one."""
    try:
        spelled = domain.encode("idna").decode("ascii")
        back = spelled.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
    return spelled if back.lower() == domain.lower() else domain


def _display_name(name: str) -> str:
    return header_text(shortened(_STRUCTURAL.sub(" ", safe_text(name)), LONGEST_NAME))
