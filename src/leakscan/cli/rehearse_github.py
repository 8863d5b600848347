"""What ``leakscan rehearse github`` asks: all that a watch would need."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from leakscan.cli.detection import usable_rules
from leakscan.cli.ledger_access import opened_settings
from leakscan.cli.options import refuse_empty
from leakscan.cli.watch_lacks import doubts, lacks
from leakscan.config import load_config
from leakscan.crawl.checked import Checked
from leakscan.crawl.github.access import open_credentials
from leakscan.crawl.rehearsal import rehearse_watch
from leakscan.crawl.settings import read_github_settings, read_watch_settings
from leakscan.crawl.source_names import check_sources, each_once
from leakscan.errors import UsageError
from leakscan.ledger.engine import URL_VARIABLE
from leakscan.respond.settings import read_ledger_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakscan.config import Config
    from leakscan.crawl.settings import WatchSettings


def rehearse_github(config_path: Path | None, sources: tuple[str, ...]) -> Iterator[Checked]:
    """Yield what was learnt of each thing that a watch needs.  No ledger is opened.

    Args:
        config_path: as of ``--config``.
        sources: in the place of ``watch.sources``, if there are any.

    Raises:
        UsageError: the configuration or a source is wrong; nothing was asked yet.
    """
    config = load_config(config_path)
    site, watch = read_github_settings(config), _watched(config, sources)
    credentials = open_credentials(site, os.environ)
    rules = [rule.id for rule in usable_rules(config)]
    with opened_settings(config) as settings:
        lacking = [*lacks(settings, rules), *_of_the_ledger(config)]
    lacking += doubts(watch, is_anonymous=False)  # the source search speaks for itself
    yield from rehearse_watch(site, watch, credentials)
    for lack in lacking:
        yield Checked("settings", None, lack)


def _watched(config: Config, sources: tuple[str, ...]) -> WatchSettings:
    """Read what is watched, as ``leakscan watch`` does.

    Raises:
        UsageError: it is wrong, or nothing would be watched.
    """
    refuse_empty({"--source": "".join(sources) if sources else None})
    check_sources(sources, "--source: ")
    watch = read_watch_settings(config)
    watch = replace(watch, sources=each_once(sources) or watch.sources)
    if not watch.sources:
        what = f"{config.source}: watch.sources: nothing would be watched"
        raise UsageError(what, 'write ["events"], or say --source')
    return watch


def _of_the_ledger(config: Config) -> Iterator[str]:
    if not (read_ledger_settings(config).url or os.environ.get(URL_VARIABLE)):
        yield "ledger.url is not set: the ledger is in the home of whoever runs the watch"
