"""Tokens that are encoded in the versions of a file, of which git stores what each adds."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING

import pytest

from leakscan.detect import Detector
from leakscan.git import versions
from leakscan.git.layout import find_layout
from leakscan.rules import load_rules, select_rules
from leakscan.sources.repository import RepositoryOptions, scan_repository
from leakscan.sources.sighting import Tally, no_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitrepo import GitRepo

DETECTOR = Detector(select_rules(load_rules(), ()))

ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "hex": lambda text: text.hex().encode(),
    "UTF-16": lambda text: text.decode().encode("utf-16-le"),
    "base64 in base64": lambda text: base64.b64encode(base64.b64encode(text)),
    "UTF-16 in base64": lambda text: base64.b64encode(text.decode().encode("utf-16-le")),
    "hex in base64": lambda text: base64.b64encode(text.hex().encode()),
    "a list of bytes": lambda text: ", ".join(f"{byte:#04x}" for byte in text).encode(),
    "a dense list of bytes": lambda text: ",".join(f"{byte:#04x}" for byte in text).encode(),
    "percent-encoding twice": lambda text: b"".join(b"%%25%02x" % byte for byte in text),
}


def found(repo: GitRepo) -> set[str]:
    layout = find_layout(repo.path)
    assert layout
    options = RepositoryOptions(work_tree=False)
    sightings = scan_repository(layout, "here", DETECTOR, options, Tally(), no_progress)
    return {sighting.match.secret.reveal() for sighting in sightings}


@pytest.mark.parametrize("many", [0, 20_000], ids=["as of many", "as of few"])
@pytest.mark.parametrize("encoding", ENCODE)
@pytest.mark.parametrize(
    "before", [b"r8_your-token", b"changeme", b"rosebud-1941", b"sk-1941", b""]
)
def test_each_version_is_seen(
    repo: GitRepo,
    new_token: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    many: int,
    before: bytes,
) -> None:
    monkeypatch.setattr(versions, "MANY", many)
    tokens = [new_token() for _ in range(3)]
    lines = "".join(f"setting {n} = value of {n}\n" for n in range(150)).encode()
    for text in (before, *(token.encode() for token in tokens), before):
        repo.add("app.conf", lines + b'secret = "' + ENCODE[encoding](text) + b'"\n' + lines)
    repo.pack()
    assert found(repo) == set(tokens)


@pytest.mark.parametrize("encoding", ENCODE)
@pytest.mark.parametrize("before", [b"r8_", b"r8_...", b"r8_abc"])
def test_a_token_in_the_place_of_a_placeholder(
    repo: GitRepo, new_token: Callable[[], str], encoding: str, before: bytes
) -> None:
    """Git builds on the largest version: what the others add are the characters behind a sign."""
    tokens = [new_token() for _ in range(2)]
    lines = "".join(f"setting {n} = value of {n}\n" for n in range(150)).encode()
    for text, more in ((before, lines), (tokens[0].encode(), b""), (tokens[1].encode(), b"")):
        repo.add("app.conf", lines + b'secret = "' + ENCODE[encoding](text) + b'"\n' + more)
    repo.pack()
    assert found(repo) == set(tokens)


def test_what_git_cuts_in_pieces(repo: GitRepo, new_token: Callable[[], str]) -> None:
    """A delta inserts up to 127 bytes at once: of a sign, each of two pieces may have a part."""
    tokens = {f"{number}.conf": new_token() for number in range(128)}
    for is_later in (False, True):
        for number, (name, token) in enumerate(tokens.items()):
            lines = "".join(f"{name}: setting {n} = {n * n}\n" for n in range(150)).encode()
            secret = base64.b64encode(base64.b64encode(token.encode()))
            change = b"-" * (100 + number) + secret if is_later else lines
            repo.stage(name, lines + change + lines)
        repo.commit()
    repo.pack()
    assert found(repo) == set(tokens.values())


@pytest.mark.parametrize("many", [0, 20_000], ids=["as of many", "as of few"])
def test_what_cannot_be_read_in_a_message_is_told_of_the_commit(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """And not of the file that is searched next."""
    monkeypatch.setattr(versions, "MANY", many)
    torn = base64.b64encode(gzip.compress(bytes(range(256)) * 40)[:-9])
    repo.add("a.txt", "nothing\n")
    commit = repo.commit(b"Explain\n\nsee " + torn + b"\n")
    repo.pack()
    repo.commit("Go on")  # its objects are loose, and read after the others
    layout, tally = find_layout(repo.path), Tally()
    assert layout
    options = RepositoryOptions(work_tree=False)
    assert not list(scan_repository(layout, "here", DETECTOR, options, tally, no_progress))
    assert [(skip.what, skip.why) for skip in tally.skipped] == [
        (f"commit {commit}", "of gzip that is written as text: it is cut short")
    ]
