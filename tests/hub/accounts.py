"""People and organisations, and the documents that GitHub shows of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Account:
    """A user or an organisation."""

    id: int
    login: str
    is_organization: bool = False

    def actor(self, api: str) -> dict[str, Any]:
        """The short form that events have."""
        kind = "orgs" if self.is_organization else "users"
        actor = {
            "id": self.id,
            "login": self.login,
            "gravatar_id": "",
            "url": f"{api}/{kind}/{self.login}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{self.id}?",
        }
        return actor if self.is_organization else {**actor, "display_login": self.login}

    def user(self, api: str, web: str) -> dict[str, Any]:
        """The form that everything else has."""
        url = f"{api}/users/{self.login}"
        return {
            "login": self.login,
            "id": self.id,
            "node_id": node_id("User", self.id),
            "avatar_url": f"https://avatars.githubusercontent.com/u/{self.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{web}/{self.login}",
            "followers_url": f"{url}/followers",
            "following_url": f"{url}/following{{/other_user}}",
            "gists_url": f"{url}/gists{{/gist_id}}",
            "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
            "subscriptions_url": f"{url}/subscriptions",
            "organizations_url": f"{url}/orgs",
            "repos_url": f"{url}/repos",
            "events_url": f"{url}/events{{/privacy}}",
            "received_events_url": f"{url}/received_events",
            "type": "Organization" if self.is_organization else "User",
            "user_view_type": "public",
            "site_admin": False,
        }


def node_id(kind: str, number: object) -> str:
    """Make an id as GraphQL has them; only that it is there matters."""
    return base64.b64encode(f"{kind}{number}".encode()).decode()
