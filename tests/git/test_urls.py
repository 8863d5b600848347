"""What is shown of an address, and which of them git is asked to clone."""

from __future__ import annotations

import pytest

from leakscan.git.urls import transport, without_credentials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:pass@host/x", "https://host/x"),
        ("https://secret@host/x", "https://host/x"),
        ("https://me:pa/ss@host/x", "https://host/x"),
        ("https://me:p:a/s@s@host/x", "https://host/x"),
        ("ssh://git@host/x", "ssh://host/x"),
        ("secret@host:path", "host:path"),
        ("git@host:path", "git@host:path"),
        ("cannot clone (https://me:pass@host/x: denied)", "cannot clone (https://host/x: denied)"),
        ("https://host/@scope/x", "https://host/@scope/x"),
        ("https://me:1234/5@host/x", "https://host/x"),
        ("me@host: Permission denied", "me@host: Permission denied"),
        ("https://host/x.git?private_token=abc", "https://host/x.git?..."),
        ("no (https://me:p@host/x?t=a:b: denied)", "no (https://host/x?... denied)"),
        ("is it https://host/x? No.", "is it https://host/x? No."),
    ],
)
def test_credentials_are_not_shown(address: str, shown: str) -> None:
    assert without_credentials(address) == shown


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("HTTPS://host/x", "https"),
        ("git@host:x", "ssh"),
        ("ext::sh -c touch% /tmp/x", "ext"),
        ("some/folder", None),
        ("C:folder", None),
    ],
)
def test_transport(target: str, expected: str | None) -> None:
    assert transport(target) == expected
