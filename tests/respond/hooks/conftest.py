"""Fixtures of the tests of hooks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leakscan.model import PUBLIC, Secret
from leakscan.respond.hooks import DisableRequest
from leakscan.respond.notice import Place


@pytest.fixture
def request_(token: str) -> DisableRequest:
    """Give a request for the test's token."""
    place = Place("blob", "https://github.com/acme/app", "cd" * 20, ".env", 3, "https://x.example")
    return DisableRequest(
        finding="ab" * 32,
        rule="replicate-api-token",
        token=Secret(token),
        exposure=PUBLIC,
        found_at=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
        sightings=(place,),
        sighting_count=1,
    )
