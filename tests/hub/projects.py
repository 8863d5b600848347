"""The documents that GitHub shows of repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.accounts import node_id

if TYPE_CHECKING:
    from hub.diffs import Site
    from hub.repository import HubRepository

_LINKS = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}


def minimal_document(repository: HubRepository, site: Site) -> dict[str, Any]:
    """Return a repository as other documents hold it."""
    url = f"{site.api}/repos/{repository.full_name}"
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": repository.owner.user(site.api, site.web),
        "html_url": f"{site.web}/{repository.full_name}",
        "description": repository.description,
        "fork": False,
        "url": url,
        **{name: f"{url}/{rest}" for name, rest in _LINKS.items()},
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": repository.pushed_at,
        "pushed_at": repository.pushed_at,
        "default_branch": repository.default_branch,
    }


def full_document(repository: HubRepository, site: Site, git: str) -> dict[str, Any]:
    """Return a repository as it is shown itself; ``git`` is its address for git."""
    project = repository.full_name
    return {
        **minimal_document(repository, site),
        "git_url": f"git://github.com/{project}.git",
        "ssh_url": f"git@github.com:{project}.git",
        "clone_url": f"{git}/{project}.git",
        "svn_url": f"{site.web}/{project}",
        "homepage": None,
        "size": 1,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": True,
        "forks_count": 0,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "open_issues_count": 0,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "network_count": 0,
        "subscribers_count": 0,
    }
