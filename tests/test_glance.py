"""The first look at a commit: whatever it lets pass, the long way lets pass without a word."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from committing import BLOCKED, MISUSED, PASSED, Guard
from developing import Developer, overwrite
from leakscan import containers, glance
from leakscan.glance import is_clean
from leakscan.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from forked import Commands
    from gitrepo import GitRepo

    NewToken = Callable[[], str]


@pytest.fixture
def guard(
    commands: Commands, repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Guard:
    """Stand in a repository, as a user without any settings."""
    made = Guard(commands, repo, tmp_path / "home")
    for name in set(os.environ) - set(made.environment):
        monkeypatch.delenv(name)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(repo.path)
    return made


@pytest.mark.parametrize("seed", range(6))
def test_what_it_lets_pass_the_long_way_lets_pass(
    guard: Guard, new_token: NewToken, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same every time, on purpose
    developer = Developer(guard.repo, rng, new_token)
    common = [developer.stage_nothing, developer.commit, developer.reset, developer.remove]
    rare = [getattr(developer, name) for name in vars(Developer) if name.startswith("stage_")]
    rare += [developer.move, developer.change_mode, developer.pack]
    if seed >= 4:
        rare += [developer.conflict, developer.damage]
    passed = 0
    for _ in range(12):
        for _ in range(rng.randrange(1, 4)):
            rng.choice(common if rng.random() < 0.6 else rare)()
        if is_clean("pre-commit"):
            passed += 1
            guard.passes()
    assert passed


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_much_is_read_by_two(guard: Guard, token: str, place: int) -> None:
    rng = random.Random(place)  # noqa: S311 - the same every time, on purpose
    contents = [rng.randbytes(400_000).replace(b"r8_", b"") for _ in range(4)]
    for number, content in enumerate(contents):
        guard.repo.stage(f"{number}.bin", content)
    assert is_clean("pre-commit")
    guard.passes()
    guard.repo.stage(f"{place}.bin", contents[place] + token.encode())
    assert not is_clean("pre-commit")
    assert guard().status == BLOCKED


def test_a_program_with_a_zip_behind_it_is_for_the_long_way(guard: Guard, token: str) -> None:
    file = io.BytesIO(b"#!/usr/bin/python\n")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.env", f"TOKEN={token}\n")
        archive.comment = b"made by hand"
    guard.repo.stage("app.pyz", file.getvalue())
    assert not is_clean("pre-commit")
    assert guard().status == BLOCKED


def test_it_knows_how_containers_begin_and_end() -> None:
    ends = {one.beginning for one in containers._CANDIDATES if one.end}
    assert set(glance._PROGRAMS) == ends
    assert glance._ZIP_END == containers._END


def test_who_helped_has_ended(guard: Guard) -> None:
    """Even where what is read beside it is damaged."""
    rng = random.Random(1)  # noqa: S311 - the same every time, on purpose
    for name in ("a.bin", "b.bin"):
        guard.repo.stage(name, rng.randbytes(1_500_000).replace(b"r8_", b""))
    for name in ("a.bin", "b.bin"):
        path = guard.repo.loose_path(guard.repo.git("hash-object", name))
        overwrite(path, b"garbage" + path.read_bytes())
    program = (
        "import os\nfrom leakscan.glance import is_clean\nassert not is_clean('pre-commit')\n"
        "try:\n    os.waitpid(-1, 0)\nexcept ChildProcessError:\n    print('alone')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"alone\n"


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda packed: packed[:-8],
    "cut by a byte": lambda packed: packed[:-1],
    "empty": lambda _packed: b"",
    "garbage": lambda _packed: b"garbage",
    "more": lambda packed: packed + b"more",
    "wrong size": lambda packed: zlib.compress(b"blob 99" + zlib.decompress(packed)[6:]),
    "another type": lambda packed: zlib.compress(b"tree" + zlib.decompress(packed)[4:]),
    "large": lambda _packed: zlib.compress(b"blob 40000000\0" + bytes(40_000_000), 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_objects_that_are_not_sound_are_for_the_long_way(guard: Guard, damage: str) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    path = guard.repo.loose_path(guard.repo.git("hash-object", "a.txt"))
    assert is_clean("pre-commit")
    overwrite(path, DAMAGES[damage](path.read_bytes()))
    assert not is_clean("pre-commit")
    path.unlink()
    assert not is_clean("pre-commit")


OTHER_RULES = {
    "enabled": '[rules]\nenable = ["all"]\n',
    "dotted": 'rules.enable = ["all"]\n',
    "inline": 'rules = { enable = ["all"] }\n',
    "quoted": '["rules"]\nenable = ["all"]\n',
    "escaped": '["\\u0072ules"]\nenable = ["all"]\n',
    "escaped at length": '["\\U00000072ules"]\nenable = ["all"]\n',
    "escaped in short": '["\\x72ules"]\nenable = ["all"]\n',
    "escaped in the middle": '["ru\\u006ces"]\nenable = ["all"]\n',
    "upper case": '[RULES]\nenable = ["all"]\n',
    "misspelled": '[rulez]\nenable = ["all"]\n',
    "folder": '[rules]\npaths = ["."]\n',
}
SAME_RULES = '[[allow]]\nreason = "made for tests"\npaths = ["tests/**"]\n'


@pytest.fixture(params=["checkout", "folder within", "variable", "XDG", "home"])
def configure(
    request: pytest.FixtureRequest, guard: Guard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], None]:
    """Write a configuration to one of the places where it may be."""
    files = {
        "checkout": guard.repo.path / ".leakscan.toml",
        "folder within": guard.repo.path / ".leakscan.toml",
        "variable": tmp_path / "named.toml",
        "XDG": tmp_path / "xdg/leakscan/config.toml",
        "home": guard.home / ".config/leakscan/config.toml",
    }
    if request.param == "folder within":
        (guard.repo.path / "within").mkdir()
        monkeypatch.chdir(guard.repo.path / "within")
    if request.param == "variable":
        monkeypatch.setenv("LEAKSCAN_CONFIG", str(files["variable"]))
    if request.param == "XDG":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))

    def write(text: str) -> None:
        files[request.param].parent.mkdir(parents=True, exist_ok=True)
        files[request.param].write_text(text)

    return write


def test_configurations_that_can_change_rules_are_for_the_long_way(
    guard: Guard, configure: Callable[[str], None]
) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    configure(SAME_RULES)
    assert is_clean("pre-commit")
    for name, text in OTHER_RULES.items():
        configure(text)
        assert not is_clean("pre-commit"), name
        assert not is_clean("commit-msg", str(guard.repo.path / "README.md")), name


def test_another_rule_finds_what_the_glance_cannot(guard: Guard) -> None:
    other = next(rule for rule in load_rules() if not rule.default and rule.examples.positive)
    guard.repo.stage("a.txt", f"KEY={other.examples.positive[0]}\n")
    assert is_clean("pre-commit")
    guard.passes()
    guard.repo.write(".leakscan.toml", f'[rules]\nenable = ["{other.id}"]\n')
    assert not is_clean("pre-commit")
    assert guard().status == BLOCKED


def test_a_configuration_that_is_not_there(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    for named in ("no such file", ".", "README.md/within"):
        monkeypatch.setenv("LEAKSCAN_CONFIG", named)
        assert not is_clean("pre-commit")
    monkeypatch.setenv("LEAKSCAN_CONFIG", "")
    assert is_clean("pre-commit")


def test_a_configuration_is_checked_when_it_is_committed(guard: Guard) -> None:
    guard.repo.stage(".leakscan.toml", "[baseline]\nfile = 3\n")
    assert not is_clean("pre-commit")
    guard.repo.commit()
    guard.repo.stage("a.txt", "nothing\n")
    assert is_clean("pre-commit")


def test_a_configuration_that_is_no_file(guard: Guard) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    path = guard.repo.path / ".leakscan.toml"
    assert is_clean("pre-commit")
    for target in ("nowhere", ".leakscan.toml", "/dev/zero", "."):
        path.symlink_to(target)
        assert not is_clean("pre-commit"), target
        assert guard().status == MISUSED, target
        path.unlink()
    os.mkfifo(path)
    assert not is_clean("pre-commit")
    assert guard().status == MISUSED


def test_a_baseline_is_checked_when_it_is_committed(guard: Guard) -> None:
    guard.repo.stage(".leakscan-baseline", "<<<<<<< HEAD\n")
    assert not is_clean("pre-commit")
    guard.repo.commit()
    guard.repo.stage("a.txt", "nothing\n")
    assert is_clean("pre-commit")


def test_the_framework_may_ask_for_more(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT", "1")
    assert not is_clean("pre-commit")  # which may stand for all tracked files
    guard.repo.stage("a.txt", "nothing\n")
    assert is_clean("pre-commit")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert not is_clean("pre-commit")


def test_options_and_other_commands_are_for_the_long_way(guard: Guard) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    assert is_clean("pre-commit")
    for command in (["pre-commit", "--help"], ["commit-msg"], ["scan"], ["pre-push"], ["commit"]):
        assert not is_clean(*command)


@pytest.mark.usefixtures("guard")
def test_messages(tmp_path: Path, token: str) -> None:
    file = tmp_path / "message"
    file.write_text("Nothing\n")
    assert is_clean("commit-msg", str(file))
    file.write_text(f"Use {token}\n")
    assert not is_clean("commit-msg", str(file))
    file.write_bytes(b"x" * 40_000_000)
    assert not is_clean("commit-msg", str(file))
    assert not is_clean("commit-msg", str(tmp_path))
    assert not is_clean("commit-msg", "no such file")


@pytest.mark.usefixtures("guard")
def test_a_pipe_is_left_to_the_long_way() -> None:
    end, start = os.pipe()
    os.write(start, b"Nothing yet\n")
    os.close(start)
    try:
        assert not is_clean("commit-msg", f"/dev/fd/{end}")
        assert os.read(end, 100) == b"Nothing yet\n"
    finally:
        os.close(end)


def test_no_repository_and_no_git(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.repo.stage("a.txt", "nothing\n")
    with monkeypatch.context() as here:
        here.setenv("PATH", "/nowhere")
        assert not is_clean("pre-commit")
    monkeypatch.chdir(tmp_path)
    assert not is_clean("pre-commit")


def test_linked_work_trees_are_looked_at(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = guard.repo.worktree(tmp_path / "linked", "topic")
    linked.stage("a.txt", "nothing\n")
    monkeypatch.chdir(linked.path)
    assert is_clean("pre-commit")
    monkeypatch.setenv("GIT_DIR", linked.git("rev-parse", "--absolute-git-dir"))
    assert is_clean("pre-commit")


def test_rules_of_a_work_tree_far_from_its_repository(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "far").mkdir()
    monkeypatch.setenv("GIT_DIR", str(guard.repo.git_dir))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "far"))
    monkeypatch.chdir(tmp_path / "far")
    assert is_clean("pre-commit")
    (tmp_path / "far/.leakscan.toml").write_text('rules.enable = ["all"]')
    assert not is_clean("pre-commit")


def test_an_index_of_many_files_is_quick(guard: Guard) -> None:
    oid = guard.repo.git("hash-object", "-w", "--stdin", stdin=b"nothing\n")
    # Among as many numbers some are a token's beginning in hex: then the commands look again.
    names = (f"{n:o}".translate(str.maketrans("01234567", "abcdefgh")) for n in range(100_000))
    lines = "".join(f"100644 {oid}\t{name[-2:]}/file{name}\n" for name in names)
    guard.repo.git("update-index", "--index-info", stdin=lines.encode())
    assert is_clean("pre-commit")
    guard.repo.commit()
    guard.repo.stage("a.txt", "nothing\n")
    before = os.times().elapsed
    assert is_clean("pre-commit")
    assert os.times().elapsed - before < 30  # hundreds of times as long as it takes
    assert guard().status == PASSED
