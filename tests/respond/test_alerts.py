"""Alerts through apprise to a real HTTP server."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from leakscan.errors import UsageError
from leakscan.respond.alerts import Alert, AlertSettings, channel_mark, read_alerts, send_alert
from servers import dripping, running_socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREDENTIAL = "hunter2"


class Channel(ThreadingHTTPServer):
    """Keeps what is posted, and answers with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.alerts: list[dict[str, str]] = []

    def url(self, path: str = "") -> str:
        return f"json://user:{CREDENTIAL}@127.0.0.1:{self.server_port}/{CREDENTIAL}{path}"


class Answer(BaseHTTPRequestHandler):
    server: Channel

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.alerts.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def channel() -> Iterator[Channel]:
    with Channel() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_alert_arrives_as_it_is(channel: Channel) -> None:
    settings = AlertSettings((channel.url(), channel.url("/2")))
    title, body = "leakscan gave up", "<b>*one*</b> & :smile:\n\\n {{ x }} \x1b[2J\u202e"
    marks = frozenset(channel_mark(url) for url in settings.urls)
    assert send_alert(settings, Alert(title, body, is_urgent=True)) == (marks, None)
    assert [alert["title"] for alert in channel.alerts] == [title, title]
    assert channel.alerts[0]["type"] == "failure"
    assert channel.alerts[0]["message"] == ("<b>*one*</b> & :smile:\n\\n {{ x }} \\x1b[2J\\u202e")


def test_a_failed_channel_is_named_by_its_scheme(
    channel: Channel, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = AlertSettings((channel.url(), f"json://user:{CREDENTIAL}@127.0.0.1:1/x"))
    alert = Alert("title", "body", is_urgent=False)
    took, failed = send_alert(settings, alert)
    assert failed == "no alert could be sent by json (number 2)"
    assert took == {channel_mark(settings.urls[0])}
    assert [sent["type"] for sent in channel.alerts] == ["info"], "the others are sent"

    assert send_alert(settings, alert, took) == (took, failed)
    assert len(channel.alerts) == 1, "who has it does not get it again"

    channel.status = 500
    took, failed = send_alert(settings, alert)
    assert failed == "no alert could be sent by json (number 1), json (number 2)"
    assert took == frozenset()
    assert capfd.readouterr() == ("", "")
    assert CREDENTIAL not in caplog.text
    assert CREDENTIAL not in repr(settings)


def test_nothing_is_printed_in_a_process_without_logging() -> None:
    script = (
        "from leakscan.respond.alerts import *\n"
        "settings = AlertSettings(('json://u:hunter2@127.0.0.1:1/x',))\n"
        "print(send_alert(settings, Alert('t', 'b', True))[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "no alert could be sent by json (number 1)\n"
    assert done.stderr == ""


def test_the_table(tmp_path: Path) -> None:
    source = tmp_path / "c.toml"
    url, other = "json://127.0.0.1/a", "json://127.0.0.1/b"
    settings = read_alerts({"urls": [url]}, source, {})
    assert (settings.urls, settings.on) == ((url,), ("gave_up", "trouble"))
    settings = read_alerts({"urls": [url], "on": ["disabled"]}, source, {})
    assert settings.on == ("disabled",)
    (tmp_path / "urls").write_text(f"# ours\n\n{url}\n  {other}  \n")
    assert read_alerts({"urls_file": "urls"}, source, {}).urls == (url, other)
    environ = {"LEAKSCAN_ALERT_URLS": f" {other}\n{url} "}
    assert read_alerts({"urls": [url]}, source, environ).urls == (other, url)
    assert read_alerts({}, source, environ).urls == (other, url)


@pytest.mark.parametrize("bad", [f"foo://{CREDENTIAL}", CREDENTIAL, "slack://", "json://"])
def test_a_url_that_apprise_does_not_know(
    bad: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good, source = "json://127.0.0.1/", tmp_path / "c.toml"
    (tmp_path / "urls").write_text(f"# ours\n{good}\n{bad}\n")
    for table, environ, where in (
        ({"urls": [good, bad]}, {}, f"{source}: alerts.urls: number 2: "),
        ({"urls_file": "urls"}, {}, f"{tmp_path / 'urls'}: line 3: "),
        ({}, {"LEAKSCAN_ALERT_URLS": f"{good} {bad}"}, "LEAKSCAN_ALERT_URLS: number 2: "),
    ):
        with pytest.raises(UsageError) as caught:
            read_alerts(table, source, environ)
        assert str(caught.value).startswith(where)
        assert bad not in str(caught.value).removeprefix(where)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "alerts.urls: missing"),
        ({"urls": []}, "alerts.urls: missing"),
        ({"urls": f"json://{CREDENTIAL}"}, "alerts.urls: expected a list of texts, not a text"),
        ({"urls": [1]}, "alerts.urls: expected a list of texts, not a number in it"),
        ({"url": ["json://127.0.0.1"]}, "alerts.url: unknown key: use on, urls, urls_file"),
        ({"urls": ["json://127.0.0.1"], "urls_file": "x"}, "alerts.urls_file: there are urls"),
        ({"urls_file": "missing"}, "alerts.urls_file: cannot read it: No such file"),
        ({"urls": ["json://127.0.0.1"], "on": ["x"]}, "alerts.on: expected a list of gave_up"),
        ("json://", "alerts: expected a table, not a text"),
    ],
)
def test_a_wrong_table(table: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_alerts(table, tmp_path / "c.toml", {})
    assert str(caught.value).startswith(f"{tmp_path / 'c.toml'}: {message}")
    assert CREDENTIAL not in str(caught.value)


def test_a_channel_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakscan.respond.alerts._PATIENCE", 0.5)
    with running_socket(dripping(b"HTTP/1.1 200 OK\r\n")) as url:
        settings = AlertSettings((url.replace("http:", "json:"),))
        started = time.monotonic()
        took, failed = send_alert(settings, Alert("title", "body", is_urgent=True))
        assert time.monotonic() - started < 5
    assert (took, failed) == (frozenset(), "no alert could be sent by json (number 1)")
