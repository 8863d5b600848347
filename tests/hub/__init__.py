"""A whole small GitHub on the loopback: its API, its events, and real git repositories.

    with Hub(tmp_path / "hub") as hub:
        app = hub.repository("ada/app")
        pushed = hub.push(app, Change({".env": "A=1"}, "Begin"), branch="main")
        hub.happen(app).comment("It fails")
        hub.fault(Fault.secondary_limit("/events"))
        ...  # hub.url is the API, hub.git_url where git finds ada/app.git, hub.token() a token

What people do is told in the feeds as GitHub tells it.  Every answer of the API is held against
GitHub's own description; one that does not fit fails the test.
"""

from __future__ import annotations

from hub.faults import Fault
from hub.github import Hub
from hub.repository import Change, HubRepository, Pushed

__all__ = ["Change", "Fault", "Hub", "HubRepository", "Pushed"]
