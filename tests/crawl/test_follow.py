"""Following one push: whatever happens becomes an answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from leakscan.crawl.looks.follow import Followed, Means
from leakscan.crawl.looks.follow import follow as follow_with
from leakscan.crawl.pace import CLOSED_AFTER, CLOSED_FOR, IN_A_ROW, LONGEST_REST, Outage, Pace
from leakscan.detect import Detector
from leakscan.errors import LeakscanError, TargetError
from leakscan.model import Kind, Location
from leakscan.push import Push, PushKind, PushState
from leakscan.rules import load_rules, select_rules
from leakscan.sources.sighting import Sighting
from leakscan.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakscan.crawl.looks.follow import Spent
    from leakscan.sources.sighting import Tally

RULES = select_rules(load_rules(), [])
SITE = "https://github.com"


def a_push() -> Push:
    return Push(
        PushKind.PUSH, "github.com", 1, "acme/app", "refs/heads/main", "a" * 40, "b" * 40,
        datetime.now(UTC), "events",
    )  # fmt: skip


@dataclass
class Shelf:
    """Reads texts that are at hand, and then fails if it is to."""

    via: str
    texts: tuple[str, ...] = ()
    error: Exception | None = None
    skips: tuple[str, ...] = ()
    meanwhile: Callable[[], object] = lambda: None
    reads: int = field(default=0)
    pace: Pace = field(default_factory=lambda: Pace(4))

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        self.reads += 1
        self.meanwhile()
        for text in self.texts:
            tally.read(len(text))
            for match in Detector(RULES).search(text.encode()):
                yield Sighting(match, Location(Kind.BLOB, f"{SITE}/{push.repository}"))
        for what in self.skips:
            tally.skip(what, "too large")
        if self.via == "git":
            spent.git_requests += 1
        else:
            spent.api_requests += 2
        if self.error:
            raise self.error


def means(*readers: Shelf) -> Means:
    return Means(readers, RULES, bytes(32), SITE)


def follow(push: Push, means: Means) -> Followed:
    return follow_with(push, means.reader, means)


def trouble(kind: Trouble, retry_after: float | None = None) -> TroubleError:
    return TroubleError(kind, f"it is {kind}", "wait", retry_after)


def test_what_is_read_whole_is_scanned(new_token: Callable[[], str]) -> None:
    token = new_token()
    followed = follow(a_push(), means(Shelf("git", ("nothing", f"key = {token}"))))
    look = followed.look
    assert (look.state, look.trouble, look.via) == (PushState.SCANNED, None, "git")
    assert (look.objects, look.git_requests) == (2, 1)
    assert followed.result
    (finding,) = followed.result.findings
    assert finding.secret.reveal() == token


def test_nothing_found_is_no_result() -> None:
    assert follow(a_push(), means(Shelf("git", ("nothing",)))).result is None


def test_what_was_skipped_is_told() -> None:
    look = follow(a_push(), means(Shelf("git", ("some",), skips=("a.bin",)))).look
    assert look.state is PushState.SCANNED
    assert [skip.what for skip in look.skipped] == ["a.bin"]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (Trouble.GONE, PushState.SKIPPED),
        (Trouble.BLOCKED, PushState.SKIPPED),
        (Trouble.EMPTY, PushState.SKIPPED),
        (Trouble.REFUSED, PushState.SKIPPED),
        (Trouble.TOO_LARGE, PushState.SKIPPED),
        (Trouble.BARRED, PushState.FAILED),
        (Trouble.BUSY, PushState.FAILED),
        (Trouble.UNREACHABLE, PushState.FAILED),
        (Trouble.BROKEN, PushState.FAILED),
    ],
)
def test_every_trouble_is_a_state(kind: Trouble, state: PushState) -> None:
    look = follow(a_push(), means(Shelf("git", error=trouble(kind, 7)))).look
    assert (look.state, look.trouble, look.why) == (state, kind, f"it is {kind}: wait")
    assert look.retry_after == (None if state is PushState.SCANNED else 7)


def test_a_server_of_which_nothing_comes_in_time_is_asked_again() -> None:
    """Another time it may be faster; only what was read in part is not read again."""
    look = follow(a_push(), means(Shelf("git", error=trouble(Trouble.TOO_LONG)))).look
    assert (look.state, look.trouble) == (PushState.FAILED, Trouble.UNREACHABLE)
    assert look.why == "it is too-long: wait"


def test_no_server_is_believed_that_wants_to_rest_for_a_day() -> None:
    look = follow(a_push(), means(Shelf("git", error=trouble(Trouble.BUSY, 86_400)))).look
    assert look.retry_after == LONGEST_REST


def test_a_full_disk_is_no_fault_of_the_push() -> None:
    api = Shelf("api", ("some",))
    full = TargetError("no space left on the disk", "make room")
    look = follow(a_push(), means(Shelf("git", ("half",), full), api)).look
    assert (look.state, look.trouble, api.reads) == (PushState.FAILED, Trouble.LOCAL, 0)
    assert look.why == "no space left on the disk: make room"


@pytest.mark.parametrize("kind", [Trouble.TOO_LARGE, Trouble.TOO_LONG])
def test_what_was_cut_short_is_scanned_in_part(kind: Trouble) -> None:
    look = follow(a_push(), means(Shelf("git", ("begin",), trouble(kind)))).look
    assert (look.state, look.trouble) == (PushState.SCANNED, kind)
    assert [skip.what for skip in look.skipped] == ["the rest of the push"]


def test_what_was_found_before_a_trouble_is_kept(new_token: Callable[[], str]) -> None:
    followed = follow(a_push(), means(Shelf("git", (new_token(),), trouble(Trouble.BROKEN))))
    assert followed.look.state is PushState.FAILED
    assert followed.result
    assert len(followed.result.findings) == 1


def test_an_unexpected_error_is_named_but_not_quoted(new_token: Callable[[], str]) -> None:
    token = new_token()
    followed = follow(a_push(), means(Shelf("git", (token,), ValueError(token))))
    assert (followed.look.state, followed.look.trouble) == (PushState.FAILED, Trouble.BROKEN)
    assert followed.look.why
    assert "ValueError in test_follow.py:" in followed.look.why
    assert token not in followed.look.why
    assert followed.result


def test_an_error_for_people_is_told() -> None:
    look = follow(a_push(), means(Shelf("git", error=LeakscanError("no room", "make some")))).look
    assert (look.state, look.why) == (PushState.FAILED, "no room: make some")


def test_a_key_that_cannot_be_used_lets_nothing_out(new_token: Callable[[], str]) -> None:
    broken = Means((Shelf("git", (new_token(),)),), (), bytes(32), SITE)  # no rule to name
    look = follow(a_push(), broken).look
    assert (look.state, look.trouble) == (PushState.FAILED, Trouble.BROKEN)


CLOSED = [Trouble.BARRED, Trouble.UNREACHABLE, Trouble.BROKEN]


@pytest.mark.parametrize("kind", [Trouble.REFUSED, *CLOSED])
def test_where_git_may_be_closed_the_api_is_asked(kind: Trouble) -> None:
    api = Shelf("api", ("some",))
    look = follow(a_push(), means(Shelf("git", error=trouble(kind)), api)).look
    assert (look.state, look.via) == (PushState.SCANNED, "api")
    assert (look.git_requests, look.api_requests) == (1, 2)


@pytest.mark.parametrize(
    "kind", [Trouble.GONE, Trouble.BLOCKED, Trouble.EMPTY, Trouble.BUSY, Trouble.TOO_LARGE]
)
def test_where_git_has_answered_the_api_is_not_asked(kind: Trouble) -> None:
    api = Shelf("api", ("some",))
    look = follow(a_push(), means(Shelf("git", error=trouble(kind)), api)).look
    assert (look.trouble, api.reads) == (kind, 0)


def test_what_broke_half_way_is_not_asked_of_the_api() -> None:
    api = Shelf("api", ("some",))
    broken = Shelf("git", ("half",), trouble(Trouble.BROKEN))
    assert follow(a_push(), means(broken, api)).look.state is PushState.FAILED
    assert api.reads == 0


def test_the_api_knows_better_why_git_refuses() -> None:
    api = Shelf("api", error=trouble(Trouble.GONE))
    look = follow(a_push(), means(Shelf("git", error=trouble(Trouble.REFUSED)), api)).look
    assert (look.state, look.trouble) == (PushState.SKIPPED, Trouble.GONE)


@pytest.mark.parametrize("kind", CLOSED)
def test_an_api_that_refuses_says_nothing_of_a_git_server_that_is_closed(kind: Trouble) -> None:
    """It refuses for a reason of its own, as with a wiki."""
    api = Shelf("api", error=trouble(Trouble.REFUSED))
    look = follow(a_push(), means(Shelf("git", error=trouble(kind)), api)).look
    assert (look.state, look.trouble, look.via) == (PushState.FAILED, kind, "git")
    assert look.api_requests == 2


@pytest.mark.parametrize("kind", [Trouble.BUSY, Trouble.BARRED, Trouble.UNREACHABLE])
@pytest.mark.parametrize("closed", [Trouble.REFUSED, *CLOSED])
def test_what_git_does_not_give_waits_for_an_api_that_cannot_be_asked_now(
    closed: Trouble, kind: Trouble
) -> None:
    api = Shelf("api", error=trouble(kind, 60))
    look = follow(a_push(), means(Shelf("git", error=trouble(closed)), api)).look
    assert (look.state, look.trouble, look.retry_after) == (PushState.FAILED, kind, 60)


def test_without_a_credential_the_api_is_not_asked_about_what_git_refuses() -> None:
    """Nearly all of it is gone, and 60 calls an hour are for the feeds."""
    git, api = Shelf("git", error=trouble(Trouble.REFUSED)), Shelf("api", ("some",))
    frugal = replace(means(git, api), asks_about_refusals=False)
    look = follow(a_push(), frugal).look
    assert (look.state, look.trouble, api.reads) == (PushState.SKIPPED, Trouble.REFUSED, 0)
    git.error = trouble(Trouble.BARRED)
    assert follow(a_push(), frugal).look.via == "api"


def test_what_both_ways_find_is_kept(new_token: Callable[[], str]) -> None:
    git = Shelf("git", error=trouble(Trouble.REFUSED))
    api = Shelf("api", (new_token(),), trouble(Trouble.UNREACHABLE))
    assert follow(a_push(), means(git, api)).result
    refusing = Shelf("api", (new_token(),), trouble(Trouble.REFUSED))
    followed = follow(a_push(), means(git, refusing))
    assert (followed.look.via, followed.look.git_requests) == ("git", 1)
    assert followed.result


def test_a_closed_server_is_asked_again_after_a_while() -> None:
    moment = [0.0]
    pace = Pace(4, lambda: moment[0])
    git = Shelf("git", error=trouble(Trouble.REFUSED), pace=pace)
    both = means(git, Shelf("api", ("some",)))
    for _ in range(CLOSED_AFTER + 5):
        assert follow(a_push(), both).look.via == "api"
    assert (git.reads, both.reader.via) == (CLOSED_AFTER, "api")
    moment[0] += CLOSED_FOR
    assert both.reader is git
    git.error = None
    assert follow(a_push(), both).look.via == "git"
    assert git.reads == CLOSED_AFTER + 1


def test_deleted_repositories_do_not_close_the_server() -> None:
    git = Shelf("git", error=trouble(Trouble.REFUSED))
    both = means(git, Shelf("api", error=trouble(Trouble.GONE)))
    for _ in range(CLOSED_AFTER * 3):
        follow(a_push(), both)
    assert (git.reads, both.reader) == (CLOSED_AFTER * 3, git)


def test_what_is_wrong_elsewhere_does_not_close_the_server() -> None:
    unnamed = TroubleError(Trouble.BROKEN, "its name cannot be asked", is_elsewhere=True)
    git = Shelf("git", error=unnamed)
    both = means(git, Shelf("api", ("some",)))
    for _ in range(CLOSED_AFTER * 2):
        assert follow(a_push(), both).look.via == "api"
    assert (git.reads, both.reader, git.pace.outage) == (CLOSED_AFTER * 2, git, None)


def test_what_was_begun_before_a_server_was_away_does_not_show_that_it_is_back() -> None:
    pace, api = Pace(4), Shelf("api", ("some",))
    away = means(Shelf("git", error=trouble(Trouble.UNREACHABLE), pace=pace), api)
    slow = Shelf("git", ("some",), pace=pace, meanwhile=lambda: follow(a_push(), away))
    assert follow(a_push(), means(slow, api)).look.via == "git"
    assert pace.outage == Outage("it is unreachable: wait", is_bypassed=True)
    assert follow(a_push(), means(Shelf("git", ("some",), pace=pace), api)).look.via == "git"
    assert pace.outage is None


def test_what_a_server_that_fails_on_does_not_give_is_asked_of_the_api() -> None:
    git, api = Shelf("git", error=trouble(Trouble.BUSY)), Shelf("api", ("some",))
    both = means(git, api)
    for _ in range(IN_A_ROW - 1):
        assert follow(a_push(), both).look.state is PushState.FAILED
    assert (api.reads, git.pace.outage) == (0, None)
    for _ in range(3):
        assert follow(a_push(), both).look.via == "api"
    assert (git.reads, both.reader) == (IN_A_ROW, api)
    assert git.pace.outage == Outage("it is busy: wait", is_bypassed=True)


@pytest.mark.parametrize("how", ["asks to wait", "no credential", "one way"])
def test_the_api_is_not_asked_for_a_server_that_is_to_be_waited_for(how: str) -> None:
    git = Shelf("git", error=trouble(Trouble.BUSY, 7 if how == "asks to wait" else None))
    api = Shelf("api", ("some",))
    some = means(git) if how == "one way" else means(git, api)
    some = replace(some, asks_about_refusals=how != "no credential")
    for _ in range(IN_A_ROW * 2):
        assert follow(a_push(), some).look.state is PushState.FAILED
    assert (api.reads, git.pace.closed) == (0, 0)
    assert git.pace.outage == (None if how == "asks to wait" else Outage("it is busy: wait"))


def test_a_server_that_fails_on_and_asks_for_a_moment_then_gets_it() -> None:
    git, api = Shelf("git", error=trouble(Trouble.BUSY)), Shelf("api", error=trouble(Trouble.GONE))
    both = means(git, api)
    for _ in range(IN_A_ROW):
        follow_with(a_push(), git, both)
    git.error = trouble(Trouble.BUSY, 0)
    assert follow_with(a_push(), git, both).look.via == "git"
    assert api.reads == 1


@pytest.mark.parametrize("kind", [Trouble.GONE, Trouble.UNREACHABLE])
def test_a_server_that_is_away_is_told_of_though_the_api_gives_nothing_either(
    kind: Trouble,
) -> None:
    git, api = Shelf("git", error=trouble(Trouble.UNREACHABLE)), Shelf("api", error=trouble(kind))
    both = means(git, api)
    for _ in range(IN_A_ROW):
        assert (git.pace.outage, api.pace.outage) == (None, None)
        follow_with(a_push(), git, both)
    assert git.pace.outage == Outage("it is unreachable: wait")
    assert api.pace.outage == (git.pace.outage if kind is Trouble.UNREACHABLE else None)


def test_each_server_is_judged_by_its_own_looks() -> None:
    git, api = Shelf("git", error=trouble(Trouble.UNREACHABLE)), Shelf("api", ("some",))
    follow(a_push(), means(git, api))
    assert (git.pace.limit, api.pace.limit) == (2, 4)
