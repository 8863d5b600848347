"""Which means suppresses a sighting, and whose word counts where."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from seen import seen

from leakscan.config import Config, load_config
from leakscan.errors import UsageError
from leakscan.model import Means, Suppression
from leakscan.suppress.baseline import Baseline, digest, new_baseline, write_baseline
from leakscan.suppress.baseline import Entry as BaselineEntry
from leakscan.suppress.suppressor import is_in_checkout, load_suppressor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ALLOW = '[[allow]]\nreason = "made for tests"\npaths = ["tests/"]\n'


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout that allows what stands in its tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    monkeypatch.delenv("LEAKSCAN_CONFIG", raising=False)
    folder = tmp_path / "checkout"
    (folder / ".git").mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / ".leakscan.toml").write_text(ALLOW)
    return folder


def accept(path: Path, token: str) -> None:
    """Write a baseline with one token."""
    new, sighting = new_baseline(), seen(token)
    found = digest(new.keys[0], sighting.match.rule, sighting.match.secret)
    entry = BaselineEntry(found, sighting.match.rule, "a")
    write_baseline(path, Baseline(new.keys, (entry,)), is_new=True)


def test_nothing_is_suppressed_unless_somebody_says_so(token: str) -> None:
    assert load_suppressor(Config(), is_ours=True)(seen(token)) is None
    assert load_suppressor(Config(), is_ours=True)(seen(token, allowed="")) is None


def test_a_comment_goes_before_the_rest(checkout: Path, token: str) -> None:
    accept(checkout / ".leakscan-baseline", token)
    suppress = load_suppressor(load_config(None, checkout), is_ours=True)
    inline = Suppression(Means.INLINE, "here")
    config, baseline = checkout / ".leakscan.toml", checkout / ".leakscan-baseline"
    allowed = Suppression(Means.ALLOWLIST, "made for tests", config)
    known = Suppression(Means.BASELINE, "in .leakscan-baseline", baseline)
    assert suppress(seen(token, "tests/a", allowed="here")) == inline
    assert suppress(seen(token, "tests/a", allowed="")) == allowed
    assert suppress(seen(token, "a")) == known
    assert suppress(seen(token, None)) == known


def test_a_baseline_covers_its_secrets_only(checkout: Path, new_token: Callable[[], str]) -> None:
    token, other = new_token(), new_token()
    accept(checkout / ".leakscan-baseline", token)
    suppress = load_suppressor(load_config(None, checkout), is_ours=True)
    assert suppress(seen(token, "anywhere")) is not None
    assert suppress(seen(token, rule="other")) is None
    assert suppress(seen(other)) is None
    suppress = load_suppressor(load_config(None, checkout), is_ours=True, baseline=False)
    assert suppress(seen(token)) is None


def test_a_checkout_speaks_for_itself_only(checkout: Path, tmp_path: Path, token: str) -> None:
    accept(checkout / ".leakscan-baseline", token)
    config = load_config(None, checkout)
    stranger = tmp_path / "stranger"
    (stranger / ".git").mkdir(parents=True)
    nested = checkout / "vendor"
    (nested / ".git").mkdir(parents=True)
    for target, heeded in {
        checkout: True, checkout / "src": True, checkout / "absent.txt": True,
        stranger: False, nested: False, tmp_path: False,
    }.items():  # fmt: skip
        assert is_in_checkout(config, target) == heeded, target
        suppress = load_suppressor(config, is_ours=heeded, folder=target)
        for path in ("tests/a", "a"):
            sighting = seen(token, path, repository=str(target))
            assert (suppress(sighting) is not None) == heeded, (target, path)
        assert suppress(seen(token, allowed="here")) is not None


def test_a_work_tree_whose_repository_lies_elsewhere(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lie in another checkout, and others in it."""
    monkeypatch.setenv("GIT_WORK_TREE", str(checkout / "src"))
    (checkout / "src/nested/.git").mkdir(parents=True)
    config = load_config(None, tmp_path)
    assert config.root == checkout / "src"
    for target, is_ours in {
        "src": True, "src/a": True, "src/nested": False, ".": False, "tests": False, "srcs": False,
    }.items():  # fmt: skip
        assert is_in_checkout(config, checkout / target) == is_ours, target


def test_the_operator_speaks_for_all(tmp_path: Path, token: str) -> None:
    accept(tmp_path / "known", token)
    named = tmp_path / "named.toml"
    named.write_text(f'{ALLOW}[baseline]\nfile = "known"\n')
    suppress = load_suppressor(load_config(named), is_ours=False)
    allowed = Suppression(Means.ALLOWLIST, "made for tests", named)
    assert suppress(seen(token, "tests/a")) == allowed
    assert suppress(seen(token, "a")) == Suppression(Means.BASELINE, "in known", tmp_path / "known")


def test_a_wrong_baseline_is_met_when_it_matters(checkout: Path, token: str) -> None:
    (checkout / ".leakscan-baseline").write_text("<<<<<<< HEAD\n")
    suppress = load_suppressor(load_config(None, checkout), is_ours=True)
    assert suppress(seen(token, "tests/a")) is not None
    with pytest.raises(UsageError, match=r"\.leakscan-baseline:1: a conflict"):
        suppress(seen(token, "a"))


def test_little_is_imported(checkout: Path) -> None:
    """A commit that is stopped waits for this; hashlib comes only with a baseline to look in."""
    program = """
import sys
from pathlib import Path
from leakscan.config import load_config
from leakscan.suppress.suppressor import load_suppressor
load_suppressor(load_config(None, Path.cwd()), is_ours=True)
heavy = {"numpy", "github", "sqlalchemy", "rich", "click", "hashlib", "regex", "hyperscan"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"
