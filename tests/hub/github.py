"""The small GitHub: accounts, repositories, events, and a server for its API."""

from __future__ import annotations

import itertools
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from hub.api import Api
from hub.diffs import Site
from hub.faults import Fault, Faults
from hub.happenings import Happenings
from hub.limits import Limits
from hub.registry import Registry
from hub.repository import ZEROS, Change, HubRepository, Pushed
from hub.server import ApiServer

if TYPE_CHECKING:
    from pathlib import Path

    from hub.server import Request


class Hub(Registry):
    """A whole small GitHub.

    Everything that it answers is held against GitHub's own description; what does not fit is
    answered with 599, kept in ``violations``, and fails the ``with`` block in the end.

    Args:
        root: an empty folder; repositories lie in ``root/repositories/OWNER/NAME.git``.
        web: where its web pages would be.

    Attributes:
        url: where the API is.
        requests: every request to the API, oldest first.
        violations: answers that do not fit the description.
        faults, limits: what goes wrong; what each token may ask.
        events: every event, oldest first.
        lag: seconds after which an event shows in feeds.
        ahead: seconds by which its clock is ahead of ours.
        poll_interval: seconds that feeds ask to be left alone.
        patch_limit: bytes of a patch above which it is left out.
    """

    def __init__(self, root: Path, web: str = "https://github.com") -> None:
        super().__init__(root)
        self.web = web
        self.ahead = 0.0
        self.lag = 0.0
        self.poll_interval = 60
        self.patch_limit = 1 << 20
        self.events: list[dict[str, Any]] = []
        self.faults = Faults()
        self.limits = Limits(self.now)
        self.apps: dict[tuple[int, int], str] = {}
        self._event_ids = itertools.count(50_000_000_001)
        self.server = ApiServer(Api(self))

    # Being there.

    def __enter__(self) -> Self:
        self.server.start()
        self.git_server.__enter__()
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self.server.stop()
        self.git_server.__exit__(None, None, None)
        if kind is None:
            assert not self.violations, self.violations

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.server.url

    @property
    def git_url(self) -> str:
        """Where git repositories are served: ``git_url/owner/name.git``."""
        return self.git_server.url

    @property
    def requests(self) -> list[Request]:
        """Every request to the API, oldest first."""
        return self.server.requests

    @property
    def violations(self) -> list[str]:
        """Answers that do not fit GitHub's description of its API."""
        return self.server.violations

    @property
    def site(self) -> Site:
        """What links in documents point to."""
        return Site(self.url, self.web, self.patch_limit)

    def now(self) -> float:
        """The time by its clock, in seconds."""
        return time.time() + self.ahead

    def moment(self, seconds: float | None = None) -> str:
        """Return a time as GitHub writes it; now, if none is given."""
        when = datetime.fromtimestamp(self.now() if seconds is None else seconds, UTC)
        return when.strftime("%Y-%m-%dT%H:%M:%SZ")

    # Who may ask.

    def token(self, **limits: int) -> str:
        """Make a token; limits are those of `Limits.add`."""
        token = f"test-{secrets.token_hex(16)}"
        self.limits.add(token, **limits)
        return token

    def revoke(self, token: str) -> None:
        """Refuse a token from now on."""
        self.limits.access[token].revoked = True

    def app(self, app_id: int, installation_id: int, public_key: str) -> None:
        """Know an app, which is given tokens for what it signs with its key (PEM)."""
        self.apps[app_id, installation_id] = public_key

    def fault(self, *faults: Fault) -> None:
        """Let something go wrong from now on."""
        for fault in faults:
            self.faults.add(fault)

    # What happens in repositories.

    def tell(self, kind: str, repository: HubRepository, payload: dict[str, Any]) -> dict[str, Any]:
        """Append an event to the feeds, and return it."""
        owner = repository.owner
        event = {
            "id": str(next(self._event_ids)),
            "type": kind,
            "actor": self.actor_of(repository).actor(self.url),
            "repo": {
                "id": repository.id,
                "name": repository.full_name,
                "url": f"{self.url}/repos/{repository.full_name}",
            },
            "payload": payload,
            "public": True,
            "created_at": self.moment(),
        }
        if owner.is_organization:
            event["org"] = owner.actor(self.url)
        if not repository.private:
            with self._lock:
                self.events.append(event)
        return event

    def push(
        self,
        repository: HubRepository,
        *changes: Change,
        branch: str = "main",
        onto: str | None = None,
        force: bool = False,
        tell: bool = True,
    ) -> Pushed:
        """Push commits; see `HubRepository.write`.  Without ``tell`` no event shows it."""
        pushed = repository.write(*changes, branch=branch, onto=onto, force=force)
        repository.pushed_at = self.moment()
        if tell:
            if pushed.before is None:
                self._tell_created(repository, "branch", branch)
            self.tell_push(repository, pushed)
        return pushed

    def tell_push(self, repository: HubRepository, pushed: Pushed) -> dict[str, Any]:
        """Tell of a push, as GitHub has since October 2025: without its commits."""
        payload = {
            "repository_id": repository.id,
            "push_id": self.new_id(),
            "ref": pushed.ref,
            "head": pushed.head,
            "before": pushed.before or ZEROS,
        }
        return self.tell("PushEvent", repository, payload)

    def _tell_created(self, repository: HubRepository, kind: str, name: str) -> dict[str, Any]:
        payload = {
            "ref": name,
            "ref_type": kind,
            "full_ref": f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}",
            "master_branch": repository.default_branch,
            "description": repository.description,
            "pusher_type": "user",
        }
        return self.tell("CreateEvent", repository, payload)

    def publish(self, repository: HubRepository) -> None:
        """Make a private repository public, with all its history."""
        self.open_up(repository)
        self.tell("PublicEvent", repository, {})

    def write_wiki(
        self, repository: HubRepository, page: str, text: str, summary: str | None = None
    ) -> Pushed:
        """Write a page of the wiki, which is a repository of its own that the API does not show."""
        name = f"{repository.full_name}.wiki"
        wiki = self.find(name) or self.repository(name)
        pushed = self.push(wiki, Change({f"{page}.md": text}), branch="master", tell=False)
        self.happen(repository).wiki(page, pushed.head, summary)
        return pushed

    def branch(self, repository: HubRepository, name: str, at: str = "main") -> dict[str, Any]:
        """Make a branch that brings nothing new."""
        repository.git.git("update-ref", f"refs/heads/{name}", at)
        return self._tell_created(repository, "branch", name)

    def tag(
        self, repository: HubRepository, name: str, at: str = "main", message: str | None = None
    ) -> dict[str, Any]:
        """Make a tag, annotated if it has a message."""
        annotation = [] if message is None else ["-a", "-m", message]
        repository.git.git("tag", *annotation, name, at)
        return self._tell_created(repository, "tag", name)

    def happen(self, repository: HubRepository) -> Happenings:
        """Let something else happen in a repository: issues, comments, releases and so on."""
        return Happenings(self, repository)
