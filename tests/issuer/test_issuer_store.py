"""The store: what is kept, what is refused, and what a folder may look like."""

from __future__ import annotations

import re
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from issuing import PASSWORD

from leakscan.detect.digests import DigestFile, digest_key
from leakscan.errors import LeakscanError, UsageError
from leakscan.issuer.minting import CHECKSUM, mint
from leakscan.issuer.store import Issuer
from leakscan.issuer.tables import metadata
from leakscan.issuer.tokens import AlreadyCreatedError
from leakscan.issuer.values import Delivery, Leak
from leakscan.model import ChecksumVerdict
from leakscan.rules.checksum import verify

if TYPE_CHECKING:
    from leakscan.issuer.values import NewAccount

REPOSITORY = Path(__file__).parents[2]


def query(issuer: Issuer, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run a statement beside the issuer, as another process would."""
    with closing(sqlite3.connect(issuer.folder.database, timeout=30)) as connection:
        rows = connection.execute(statement, values).fetchall()
        connection.commit()
        return rows


def test_a_minted_token_has_its_checksum() -> None:
    minted = {mint().reveal() for _ in range(200)}
    assert len(minted) == 200
    for token in minted:
        assert re.fullmatch(r"r8_[0-9A-Za-z]{37}", token)
        assert verify(CHECKSUM, "r8_", token[3:]) is ChecksumVerdict.VALID


def test_an_account_begins_with_a_token(issuer: Issuer, ada: NewAccount) -> None:
    assert ada.token.name == "Default"
    assert (ada.account.username, ada.account.kind) == ("ada", "user")
    assert ada.account.email == "ada@example.com"
    (token,) = issuer.tokens("ada")
    assert (token.name, token.hint) == ("Default", ada.token.secret.redacted())
    assert token.last_used_at is None
    assert token.disabled is None
    assert issuer.accounts() == (ada.account,)


def test_no_secret_is_kept(issuer: Issuer, ada: NewAccount) -> None:
    secret = issuer.create_token("ada", "laptop").secret.reveal()
    issuer.bearer(secret)
    issuer.close()
    kept = b"".join(path.read_bytes() for path in issuer.folder.path.iterdir())
    for text in (secret, ada.token.secret.reveal(), PASSWORD):
        assert text.encode() not in kept
        assert text[10:30].encode() not in kept
    assert secret not in repr(ada) + repr(issuer)


def test_everything_is_for_its_owner_alone(tmp_path: Path) -> None:
    with Issuer.open(tmp_path / "a" / "b") as issuer:
        issuer.create_account("ada", password=PASSWORD)
        assert stat.S_IMODE(issuer.folder.path.stat().st_mode) == 0o700
        files = list(issuer.folder.path.iterdir())
        assert {path.name for path in files} > {
            "digest.key",
            "issuer.sqlite3",
            "session.key",
            "webhook.secret",
        }
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_another_opening_finds_everything(issuer: Issuer, ada: NewAccount) -> None:
    with Issuer.open(issuer.folder.path) as again:
        assert again.webhook_secret == issuer.webhook_secret
        assert again.session_key == issuer.session_key
        assert again.bearer(ada.token.secret.reveal()) == ada.account


def test_many_processes_may_make_one_folder(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from leakscan.issuer.store import Issuer\n"
        "with Issuer.open(pathlib.Path(sys.argv[1])) as issuer:\n"
        "    issuer.create_account(sys.argv[2], password='long enough')\n"
        "    print(issuer.webhook_secret, issuer.session_key.hex())\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "x"), f"user{number}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(6)
    ]
    answers = {process.communicate(timeout=100)[0] for process in running}
    assert {process.returncode for process in running} == {0}, answers
    assert len(answers) == 1
    with Issuer.open(tmp_path / "x") as issuer:
        assert len(issuer.accounts()) == 6


def test_a_bearer_is_known_until_the_token_is_disabled(issuer: Issuer, ada: NewAccount) -> None:
    laptop = issuer.create_token("ada", "laptop").secret.reveal()
    assert issuer.bearer(laptop) == ada.account
    assert issuer.bearer(mint().reveal()) is None
    assert issuer.bearer(laptop.swapcase()) is None
    assert issuer.bearer("") is None
    issuer.disable_token("ADA", "laptop")
    assert issuer.bearer(laptop) is None
    assert issuer.bearer(ada.token.secret.reveal()) == ada.account
    (disabled,) = [token for token in issuer.tokens("ada") if token.disabled]
    assert disabled.disabled is not None
    assert (disabled.name, disabled.disabled.by) == ("laptop", "owner")


def test_a_use_is_written_down_once_a_minute(issuer: Issuer, ada: NewAccount) -> None:
    secret = ada.token.secret.reveal()
    issuer.bearer(secret)
    ((first,),) = query(issuer, "SELECT last_used_at FROM tokens")
    issuer.bearer(secret)
    assert query(issuer, "SELECT last_used_at FROM tokens") == [(first,)]
    query(issuer, "UPDATE tokens SET last_used_at = '2026-01-02T03:04:05.000000Z'")
    issuer.bearer(secret)
    ((later,),) = query(issuer, "SELECT last_used_at FROM tokens")
    assert str(later) >= str(first)


def test_names_are_unique_in_an_account(issuer: Issuer, ada: NewAccount) -> None:
    issuer.create_account("bob", password=PASSWORD)
    issuer.create_token("bob", "laptop")
    issuer.create_token("ada", "laptop")
    with pytest.raises(UsageError, match="already a token laptop"):
        issuer.create_token("ada", " laptop ")
    with pytest.raises(UsageError, match="already a token Default"):
        issuer.rename_token("ada", "laptop", ada.token.name)
    issuer.rename_token("ada", "laptop", "laptop")
    issuer.rename_token("ada", "laptop", "Caf\u0065\u0301")
    with pytest.raises(UsageError, match="already a token"):
        issuer.create_token("ada", "Caf\u00e9")
    with pytest.raises(UsageError, match="already an account"):
        issuer.create_account("Ada", password=PASSWORD)
    assert {token.name for token in issuer.tokens("bob")} == {"Default", "laptop"}


def test_a_form_is_good_for_one_token(issuer: Issuer, ada: NewAccount) -> None:
    form = "0f" * 16
    issuer.create_token("ada", "laptop", form=form)
    issuer.rename_token("ada", "laptop", "desktop")
    with pytest.raises(AlreadyCreatedError):
        issuer.create_token("ada", "laptop", form=form)
    assert len(issuer.tokens("ada")) == 2
    issuer.create_account("bob", password=PASSWORD)
    issuer.create_token("bob", "laptop", form=form)
    assert ada.account.username == "ada"


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "a\x1b[0m", "\u202egnp", "\udcff"])
def test_what_is_no_name(issuer: Issuer, name: str) -> None:
    for act in (
        lambda: issuer.create_token("ada", name),
        lambda: issuer.rename_token("ada", "Default", name),
        lambda: issuer.create_account("eve", password=PASSWORD, name=name),
    ):
        with pytest.raises(UsageError, match="no name"):
            act()
    assert len(issuer.tokens("ada")) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"username": ""}, "no user name"),
        ({"username": "-ada"}, "no user name"),
        ({"username": "a" * 40}, "no user name"),
        ({"username": "ada\n"}, "no user name"),
        ({"username": "\u00e4da"}, "no user name"),
        ({"email": "ada"}, "no e-mail"),
        ({"email": "ada@example.com\nBcc: eve@example.com"}, "no e-mail"),
        ({"email": "ada@a@b"}, "no e-mail"),
        ({"locale": "../../etc"}, "no locale"),
        ({"github_url": "javascript:alert(1)"}, "no web page"),
        ({"password": "pa-55-w"}, "too short"),
        ({"password": "x" * 1001}, "too long"),
    ],
)
def test_what_is_no_account(issuer: Issuer, changes: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        issuer.create_account(**({"username": "ada", "password": PASSWORD} | changes))
    assert caught.value.remedy
    assert changes.get("password", "\n") not in str(caught.value)
    assert issuer.accounts() == ()


@pytest.mark.usefixtures("ada")
def test_what_is_not_there(issuer: Issuer) -> None:
    with pytest.raises(UsageError, match="no account bob"):
        issuer.create_token("bob", "laptop")
    with pytest.raises(UsageError, match="no account"):
        issuer.tokens("\udcff")
    with pytest.raises(UsageError, match="ada has no token laptop"):
        issuer.disable_token("ada", "laptop")
    with pytest.raises(UsageError, match="ada has no token laptop"):
        issuer.rename_token("ada", "laptop", "desktop")
    issuer.disable_token("ada", "Default")
    with pytest.raises(UsageError, match="disabled before"):
        issuer.disable_token("ada", "Default")
    assert issuer.session_account(7, "") is None
    with pytest.raises(UsageError, match="no account bob"):
        issuer.set_password("bob", PASSWORD)


def test_signing_in(issuer: Issuer, ada: NewAccount) -> None:
    for name in ("ada", "ADA"):
        signed_in = issuer.sign_in(name, PASSWORD)
        assert signed_in is not None
        assert signed_in.account == ada.account
        assert issuer.session_account(ada.account.id, signed_in.mark) == ada.account
    assert issuer.sign_in("ada", PASSWORD + " ") is None
    assert issuer.sign_in("bob", PASSWORD) is None


def test_owners_may_disable_only_once_from_many_threads(issuer: Issuer, ada: NewAccount) -> None:
    def disable(_number: int) -> bool:
        try:
            issuer.disable_token("ada", ada.token.name)
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(disable, range(20))) == 1


def test_the_exported_list_knows_every_token(issuer: Issuer, ada: NewAccount) -> None:
    issued = [issuer.create_token("ada", f"token {number}").secret for number in range(50)]
    issuer.disable_token("ada", "token 7")
    out = issuer.folder.path.parent / "issued.digests"
    assert issuer.export_digests(out) == 51
    with DigestFile.open(out, digest_key(issuer.folder.digest_key)) as exported:
        assert len(exported) == 51
        assert all(secret in exported for secret in [ada.token.secret, *issued])
        assert mint() not in exported
    with pytest.raises(UsageError, match="cannot write"):
        issuer.export_digests(out / "absent" / "file")


def test_a_newer_database_is_refused(issuer: Issuer, tmp_path: Path) -> None:
    issuer.close()
    query(issuer, "PRAGMA user_version = 7")
    with pytest.raises(LeakscanError, match=r"version 7.*: update leakscan"):
        Issuer.open(tmp_path / "issuer")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "issuer.sqlite3")) as connection:
        connection.execute("CREATE TABLE cookies (name TEXT)")
    with pytest.raises(LeakscanError, match="not the database of an issuer"):
        Issuer.open(tmp_path)


@pytest.mark.parametrize("name", ["digest.key", "session.key", "webhook.secret", "issuer.sqlite3"])
@pytest.mark.parametrize("content", [b"short", b"\xff" * 5000])
def test_a_damaged_file_is_one_line(issuer: Issuer, name: str, content: bytes) -> None:
    issuer.close()
    (issuer.folder.path / name).write_bytes(content)
    with pytest.raises(LeakscanError, match=re.escape(name)) as caught:
        Issuer.open(issuer.folder.path)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LeakscanError, match="cannot be used"):
        Issuer.open(tmp_path / "file")
    with pytest.raises(LeakscanError, match="cannot be used"):
        Issuer.open(tmp_path / "file" / "below")


def test_a_locked_database_is_one_line(
    issuer: Issuer, ada: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leakscan.storage.PATIENCE", 0.05)
    with Issuer.open(issuer.folder.path) as impatient:
        with closing(sqlite3.connect(issuer.folder.database)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LeakscanError, match="locked by another process"):
                impatient.create_token("ada", "laptop")
            assert impatient.tokens("ada")  # readers do not wait
        impatient.create_token(ada.account.username, "laptop")


def test_every_table_and_column_says_what_it_is() -> None:
    for table in metadata.tables.values():
        assert table.comment
        for column in table.columns:
            assert column.comment, column


def test_the_documentation_lists_every_column() -> None:
    text = (REPOSITORY / "docs" / "issuer.md").read_text(encoding="utf-8")
    tables = re.findall(r"\*\*Table `(\w+)`\*\*: (.+)\.\n\n((?:\|.*\n)+)", text)
    assert [(name, comment) for name, comment, _ in tables] == [
        (table.name, table.comment) for table in metadata.tables.values()
    ]
    for name, _, rows in tables:
        documented = re.findall(r"^\| `(\w+)` \| (.+) \|$", rows, re.MULTILINE)
        columns = metadata.tables[name].columns
        assert documented == [(column.name, column.comment) for column in columns]


def test_leaked_tokens_are_listed_before_those_disabled_by_hand(
    issuer: Issuer, ada: NewAccount
) -> None:
    issuer.create_token("ada", "old")
    issuer.create_token("ada", "new")
    issuer.disable_token("ada", "new")
    leak = Leak(ada.token.secret, "ab" * 32, "public-repository", (), 0)
    issuer.disable_leaked(leak, Delivery("msg", 2**31, "v1,x"))
    assert [token.name for token in issuer.tokens("ada")] == ["old", "Default", "new"]


def test_a_token_is_no_name_of_a_token(issuer: Issuer, ada: NewAccount) -> None:
    with pytest.raises(UsageError, match="must not hold a token"):
        issuer.create_token("ada", f"my {ada.token.secret.reveal()}")
