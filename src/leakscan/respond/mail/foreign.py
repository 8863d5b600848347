"""Strangers' texts in a mail: they can neither speak for us nor become a link of their own.

Who pushes to a repository chooses its name, its paths and its branches, and thereby writes
into a mail that comes from us.  A `Foreign` knows how to be shown in either part, so that no
template, an operator's neither, can forget to escape one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from leakscan.safe_text import safe_text

LONGEST_TEXT = 200
LONGEST_LINK = 1000

CODE_STYLE = (
    "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px;"
    "padding:1px 5px;border-radius:4px;background-color:rgba(128,128,128,0.16);"
    "overflow-wrap:anywhere"
)

_DOT = r"[.\u3002\uff0e\uff61]"  # the last three separate the labels of a domain, too
_HOST = re.compile(rf"(?<![\w/.-])(?:[\w-]+{_DOT})+[^\W\d_][\w-]+(?![\w-])")
_SEAM = re.compile(rf"(?<=\w)(?=(?:{_DOT}|@)\w|://)")
_LINK = re.compile(r"https?://[A-Za-z0-9!#$%&()*+,./:;=?@_~-]+")

_FILE_ENDING = re.compile(
    r"bash|bat|cfg|conf|cpp|css|csv|dart|env|example|go|gradle|html|ini|ipynb|java|js|json|jsonl|"
    r"jsx|kt|lock|log|lua|md|php|ps1|py|rb|rs|scala|sh|sql|svelte|swift|template|tf|tfvars|toml|"
    r"ts|tsx|txt|vue|xml|yaml|yml",
    re.IGNORECASE,
)
"""Endings so common in repositories that names with them stay readable; few are domains, too."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A stranger's text, short and without control characters, shown as what it is.

    In a text it stands in quotation marks, and what mail programs would turn into a link is
    written ``example[.]com``.  In HTML it stands in the style of code, and its dots are set
    apart where nobody sees it.

    Attributes:
        text: the text, as it came.
        is_quoted: whether it is shown so; not needed for a person's name in a greeting.
    """

    text: str
    is_quoted: bool = True

    def __str__(self) -> str:
        shown = unlinked(self._clean())
        return '"' + shown.replace('"', "'") + '"' if self.is_quoted else shown

    def __html__(self) -> str:
        # A tag between the letters of a word keeps mail programs from seeing a domain there.
        shown = Markup("<wbr>").join(escape(piece) for piece in _SEAM.split(self._clean()))
        if not self.is_quoted:
            return shown
        return Markup('<code style="{}">{}</code>').format(CODE_STYLE, shown)

    def _clean(self) -> str:
        return shortened(safe_text(self.text), LONGEST_TEXT)


def shortened(text: str, longest: int) -> str:
    """Return the text without its middle if it is too long."""
    if len(text) <= longest:
        return text
    tail = (longest - 3) // 2
    return f"{text[: longest - 3 - tail]}...{text[len(text) - tail :]}"


def unlinked(text: str) -> str:
    """Write what looks like a host so that it is no link; names of common files stay."""
    text = text.replace("//", "\0")

    def spelled(host: re.Match[str]) -> str:
        is_followed = text[host.end() : host.end() + 1] in {"/", "?", "#"}
        if not is_followed and _FILE_ENDING.fullmatch(host[0].rpartition(".")[2]):
            return host[0]
        return re.sub(_DOT, lambda dot: f"[{dot[0]}]", host[0])

    # Two slashes come before a host and one before a folder, so the two stand aside meanwhile.
    apart = _HOST.sub(spelled, text)
    return apart.replace(":\0", "[:]//").replace("\0", "//")


def safe_link(url: str | None) -> str | None:
    """Return the URL if it may be a link: http(s), of plain characters, without credentials."""
    if not url or len(url) > LONGEST_LINK or not _LINK.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return None
    return url if parts.hostname and "@" not in parts.netloc else None
