"""Archives in pushes: both ways of reading find what is inside, and say what is sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub import Change, HubRepository
from leakscan.crawl.looks.api_documents import ApiFile
from leakscan.crawl.looks.by_api import _ends
from leakscan.crawl.looks.follow import Means, follow
from leakscan.crawl.pace import Pace
from leakscan.model import Kind
from leakscan.push import PushKind, PushState
from leakscan.rules import load_rules, select_rules
from sealing import sealed, sealed_text, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_stage import Stage

    from leakscan.crawl.looks.follow import Spent
    from leakscan.push import Push
    from leakscan.sources.sighting import Sighting, Tally


def test_both_ways_find_what_is_inside(stage: Stage, app: HubRepository, token: str) -> None:
    archive = zipped(inner__app_env=f"\nKEY={token}\n")
    pushed = stage.hub.push(app, Change({"lib/a.zip": archive}, "Build it"))
    event = stage.event(app, pushed)
    for seen in (stage.by_api(event), stage.by_git(event)):
        assert not seen.skipped
        place = seen.at(token)
        assert (place.kind, place.path) == (Kind.BLOB, "lib/a.zip!/inner/app.env")
        assert (place.line, place.column, place.commit) == (2, 5, pushed.head)
        assert place.object == app.git.tip(f"{pushed.head}:lib/a.zip")
        assert place.url == f"{stage.hub.git_url}/ada/app/blob/{pushed.head}/lib/a.zip"
        assert place.current is True


def test_each_member_is_a_place_of_its_own(stage: Stage, app: HubRepository, token: str) -> None:
    archive = zipped(a_env=token, b_env=token)
    pushed = stage.hub.push(app, Change({"a.zip": archive}, "Build it"))
    event = stage.event(app, pushed)
    for seen in (stage.by_api(event), stage.by_git(event)):
        assert {place.path for _, place in seen.found} == {"a.zip!/a.env", "a.zip!/b.env"}


def test_by_api_an_archive_that_keeps_its_token_is_told_once(
    stage: Stage, app: HubRepository, token: str
) -> None:
    pushed = stage.hub.push(
        app,
        Change({"a.zip": zipped(app_env=token)}, "Build it"),
        Change({"a.zip": zipped(app_env=token, more="1")}, "Build it anew"),
    )
    seen = stage.by_api(stage.event(app, pushed))
    (place,) = [place for _, place in seen.found]
    assert (place.path, place.commit) == ("a.zip!/app.env", app.git.tip(f"{pushed.head}~1"))


def test_both_ways_say_what_is_sealed(stage: Stage, app: HubRepository) -> None:
    pushed = stage.hub.push(app, Change({"x/a.zip": sealed()}, "Lock it"))
    event = stage.event(app, pushed)
    (by_api,), (by_git,) = stage.by_api(event).skipped, stage.by_git(event).skipped
    assert by_api.startswith(f"file x/a.zip!/secret.txt of commit {pushed.head}: ")
    blob = app.git.tip(f"{pushed.head}:x/a.zip")
    assert by_git.startswith(f"blob {blob}!/secret.txt: ")
    assert "encrypted" in by_api
    assert "encrypted" in by_git


def test_both_ways_say_what_is_sealed_in_texts(stage: Stage, app: HubRepository) -> None:
    pushed = stage.hub.push(
        app,
        Change({"x/a.txt": f"KEY={sealed_text()}\n"}, f"Note {sealed_text()}"),
        Change({"x/a.txt": None}, "Drop it"),
    )
    event = stage.event(app, pushed)
    first = app.git.tip(f"{pushed.head}~1")
    seen = stage.by_api(event)
    assert [told.partition(": ")[0] for told in seen.skipped] == [
        f"commit message of commit {first}",
        f"patch of x/a.txt of commit {first}",
        f"patch of x/a.txt of commit {pushed.head}",
    ]
    assert all("zip that is written as text" in told for told in seen.skipped)
    assert {told.partition(" ")[0] for told in stage.by_git(event).skipped} == {"blob", "commit"}


def test_by_api_the_message_of_a_tag_may_be_sealed(stage: Stage, app: HubRepository) -> None:
    head = stage.hub.push(app, Change({"k": "1\n"}), tell=False).head
    stage.hub.tag(app, "v1", head, f"First\n\n{sealed_text()}")
    (told,) = stage.by_api(stage.created(app, PushKind.TAG, "refs/tags/v1")).skipped
    assert told.startswith(f"message of tag {app.git.tip('refs/tags/v1')}: ")


def test_nobody_knows_what_stands_in_a_patch_that_cannot_be_read(stage: Stage, token: str) -> None:
    patches = {"a": f"@@ -0,0 +1 @@\n+{sealed_text()}", "b": f"@@ -0,0 +1 @@\n+{token}"}
    files = [ApiFile("1", path, path, "added", 1, patch) for path, patch in patches.items()]
    ends = _ends(files, stage.detector)
    rule = "replicate-api-token"
    assert ends.has((rule, token, "a", ""), None) is None
    assert ends.has((rule, token, "b", ""), None) is True
    assert ends.has((rule, token, "c", ""), None) is False


@dataclass
class ByApi:
    """Reads pushes through the API of a stage."""

    stage: Stage
    via: str = "api"
    pace: Pace = field(default_factory=lambda: Pace(4))

    def read(self, push: Push, tally: Tally, spent: Spent) -> Iterator[Sighting]:
        from leakscan.crawl.github.answers import ApiMeter
        from leakscan.git.wire import Limits

        yield from self.stage.drawn(push, Limits(depth=20), tally, ApiMeter())
        spent.api_requests += 1


def test_a_push_with_something_sealed_is_scanned_and_has_a_gap(
    stage: Stage, app: HubRepository, token: str
) -> None:
    files = {"a.zip": sealed(), "b.zip": zipped(app_env=token)}
    pushed = stage.hub.push(app, Change(files, "Lock it"))
    reader = ByApi(stage)
    rules = select_rules(load_rules(), ())
    followed = follow(stage.event(app, pushed), reader, Means((reader,), rules, bytes(32), "x"))
    look = followed.look
    assert (look.state, look.trouble, look.retry_after) == (PushState.SCANNED, None, None)
    assert [skip.sealed for skip in look.skipped] == [True]
    assert followed.result
    (finding,) = followed.result.findings
    assert finding.secret.reveal() == token
