"""What nobody can look into, such as an encrypted archive: a scan says so, the guard goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanning import INCOMPLETE, scan

from committing import PASSED
from sealing import sealed, zipped

if TYPE_CHECKING:
    from pathlib import Path

    from committing import Guard


def test_a_scan_is_incomplete(tmp_path: Path, token: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(sealed())
    answer = scan(path)
    assert answer.status == INCOMPLETE
    assert answer.names("a.zip!/secret.txt", "encrypted")
    path.write_bytes(zipped(inner__app_env=f"\n\nKEY={token}\n"))
    answer = scan(path)
    assert answer.at(token, "file")["path"] == f"{path}!/inner/app.env"
    assert (answer.at(token, "file")["line"], answer.report["coverage"]["complete"]) == (3, True)


def test_a_commit_is_made_all_the_same(guard: Guard, token: str) -> None:
    """Beside a token that a comment allows, so that it is no matter of a glance."""
    guard.repo.stage("a.env", f"KEY={token}  # leakscan: allow[replicate-api-token] of a test\n")
    guard.repo.stage("b.zip", sealed())
    answer = guard()
    assert answer.status == PASSED
    assert answer.unread == ["b.zip!/secret.txt"]
    assert "leakscan: not read: b.zip!/secret.txt (" in answer.text
    assert "stopped" not in answer.text
