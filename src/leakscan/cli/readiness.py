"""Whether a response could do its work, as far as that shows on this machine."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from leakscan.cli.detection import open_detector
from leakscan.cli.watch_lacks import doubts
from leakscan.crawl.github.access import open_credentials
from leakscan.crawl.github.credentials import Anonymous
from leakscan.crawl.settings import read_github_settings, read_watch_settings
from leakscan.embedded import EmbeddedHook
from leakscan.errors import LeakscanError, UsageError
from leakscan.fingerprint import KEY_VARIABLE, key_file, load_key
from leakscan.ledger.duties import GAVE_UP
from leakscan.ledger.rotate import used_keys
from leakscan.ledger.runs import has_findings_key
from leakscan.ledger.seal import key_id
from leakscan.report.amounts import count, duration, size
from leakscan.respond.hooks.command import CommandHook
from leakscan.respond.mail import check_templates
from leakscan.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakscan.cli.ledger_access import Response
    from leakscan.config import Config
    from leakscan.crawl.settings import PushLimits
    from leakscan.respond.hooks.settings import NamedHook

_MOST_SOURCES = 5

_OTHERS = stat.S_IRGRP | stat.S_IROTH


def require_ready(response: Response, config: Config) -> None:
    """Check what would fail only when a token has leaked: templates, programs, keys, rules.

    Raises:
        UsageError: a template is broken, or a hook's program cannot be run, or its
            rules are off.
        LeakscanError: a secret waits that no key at hand can open.
    """
    if response.settings.mail:
        check_templates(response.settings.mail)
    for name, named in response.settings.hooks.items():
        if isinstance(named.hook, CommandHook) and shutil.which(named.hook.argv[0]) is None:
            raise UsageError(
                f"disable.{name}.argv: {named.hook.argv[0]} is no program that can be run",
                "check the path and its permissions",
            )
    strange = used_keys(response.ledger) - {key_id(key) for key in response.vault.keys}
    if strange:
        raise LeakscanError(
            f"secrets wait that were encrypted with {', '.join(sorted(strange))}, which"
            f" {response.vault.source} lacks",
            "add these keys, or scan the places again with --record",
        )
    load_key(config.fingerprint_key_file, make=not has_findings_key(response.ledger))
    with open_detector(config, ()) as detector:
        active = {rule.id for rule in detector.rules}
    for name, named in response.settings.hooks.items():
        if not named.rules & active:
            raise UsageError(
                f"disable.{name}.rules: no scan uses {', '.join(sorted(named.rules))}",
                "add them to rules.enable",
            )


def parts(response: Response, config: Config) -> dict[str, str]:
    """Say what a response would use, by what it is for."""
    settings, vault, alerts = response.settings, response.vault, response.settings.alerts
    hooks = [_hook(name, named) for name, named in settings.hooks.items()]
    return {
        "configuration": str(config.source or "none"),
        "ledger": response.ledger.name,
        "ledger key": f"{vault.seals_with} of {vault.source}",
        "fingerprints": str(key_file(config.fingerprint_key_file) or KEY_VARIABLE),
        "disable": ", ".join(hooks) or "nobody",
        "verify": settings.verifier.server.url if settings.verifier else "nobody",
        "mail": f"{settings.mail.host}:{settings.mail.port}" if settings.mail else "nobody",
        "alerts": f"{len(alerts.urls)} on {', '.join(alerts.on)}" if alerts else "nobody",
    }


def shortcomings(response: Response, config: Config) -> Iterator[str]:
    """Yield what works, and yet leaves tokens alive, the team unaware or a key open to others."""
    settings = response.settings
    if not settings.hooks:
        yield "No hook: no token would be disabled."
    if settings.alerts is None or GAVE_UP not in settings.alerts.on:
        yield "Nobody would be alerted when something is given up."
    for path in dict.fromkeys(_key_files(response, config)):
        if _is_open_to_others(path):
            yield f"Others can read {path}: chmod 600 {shlex.quote(str(path))}"


def watched(config: Config) -> tuple[dict[str, str], list[str]]:
    """Say what a watch would use, by what it is for, and what of it may be meant otherwise.

    Nothing, where the configuration says nothing of a watch.

    Raises:
        UsageError: it is wrong, or a credential cannot be used.
    """
    if not config.crawl:
        return {}, []
    site, watch = read_github_settings(config), read_watch_settings(config)
    credentials = open_credentials(site, os.environ)
    for credential in credentials:
        credential.close()
    sources = ", ".join(watch.sources[:_MOST_SOURCES])
    more = len(watch.sources) - _MOST_SOURCES
    names = [credential.name for credential in credentials]
    is_anonymous = all(isinstance(credential, Anonymous) for credential in credentials)
    return {
        "sources": (f"{sources} and {more:,} more" if more > 0 else sources) or "only --archive",
        "asked as": ", ".join(names),
        "API": site.api_url,
        "git": "not asked" if watch.via == "api" else site.git_url,
        "limits": _limits(watch.limits),
    }, list(doubts(watch, is_anonymous=is_anonymous))


def _limits(limits: PushLimits) -> str:
    """Say how much of a push is read."""
    amounts = (
        (limits.pack, f"{size(limits.pack)} a push"),
        (limits.repository, f"{size(limits.repository)} a repository made public"),
        (limits.blob, f"{size(limits.blob)} a file"),
        (limits.seconds, duration(limits.seconds)),
        (limits.depth, count(limits.depth, "commit")),
    )
    return ", ".join(words for amount, words in amounts if amount)


def _hook(name: str, named: NamedHook) -> str:
    return "the issuer on this machine" if isinstance(named.hook, EmbeddedHook) else name


def _key_files(response: Response, config: Config) -> Iterator[Path]:
    """Yield the files of keys and passwords that the configuration names, or that are made."""
    own = (response.vault.path, key_file(config.fingerprint_key_file), config.digest_key_file)
    yield from filter(None, own)
    for name, key in (("mail", "password_file"), ("alerts", "urls_file")):
        yield from _named_in(config, name, config.response.get(name, {}), key)
    for name, content in _table(config, "disable", config.response.get("disable", {})).tables():
        yield from _named_in(config, f"disable.{name}", content, "secret_file")


def _named_in(config: Config, name: str, content: object, key: str) -> Iterator[Path]:
    path = _table(config, name, content).path(key, None)
    if path is not None:
        yield path


def _table(config: Config, name: str, content: object) -> Table:
    return Table(config.source or Path("the configuration"), name, content)


def _is_open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:  # a variable may stand in for a file that is not there
        return False
