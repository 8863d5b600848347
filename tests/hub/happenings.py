"""What people do on the small GitHub besides pushing, each with its event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.accounts import node_id

if TYPE_CHECKING:
    from hub.github import Hub
    from hub.repository import HubRepository

Document = dict[str, Any]


class Happenings:
    """Lets things happen in one repository."""

    def __init__(self, hub: Hub, repository: HubRepository) -> None:
        self._hub = hub
        self._repository = repository
        self._api = f"{hub.url}/repos/{repository.full_name}"
        self._web = f"{hub.web}/{repository.full_name}"

    def _tell(self, kind: str, payload: Document) -> Document:
        return self._hub.tell(kind, self._repository, payload)

    def _stamps(self) -> Document:
        return {"created_at": self._hub.moment(), "updated_at": self._hub.moment()}

    @property
    def _author(self) -> Document:
        return self._hub.actor_of(self._repository).user(self._hub.url, self._hub.web)

    def _reactions(self, url: str) -> Document:
        names = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
        return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(names, 0)}

    def _issue(self, title: str, body: str | None) -> Document:
        number, identity = next(self._repository.numbers), self._hub.new_id()
        url = f"{self._api}/issues/{number}"
        return {
            "url": url,
            "repository_url": self._api,
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": f"{self._web}/issues/{number}",
            "id": identity,
            "node_id": node_id("Issue", identity),
            "number": number,
            "title": title,
            "user": self._author,
            "labels": [],
            "state": "open",
            "locked": False,
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "comments": 0,
            **self._stamps(),
            "closed_at": None,
            "author_association": "OWNER",
            "body": body,
            "reactions": self._reactions(url),
        }

    def issue(self, title: str, body: str | None = None) -> Document:
        """Open an issue."""
        return self._tell("IssuesEvent", {"action": "opened", "issue": self._issue(title, body)})

    def comment(self, body: str, title: str = "Something is wrong") -> Document:
        """Comment on an issue."""
        issue, identity = self._issue(title, "It does not work."), self._hub.new_id()
        url = f"{self._api}/issues/comments/{identity}"
        comment = {
            "url": url,
            "html_url": f"{issue['html_url']}#issuecomment-{identity}",
            "issue_url": issue["url"],
            "id": identity,
            "node_id": node_id("IssueComment", identity),
            "user": self._author,
            **self._stamps(),
            "author_association": "OWNER",
            "body": body,
            "reactions": self._reactions(url),
        }
        payload = {"action": "created", "issue": issue, "comment": comment}
        return self._tell("IssueCommentEvent", payload)

    def commit_comment(self, body: str, commit: str) -> Document:
        """Comment on a commit."""
        identity = self._hub.new_id()
        comment = {
            "url": f"{self._api}/comments/{identity}",
            "html_url": f"{self._web}/commit/{commit}#commitcomment-{identity}",
            "id": identity,
            "node_id": node_id("CommitComment", identity),
            "user": self._author,
            "position": None,
            "line": None,
            "path": None,
            "commit_id": commit,
            **self._stamps(),
            "author_association": "OWNER",
            "body": body,
        }
        return self._tell("CommitCommentEvent", {"action": "created", "comment": comment})

    def _pull_request(self) -> Document:
        number, identity = next(self._repository.numbers), self._hub.new_id()
        repository = {
            "id": self._repository.id,
            "url": self._api,
            "name": self._repository.name,
        }
        side = {"ref": "main", "sha": "0" * 39 + "1", "repo": repository}
        return {
            "id": identity,
            "number": number,
            "url": f"{self._api}/pulls/{number}",
            "head": {**side, "ref": "topic"},
            "base": side,
        }

    def pull_request(self) -> Document:
        """Open a pull request, of which the event no longer shows any text."""
        pull = self._pull_request()
        payload = {"action": "opened", "number": pull["number"], "pull_request": pull}
        return self._tell("PullRequestEvent", payload)

    def _review_links(self, page: str, pull: Document) -> Document:
        links = {"html": {"href": page}, "pull_request": {"href": pull["url"]}}
        return {"html_url": page, "pull_request_url": pull["url"], "_links": links}

    def review(self, body: str) -> Document:
        """Review a pull request."""
        pull, identity = self._pull_request(), self._hub.new_id()
        page = f"{self._web}/pull/{pull['number']}#pullrequestreview-{identity}"
        review = {
            "id": identity,
            "node_id": node_id("PullRequestReview", identity),
            "user": self._author,
            "body": body,
            "commit_id": pull["head"]["sha"],
            "submitted_at": self._hub.moment(),
            "state": "commented",
            **self._review_links(page, pull),
        }
        payload = {"action": "created", "review": review, "pull_request": pull}
        return self._tell("PullRequestReviewEvent", payload)

    def review_comment(self, body: str, hunk: str = "@@ -0,0 +1 @@\n+import os") -> Document:
        """Comment on a line of a pull request."""
        pull, identity = self._pull_request(), self._hub.new_id()
        url = f"{self._api}/pulls/comments/{identity}"
        links = self._review_links(
            f"{self._web}/pull/{pull['number']}#discussion_r{identity}", pull
        )
        links["_links"]["self"] = {"href": url}
        comment = {
            "url": url,
            "pull_request_review_id": self._hub.new_id(),
            "id": identity,
            "node_id": node_id("PullRequestReviewComment", identity),
            "diff_hunk": hunk,
            "path": "app.py",
            "commit_id": pull["head"]["sha"],
            "original_commit_id": pull["head"]["sha"],
            "user": self._author,
            "body": body,
            **self._stamps(),
            **links,
            "position": 1,
            "original_position": 1,
            "reactions": self._reactions(url),
        }
        payload = {"action": "created", "comment": comment, "pull_request": pull}
        return self._tell("PullRequestReviewCommentEvent", payload)

    def release(self, tag: str, name: str | None, body: str, *assets: str) -> Document:
        """Publish a release, with assets of these names."""
        identity = self._hub.new_id()
        url = f"{self._api}/releases/{identity}"
        release = {
            "url": url,
            "assets_url": f"{url}/assets",
            "upload_url": f"{url}/assets{{?name,label}}",
            "html_url": f"{self._web}/releases/tag/{tag}",
            "id": identity,
            "author": self._author,
            "node_id": node_id("Release", identity),
            "tag_name": tag,
            "target_commitish": "main",
            "name": name,
            "draft": False,
            "prerelease": False,
            "created_at": self._hub.moment(),
            "published_at": self._hub.moment(),
            "assets": [self._asset(tag, asset) for asset in assets],
            "tarball_url": f"{self._api}/tarball/{tag}",
            "zipball_url": f"{self._api}/zipball/{tag}",
            "body": body,
        }
        return self._tell("ReleaseEvent", {"action": "published", "release": release})

    def _asset(self, tag: str, name: str) -> Document:
        identity = self._hub.new_id()
        return {
            "url": f"{self._api}/releases/assets/{identity}",
            "id": identity,
            "node_id": node_id("ReleaseAsset", identity),
            "name": name,
            "label": "",
            "uploader": self._author,
            "content_type": "application/gzip",
            "state": "uploaded",
            "size": 1024,
            "digest": None,
            "download_count": 0,
            **self._stamps(),
            "browser_download_url": f"{self._web}/releases/download/{tag}/{node_id('', name)}",
        }

    def discussion(self, title: str, body: str) -> Document:
        """Begin a discussion."""
        number, identity = next(self._repository.numbers), self._hub.new_id()
        category = {
            "id": 1,
            "node_id": node_id("DiscussionCategory", 1),
            "repository_id": self._repository.id,
            "emoji": ":speech_balloon:",
            "name": "General",
            "description": "Chat about anything and everything here",
            **self._stamps(),
            "slug": "general",
            "is_answerable": False,
        }
        discussion = {
            "repository_url": self._api,
            "category": category,
            "answer_html_url": None,
            "answer_chosen_at": None,
            "answer_chosen_by": None,
            "html_url": f"{self._web}/discussions/{number}",
            "id": identity,
            "node_id": node_id("Discussion", identity),
            "number": number,
            "title": title,
            "user": self._author,
            "state": "open",
            "state_reason": None,
            "locked": False,
            "comments": 0,
            **self._stamps(),
            "author_association": "OWNER",
            "active_lock_reason": None,
            "body": body,
        }
        return self._tell("DiscussionEvent", {"action": "created", "discussion": discussion})

    def wiki(self, page: str, commit: str, summary: str | None = None) -> Document:
        """Change a page of the wiki; its repository is another one, pushed to by the caller."""
        name = page.replace(" ", "-")
        changed = {
            "page_name": name,
            "title": page,
            "summary": summary,
            "action": "edited",
            "sha": commit,
            "html_url": f"{self._web}/wiki/{node_id('', name)}",
        }
        return self._tell("GollumEvent", {"pages": [changed]})

    def star(self) -> Document:
        """Star the repository, in which there is nothing to find."""
        return self._tell("WatchEvent", {"action": "started"})
