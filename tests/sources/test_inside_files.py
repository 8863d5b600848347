"""Files and standard input that hold archives: told with the whole way."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from leakscan.detect import Detector
from leakscan.rules import load_rules, select_rules
from leakscan.sources.commit_message import scan_message
from leakscan.sources.files import CHUNK, scan_files, scan_named_file, scan_stream
from leakscan.sources.sighting import Tally, no_progress
from sealing import gzipped, sealed, sealed_text, zipped, zipped_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pytest

    from gitrepo import GitRepo
    from leakscan.sources.sighting import Sighting

DETECTOR = Detector(select_rules(load_rules(), ()))

Told = tuple[str, str | None, int | None]


def told(sightings: Iterable[Sighting]) -> set[Told]:
    return {(s.match.secret.reveal(), s.location.path, s.location.line) for s in sightings}


def looked(folder: Path, tally: Tally, *names: str) -> set[Told]:
    paths = [folder / name for name in names]
    return told(scan_files(paths, folder, "folder", DETECTOR, tally, no_progress))


def test_a_folder(tmp_path: Path, new_token: Callable[[], str]) -> None:
    inner, plain, deep = new_token(), new_token(), new_token()
    (tmp_path / "a.zip").write_bytes(
        zipped_files({"inner/app.env": f"\n\nKEY={inner}\n", "b.zip": zipped(c_env=deep)})
    )
    (tmp_path / "a.env").write_text(f"KEY={plain}\n")
    tally = Tally()
    assert looked(tmp_path, tally, "a.zip", "a.env") == {
        (inner, "a.zip!/inner/app.env", 3),
        (deep, "a.zip!/b.zip!/c.env", 1),
        (plain, "a.env", 1),
    }
    assert (tally.objects, tally.skipped) == (2, [])


def test_one_file_alone(tmp_path: Path, token: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(app_env=f"KEY={token}\n"))
    (sighting,) = scan_named_file(path, str(path), DETECTOR, Tally())
    place = sighting.location
    assert (place.path, place.repository) == (f"{path}!/app.env", str(path))
    assert (place.line, place.column) == (1, 5)


def test_a_file_that_is_read_in_pieces(tmp_path: Path, token: str) -> None:
    """What fills it up cannot be compressed."""
    import random

    filling = random.Random(1).randbytes(CHUNK + 1)  # noqa: S311 - the same every time
    (tmp_path / "a.zip").write_bytes(zipped_files({"filling": filling, "x/app.env": token}))
    assert looked(tmp_path, Tally(), "a.zip") == {(token, "a.zip!/x/app.env", 1)}


def test_gzip(tmp_path: Path, token: str) -> None:
    (tmp_path / "a.gz").write_bytes(gzipped(f"\n{token}\n"))
    (tmp_path / "b.gz").write_bytes(gzipped(f"\n{token}\n", "app.env"))
    assert looked(tmp_path, Tally(), "a.gz", "b.gz") == {
        (token, "a.gz!/content", 2),
        (token, "b.gz!/app.env", 2),
    }


def test_standard_input(token: str) -> None:
    tally = Tally()
    found = scan_stream(io.BytesIO(zipped(app_env=token)), "<stdin>", DETECTOR, tally)
    assert told(found) == {(token, "<stdin>!/app.env", 1)}
    found = scan_stream(io.BytesIO(b"\n" + token.encode()), "<stdin>", DETECTOR, tally)
    assert told(found) == {(token, None, 2)}
    assert not list(scan_stream(io.BytesIO(sealed()), "<stdin>", DETECTOR, tally))
    assert [skip.what for skip in tally.skipped] == ["<stdin>!/secret.txt"]


def test_an_encrypted_member(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(sealed())
    tally = Tally()
    assert not looked(tmp_path, tally, "a.zip")
    (skip,) = tally.skipped
    assert (skip.what, skip.sealed) == ("file a.zip!/secret.txt", True)
    assert "encrypted" in skip.why
    assert tally.objects == 1
    assert not list(scan_named_file(tmp_path / "a.zip", "x.zip", DETECTOR, tally))
    assert tally.skipped[1].what == "file x.zip!/secret.txt"


def test_another_spelling(tmp_path: Path, token: str) -> None:
    encoded = base64.b64encode(f"KEY={token}".encode()).decode()
    (tmp_path / "a.txt").write_text(f"\nx: {encoded}\n")
    (sighting,) = scan_files(
        [tmp_path / "a.txt"], tmp_path, "folder", DETECTOR, Tally(), no_progress
    )
    assert sighting.match.secret.reveal() == token
    assert (sighting.location.line, sighting.location.note) == (2, "written in base64")


def test_a_symlink_may_be_sealed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(sealed_text())
    tally = Tally()
    assert looked(tmp_path, tally, "link") == set()
    (skip,) = tally.skipped
    assert (skip.what, skip.sealed) == ("symlink link", True)


def test_the_message_of_a_commit_may_be_sealed(
    repo: GitRepo, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.path)
    message = repo.path / "message"
    message.write_text(f"Subject\n\n{sealed_text()}\n\n{token}\n")
    tally = Tally()
    (seen,) = scan_message(message, "it", DETECTOR, tally)
    assert (seen.match.secret.reveal(), seen.location.line) == (token, 5)
    (skip,) = tally.skipped
    assert (skip.what, skip.sealed) == ("the message", True)
