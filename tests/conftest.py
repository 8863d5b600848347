"""Fixtures that every test may use."""

from __future__ import annotations

import functools
import random
import signal
import string
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from forked import Commands
from gitrepo import GitRepo
from leakscan.git.fork import usable_processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# How fast a machine is decides nothing about what is right.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

CHARACTERS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


def pytest_xdist_auto_num_workers() -> int:
    """Run twice as many tests at once as there are processors: most wait for something."""
    return 2 * usable_processors()


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Take Ctrl-C and SIGHUP as programs in a terminal do; a job in the background ignores them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _signals_as_before(_interruptible: None) -> Iterator[None]:
    """Let no test leave a handler behind that another one then dies of, far from it."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Have Argon2 work as little as it can in this process, whose passwords guard nothing."""
    cheap = functools.partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leakscan.issuer.passwords.PasswordHasher", cheap)
        yield


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a ledger in a file to copy: its tables take longer to make than many a test."""
    from leakscan.ledger.schema import open_ledger

    file = tmp_path_factory.mktemp("ledger") / "empty.sqlite3"
    open_ledger(str(file)).close()
    return file


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Give what runs commands in processes of their own."""
    with Commands() as commands:
        yield commands


@pytest.fixture
def new_token(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Make tokens of random characters; the same test always gets the same ones."""
    rng = random.Random(request.node.nodeid)  # noqa: S311 - the same every time, on purpose

    def mint() -> str:
        required = [rng.choice(characters) for characters in CHARACTERS]
        body = required + rng.choices("".join(CHARACTERS), k=37 - len(required))
        rng.shuffle(body)
        return "r8_" + "".join(body)

    return mint


@pytest.fixture
def token(new_token: Callable[[], str]) -> str:
    """Give the one token of a test that needs no more."""
    return new_token()


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """Make a repository with one commit that holds nothing."""
    made = GitRepo.init(tmp_path / "repo")
    made.add("README.md", "Nothing to see here.\n", "Begin")
    return made
