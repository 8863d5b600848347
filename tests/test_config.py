"""The configuration file: where it is looked for, and what it may say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leakscan.config import Allowance, Config, load_config
from leakscan.errors import UsageError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a home of its own, without a configuration."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
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
    baseline = inner / ".leakscan-baseline"
    assert load_config(None, inner) == Config(root=inner, checkout_baseline=baseline)


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


ALLOW = """
[[allow]]
reason = "made for tests"
paths = ["tests/**", "*.lock"]
[[allow]]
reason = "the documentation's"
patterns = ['r8_EXAMPLE\\w+']
rule = "replicate-api-token"
[baseline]
file = "etc/known"
"""


def test_who_works_in_a_checkout_heeds_what_it_allows(tmp_path: Path, home: Path) -> None:
    (tmp_path / ".git").mkdir()
    mine = ALLOW.replace("etc/known", "mine")
    write(home / "leakscan" / "config.toml", mine)
    path = write(tmp_path / ".leakscan.toml", ALLOW)
    config = load_config(None, tmp_path)
    where = f"{path}: [[allow]] number"
    paths, pattern = ("tests/**", "*.lock"), r"r8_EXAMPLE\w+"
    assert config.checkout_allow == (
        Allowance(f"{where} 1", "made for tests", paths=paths, source=path),
        Allowance(
            f"{where} 2",
            "the documentation's",
            patterns=(pattern,),
            rule="replicate-api-token",
            source=path,
        ),
    )
    assert [allowance.reason for allowance in config.allow] == [
        "made for tests",
        "the documentation's",
    ]
    assert config.root == tmp_path
    assert config.baseline_file == home / "leakscan" / "mine"
    assert config.checkout_baseline == tmp_path / "etc" / "known"


def test_a_named_file_leaves_out_what_a_checkout_allows(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path / ".leakscan.toml", ALLOW)
    config = load_config(write(tmp_path / "named.toml", ""), tmp_path)
    assert (config.allow, config.checkout_allow) == ((), ())
    assert config.checkout_baseline == tmp_path / ".leakscan-baseline"


@pytest.mark.parametrize("file", ["../known", "/etc/known", "a/../../known"])
def test_a_checkout_keeps_its_baseline_to_itself(tmp_path: Path, file: str) -> None:
    checkout = tmp_path / "checkout"
    write(checkout / ".git" / "HEAD", "")
    write(checkout / ".leakscan.toml", f'baseline.file = "{file}"')
    with pytest.raises(UsageError, match=r"baseline\.file: outside of the checkout"):
        load_config(None, checkout)


@pytest.mark.parametrize("table", ["digests", "fingerprint", "mail", "watch", "rules.override"])
def test_a_checkout_may_say_little(tmp_path: Path, table: str) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path / ".leakscan.toml", f"[{table}]\n")
    with pytest.raises(UsageError, match=f"{table}: not in a checkout's file"):
        load_config(None, tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("allow = 1", "allow: expected a list of tables, not a number: write [{ reason = "),
        ("[allow]\nreason = 'x'", "allow: expected a list of tables, not a table: write [[allow]]"),
        ("allow = [1]", "[[allow]] number 1: expected a table, not a number"),
        ("[[allow]]\npaths = ['x']", "reason in [[allow]] number 1: missing: set it there"),
        (
            "[[allow]]\nreason = 'x'\npaths = ['a', '!b']",
            "paths in [[allow]] number 1: a glob begins",
        ),
        ("[[allow]]\nreason = 'x'", "paths in [[allow]] number 1: missing, and so is patterns"),
        ("[[allow]]\nreason = 'x'\npaths = []", "paths in [[allow]] number 1: missing, and so"),
        ("[[allow]]\nreason = ' '\npaths = ['x']", "reason in [[allow]] number 1: expected a text"),
        ("[[allow]]\nreason = ''\npaths = ['x']", "reason in [[allow]] number 1: expected a text"),
        (
            "[[allow]]\nreason = 'REASON'\npaths = ['x']",
            "reason in [[allow]] number 1: expected a text that gives one: say why",
        ),
        ("[[allow]]\nreason = 'x'\npath = ['x']", "path in [[allow]] number 1: unknown key"),
        ("[baseline]\npath = 'x'", "baseline.path: unknown key"),
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
        ("a = " + "9" * 5000, "not a TOML file"),
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


def odd(path: Path, kind: str) -> Path:
    """Make something that is no regular file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case _:
            links = {"device": "/dev/zero", "loop": path.name, "nothing": "nowhere"}
            path.symlink_to(links[kind])
    return path


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "loop", "nothing"])
@pytest.mark.parametrize("whose", ["checkout", "user", "named"])
def test_a_configuration_that_is_no_file(tmp_path: Path, home: Path, whose: str, kind: str) -> None:
    (tmp_path / ".git").mkdir()
    places = {"checkout": tmp_path / ".leakscan.toml", "user": home / "leakscan" / "config.toml"}
    path = odd(places.get(whose, tmp_path / "named.toml"), kind)
    with pytest.raises(UsageError) as caught:
        load_config(path if whose == "named" else None, tmp_path)
    assert str(caught.value).startswith(f"{path}: cannot read it: ")


def test_a_folder_of_the_user_that_cannot_be_read(home: Path) -> None:
    home.mkdir()
    (home / "leakscan").symlink_to("leakscan")
    with pytest.raises(UsageError, match=r"leakscan/config\.toml: cannot read it: "):
        load_config()
    (home / "leakscan").unlink()
    (home / "leakscan").touch()  # in a file there is surely no configuration
    assert load_config() == Config()


@pytest.mark.parametrize("path", ["/etc/rules", "../rules", "rules/../..", "link", "folder"])
def test_a_checkout_names_only_rules_of_its_own(tmp_path: Path, path: str) -> None:
    checkout = tmp_path / "checkout"
    write(checkout / ".git" / "HEAD", "")
    write(tmp_path / "rules" / "a.toml", "")
    (checkout / "link").symlink_to("../rules")
    (checkout / "folder").mkdir()
    (checkout / "folder" / "a.toml").symlink_to("../../rules/a.toml")
    write(checkout / ".leakscan.toml", f'rules.paths = ["{path}"]')
    with pytest.raises(UsageError, match=r"rules\.paths: outside of the checkout"):
        load_config(None, checkout)
    write(checkout / "rules" / "a.toml", "")
    write(checkout / ".leakscan.toml", 'rules.paths = ["rules", "rules/a.toml", "absent"]')
    assert len(load_config(None, checkout).rule_paths) == 3


def test_the_baseline_of_a_checkout_is_no_link_out_of_it(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    write(checkout / ".git" / "HEAD", "")
    (checkout / "known").symlink_to("../known")
    write(checkout / ".leakscan.toml", 'baseline.file = "known"')
    with pytest.raises(UsageError, match=r"baseline\.file: outside of the checkout"):
        load_config(None, checkout)
