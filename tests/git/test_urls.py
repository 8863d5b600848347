"""What is shown of an address, and which of them git is asked to clone."""

from __future__ import annotations

import pytest

from leakscan.git.urls import link_to, transport, without_credentials


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
        (f"https://oauth2:{'e' * 5000}@host/x", "https://host/x"),
        (f"https://{'e' * 5000}@host/x?t={'e' * 5000}", "https://host/x?..."),
        (f"{'e' * 5000}@host:x", "host:x"),
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


@pytest.mark.parametrize("query", ["", "?private_token=abc", ".git?private_token=abc", "#abc"])
def test_a_link_has_no_query_of_the_address(query: str) -> None:
    link = link_to(f"https://gitlab.com/o/r{query}", "c" * 40, "p", 1)
    assert link == f"https://gitlab.com/o/r/-/blob/{'c' * 40}/p#L1"


@pytest.mark.parametrize("site", ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"])
def test_a_link_to_a_file_as_a_whole_names_no_line(site: str) -> None:
    remote, commit = f"https://{site}/o/r", "c" * 40
    whole, line = link_to(remote, commit, "a#1"), link_to(remote, commit, "a#1", 3)
    assert whole
    assert line
    assert line.startswith(whole + "#")
    assert whole.endswith("/a%231")
