"""``leakscan issuer``: a small token issuer of one's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leakscan.cli import SignalExit
from leakscan.errors import UsageError

if TYPE_CHECKING:
    from leakscan.issuer.store import Issuer
    from leakscan.issuer.values import IssuedToken, Token

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the issuer.  [default: leakscan/issuer in your data folder]",
)
PASSWORD_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)
HOOK_URL = "http://127.0.0.1:8008/hooks/disable"


@click.group()
def issuer() -> None:
    """Issue tokens, and disable those that leak: a small issuer of one's own."""


@issuer.command()
@DATA
def init(data: Path | None) -> None:
    """Make the issuer's folder, and say where everything is."""
    with _open(data) as opened:
        folder = opened.folder
    click.echo(f"Database:        {folder.database}")
    click.echo(f"Digest key:      {folder.digest_key}")
    click.echo(f"Webhook secret:  {folder.webhook_secret}")
    click.echo(f"Session key:     {folder.session_key}")


@issuer.command()
@DATA
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8008,
    show_default=True,
    help="Port; 0 for any that is free.",
)
@click.option("--https", is_flag=True, help="People reach it by https, through a proxy of yours.")
@click.option("--quiet", "-q", is_flag=True, help="Do not log requests on standard error.")
def serve(data: Path | None, host: str, port: int, *, https: bool, quiet: bool) -> None:
    """Serve the API, the hook and the web pages until interrupted."""
    import gc

    from leakscan.issuer.log import logging_to
    from leakscan.issuer.serve import serve as serve_issuer

    gc.enable()  # the command line runs without, which a server that stays must not
    with _open(data) as opened, logging_to(None if quiet else sys.stderr.fileno()):
        try:
            serve_issuer(
                opened,
                host,
                port,
                https=https,
                tell=lambda address: click.echo(f"Serving on {address}.  Ctrl-C ends it."),
            )
        except SignalExit as stop:  # that is how a server ends
            raise click.exceptions.Exit(stop.status) from None


@issuer.command()
@DATA
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write here.",
)
def digests(data: Path | None, output: Path) -> None:
    """Write leakscan's digest file of all tokens that were issued."""
    from leakscan.issuer.minting import digest_settings

    with _open(data) as opened:
        count = opened.export_digests(output)
        settings = digest_settings(output.absolute(), opened.folder.digest_key)
    click.echo(f"Wrote {output}.  Tokens issued: {count}.", err=True)
    click.echo(settings, nl=False)


@issuer.command()
def rule() -> None:
    """Print what tells leakscan of the checksum in these tokens."""
    from leakscan.issuer.minting import rule_override

    click.echo(rule_override(), nl=False)


@issuer.command()
@DATA
@click.option("--url", default=HOOK_URL, show_default=True, help="Where leakscan reaches the hook.")
def hook(data: Path | None, url: str) -> None:
    """Print what tells leakscan to have leaked tokens disabled here."""
    from leakscan.issuer.minting import hook_settings, verify_settings

    if not url.startswith(("https://", "http://")):
        raise UsageError(f"{url}: not an address of a hook", f"use one such as {HOOK_URL}")
    with _open(data) as opened:
        click.echo(hook_settings(url, opened.folder.webhook_secret))
    click.echo(verify_settings(url), nl=False)


@issuer.group()
def account() -> None:
    """Add and list accounts."""


@account.command("add")
@click.argument("username")
@DATA
@click.option("--email", required=True, help="Where to write to when a token leaks.")
@click.option("--name", help="Name of the person or organization.")
@click.option(
    "--kind",
    type=click.Choice(["user", "organization"]),
    default="user",
    show_default=True,
    help="Whose account it is.",
)
@click.option("--locale", help="Language to write in, such as en or de-AT.")
@click.option("--github-url", metavar="URL", help="Page on GitHub.")
@PASSWORD_STDIN
def add(
    username: str,
    data: Path | None,
    *,
    email: str,
    name: str | None,
    kind: str,
    locale: str | None,
    github_url: str | None,
    password_stdin: bool,
) -> None:
    """Add an account, and print its default token once."""
    password = _password(from_stdin=password_stdin)
    with _open(data) as opened:
        made = opened.create_account(
            username,
            password=password,
            email=email,
            name=name,
            kind="user" if kind == "user" else "organization",
            locale=locale,
            github_url=github_url,
        )
    _show_once(made.token, made.account.username)


@account.command("list")
@DATA
def list_accounts(data: Path | None) -> None:
    """List all accounts."""
    with _open(data) as opened:
        known = opened.accounts()
    rows = [(one.username, one.kind, one.email or "-", one.name or "") for one in known]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@issuer.command()
@click.argument("username")
@DATA
@PASSWORD_STDIN
def password(username: str, data: Path | None, *, password_stdin: bool) -> None:
    """Give USERNAME another password, and end all their sessions."""
    with _open(data) as opened:
        opened.require_account(username)
        opened.set_password(username, _password(from_stdin=password_stdin))
    click.echo("The account has a new password, and is signed out everywhere.")


@issuer.group()
def token() -> None:
    """Create, list, rename and disable tokens."""


@token.command()
@click.argument("username")
@click.argument("name")
@DATA
def create(username: str, name: str, data: Path | None) -> None:
    """Create a token NAME for USERNAME, and print it once."""
    with _open(data) as opened:
        _show_once(opened.create_token(username, name), username)


@token.command("list")
@click.argument("username")
@DATA
def list_tokens(username: str, data: Path | None) -> None:
    """List the tokens of USERNAME: first and last characters, state, last use, name."""
    with _open(data) as opened:
        known = opened.tokens(username)
    for one in known:
        used = f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never used"
        click.echo(f"{one.hint}  {_state(one):<15}  {used:<16}  {one.name}")


@token.command()
@click.argument("username")
@click.argument("name")
@click.argument("new_name")
@DATA
def rename(username: str, name: str, new_name: str, data: Path | None) -> None:
    """Give the token NAME of USERNAME the name NEW_NAME."""
    with _open(data) as opened:
        opened.rename_token(username, name, new_name)
    click.echo("The token has a new name.")


@token.command()
@click.argument("username")
@click.argument("name")
@DATA
def disable(username: str, name: str, data: Path | None) -> None:
    """Disable the token NAME of USERNAME.  It cannot be undone."""
    with _open(data) as opened:
        opened.disable_token(username, name)
    click.echo("The token is disabled.")


def _open(data: Path | None) -> Issuer:
    from leakscan.embedded import default_folder
    from leakscan.issuer.store import Issuer

    return Issuer.open(data or default_folder())


def _password(*, from_stdin: bool) -> str:
    """Read a new password: a line of standard input, or typed twice.

    Raises:
        UsageError: there is neither.
    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("no terminal to ask for the password at", "use --password-stdin")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _show_once(issued: IssuedToken, username: str) -> None:
    """Print a token alone on standard output, which a script can read."""
    click.echo(issued.secret.reveal())
    click.echo(f"This is the token {issued.name} of {username}, shown only once.", err=True)


def _state(token: Token) -> str:
    if token.disabled is None:
        return "active"
    return "disabled: leak" if token.disabled.by == "leak" else "disabled"
