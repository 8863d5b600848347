"""What stands around the objects: the index, configuration, refs and other small files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scanning import complete, incomplete, scan

from gitrepo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("damage", ["a bit", "its end", "its magic"])
@pytest.mark.parametrize("with_tree", [True, False])
def test_a_damaged_index_is_told(
    repo: GitRepo, tmp_path: Path, damage: str, with_tree: bool
) -> None:
    repo.add("some/file.txt", "harmless")
    index = repo.git_dir / "index"
    data = bytearray(index.read_bytes())
    if damage == "a bit":
        data[data.index(b"file.txt")] ^= 1
    index.write_bytes(
        {"a bit": data, "its end": data[:60], "its magic": b"XXXX" + data[4:]}[damage]
    )
    target = repo.path if with_tree else Path(shutil.copytree(repo.git_dir, tmp_path / "alone"))
    assert incomplete(target).names("index")


@pytest.mark.parametrize("head", ["\ufeff", "[a]\n\tb = x\\\ny\n"])
@pytest.mark.parametrize("name", ["sha256", '"sha256"', "sha256 ; as of today", "sha\\\n256"])
def test_every_way_to_write_the_object_format(
    tmp_path: Path, token: str, head: str, name: str
) -> None:
    repo = GitRepo.init(tmp_path / "new", "--object-format=sha256")
    commit = repo.add(".env", token)
    config = repo.git_dir / "config"
    text = config.read_text().replace("objectformat = sha256", f"objectformat = {name}")
    config.write_text(head + text, encoding="utf-8")
    assert repo.tip() == commit
    assert complete(repo.path).at(token, "blob")["commit"] == commit


def test_names_in_symbolic_refs_and_sample_hooks(
    repo: GitRepo, new_token: Callable[[], str]
) -> None:
    target, hook = new_token(), new_token()
    repo.add("harmless.txt", "harmless")
    repo.git("symbolic-ref", "refs/heads/alias", f"refs/heads/{target}")
    (repo.git_dir / "hooks").mkdir(exist_ok=True)
    (repo.git_dir / "hooks/update.sample").write_text(hook)
    answer = scan(repo.path)
    assert answer.at(target, "ref-name")["path"] == "refs/heads/alias"
    assert answer.at(hook, "git-file")["path"].endswith("update.sample")


@pytest.mark.parametrize("folder", ["incoming-abc", "tmp_objdir-incoming-abc"])
def test_a_push_that_is_held_is_read(repo: GitRepo, token: str, folder: str) -> None:
    repo.add("harmless.txt", "harmless")
    path = repo.loose_path(repo.hash_object("blob", token.encode()))
    held = repo.git_dir / "objects" / folder / path.parent.name
    held.mkdir(parents=True)
    path.rename(held / path.name)
    assert scan(repo.path).secrets == {token}
