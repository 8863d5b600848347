"""Which URLs lead to one repository."""

from __future__ import annotations

import pytest

from leakscan.git.one_place import are_one_place

HOSTED = "https://example.com/team/app"

ALIKE = [
    (HOSTED, HOSTED),
    (HOSTED, f"{HOSTED}.git"),
    (HOSTED, f"{HOSTED}/"),
    (HOSTED, "git@example.com:team/app.git"),
    (HOSTED, "ssh://git@Example.com/team/app"),
    (HOSTED, "https://ann:secret@example.com/team/app.git"),
    ("ann@example.com:/team/app", "bob@example.com:/team/app"),
    ("ann@example.com:/team/app", "ssh://example.com/team/app"),
    ("ann@example.com:team/app", "ann@example.com:team/app.git"),
    ("ann@example.com:~/app", "ssh://ann@example.com/~/app"),
    ("ssh://[::1]/app", "git@[::1]:/app"),
    ("ssh://example.com:2222/app", "ssh://example.com:2222/app.git"),
    ("file:///srv/app", "/srv/app"),
    ("../app", "../app"),
    ("ext::connect app", "ext::connect app"),
]
UNLIKE = [
    (HOSTED, "https://example.org/team/app"),
    (HOSTED, "https://example.com/team/app2"),
    (HOSTED, "https://example.com@example.org/team/app"),
    (HOSTED, "ssh://example.com@example.org/team/app"),
    (HOSTED, "example.com@example.org:team/app"),
    (HOSTED, f"{HOSTED}?other"),
    (HOSTED, "http://example.com/team/app"),
    (HOSTED, "https://example.com:443/team/app"),
    (HOSTED, "ssh://git@example.com:2222/team/app"),
    ("https://example.com:8443/app", "ssh://example.com/app"),
    ("https://example.com/~ann/app", "example.com:~ann/app"),
    ("ann@example.com:app", "bob@example.com:app"),
    ("ann@example.com:app", "example.com:app"),
    ("ann@example.com:~/app", "bob@example.com:~/app"),
    ("ssh://ann@example.com/~/app", "ssh://bob@example.com/~/app"),
    ("example.com:srv/app", "example.com:/srv/app"),
    ("example.com:app", "ssh://example.com/app"),
    ("ssh://example.com:22/app", "ssh://example.com/app"),
    ("http://example.com:3000/app", "ssh://example.com:22/app"),
    ("http://localhost:8001/app", "http://localhost:8002/app"),
    ("http://example.com/app", "file://example.com/app"),
    ("file://localhost/app", "ssh://localhost/app"),
    ("file:///srv/a%62", "/srv/a%62"),
    ("file:///srv/app", "file:///srv/other"),
    ("/srv/app", "/srv/app.git"),
    ("../app", "../app2"),
    ("ext::connect one", "ext::connect other"),
    ("", HOSTED),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_one_place(one: str, other: str) -> None:
    assert are_one_place(one, other)
    assert are_one_place(other, one)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_two_places(one: str, other: str) -> None:
    assert not are_one_place(one, other)
    assert not are_one_place(other, one)
