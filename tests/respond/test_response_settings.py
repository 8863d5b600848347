"""The configuration of a response: read whole, and refused where it is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from leakscan.config import Config, load_config
from leakscan.errors import UsageError
from leakscan.model import Confidence
from leakscan.places import CHECKOUT_FILE
from leakscan.respond.settings import read_response_settings

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
[ledger]
url = "ledger.sqlite3"
key_file = "ledger.key"
[disable.script]
kind = "command"
argv = ["true"]
[verify]
[mail]
host = "127.0.0.1"
security = "none"
sender = "leaks@example.com"
digest_window_seconds = 5
[alerts]
urls = ["json://127.0.0.1/"]
on = ["gave_up", "disabled"]
[respond]
concurrency = 3
attempts = 4
first_delay = 1.5
longest_delay = 60
lease = 90
disable_from = "medium"
"""


def config(folder: Path, text: str) -> Config:
    path = folder / "leakscan.toml"
    path.write_text(text)
    return load_config(path)


def test_every_table_is_read(tmp_path: Path) -> None:
    settings = read_response_settings(config(tmp_path, WHOLE), {})
    assert list(settings.hooks) == ["script"]
    assert settings.duties.notify
    assert settings.duties.verify == {"replicate-api-token"}
    assert settings.ledger.key_file == tmp_path / "ledger.key"
    assert settings.duties.quiet == timedelta(seconds=5)
    assert (settings.concurrency, settings.lease.total_seconds()) == (3, 90)
    assert settings.patience.attempts == 4
    assert settings.alerts
    assert settings.duties.alert_on == {"gave_up", "disabled"}
    assert settings.duties.disable_from is Confidence.MEDIUM


def test_nothing_configured_is_nothing_done() -> None:
    settings = read_response_settings(Config(), {})
    assert settings.duties.of("replicate-api-token", Confidence.HIGH) == []
    assert settings.duties.disable_from is Confidence.HIGH
    assert (settings.mail, settings.alerts, settings.verifier) == (None, None, None)


def test_alerts_may_be_of_the_environment_alone() -> None:
    settings = read_response_settings(Config(), {"LEAKSCAN_ALERT_URLS": "json://127.0.0.1/"})
    assert settings.alerts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("respond.lease = 0", "respond.lease"),
        ('respond.attempts = "many"', "respond.attempts"),
        ('respond.disable_from = "all"', "respond.disable_from"),
        ("respond.retries = 3", "respond.retries: unknown key"),
        ("ledger.url = 5", "ledger.url"),
        ('ledger = "x"', "ledger: expected a table"),
        ('[disable.a]\nkind = "smoke"', "disable.a.kind"),
        ("[mail]", "mail."),
        ("[alerts]", "alerts.urls"),
        ('[alert]\nurls = ["x"]', "alert"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_response_settings(config(tmp_path, text), {})
    assert words in str(caught.value)
    assert "leakscan.toml" in str(caught.value)


@pytest.mark.parametrize("table", ["ledger", "disable", "verify", "mail", "alerts", "respond"])
def test_a_checkout_cannot_say_what_is_done_about_leaks(tmp_path: Path, table: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / CHECKOUT_FILE).write_text(f'[{table}]\nurl = "x"\n')
    with pytest.raises(UsageError, match="not in a checkout's file"):
        load_config(start=tmp_path)


def test_the_url_of_a_ledger_is_not_printed(tmp_path: Path) -> None:
    text = '[ledger]\nurl = "postgresql://me:hunter2secret@db/x"'
    settings = read_response_settings(config(tmp_path, text), {})
    assert "hunter2secret" not in repr(settings)
