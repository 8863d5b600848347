"""What a push brought: read with one request, told with commit, path and line."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import random
import struct
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gitrepo import GitRepo
from hub.backend import GitFault, GitServer, pkt
from leakscan.detect import Detector
from leakscan.git.wire import Limits, Meter, Wire
from leakscan.model import Kind, Location
from leakscan.push import Push, PushKind
from leakscan.rules import load_rules, select_rules
from leakscan.sources.push import scan_push
from leakscan.sources.sighting import Tally
from leakscan.trouble import Trouble, TroubleError
from packs import BLOB, OFS_DELTA, REF_DELTA, copy_all, entry, object_id, offset_field
from sealing import sealed, zipped, zipped_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leakscan.sources.sighting import Sighting

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)

DETECTOR = Detector(select_rules(load_rules(), ()))


@dataclass
class Stage:
    """A repository whose pushes are looked at."""

    repo: GitRepo
    server: GitServer
    wire: Wire
    limits: Limits = field(default_factory=Limits)
    meter: Meter = field(default_factory=Meter)
    tally: Tally = field(default_factory=Tally)

    @property
    def page(self) -> str:
        return f"{self.server.url}/ada/app"

    def push(self, before: str | None, head: str | None, ref: str = "refs/heads/main") -> Push:
        kind = PushKind.PUSH if head else PushKind.BRANCH if ref else PushKind.PUBLIC
        return Push(kind, "127.0.0.1", 1, "ada/app", ref, before, head, MOMENT, "events")

    def turn_back(self, **span: int) -> None:
        """Have the next commits made so long before the push."""
        self.repo._clock = itertools.count(int((MOMENT - timedelta(**span)).timestamp()))

    def look(
        self, before: str | None, head: str | None, ref: str = "refs/heads/main"
    ) -> list[tuple[str, Location]]:
        self.meter, self.tally = Meter(), Tally()
        push = self.push(before, head, ref)
        sightings = scan_push(
            push, self.server.url, self.wire, DETECTOR, self.limits, self.tally, self.meter
        )
        return [(sighting.match.secret.reveal(), sighting.location) for sighting in sightings]

    def commit(self, name: str, content: str) -> str:
        return self.repo.add(name, content)


@pytest.fixture(params=[2, 0], ids=["v2", "v0"])
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    repo = GitRepo.init(tmp_path / "work")
    (tmp_path / "served/ada").mkdir(parents=True)
    (tmp_path / "served/ada/app.git").symlink_to(repo.git_dir)
    wire = Wire(patience=20)
    with GitServer(tmp_path / "served", v0_only=request.param == 0) as server:
        yield Stage(repo, server, wire)
    wire.close()


def test_a_clean_push(stage: Stage) -> None:
    before = stage.commit("a", "a")
    head = stage.commit("b", "b")
    assert stage.look(before, head) == []
    assert (stage.tally.objects, stage.tally.skipped) == (3, [])


def test_a_token_is_told_with_commit_path_line_author_and_link(stage: Stage, token: str) -> None:
    before = stage.commit("a", "a")
    bringing = stage.commit("conf/my app.env", f"# keys\nKEY={token}\n")
    head = stage.commit("b", "b")
    [(secret, place)] = stage.look(before, head)
    assert secret == token
    assert (place.kind, place.repository, place.commit) == (Kind.BLOB, stage.page, bringing)
    assert (place.path, place.line, place.column, place.current) == ("conf/my app.env", 2, 5, True)
    assert place.url == f"{stage.page}/blob/{bringing}/conf/my%20app.env#L2"
    assert place.author
    assert place.author.email.endswith("@example.com")
    assert place.date
    assert place.note is None
    assert stage.tally.skipped == []


def test_what_came_and_went_within_one_push_is_found(stage: Stage, token: str) -> None:
    before = stage.commit("a", "a")
    bringing = stage.commit("x.env", token)
    head = stage.repo.remove("x.env")
    [(_, place)] = stage.look(before, head)
    assert (place.commit, place.current) == (bringing, False)


def test_what_is_inside_of_an_archive(stage: Stage, token: str) -> None:
    before = stage.commit("a", "a")
    bringing = stage.repo.add("lib/a.zip", zipped(inner__app_env=f"\n{token}"))
    head = stage.repo.add("b.zip", sealed())
    [(secret, place)] = stage.look(before, head)
    assert (secret, place.commit) == (token, bringing)
    assert (place.path, place.line, place.column) == ("lib/a.zip!/inner/app.env", 2, 1)
    assert place.url == f"{stage.page}/blob/{bringing}/lib/a.zip"
    blob = stage.repo.tip("HEAD:b.zip")
    assert [(s.what, s.sealed) for s in stage.tally.skipped] == [(f"blob {blob}!/secret.txt", True)]


def test_an_archive_that_comes_as_a_delta(stage: Stage, token: str) -> None:
    noise = random.Random(1)  # noqa: S311 - the same every time, on purpose
    filling = {f"f{number}": noise.randbytes(3000) for number in range(9)}
    before = stage.commit("a", "a")
    bringing = stage.repo.add("a.zip", zipped_files(filling | {"z": token}))
    oid = stage.repo.tip("HEAD:a.zip")
    head = stage.repo.add("a.zip", zipped_files(filling | {"y": noise.randbytes(90).hex()}))
    stage.repo.git("repack", "-adfq")
    base = stage.repo.git("cat-file", "--batch-check=%(deltabase)", stdin=oid.encode())
    assert set(base) != {"0"}
    found = dict(stage.look(before, head))
    assert (found[token].path, found[token].commit) == ("a.zip!/z", bringing)


def test_what_was_there_before_is_not_this_pushs(stage: Stage, token: str) -> None:
    before = stage.commit("x.env", token)
    head = stage.commit("b", "b")
    assert stage.look(before, head) == []


def test_every_surface_of_a_push(stage: Stage, new_token: Callable[[], str]) -> None:
    before = stage.commit("a", "a")
    tokens = [new_token() for _ in range(4)]
    stage.repo.add("b", "b", f"Use {tokens[0]}")
    stage.repo.add(f"{tokens[1]}.txt", "c")
    stage.repo.write("link", "")
    (stage.repo.path / "link").unlink()
    (stage.repo.path / "link").symlink_to(tokens[2])
    stage.repo.git("add", "link")
    stage.repo.commit()
    lines = "".join(f"line {number * 7919}\n" for number in range(300))
    stage.commit("long", lines)
    head = stage.commit("long", f"{lines}{tokens[3]}\n")
    stage.repo.git("repack", "-adfq")
    found = dict(stage.look(before, head))
    assert {secret: place.kind for secret, place in found.items()} == {
        tokens[0]: Kind.COMMIT_MESSAGE,
        tokens[1]: Kind.PATH,
        tokens[2]: Kind.SYMLINK,
        tokens[3]: Kind.BLOB,
    }
    message = found[tokens[0]]
    assert message.url == f"{stage.page}/commit/{message.commit}"


def test_a_new_branch_brings_only_what_the_default_branch_has_not(stage: Stage, token: str) -> None:
    stage.commit("old.env", token)
    stage.commit("b", "b")
    stage.repo.git("checkout", "-q", "-b", "topic")
    head = stage.commit("c", "c")
    stage.repo.git("checkout", "-q", "main")
    for known in (None, head):
        assert stage.look(None, known, "refs/heads/topic") == []
        assert (stage.tally.objects, stage.tally.skipped) == (3, [])


def test_a_new_branch_that_the_default_branch_has_taken_in_by_now(
    stage: Stage, new_token: Callable[[], str]
) -> None:
    """Its commits are new all the same; what they are built on is not."""
    old, fresh = new_token(), new_token()
    stage.turn_back(days=30)
    stage.commit("old.env", old)
    stage.commit("b", "b")
    stage.turn_back(hours=1)
    head = stage.commit("new.env", fresh)
    stage.repo.git("branch", "topic")
    for merged_further in (False, True):
        if merged_further:
            stage.commit("more", "more")
        assert [secret for secret, _ in stage.look(None, head, "refs/heads/topic")] == [fresh]
        assert stage.meter.requests <= (4 if not stage.server.v0_only else 7)


def test_a_new_branch_of_old_commits_brings_nothing(stage: Stage, token: str) -> None:
    stage.turn_back(days=30)
    head = stage.commit("old.env", token)
    stage.repo.git("branch", "topic")
    assert stage.look(None, head, "refs/heads/topic") == []
    assert stage.tally.skipped == []


def test_a_new_default_branch_is_read_to_a_depth(stage: Stage, token: str) -> None:
    stage.commit("old.env", token)
    for number in range(5):
        stage.commit("b", str(number))
    assert [secret for secret, _ in stage.look(None, None)] == [token]
    assert stage.tally.skipped == []
    stage.limits = Limits(depth=3)
    # The file still stands in the oldest commit that comes.
    [(_, place)] = stage.look(None, None)
    assert "or before" in (place.note or "")
    assert [skip.what for skip in stage.tally.skipped] == ["commits before the newest 3"]


def test_a_forced_push_whose_past_is_gone(stage: Stage, token: str) -> None:
    head = stage.commit("x.env", token)
    assert [secret for secret, _ in stage.look("12" * 20, head)] == [token]


def test_a_new_tag(stage: Stage, token: str) -> None:
    stage.commit("a", "a")
    stage.repo.git("tag", "-a", "-m", f"Release with {token}", "v1")
    stage.commit("b", "b")
    [(secret, place)] = stage.look(None, None, "refs/tags/v1")
    assert (secret, place.kind, place.path) == (token, Kind.TAG_MESSAGE, "refs/tags/v1")


def test_a_repository_made_public_is_read_whole(stage: Stage, new_token: Callable[[], str]) -> None:
    tokens = {new_token() for _ in range(3)}
    for number, secret in enumerate(sorted(tokens)):
        stage.repo.git("checkout", "-q", "-B", f"branch-{number}")
        stage.commit("x.env", secret)
    assert {secret for secret, _ in stage.look(None, None, "")} == tokens
    assert stage.tally.skipped == []


def test_an_empty_repository_made_public(stage: Stage) -> None:
    with pytest.raises(TroubleError) as caught:
        stage.look(None, None, "")
    assert caught.value.trouble is Trouble.EMPTY


def test_a_branch_that_is_gone_again(stage: Stage) -> None:
    stage.commit("a", "a")
    with pytest.raises(TroubleError) as caught:
        stage.look(None, None, "refs/heads/gone")
    assert caught.value.trouble is Trouble.GONE


def test_what_was_found_before_the_end_is_not_lost(stage: Stage, token: str) -> None:
    before = stage.commit("a", "a")
    head = stage.repo.add("b", os.urandom(200_000).hex(), f"Use {token}")
    found: list[Sighting] = []
    limits = Limits(bytes=150_000)
    push = stage.push(before, head)
    with pytest.raises(TroubleError) as caught:
        found.extend(
            scan_push(push, stage.server.url, stage.wire, DETECTOR, limits, stage.tally, Meter())
        )
    assert caught.value.trouble is Trouble.TOO_LARGE
    assert caught.value.remedy == "raise watch.limits.pack"
    assert "its pack of 3 objects is larger than 150,000 bytes" in caught.value.what
    assert [sighting.match.secret.reveal() for sighting in found] == [token]
    assert found[0].location.object == head
    assert stage.tally.objects > 0


def test_a_damaged_pack_is_a_passing_trouble(stage: Stage) -> None:
    before = stage.commit("a", "a")
    head = stage.commit("b", "b" * 1000)

    def altered(body: bytes) -> bytes:
        at = body.index(b"PACK")
        return body[: at + 14] + bytes([body[at + 14] ^ 0x55]) + body[at + 15 :]

    post = r"upload-pack\?$"
    number = 2 if stage.server.v0_only else 1
    stage.server.faults += [GitFault("GET", times=1)] if number == 2 else []
    stage.server.faults.append(GitFault(post, rewrite=lambda b: altered(b) if b"PACK" in b else b))
    with pytest.raises(TroubleError) as caught:
        stage.look(before, head)
    assert caught.value.trouble is Trouble.BROKEN


def test_what_was_found_in_a_pack_that_cannot_be_indexed_is_not_lost(
    stage: Stage, token: str
) -> None:
    """A delta whose base is not there spoils the whole pack, but not what was found in it."""
    before = stage.commit("a", "a")
    head = stage.repo.add(".env", token)
    secret, lost = token.encode(), bytes(19) + b"\1"
    entries = [entry(BLOB, secret), entry(REF_DELTA, copy_all(10, b"x"), base=lost)]
    body = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(entries)
    body += hashlib.sha1(body, usedforsecurity=False).digest()
    stage.server.faults.append(
        GitFault(r"upload-pack\?$", rewrite=lambda it: _instead_of_the_pack(it, body))
    )
    [(found, place)] = stage.look(before, head)
    assert (found, place.object) == (token, object_id("blob", secret))
    assert place.note == "what the server sent could not be read to its end"
    assert [skip.what.partition(" ")[0] for skip in stage.tally.skipped] == ["pack"]


def _instead_of_the_pack(answer: bytes, pack: bytes) -> bytes:
    """Put another pack into an answer that holds one."""
    start = answer.find(b"PACK")
    return answer if start < 5 else answer[: start - 5] + pkt(b"\1" + pack) + b"0000"


def test_blobs_that_are_left_out_are_counted(stage: Stage) -> None:
    before = stage.commit("a", "a")
    head = stage.commit("b", "b" * 10_000)
    stage.limits = dataclasses.replace(stage.limits, blob_bytes=1000)
    assert stage.look(before, head) == []
    assert [skip.what for skip in stage.tally.skipped] == ["blobs of more than 1000 bytes"]


@pytest.mark.parametrize("stage", [2], indirect=True, ids=["v2"])
def test_a_pack_without_the_head_is_not_complete(stage: Stage) -> None:
    before = stage.commit("a", "a")
    head = stage.commit("b", "b")
    other = entry(BLOB, b"something else")
    body = b"PACK" + struct.pack(">II", 2, 1) + other
    body += hashlib.sha1(body, usedforsecurity=False).digest()
    rewrite = GitFault(r"upload-pack\?$", rewrite=lambda it: _instead_of_the_pack(it, body))
    stage.server.faults.append(rewrite)
    assert stage.look(before, head) == []
    assert [skip.what for skip in stage.tally.skipped] == [f"object {head}"]


@pytest.mark.parametrize("stage", [2], indirect=True, ids=["v2"])
def test_a_pack_that_takes_for_ever_to_read_is_given_up(stage: Stage) -> None:
    """Two hundred kilobytes that make sixty gigabytes: deltas that copy one large base."""
    before = stage.commit("a", "a")
    head = stage.commit("b", "b")
    size = 15 << 20
    base = entry(BLOB, bytes(size))
    entries, at = [base], len(base)
    for number in range(4000):
        delta = entry(OFS_DELTA, copy_all(size, b"%d" % number), base=offset_field(at))
        entries.append(delta)
        at += len(delta)
    body = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(entries)
    body += hashlib.sha1(body, usedforsecurity=False).digest()
    assert len(body) < 300_000
    rewrite = GitFault(
        r"upload-pack\?$",
        rewrite=lambda it: (
            _instead_of_the_pack(it, body[:60_000])[:-4]
            + b"".join(
                pkt(b"\1" + body[at : at + 60_000]) for at in range(60_000, len(body), 60_000)
            )
            + b"0000"
        ),
    )
    stage.server.faults.append(rewrite)
    stage.limits = Limits(seconds=2)
    started = time.monotonic()
    with pytest.raises(TroubleError) as caught:
        stage.look(before, head)
    assert caught.value.trouble is Trouble.TOO_LONG
    assert caught.value.remedy == "raise watch.limits.seconds"
    assert time.monotonic() - started < 30
