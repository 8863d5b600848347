"""Bundles are read as the packs in them are."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.containers import bundle as module
from leakscan.containers.bundle import Bundle, looks_like
from leakscan.containers.container import Budget, MemberError, SpentError
from leakscan.model import Unread

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = b"r8_" + b"Ab9" * 12 + b"Z"


def _git(folder: Path, *words: str, given: bytes = b"") -> bytes:
    person = ("-c", "user.name=N", "-c", "user.email=n@example.org")
    command = ["git", "-C", str(folder), *person, *words]
    return subprocess.run(command, input=given, check=True, capture_output=True).stdout


def _repository(folder: Path, *, kind: str = "sha1") -> Path:
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main", f"--object-format={kind}")
    deep = folder / "src" / "deep"
    deep.mkdir(parents=True)
    for number in range(12):
        lines = "".join(f"line {line}\n" for line in range(200 + number))
        (deep / "settings.env").write_bytes(lines.encode() + b"%d " % number + TOKEN + b"\n")
        _git(folder, "add", ".")
        _git(folder, "commit", "-q", "-m", f"change {number}")
    _git(folder, "tag", "-a", "v1", "-m", "words of a tag")
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _repository(tmp_path_factory.mktemp("bundle") / "repository")


def _bundled(repository: Path, *words: str) -> bytes:
    path = repository.parent / "made.bundle"
    _git(repository, "bundle", "create", *words[:-1], str(path), words[-1])
    return path.read_bytes()


@pytest.fixture(scope="module")
def whole(repository: Path) -> bytes:
    return _bundled(repository, "--all")


def _read(
    data: bytes, budget: Budget | None = None
) -> tuple[list[tuple[str, bytes]], list[Unread]]:
    found, unread = [], []
    for member in Bundle().members(data, budget or Budget()):
        if isinstance(member, Unread):
            unread.append(member)
            continue
        try:
            found.append((member.name, b"".join(member.chunks)))
        except MemberError as error:
            unread.append(Unread(member.name, str(error)))
    return found, unread


def _contents(repository: Path) -> list[bytes]:
    """Return what git says that the objects hold."""
    listed = _git(repository, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    kinds = _git(repository, "cat-file", "--batch-check=%(objecttype)", given=listed).split()
    return sorted(
        _git(repository, "cat-file", kind.decode(), oid.decode())
        for oid, kind in zip(listed.split(), kinds, strict=True)
    )


def test_every_object_is_read_and_blobs_have_paths(repository, whole):
    assert looks_like(whole)
    found, unread = _read(whole)
    assert not unread
    assert sorted(content for _, content in found) == _contents(repository)
    files = [content for name, content in found if name == "src/deep/settings.env"]
    assert len(files) == 12
    assert all(TOKEN in content for content in files)
    names = {name.split()[0] for name, _ in found}
    assert names == {"commit", "tree", "tag", "src", "src/deep", "src/deep/settings.env"}


def test_version_3_with_sha256(tmp_path):
    repository = _repository(tmp_path / "repository", kind="sha256")
    data = _bundled(repository, "--all")
    assert data.startswith(b"# v3")
    assert looks_like(data)
    found, unread = _read(data)
    assert not unread
    assert sorted(content for _, content in found) == _contents(repository)


def test_bases_that_are_named_by_their_ids(repository):
    oids = _git(repository, "rev-list", "--objects", "--no-object-names", "--all")
    words = ("pack-objects", "--stdout", "-q", "--no-reuse-delta", "--depth=50")
    pack = _git(repository, *words, given=oids)
    refs = _git(repository, "for-each-ref", "--format=%(objectname) %(refname)")
    found, unread = _read(b"# v2 git bundle\n" + refs + b"\n" + pack)
    assert not unread
    assert sorted(content for _, content in found) == _contents(repository)


def test_what_is_built_on_objects_elsewhere_is_told(repository):
    found, unread = _read(_bundled(repository, "main~3..main"))
    assert [name for name, _ in found if name.startswith("commit")]
    (part,) = unread
    assert "are built on others that are not in it" in part.why


def test_one_that_is_cut_short(whole):
    complete = len(_read(whole)[0])
    before = 0
    for length in range(0, len(whole), 41):
        found, unread = _read(whole[:length])
        assert unread
        assert len(found) <= complete
        before = max(before, len(found))
    assert before > complete / 2


def test_one_without_a_pack_and_other_things():
    refs = b"# v2 git bundle\n" + b"1" * 40 + b" refs/heads/main\n"
    assert looks_like(refs)
    assert _read(refs)[1][0].why == "it is cut short"
    assert _read(refs + b"\nwords")[1][0].why == "it has no pack"
    for other in (b"# v2 git bundle\n", b"# v4 git bundle\n-", b"# v2 git bundle\nis a format"):
        assert not looks_like(other)


def test_absurd_counts_and_sizes():
    head = b"# v2 git bundle\n" + b"1" * 40 + b" r\n\nPACK\0\0\0\2"
    claimed = b"\xbf" + b"\xff" * 8 + b"\x7f"
    for rest in (b"\xff" * 4, b"\xff" * 4 + claimed + bytes(40), b"\0\0\0\1" + b"\xff" * 5000):
        found, unread = _read(head + rest + bytes(20))
        assert not found
        assert unread


def test_the_budget_holds(whole):
    with pytest.raises(SpentError):
        _read(whole, Budget(members=5))
    with pytest.raises(SpentError):
        _read(whole, Budget(20_000))


def test_paths_that_lead_around_end():
    made = module._Bundle.__new__(module._Bundle)
    made._folders = {b"a": (b"b", b"x"), b"b": (b"a", b"y")}
    assert made._path(b"a").count("/") == module.MAX_DEPTH - 1


@given(st.data())
def test_damaged_ones_raise_nothing(whole, data):
    at = data.draw(st.integers(0, len(whole) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=5))
    _read(whole[:at] + junk + whole[at + len(junk) :])
    _read(whole[:at] + junk + whole[at:])
