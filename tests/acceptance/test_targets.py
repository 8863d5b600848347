"""URLs that cannot be read, Ctrl-C, and repositories that change while they are read."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scanning import FOUND, INCOMPLETE, INTERRUPTED, JSON, Scan, command, environment, scan

from gitrepo import GitRepo
from packs import BLOB, OFS_DELTA, HandmadePack, copy_all, entry, offset_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def one_clear_line(answer: Scan, *words: str) -> None:
    """Assert that a target was refused with one line that holds one of the words."""
    assert answer.status == INCOMPLETE, answer
    assert not answer.stdout
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert any(word in answer.stderr for word in words), answer.stderr


def test_url_that_does_not_exist(tmp_path: Path) -> None:
    url = (tmp_path / "nowhere.git").as_uri()
    one_clear_line(scan(url), "nowhere.git")


def test_path_that_does_not_exist(tmp_path: Path) -> None:
    answer = scan(tmp_path / "nowhere")
    assert answer.status in (2, INCOMPLETE)
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert "nowhere" in answer.stderr


def test_host_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    one_clear_line(scan(f"https://127.0.0.1:{port}/x.git"), f"127.0.0.1:{port}")


@contextmanager
def http_server(status: int) -> Iterator[str]:
    """Serve one answer on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name that the library calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(Handler) as url:
        yield url


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on the loopback interface."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_clone_is_tried_again_after_a_passing_fault(
    repo: GitRepo, tmp_path: Path, token: str
) -> None:
    repo.add(".env", token)
    served = repo.clone(tmp_path / "served.git", "--bare")
    served.run("update-server-info")
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            if len(requests) == 1:
                self.send_error(503)
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(partial(Handler, directory=str(tmp_path))) as url:
        answer = scan(f"{url}/served.git")
    assert (answer.status, answer.secrets) == (FOUND, {token}), answer.stderr
    assert len(requests) > 1


def test_url_that_needs_a_password_never_prompts(tmp_path: Path) -> None:
    mark, program = tmp_path / "asked", tmp_path / "askpass"
    program.write_text(f'#!/bin/sh\ntouch "{mark}"\n')
    program.chmod(0o755)
    with http_server(401) as url:
        answer = scan(f"{url}/private.git", GIT_ASKPASS=str(program), SSH_ASKPASS=str(program))
    one_clear_line(answer, "password", "credential", "authenticat", "private", "sign")
    assert not mark.exists(), "somebody was asked for a password"


def test_url_that_is_not_found() -> None:
    with http_server(404) as url:
        one_clear_line(
            scan(f"{url}/absent.git"), "not found", "does not exist", "no such repository"
        )


def test_password_in_a_url_is_never_shown() -> None:
    with http_server(401) as url:
        answer = scan(url.replace("://", "://me:pa55w0rd@") + "/x.git")
    assert answer.status == INCOMPLETE
    assert "pa55w0rd" not in answer.stdout + answer.stderr


def test_clone_leaves_nothing_behind(repo: GitRepo, tmp_path: Path, token: str) -> None:
    commit = repo.add(".env", token)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    answer = scan(repo.path.as_uri(), TMPDIR=str(temporary))
    assert answer.status == FOUND, answer.stderr
    place = answer.at(token, "blob")
    assert (place["commit"], place["repository"]) == (commit, repo.path.as_uri())
    assert list(temporary.iterdir()) == []


# Ctrl-C.


def slow_to_scan(path: Path) -> GitRepo:
    """Make a repository of a few kilobytes that unfolds to many gigabytes of blobs."""
    repo = GitRepo.init(path)
    size = 16 << 20
    line = b"the same line again and again, and nothing to find in it\n"
    content = (line * (size // len(line) + 1))[:size]
    base = entry(BLOB, content)
    entries, distance = [("00" * 20, base)], len(base)
    for number in range(1, 2000):
        delta = entry(OFS_DELTA, copy_all(size, b"%d" % number), base=offset_field(distance))
        entries.append((f"{number:040x}", delta))
        distance += len(delta)
    HandmadePack(entries).write(repo.git_dir)
    return repo


def await_map(pid: int, folder: Path) -> None:
    """Wait until a process has mapped a file in a folder."""
    deadline = time.monotonic() + 60
    while str(folder) not in Path(f"/proc/{pid}/maps").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def survivors(session: int) -> list[str]:
    """List the processes of a session that are still alive."""
    alive = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            alive.append((stat.parent / "cmdline").read_text().replace("\0", " "))
    return alive


def last_survivors(session: int) -> list[str]:
    """Return what is left when everything had the time to end that was told to."""
    deadline = time.monotonic() + 10
    while (left := survivors(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def interrupt(
    target: str, temporary: Path, await_begin: Callable[[int], object], *, whole_group: bool
) -> None:
    """Start a scan, interrupt it once it has begun, and assert that it goes and leaves nothing."""
    temporary.mkdir()
    process = subprocess.Popen(
        command(target, *JSON),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(TMPDIR=str(temporary)),
        start_new_session=True,
    )
    try:
        await_begin(process.pid)
        assert process.poll() is None, process.communicate()
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
        assert process.returncode == INTERRUPTED, stderr
        assert len(stderr.split(b"\n")) <= 3, stderr.decode()
        assert b"interrupted" in stderr
        assert last_survivors(process.pid) == []
        assert list(temporary.iterdir()) == []
    finally:
        if process.poll() is None or survivors(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.mark.parametrize("whole_group", [False, True], ids=["process", "group"])
def test_interrupted_while_scanning(tmp_path: Path, whole_group: bool) -> None:
    repo = slow_to_scan(tmp_path / "slow")
    folder = repo.git_dir / "objects/pack"
    interrupt(
        str(repo.path),
        tmp_path / "temporary",
        lambda pid: await_map(pid, folder),
        whole_group=whole_group,
    )


@pytest.mark.parametrize("whole_group", [False, True], ids=["process", "group"])
def test_interrupted_while_cloning(tmp_path: Path, whole_group: bool) -> None:
    """From a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as taken:
        server.settimeout(60)
        interrupt(
            f"git://127.0.0.1:{server.getsockname()[1]}/x.git",
            tmp_path / "temporary",
            lambda _: taken.enter_context(server.accept()[0]),
            whole_group=whole_group,
        )


# A repository that changes.


def test_repository_that_is_repacked_while_it_is_scanned(
    repo: GitRepo, new_token: Callable[[], str]
) -> None:
    tokens = [new_token() for _ in range(20)]
    for number, token in enumerate(tokens):
        repo.add(f"file{number}.txt", f"{token}\n" * 3)
        if number % 4 == 0:
            repo.git("repack", "-q", "-d")
    stop = threading.Event()
    gardener = threading.Thread(target=keep_repacking, args=(repo, stop))
    gardener.start()
    try:
        answers = [scan(repo.path) for _ in range(6)]
    finally:
        stop.set()
        gardener.join()
    for answer in answers:
        assert answer.status in (FOUND, INCOMPLETE), answer.stderr
        if answer.status == FOUND:
            assert answer.secrets == set(tokens)
        else:
            assert answer.skipped


def keep_repacking(repo: GitRepo, stop: threading.Event) -> None:
    """Move every object between loose and packed, over and over."""
    while not stop.wait(0.05):
        repo.git("repack", "-q", "-a", "-d", "-f", "--depth=10")
        repo.add("tick.txt", str(time.monotonic_ns()))
        repo.git("gc", "-q", "--prune=now")
        repo.git("repack", "-q", "-A", "-d", "--unpack-unreachable=now")
