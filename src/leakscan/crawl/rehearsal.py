"""Ask GitHub for what a watch needs: who asks, what is watched, git, and whether calls suffice."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

from leakscan.crawl.checked import Checked
from leakscan.crawl.expected_calls import expected_calls, told_twice
from leakscan.crawl.github.allowance import POINTS
from leakscan.crawl.github.calls import GitHub
from leakscan.crawl.github.credentials import Anonymous
from leakscan.crawl.github.governor import Governor
from leakscan.crawl.rehearsed_credentials import ask_credential
from leakscan.crawl.rehearsed_sources import AT_ONCE, PUBLIC, ask_sources, calls_for
from leakscan.git.wire import Meter, Wire
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from leakscan.crawl.github.credentials import Credential
    from leakscan.crawl.rehearsed_credentials import Standing
    from leakscan.crawl.rehearsed_sources import Asked
    from leakscan.crawl.settings import GitHubSettings, WatchSettings

SHARE = 10
"""What part of the API calls that are left a rehearsal may cost: one in so many."""

MOST_SHOWN = 10
"""Sources in order that are told one by one; more are summed up."""

_GIT_SECONDS = 60.0
_GIT_TRIES = 3
_ABSENT = (Trouble.GONE, Trouble.REFUSED, Trouble.BLOCKED)


def rehearse_watch(
    site: GitHubSettings, watch: WatchSettings, credentials: Sequence[Credential]
) -> Iterator[Checked]:
    """Yield what was learnt of each thing that a watch needs.

    Args:
        site: where GitHub is.
        watch: what is to be watched.
        credentials: whom to ask as; one at least.
    """
    accepted = yield from _credentials(site, credentials)
    repositories = yield from _sources(site, watch, accepted)
    yield _git(site, watch, repositories)
    if accepted:
        yield from _budget(watch, accepted)
    for owner, twice in told_twice(watch.sources).items():
        told = f"{owner} tells of {_some(twice)}, too"
        yield Checked("twice", None, f"{told}: each is asked, and costs calls of its own")


def _credentials(
    site: GitHubSettings, credentials: Sequence[Credential]
) -> Generator[Checked, None, tuple[Standing, ...]]:
    """Tell how each stands; return those that are accepted."""
    try:
        standings = [ask_credential(site.api_url, credential) for credential in credentials]
    except TroubleError as error:
        yield Checked("api", False, str(error))
        return ()
    yield Checked("api", True, site.api_url)
    yield from (standing.told() for standing in standings)
    return tuple(standing for standing in standings if standing.refused is None)


def _sources(
    site: GitHubSettings, watch: WatchSettings, accepted: Sequence[Standing]
) -> Generator[Checked, None, tuple[str, ...]]:
    """Tell of each source; return public repositories, those of the watch list first."""
    if not accepted:
        yield Checked("sources", None, "not asked about: first mend what is wrong above")
        return tuple(
            source.removeprefix("repo:") for source in watch.sources if source.startswith("repo:")
        )
    affordable, calls = _affordable(watch.sources, _room(accepted))
    total = f"{affordable:,} of {len(watch.sources):,}"
    yield Checked("sources", None, f"{total} are asked about, with {calls:,} API calls at most")
    governor = Governor([standing.credential for standing in accepted], AT_ONCE)
    with contextlib.closing(GitHub(site.api_url, governor, lambda _: None)) as github:
        asked = ask_sources(watch.sources[:affordable], github, watch.search)
        repositories, left = yield from _told(asked)
    left += watch.sources[affordable:]
    if left:
        which = left[0] if len(left) == 1 else f"{left[0]} and the {len(left) - 1:,} after it"
        yield Checked("sources", None, f"not asked about: {which}; name them with --source")
    return tuple(repositories)


def _told(
    asked: Iterator[tuple[str, Asked | None]],
) -> Generator[Checked, None, tuple[list[str], tuple[str, ...]]]:
    """Tell of each source, of many in order in one line; return repositories, and who is left."""
    repositories: list[str] = []
    public: list[Checked] = []
    left: list[str] = []
    for source, answer in asked:
        if answer is None:
            left.append(source)
            continue
        repositories += answer.repositories
        if answer.checked.answer == PUBLIC:
            public.append(answer.checked)
        else:
            yield answer.checked
    if len(public) <= MOST_SHOWN:
        yield from public
    else:
        yield Checked(f"{len(public):,} sources", True, PUBLIC)
    return repositories, tuple(left)


def _room(accepted: Sequence[Standing]) -> int | None:
    """Return how many calls may be made; ``None`` for any number."""
    if any(standing.limit is None for standing in accepted):
        return None
    left = sum(standing.left for standing in accepted) // SHARE
    return max(0, left - sum(standing.calls for standing in accepted))


def _affordable(sources: Sequence[str], room: int | None) -> tuple[int, int]:
    """Return how many of the first sources may be asked about, and the calls that it may cost."""
    costs = list(itertools.accumulate(map(calls_for, sources)))
    number = sum(room is None or cost <= room for cost in costs)
    return number, costs[number - 1] if number else 0


def _git(site: GitHubSettings, watch: WatchSettings, repositories: Sequence[str]) -> Checked:
    """Ask git for a public repository; one that an event names may be gone by now."""
    if watch.via == "api":
        return Checked("git", None, 'not asked: watch.via is "api"')
    failure = "not asked: no public repository is known by name"
    is_well = None
    with contextlib.closing(Wire(connections=1)) as wire:
        for name in repositories[:_GIT_TRIES]:
            url = f"{site.git_url}/{name}.git"
            try:
                wire.refs(url, Meter(), ("HEAD",), _GIT_SECONDS)
            except TroubleError as error:
                is_well, failure = False, str(error)
                if error.trouble not in _ABSENT:
                    break
            else:
                return Checked("git", True, url)
    return Checked("git", is_well, failure)


def _budget(watch: WatchSettings, accepted: Sequence[Standing]) -> Iterator[Checked]:
    """Tell what the sources cost beside what is allowed."""
    is_anonymous = all(isinstance(one.credential, Anonymous) for one in accepted)
    cost = expected_calls(watch.sources, watch.poll, is_anonymous=is_anonymous)
    limits = [standing.limit for standing in accepted if standing.limit is not None]
    allowed = sum(limits)
    told = f"the sources cost {cost.least:,} to {cost.most:,} API calls an hour"
    if len(limits) < len(accepted):
        yield Checked("budget", True, f"{told}, and there is no limit")
    elif cost.least > allowed:
        interval = cost.interval_for(allowed)
        remedy = f"set watch.poll to {interval} or more" if interval else "watch fewer sources"
        advice = f"{remedy}, or see docs/configuration.md for a bigger budget"
        yield Checked("budget", False, f"{told}, and {allowed:,} are allowed: {advice}")
    elif cost.most > allowed:
        when = "enough while little happens; else sources are asked less often"
        yield Checked("budget", None, f"{told}, and {allowed:,} are allowed: {when}")
    else:
        yield Checked("budget", True, f"{told}, and {allowed:,} are allowed")
    most = POINTS * len(accepted)
    if cost.looks > most:
        seconds = cost.interval * cost.looks / most
        what = f"{cost.looks:,.0f} looks a minute are wanted, and {most:,} are allowed"
        yield Checked("pace", None, f"{what}: each source is asked about every {seconds:.0f} s")


def _some(sources: Sequence[str]) -> str:
    """Return the first of some sources, and how many more there are."""
    shown = ", ".join(sources[:3])
    return shown if len(sources) <= 3 else f"{shown} and {len(sources) - 3:,} more"
