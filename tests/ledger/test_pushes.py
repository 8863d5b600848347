"""A push is queued once, whoever tells of it, however often and in whatever order."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from leakscan.errors import LeakscanError
from leakscan.ledger.forget import forget
from leakscan.push import PushKind
from pushes import NOON, SCANNED, a_push, look_at_all, rows, some_pushes, states

if TYPE_CHECKING:
    from leakscan.ledger.push_queue import PushQueue


def test_a_push_comes_back_as_it_was_told(queue: PushQueue) -> None:
    told = [
        a_push(1),
        a_push(2, kind=PushKind.BRANCH, before=None, head=None, default_branch="refs/heads/x"),
        a_push(3, kind=PushKind.PUBLIC, ref="", before=None, head=None, feed="org:acme"),
        a_push(4, kind=PushKind.TAG, repository_id=0, head="ab" * 32, before="cd" * 32),
    ]
    assert queue.add(told) == 4
    claimed = [claim.push for claim in queue.claim(9).claims]
    assert sorted(claimed, key=lambda push: push.happened_at) == told


def test_what_is_told_again_is_the_same_push(queue: PushQueue) -> None:
    assert queue.add(some_pushes(3)) == 3
    assert queue.add([*some_pushes(4), *some_pushes(4)]) == 1
    assert queue.add([]) == 0
    assert len(rows(queue.ledger)) == 4


def test_a_repeat_changes_no_state(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    assert look_at_all(queue, SCANNED) == 2
    assert queue.add(some_pushes(2)) == 0
    assert states(queue.ledger) == ["scanned", "scanned"]
    assert queue.claim(9).claims == []


def test_a_repeat_completes_what_was_not_known(queue: PushQueue) -> None:
    queue.add([a_push(before=None)])
    assert queue.add([a_push(default_branch="refs/heads/trunk", feed="org:acme")]) == 0
    (claim,) = queue.claim(9).claims
    assert claim.push == a_push(default_branch="refs/heads/trunk")
    queue.add([a_push(before="ff" * 20, default_branch="refs/heads/other")])
    assert rows(queue.ledger)[0].default_branch == "refs/heads/trunk"


def test_repeats_in_one_answer_complete_each_other(queue: PushQueue) -> None:
    told = [a_push(before=None), a_push(default_branch="refs/heads/trunk", feed="archive:x")]
    assert queue.add(told) == 1
    (row,) = rows(queue.ledger)
    assert (row.before, row.default_branch) == (a_push().before, "refs/heads/trunk")
    assert (row.feed, row.by_feed, row.by_list, row.by_archive) == ("events", True, False, True)


@pytest.mark.parametrize(
    ("feed", "tellers"),
    [
        ("events", (True, False, False)),
        ("org:acme", (False, True, False)),
        ("user:ada", (False, True, False)),
        ("repo:acme/app", (False, True, False)),
        ("archive:2026-01-01-0", (False, False, True)),
        ("org:acme repositories", (False, False, False)),
        ("search", (False, False, False)),
    ],
)
def test_who_told_is_known(queue: PushQueue, feed: str, tellers: tuple[bool, ...]) -> None:
    queue.add([a_push(feed=feed)])
    (row,) = rows(queue.ledger)
    assert (row.by_feed, row.by_list, row.by_archive) == tellers
    assert (row.seen_lag is None) == (not any(tellers[:2]))
    queue.add([a_push(), a_push(feed="repo:acme/app0"), a_push(feed="archive:x")])
    (row,) = rows(queue.ledger)
    assert (row.by_feed, row.by_list, row.by_archive) == (True, True, True)
    assert row.feed == feed


def test_other_heads_refs_repositories_and_hosts_are_other_pushes(queue: PushQueue) -> None:
    changes = (
        {"head": "ee" * 20},
        {"ref": "refs/heads/dev"},
        {"repository_id": 99},
        {"host": "github.example.com"},
        {"head": None},
        {"head": None, "happened_at": NOON + timedelta(hours=1)},
    )
    assert queue.add([a_push(), *(replace(a_push(), **change) for change in changes)]) == 7


def test_a_push_by_another_name_or_at_another_time_is_the_same(queue: PushQueue) -> None:
    """Events come out of order and repositories are renamed; the commit is what it is."""
    renamed = a_push(repository="acme/renamed", happened_at=NOON - timedelta(hours=9))
    assert queue.add([a_push(), renamed]) == 1


def test_what_strangers_name_is_kept_as_far_as_a_database_can(queue: PushQueue) -> None:
    odd = a_push(ref="refs/heads/\ud800\0'--", repository_id=1 << 70)
    huge = a_push(1, repository_id=-5)
    assert queue.add([odd, huge]) == 2
    claimed = [claim.push for claim in queue.claim(9).claims]
    first, second = sorted(claimed, key=lambda push: push.happened_at)
    assert first.ref.startswith("refs/heads/")
    assert first.ref.isprintable()
    assert (first.repository_id, second.repository_id) == (0, 0)


def test_more_than_a_batch(queue: PushQueue) -> None:
    told = some_pushes(1700)
    random.Random(0).shuffle(told)  # noqa: S311 - the same every time, on purpose
    assert queue.add(told) == 1700
    again = [replace(push, feed="archive:x") for push in told]
    assert queue.add(again) == 0
    assert all(row.by_feed and row.by_archive for row in rows(queue.ledger))


def test_feeds_that_tell_the_same_at_once_never_wait_in_a_circle(queue: PushQueue) -> None:
    told = some_pushes(900)

    def add(number: int) -> int:
        mixed = [replace(push, feed=f"org:acme{number}") for push in told]
        random.Random(number).shuffle(mixed)  # noqa: S311 - the same every time, on purpose
        return sum(queue.add(mixed[start : start + 450]) for start in (0, 450))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(4))) == 900
    assert all(row.by_list for row in rows(queue.ledger))


def test_people_are_forgotten_and_pushes_are_still_known(queue: PushQueue) -> None:
    queue.add(some_pushes(2))
    before = rows(queue.ledger)
    forget(queue.ledger, None, "ada@example.com")
    assert rows(queue.ledger) == before


def test_what_leakscan_never_writes_is_one_clear_line(queue: PushQueue) -> None:
    queue.add([a_push()])
    with queue.ledger.writing() as connection:
        connection.execute(text("UPDATE pushes SET kind = 'pull'"))
    with pytest.raises(LeakscanError, match="never writes"):
        queue.claim(1)
