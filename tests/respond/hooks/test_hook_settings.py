"""The tables of the hooks: what is wrong is named, what is unsafe refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from leakscan.errors import UsageError
from leakscan.respond.hooks import read_hooks
from leakscan.respond.hooks.command import CommandHook
from leakscan.respond.hooks.http import HttpHook

KEY = "whsec_c2VjcmV0IGZvciB0ZXN0cyBvbmx5"


def read(text: str, folder: Path = Path("/etc"), **environ: str) -> dict[str, object]:
    tables = tomllib.loads(text)["disable"]
    return dict(read_hooks(tables, folder / "leakscan.toml", environ))


def hooks(text: str, folder: Path = Path("/etc"), **environ: str) -> list[object]:
    return [named.hook for named in read(text, folder, **environ).values()]  # type: ignore[attr-defined]


def test_every_kind_is_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    text = """
    [disable.issuer]
    kind = "http"
    url = "https://issuer.example.com/hooks/disable"
    secret_file = "key"
    timeout = 3
    [disable.script]
    kind = "command"
    argv = ["/usr/local/bin/disable", "--now"]
    rules = ["npm-token"]
    """
    http, command = hooks(text, tmp_path)
    assert isinstance(http, HttpHook)
    assert (http.secret, http.server.timeout) == (KEY, 3)
    assert command == CommandHook(("/usr/local/bin/disable", "--now"))
    named = read(text, tmp_path)["script"]
    assert named.rules == {"npm-token"}  # type: ignore[attr-defined]


HTTP = '[disable.my-hook]\nkind = "http"\nurl = "https://x.example/"\n'


def test_the_key_may_be_in_the_environment(tmp_path: Path) -> None:
    (only,) = hooks(HTTP, LEAKSCAN_DISABLE_SECRET=KEY)
    assert isinstance(only, HttpHook)
    assert only.secret == KEY
    (tmp_path / "key").write_text("whsec_YW5vdGhlciBrZXkgYWx0b2dldGhlcg==")
    (own,) = hooks(HTTP + 'secret_file = "key"', tmp_path, LEAKSCAN_DISABLE_SECRET_MY_HOOK=KEY)
    assert isinstance(own, HttpHook)
    assert own.secret == KEY


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[disable.a]", "disable.a.kind: missing"),
        ('[disable.a]\nkind = "email"', "disable.a.kind"),
        ('[disable.a]\nkind = "http"', "disable.a.url: missing"),
        (HTTP, "secret_file: missing"),
        (HTTP + 'secret_file = "/no/such/file"', "cannot read"),
        (HTTP.replace("https:", "http:"), "in the clear"),
        (HTTP.replace("https:", "ftp:"), "not an address"),
        (HTTP.replace("x.example", "me:pw@x.example"), "not an address"),
        (HTTP + 'ca_file = "/no/such/file"', "no file"),
        (HTTP + "verify = false", "verify: unknown key"),
        (HTTP + "timeout = 0", "timeout"),
        ('[disable.a]\nkind = "command"\nargv = "rm -rf /"', "disable.a.argv"),
        ('[disable.a]\nkind = "command"\nargv = []', "empty list"),
        ('[disable.a]\nkind = "python"\nentry_point = "no-such-hook"', "no such entry point"),
        ('[disable."a b"]\nkind = "http"', "a hook's name"),
        ('disable = "yes"', "disable: expected a table"),
        ('disable.a = "yes"', "disable.a: expected a table"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    environ = {} if text == HTTP or "secret_file" in text else {"LEAKSCAN_DISABLE_SECRET": KEY}
    with pytest.raises(UsageError) as caught:
        read(text, **environ)
    assert words in str(caught.value)
    assert "/etc/leakscan.toml" in str(caught.value) or "entry point" in words


@pytest.mark.parametrize("key", ["sesame", "whsec_", "whsec_!!!"])
def test_a_key_that_is_none_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(UsageError, match="not a key") as caught:
        hooks(HTTP, LEAKSCAN_DISABLE_SECRET=key)
    assert key not in str(caught.value).replace("whsec_BASE64", "")


def test_plain_http_is_for_this_machine_or_whoever_insists() -> None:
    for url in ("http://127.0.0.1:8008/x", "http://localhost/x", "http://[::1]:80/x"):
        assert hooks(HTTP.replace("https://x.example/", url), LEAKSCAN_DISABLE_SECRET=KEY)
    insisting = HTTP.replace("https:", "http:") + "allow_plain = true"
    assert hooks(insisting, LEAKSCAN_DISABLE_SECRET=KEY)
    for url in ("http://127.0.0.1.evil.example/", "http://localhost.evil.example/"):
        with pytest.raises(UsageError, match="clear"):
            hooks(HTTP.replace("https://x.example/", url), LEAKSCAN_DISABLE_SECRET=KEY)
