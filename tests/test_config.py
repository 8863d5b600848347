"""The configuration file: where it is looked for, and what it may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from leakscan.config import Config, load_config
from leakscan.errors import UsageError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a home of its own, without a configuration."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr("click.get_app_dir", lambda name: str(folder / name))
    monkeypatch.delenv("LEAKSCAN_CONFIG", raising=False)
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def named(name: str) -> str:
    return f'rules.enable = ["{name}"]'


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    assert load_config(None, tmp_path) == load_config() == Config()


def test_the_first_place_wins(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    inside = checkout / "a" / "b"
    inside.mkdir(parents=True)

    write(home / "leakscan" / "config.toml", named("user"))
    assert load_config(None, inside).enable == ("user",)
    write(checkout / ".leakscan.toml", named("checkout"))
    both = load_config(None, inside)
    assert (both.enable, both.also_enable) == (("user",), ("checkout",))
    assert load_config(None, tmp_path).enable == ("user",)
    assert load_config(None, None).enable == ("user",)
    monkeypatch.setenv("LEAKSCAN_CONFIG", str(write(tmp_path / "env.toml", named("env"))))
    assert load_config(None, inside).enable == ("env",)
    explicit = write(tmp_path / "explicit.toml", named("explicit"))
    assert load_config(explicit, inside).enable == ("explicit",)
    assert load_config(explicit, inside).source == explicit


def test_a_checkout_adds_to_what_the_operator_says(tmp_path: Path, home: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(home / "leakscan" / "config.toml", 'rules.paths = ["mine"]\n[ledger]\nurl = "mine"')
    write(tmp_path / ".leakscan.toml", 'rules.paths = ["theirs"]')
    config = load_config(None, tmp_path)
    assert config.rule_paths == (home / "leakscan" / "mine", tmp_path / "theirs")
    assert config.response == {"ledger": {"url": "mine"}}
    assert config.source == home / "leakscan" / "config.toml"
    assert config.checkout == tmp_path / ".leakscan.toml"


def test_only_the_top_of_a_checkout_counts(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    write(inner / ".git", "gitdir: elsewhere")  # a linked worktree or a submodule
    write(tmp_path / ".leakscan.toml", named("outer"))
    assert load_config(None, inner) == Config()


def test_paths_are_relative_to_the_file(tmp_path: Path, home: Path) -> None:
    path = write(
        tmp_path / "etc" / "leakscan.toml",
        """
        [rules]
        paths = ["rules", "/srv/rule.toml"]
        override.replicate-api-token.severity = "high"
        [digests]
        file = "issued.digests"
        key_file = "~/digest.key"
        [fingerprint]
        key_file = "../fingerprint.key"
        """,
    )
    config = load_config(path)
    etc = tmp_path / "etc"
    assert config.rule_paths == (etc / "rules", Path("/srv/rule.toml"))
    assert config.overrides == {"replicate-api-token": {"severity": "high"}}
    assert config.digest_file == etc / "issued.digests"
    assert config.digest_key_file == home / "digest.key"
    assert config.fingerprint_key_file == etc / ".." / "fingerprint.key"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("colour = 1", "colour: unknown key"),
        ("[rules]\nenabled = []", "rules.enabled: unknown key"),
        ("[scan]\nlimit = 1", "scan: unknown key"),
        ("rules = 5", "rules: expected a table, not a number"),
        ("rules.paths = 'x'", "rules.paths: expected a list of texts"),
        ("rules.enable = [1]", "rules.enable: expected a list of texts"),
        ("rules.override = []", "rules.override: expected a table, not a list"),
        ("rules.override.x = 1", "rules.override.x: expected a table, not a number"),
        ("digests.file = ''", "digests.file: expected a path"),
        ("digests.key_file = 7", "digests.key_file: expected a path"),
        ("digests.file = '~no-such-user/x'", "digests.file: no such home folder"),
        ("[rules", "not a TOML file"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, problem: str) -> None:
    path = write(tmp_path / "c.toml", text)
    with pytest.raises(UsageError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(caught.value)


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="cannot read it"):
        load_config(tmp_path / "absent.toml")
    monkeypatch.setenv("LEAKSCAN_CONFIG", str(tmp_path))
    with pytest.raises(UsageError, match="cannot read it"):
        load_config()
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(UsageError, match="not a TOML file"):
        load_config(tmp_path / "latin.toml")
