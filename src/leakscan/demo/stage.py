"""What a demonstration needs: accounts with tokens, a repository that leaks some, settings."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.issuer.minting import hook_settings, rule_override, toml_text
from leakscan.sample import SampleGit

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.issuer.store import Issuer
    from leakscan.model import Secret


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the demonstration, and where it is leaked; ``None``: nowhere."""

    owner: str
    name: str
    secret: Secret
    leak: str | None


def issue_tokens(issuer: Issuer) -> tuple[Token, ...]:
    """Make two accounts with five tokens."""
    ada = issuer.create_account(
        "ada", password=secrets.token_urlsafe(), email="ada@example.com", name="Ada", locale="en"
    )
    grace = issuer.create_account(
        "grace", password=secrets.token_urlsafe(), email="grace@example.com", name="Grace"
    )
    return (
        Token("ada", "Default", ada.token.secret, "file, removed since"),
        Token("ada", "ci", issuer.create_token("ada", "ci").secret, "commit message"),
        Token("ada", "production", issuer.create_token("ada", "production").secret, None),
        Token("grace", "Default", grace.token.secret, None),
        Token("grace", "laptop", issuer.create_token("grace", "laptop").secret, "file"),
    )


def leak_tokens(folder: Path, tokens: tuple[Token, ...]) -> None:
    """Make a git repository that holds the tokens that are to be leaked."""
    history, message, file = (token.secret.reveal() for token in tokens if token.leak)
    folder.mkdir()
    git = SampleGit(folder)
    git("init", "--quiet")
    git.commit(
        "Caption images", {"README.md": "# captions\n", ".env": f"REPLICATE_API_TOKEN={history}\n"}
    )
    git("rm", "--quiet", ".env")
    git.commit("Do not track .env", {".gitignore": ".env\n"})
    git.commit(
        f"Retry when busy\n\ncurl -H 'Authorization: Bearer {message}' api.replicate.com/v1/models",
        {"app.py": "import replicate\n"},
    )
    git.commit("Run on my laptop", {"settings.toml": f'token = "{file}"\n'})


def write_settings(folder: Path, issuer: Issuer, url: str, smtp_port: int) -> Path:
    """Write the configuration that an operator would; everything stays in the folder."""
    path = folder / "leakscan.toml"
    path.write_text(
        f"""\
[fingerprint]
key_file = "fingerprint.key"

[ledger]
url = {toml_text(str(folder / "ledger.sqlite3"))}
key_file = "ledger.key"

{hook_settings(f"{url}/hooks/disable", issuer.folder.webhook_secret)}
[verify]
url = {toml_text(f"{url}/v1/account")}

[mail]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "Token issuer <security@example.com>"
token_page = {toml_text(f"{url}/tokens")}

{rule_override()}""",
        encoding="utf-8",
    )
    return path
