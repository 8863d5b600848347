"""Open GitHub as the configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.client import TIMEOUT
from leakscan.crawl.github.credentials import (
    VARIABLES,
    Anonymous,
    AppInstallation,
    default_credential,
    open_token,
)
from leakscan.crawl.github.governor import Governor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leakscan.crawl.github.credentials import Credential, CredentialSource
    from leakscan.crawl.settings import GitHubSettings


def open_github(
    settings: GitHubSettings,
    environ: Mapping[str, str],
    tell: Callable[[str], None],
    *,
    at_once: int = 8,
    timeout: int = TIMEOUT,
) -> GitHub:
    """Make what asks GitHub; nothing is sent yet.

    Args:
        settings: where GitHub is, and whom to ask as.
        environ: where tokens may be.
        tell: told in a sentence, once each, what lowers the number of requests.
        at_once: requests under way at once, but for a few that are urgent.
        timeout: seconds that a request may take.

    Raises:
        UsageError: a credential cannot be used; its name is told.
    """
    credentials = open_credentials(settings, environ, timeout)
    if isinstance(credentials[0], Anonymous):
        tell(
            "No GitHub token: 60 requests an hour and no code search; "
            f"set {VARIABLES[0]}, or github.credentials"
        )
    return GitHub(settings.api_url, Governor(credentials, at_once), tell, timeout)


def open_credentials(
    settings: GitHubSettings, environ: Mapping[str, str], timeout: int = TIMEOUT
) -> list[Credential]:
    """Open whom to ask as: one at least, which may be nobody.  Nothing is sent yet.

    Args:
        settings: where GitHub is, and whom to ask as.
        environ: where tokens may be.
        timeout: seconds that a request for an app's token may take.

    Raises:
        UsageError: a credential cannot be used; its name is told.
    """
    api_url, sources = settings.api_url, settings.credentials
    credentials = [_open(source, environ, api_url, timeout) for source in sources]
    return credentials or [default_credential(environ)]


def _open(
    source: CredentialSource, environ: Mapping[str, str], api_url: str, timeout: int
) -> Credential:
    if not isinstance(source, AppInstallation):
        return open_token(source, environ)
    from leakscan.crawl.github.app import InstallationToken

    return InstallationToken(source, api_url, timeout)
