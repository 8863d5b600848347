"""Addresses of repositories, and links to the exact line on the sites that host them."""

from __future__ import annotations

import re

# Compiled where they are used: most scans are of a path, and begin with no URL to look at.
_URL = r"([A-Za-z][A-Za-z0-9+.-]*)://|([A-Za-z][A-Za-z0-9-]*)::"
_SCP = r"[\w.-]+@[\w.-]+:(?!//)\S"
_SCP_USER = r"(?<![\w./@:+-])(?!git@)[\w.+-]++@(?=[\w.-]++:(?!//)\S)"
_HOSTED = (
    r"(?:https?://(?:[^@/]*@)?|ssh://git@|git://|git@)"
    r"(github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)[/:]([^/\s?#]+/[^\s?#]+?)(?:\.git)?/?(?:[?#]\S*)?\Z"
)
GITHUB = "github.com"
_LINE_PAGES = {
    "github.com": "/blob/{commit}/{path}#L{line}",
    "gitlab.com": "/-/blob/{commit}/{path}#L{line}",
    "bitbucket.org": "/src/{commit}/{path}#lines-{line}",
    "codeberg.org": "/src/commit/{commit}/{path}#L{line}",
}
_COMMIT_PAGES = {
    "github.com": "/commit/{commit}",
    "gitlab.com": "/-/commit/{commit}",
    "bitbucket.org": "/commits/{commit}",
    "codeberg.org": "/commit/{commit}",
}


def transport(target: str) -> str | None:
    """Return the transport of a URL in lower case, ``None`` for what is no URL.

    ``user@host:path`` is ``ssh``; of ``ext::command`` it is ``ext``.
    """
    if ":" not in target:
        return None
    found = re.match(_URL, target)
    if found:
        return (found[1] or found[2]).lower()
    return "ssh" if re.match(_SCP, target) else None


def without_credentials(url: str) -> str:
    """Return a text without the user names, passwords and queries of the addresses in it.

    The user ``git`` of ``git@host:path`` is everybody's, and stays.
    """
    if "@" not in url and "?" not in url:
        return url
    return "".join(map(_without_credentials, re.split(r"(\s+)", url)))


def _without_credentials(word: str) -> str:
    """Do so for one word, in one pass: a server chooses some of the texts."""
    scheme, mark, rest = word.partition("://")
    if not mark:
        return re.sub(_SCP_USER, "", word)
    rest, question, query = rest.partition("?")  # as in ?private_token=...
    authority = rest.partition("/")[0]
    if "@" in authority:
        rest = rest[authority.rindex("@") + 1 :]
    elif ":" in authority:
        # A password may hold a slash, which no URL allows: rather than one, a port is left out.
        rest = rest[rest.rfind("@") + 1 :]
    return scheme + mark + rest + question + ("..." if query else "")


def link_to(
    remote: str | None, commit: str | None, path: str | None = None, line: int | None = None
) -> str | None:
    """Return the page that shows a line, or a commit; ``None`` where no known site has it."""
    hosted = re.match(_HOSTED, remote or "")
    if not hosted or not commit:
        return None
    from urllib.parse import quote

    site = hosted[1]
    return page_of(site, f"https://{site}/{quote(hosted[2])}", commit, path, line)


def page_of(
    site: str, project: str, commit: str, path: str | None = None, line: int | None = None
) -> str:
    """Return the page that shows a line, or a commit.

    Args:
        site: whose pages are laid out alike, such as `GITHUB`.
        project: address of the project's own page.
        commit: id of the commit.
        path: of the file.
        line: of the file, from 1; ``None`` for the file as a whole.
    """
    from urllib.parse import quote

    pages = _COMMIT_PAGES if path is None else _LINE_PAGES
    page = pages[site].format(commit=commit, path=quote(path or ""), line=line)
    return project + (page if line else page.partition("#")[0])
