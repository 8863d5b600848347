"""``leakscan rehearse github``: the real GitHub is asked for all that a watch needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scanning import CLEAN, INCOMPLETE, MISUSED
from watched import TOKEN_VARIABLE, Town

from hub import Change, Fault
from hub.backend import GitFault
from servers import a_closed_port

if TYPE_CHECKING:
    from responding import Done, Office

    from hub import HubRepository

TWICE = (
    "note    twice  org:acme tells of repo:acme/app, too: each is asked, and costs calls of its own"
)
CHANNEL = "json://127.0.0.1:9/none"


def rehearse(town: Town, *sources: str, **variables: str) -> Done:
    named = [word for source in sources for word in ("--source", source)]
    variables = {**town.variables, "LEAKSCAN_ALERT_URLS": CHANNEL, **variables}
    return town.office.run("rehearse", "github", *named, **variables)


def line(done: Done, who: str) -> str:
    """Return the one line of somebody."""
    (found,) = [text for text in done.stdout.splitlines() if text[8:].startswith(f"{who}  ")]
    return found


def has_ledger(town: Town) -> bool:
    return (town.office.folder / "ledger.sqlite3").exists()


@pytest.fixture
def app(town: Town) -> HubRepository:
    """A public repository of an organisation."""
    made = town.hub.repository("acme/app", organization=True)
    town.hub.push(made, Change({"a.txt": "one\n"}))
    return made


@pytest.mark.usefixtures("app")
def test_all_is_well(town: Town) -> None:
    town.hub.fault(Fault("^/user$", None, 200, {"login": "watcher"}))
    done = rehearse(town, "events", "org:acme", "repo:acme/app")
    assert (done.status, done.stderr) == (CLEAN, "")
    assert done.stdout.splitlines() == [
        f"well    api  {town.hub.url}",
        f"well    env:{TOKEN_VARIABLE}  watcher: 5,000 of 5,000 API calls an hour are left",
        "note    sources  3 of 3 are asked about, with 4 API calls at most",
        "well    events  public",
        "well    org:acme  public",
        "well    repo:acme/app  public",
        f"well    git  {town.git.url}/acme/app.git",
        "well    budget  the sources cost 184 to 544 API calls an hour, and 5,000 are allowed",
        TWICE,
    ]
    assert not has_ledger(town)


@pytest.mark.usefixtures("app")
def test_a_token_that_the_server_echoes_is_not_shown(town: Town) -> None:
    town.hub.fault(Fault("^/user$", None, 200, {"login": town.token}))
    done = rehearse(town, "repo:acme/app")
    assert f"env:{TOKEN_VARIABLE}  5,000 of" in done.stdout
    assert town.token not in done.stdout + done.stderr


@pytest.mark.usefixtures("app")
def test_sources_that_are_none_are_told_with_what_was_meant(town: Town) -> None:
    hub = town.hub
    hub.account("ada")
    secret = hub.repository("ada/secret", private=True)
    old = hub.repository("ada/old")
    hub.rename(old, "ada/new")
    done = rehearse(
        town, "org:ada", "user:acme", "org:nobody", "repo:acme/nope", "repo:ada/secret",
        "repo:ada/old", "user:ada", "org:acme",
    )  # fmt: skip
    assert done.status == INCOMPLETE
    assert line(done, "org:ada") == "FAILED  org:ada  ada is a user: write user:ada"
    assert line(done, "user:acme").endswith("acme is an organisation: write org:acme")
    assert line(done, "org:nobody").endswith("GitHub knows no account of this name: check it")
    for name in ("repo:acme/nope", f"repo:{secret.full_name}"):
        assert line(done, name).startswith(f"FAILED  {name}  GitHub knows no public repository")
    assert line(done, "repo:ada/old") == (
        "note    repo:ada/old  its name is ada/new now: write repo:ada/new"
    )
    assert line(done, "user:ada") == "well    user:ada  public"
    assert done.stderr == (
        "leakscan: org:ada, user:acme, org:nobody, repo:acme/nope, repo:ada/secret would not work:"
        " mend it, then rehearse again\n"
    )


def test_an_account_of_which_nothing_is_seen_yet(town: Town) -> None:
    town.hub.account("ada")
    done = rehearse(town, "user:ada")
    assert (done.status, line(done, "user:ada")) == (
        CLEAN,
        "note    user:ada  ada has no public repository yet",
    )
    assert line(done, "git").endswith("not asked: no public repository is known by name")


@pytest.mark.usefixtures("app")
def test_what_a_token_sees_and_a_watch_does_not(town: Town) -> None:
    listed = [{"full_name": "acme/app", "owner": {"login": "acme", "type": "Organization"}}]
    town.hub.fault(
        Fault("^/repos/acme/hidden$", None, 200, {"full_name": "acme/hidden", "private": True}),
        Fault("^/users/acme/repos", None, 200, listed),  # as GitHub itself does
    )
    done = rehearse(town, "repo:acme/hidden", "user:acme")
    assert "it is private: a watch sees only what is public" in line(done, "repo:acme/hidden")
    assert line(done, "user:acme").endswith("acme is an organisation: write org:acme")


@pytest.mark.usefixtures("app")
def test_a_wrong_credential_beside_a_good_one(town: Town) -> None:
    path = town.office.folder / "wrong.token"
    path.write_text("wrong")
    path.chmod(0o600)
    town.office.configure("credentials = [", 'credentials = [{ token_file = "wrong.token" }, ')
    done = rehearse(town, "org:acme")
    name = f"file:{path}"
    assert done.status == INCOMPLETE
    assert line(done, name) == f"FAILED  {name}  Bad credentials: put a new token there"
    assert line(done, "org:acme").startswith("well")
    assert line(done, "budget").endswith("5,000 are allowed")
    assert done.stderr.startswith(f"leakscan: {name} would not work: ")


def test_without_any_credential_that_works(town: Town) -> None:
    town.hub.revoke(town.token)
    done = rehearse(town, "events", "repo:ada/app")
    assert done.status == INCOMPLETE
    assert line(done, f"env:{TOKEN_VARIABLE}").startswith("FAILED")
    assert line(done, "sources").startswith("note    sources  not asked about")
    assert len(town.hub.requests) == 1


def test_nobody_is_told_what_is_missing(town: Town) -> None:
    settings = f'credentials = [{{ env = "{TOKEN_VARIABLE}" }}]'
    town.office.configure(settings, "")
    done = rehearse(town, "events", "search")
    assert done.status == INCOMPLETE
    assert line(done, "anonymous").startswith("note    anonymous  no token: 60 of 60 API calls")
    assert line(done, "search").startswith("FAILED  search  code search needs a token")
    assert line(done, "budget") == (
        "FAILED  budget  the sources cost 180 to 180 API calls an hour, and 60 are allowed: set"
        " watch.poll to 180 or more, or see docs/configuration.md for a bigger budget"
    )
    town.office.configure("[github]", "[watch]\npoll = 180\n[github]")
    assert line(rehearse(town, "events"), "budget").startswith("well")


def test_search_asks_one_query(town: Town) -> None:
    app = town.hub.repository("ada/app")
    town.hub.push(app, Change({".env": "REPLICATE_API_TOKEN=\n"}))
    done = rehearse(town, "search")
    assert line(done, "search") == "well    search  answers; 11 other queries were not asked"
    assert line(done, "git") == f"well    git  {town.git.url}/ada/app.git"


@pytest.mark.parametrize("remaining", [5000, 3000])
def test_many_sources_cost_a_tenth_of_what_is_left(town: Town, remaining: int) -> None:
    window = town.hub.limits.access[town.token].windows["core"]
    window.used, window.reset = 5000 - remaining, town.hub.now() + 3000
    names = [f"repo:acme/app{number}" for number in range(2000)]
    for name in (name.removeprefix("repo:") for name in names[:600]):
        town.hub.fault(Fault(f"^/repos/{name}$", None, 200, {"full_name": name}))
    done = rehearse(town, *names)
    calls = remaining // 10 - 1  # without the one that asks whose the token is
    text = f"{calls} of 2,000 are asked about, with {calls} API calls at most"
    assert f"note    sources  {text}\n" in done.stdout
    assert f"well    {calls} sources  public\n" in done.stdout
    left = 2000 - calls - 1
    assert f"not asked about: repo:acme/app{calls} and the {left:,} after it; name" in done.stdout
    assert len(town.hub.requests) <= remaining // 10 + 1  # what is left is asked for nothing
    assert "2,000 looks a minute are wanted, and 900 are allowed" in done.stdout
    assert "each source is asked about every 133 s" in done.stdout


def test_a_server_that_fails_is_not_asked_on(town: Town) -> None:
    town.hub.fault(Fault("^/repos/", None, 502))
    done = rehearse(town, *(f"repo:acme/app{number}" for number in range(100)))
    assert done.status == INCOMPLETE
    asked = done.stdout.count("GitHub answered 502")
    assert 5 <= asked <= 5 + 8
    assert "note    sources  not asked about: repo:acme/app" in done.stdout
    assert done.stderr.startswith("leakscan: repo:acme/app0, repo:acme/app1, ")
    assert asked <= 10 or f" and {asked - 10} more would not work" in done.stderr


@pytest.mark.usefixtures("app")
def test_an_address_that_is_wrong(town: Town) -> None:
    town.office.configure(f'api_url = "{town.hub.url}"', f'api_url = "{town.git.url}"')
    done = rehearse(town, "repo:acme/app")
    assert done.status == INCOMPLETE
    assert line(done, "api").startswith("FAILED  api  /rate_limit: GitHub answered 404")
    assert line(done, "git") == f"well    git  {town.git.url}/acme/app.git"
    town.office.configure(
        f'_url = "{town.git.url}"', f'_url = "http://127.0.0.1:{a_closed_port()}"'
    )
    done = rehearse(town, "repo:acme/app")
    assert "cannot be reached" in line(done, "api")
    assert line(done, "git").startswith("FAILED  git  cannot fetch http://127.0.0.1:")


@pytest.mark.parametrize("body", [[], {"resources": {}}, {"resources": {"core": {"limit": 1}}}])
def test_an_answer_that_tells_no_limits(town: Town, body: object) -> None:
    town.hub.fault(Fault("^/rate_limit$", None, 200, body))
    done = rehearse(town, "events")
    assert line(done, "api").endswith("the answer tells no limits: check github.api_url")


@pytest.mark.usefixtures("app")
def test_a_server_that_sets_no_limits(town: Town) -> None:
    message = {"message": "Rate limiting is not enabled."}
    town.hub.fault(Fault("^/rate_limit$", None, 404, message))
    done = rehearse(town, "org:acme")
    assert done.status == CLEAN
    assert line(done, f"env:{TOKEN_VARIABLE}").endswith("no limit")
    assert line(done, "budget").endswith("and there is no limit")


@pytest.mark.usefixtures("app")
def test_git_that_is_down_or_knows_only_some(town: Town) -> None:
    gone = town.hub.repository("acme/gone", organization=True)
    town.hub.push(gone, Change({"a.txt": "one\n"}))
    town.git.faults.append(GitFault("/acme/gone.git", status=404))
    town.hub.delete(gone)
    assert line(rehearse(town, "events"), "git") == f"well    git  {town.git.url}/acme/app.git"
    town.git.faults.append(GitFault(status=503))
    done = rehearse(town, "events")
    assert (done.status, line(done, "git")[:18]) == (INCOMPLETE, "FAILED  git  canno")
    town.office.configure("[github]", '[watch]\nvia = "api"\n[github]')
    done = rehearse(town, "events")
    assert (done.status, line(done, "git")) == (
        CLEAN,
        'note    git  not asked: watch.via is "api"',
    )


@pytest.mark.usefixtures("app")
def test_what_is_not_configured_is_said(town: Town, office: Office) -> None:
    office.name_no_hook()
    office.configure("[github]", '[watch]\nkeep = "1h"\n[github]')
    done = rehearse(town, "org:acme", LEAKSCAN_ALERT_URLS="")
    assert done.status == CLEAN
    told = [text for text in done.stdout.splitlines() if text.startswith("note    settings  ")]
    assert len(told) == 3
    for words in ("no disable hook is configured", "no [alerts]", "watch.keep is 1 h 0 min"):
        assert any(words in text for text in told), told


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (("event",), "--source: unknown source event: write events"),
        (("ORG:acme",), "write org:acme"),
        (("",), "--source is empty"),
    ],
)
def test_what_is_no_source_is_refused_before_anything_is_asked(
    town: Town, sources: tuple[str, ...], words: str
) -> None:
    done = rehearse(town, *sources)
    assert (done.status, done.stdout, words in done.stderr) == (MISUSED, "", True), done.stderr
    assert done.stderr.count("\n") == 1
    assert not town.hub.requests


def test_a_configuration_that_a_watch_refuses_is_refused(town: Town) -> None:
    done = rehearse(town, "events", **{TOKEN_VARIABLE: ""})
    assert (done.status, done.stdout) == (MISUSED, "")
    assert f"{TOKEN_VARIABLE} is not set" in done.stderr
    town.office.configure("[github]", "[watch]\nsources = []\n[github]")
    done = rehearse(town)
    assert (done.status, "nothing would be watched" in done.stderr) == (MISUSED, True)
