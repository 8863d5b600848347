"""What a demonstration needs: accounts with tokens, places that leak some, settings."""

from __future__ import annotations

import secrets
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakscan.issuer.minting import hook_settings, rule_override, toml_text
from leakscan.sample import SampleGit

if TYPE_CHECKING:
    from pathlib import Path

    from leakscan.demo.hosting import Hosting
    from leakscan.issuer.store import Issuer
    from leakscan.model import Secret


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the demonstration.

    Attributes:
        leak: where it is leaked; ``None``: nowhere.
        is_pushed: whether that is on the hosting site, rather than in a repository on disk.
    """

    owner: str
    name: str
    secret: Secret
    leak: str | None
    is_pushed: bool = False


def issue_tokens(issuer: Issuer) -> tuple[Token, ...]:
    """Make four accounts with six tokens."""
    first = {
        name.lower(): issuer.create_account(
            name.lower(),
            password=secrets.token_urlsafe(),
            email=f"{name.lower()}@example.com",
            name=name,
        ).token.secret
        for name in ("Ada", "Grace", "Alan", "Mary")
    }
    return (
        Token("ada", "Default", first["ada"], "file, removed since"),
        Token("ada", "ci", issuer.create_token("ada", "ci").secret, "commit message"),
        Token("ada", "work", issuer.create_token("ada", "work").secret, None),
        Token("grace", "Default", first["grace"], "file"),
        Token("alan", "Default", first["alan"], "push that undid it", is_pushed=True),
        Token("mary", "Default", first["mary"], "issue comment", is_pushed=True),
    )


def leak_tokens(folder: Path, tokens: tuple[Token, ...]) -> None:
    """Make a git repository that holds the tokens that are to be leaked."""
    here = (token for token in tokens if token.leak and not token.is_pushed)
    history, message, file = (token.secret.reveal() for token in here)
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


def push_tokens(site: Hosting, tokens: tuple[Token, ...]) -> None:
    """Have the others leak on a hosting site: in a push, and in a comment."""
    pushed, said = (token.secret.reveal() for token in tokens if token.is_pushed)
    folder = site.root / "alan" / "notes.git"
    folder.mkdir(parents=True)
    git = SampleGit(folder)
    git("init", "--quiet")
    before = git.commit("Begin", {"README.md": "# notes\n"})
    git.commit("Try it", {"try.sh": f"export REPLICATE_API_TOKEN={pushed}\n"})
    head = git.commit("Oops", {"try.sh": "export REPLICATE_API_TOKEN=\n"})
    where = {"repository_id": zlib.crc32(b"alan/notes"), "push_id": 1, "ref": "refs/heads/main"}
    site.tell("PushEvent", "alan/notes", {**where, "before": before, "head": head})
    page = f"{site.url}/mary/app/issues/7"
    comment = {
        "id": 8,
        "html_url": f"{page}#issuecomment-8",
        "body": f"It fails with `Bearer {said}`. Why?",
    }
    payload = {"action": "created", "issue": {"number": 7, "html_url": page}, "comment": comment}
    site.tell("IssueCommentEvent", "mary/app", payload)


def write_settings(
    folder: Path, issuer: Issuer, url: str, smtp_port: int, site: str | None = None
) -> Path:
    """Write the configuration that an operator would; everything stays in the folder."""
    path = folder / "leakscan.toml"
    github = "[github]\napi_url = {0}\ngit_url = {0}\n\n".format(toml_text(site)) if site else ""
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

{github}[mail]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "Token issuer <security@example.com>"
token_page = {toml_text(f"{url}/tokens")}

{rule_override()}""",
        encoding="utf-8",
    )
    return path
