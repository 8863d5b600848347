"""Ask GitHub about each credential: is it accepted, whose is it, what is left."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.crawl.checked import Checked
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import Anonymous, FileToken, FixedToken
from leakscan.crawl.github.governor import Governor
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from leakscan.crawl.github.credentials import Credential, Refused

_LOGIN = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?"
"""What GitHub allows as the name of an account."""
_UNLIMITED = "not enabled"
"""What an Enterprise Server says of limits that it does not set."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a credential stands.

    Attributes:
        refused: why GitHub refuses it, if so.
        limit: API calls an hour; ``None`` where the server sets no limit.
        left: how many of them are left.
        login: of the account that it belongs to, where GitHub says so.
        calls: that it took to learn that.
    """

    credential: Credential
    refused: Refused | None = None
    limit: int | None = None
    left: int = 0
    login: str | None = None
    calls: int = 0

    def told(self) -> Checked:
        """Return it in words."""
        name = self.credential.name
        if self.refused:
            return Checked(name, False, f"{self.refused.why}: {self.refused.remedy}")
        left = "no limit"
        if self.limit is not None:
            left = f"{self.left:,} of {self.limit:,} API calls an hour are left"
        if isinstance(self.credential, Anonymous):
            advice = "set LEAKSCAN_GITHUB_TOKEN, or github.credentials"
            return Checked(name, None, f"no token: {left}, and no code search: {advice}")
        return Checked(name, True, f"{self.login}: {left}" if self.login else left)


def ask_credential(api_url: str, credential: Credential) -> Standing:
    """Ask as one credential; it costs an API call at most.

    Args:
        api_url: where the API is.
        credential: whom to ask as.

    Raises:
        TroubleError: the API cannot be asked.
    """
    governor = Governor([credential], 1)
    with contextlib.closing(GitHub(api_url, governor, lambda _: None)) as github:
        try:
            limit, left = _core(github)
        except TroubleError:
            if github.refused:
                return Standing(credential, github.refused[0])
            raise
        if not isinstance(credential, FixedToken | FileToken):  # nobody, or an app
            return Standing(credential, None, limit, left)
        login = _login(github)
        is_shown = login is not None and login not in (credential.token() or "")
        return Standing(credential, None, limit, left, login if is_shown else None, calls=1)


def _core(github: GitHub) -> tuple[int | None, int]:
    """Ask how many calls are allowed and left, which is no call itself."""
    try:
        body = github.get("/rate_limit").body
    except TroubleError as error:
        if error.trouble is Trouble.GONE and _UNLIMITED in error.what:
            return None, 0
        raise
    resources = body.get("resources") if isinstance(body, Mapping) else None
    core = resources.get("core") if isinstance(resources, Mapping) else None
    limit, left = _number(core, "limit"), _number(core, "remaining")
    if limit is None or left is None:
        what = "/rate_limit: the answer tells no limits"
        raise TroubleError(Trouble.BROKEN, what, "check github.api_url")
    return limit, left


def _number(table: object, key: str) -> int | None:
    number = table.get(key) if isinstance(table, Mapping) else None
    is_number = isinstance(number, int) and not isinstance(number, bool) and number >= 0
    return number if is_number else None


def _login(github: GitHub) -> str | None:
    """Ask whose a token is; not every token may."""
    try:
        body = github.get("/user").body
    except TroubleError:
        return None
    login = body.get("login") if isinstance(body, Mapping) else None
    return login if isinstance(login, str) and re.fullmatch(_LOGIN, login) else None
