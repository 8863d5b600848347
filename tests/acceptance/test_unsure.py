"""What is of medium confidence is recorded, said and not disabled, unless a person says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scanning import CLEAN, FOUND, MISUSED

from hub import Change
from leakscan.detect.digests import build_digest_file

if TYPE_CHECKING:
    from responding import Done, Office
    from watched import Town

UNDECIDED = "1 of medium confidence recorded, not disabled: see `leakscan findings show 1`"


def know_no_checksum(office: Office, *, verify: bool = False) -> None:
    """Leave out what proves this issuer's tokens, and, unless wanted, who says if one works."""
    text = office.settings.read_text(encoding="utf-8")
    begin = text.index("# For leakscan's own configuration")
    end = text.find("[github]", begin)  # of a watch
    office.configure(text[begin : end if end > 0 else None], "")
    if not verify:
        office.configure(text[text.index("[verify]") : text.index("[mail]")], "")


def leak_glued(office: Office, name: str = "glued") -> str:
    """Write a token behind an identifier: all but surely one."""
    token = office.leak(name)
    (office.folder / f"{name}.env").write_text(f"name = my_{token}\n")
    return token


def assert_undecided(done: Done, office: Office, token: str) -> None:
    assert done.status == FOUND, done.stderr
    assert f"leakscan: {UNDECIDED}\n" in done.stderr
    assert "not known to be dead" not in done.stderr
    assert "no disable hook" not in done.stderr
    assert office.issuer.bearer(token)
    assert office.sink.mails == []


def test_it_is_recorded_and_said(office: Office) -> None:
    know_no_checksum(office)
    token = leak_glued(office)
    for _ in range(2):
        done = office.scan("glued")
        assert_undecided(done, office, token)
        assert "disable the token" in done.stdout  # nobody has
    assert office.run("respond").stdout == "nothing was due\n"


def test_a_person_has_it_disabled(office: Office) -> None:
    know_no_checksum(office)
    token = leak_glued(office)
    office.scan("glued")
    shown = office.run("findings", "show", "1").stdout
    hint = "kept, encrypted, until a person decides: `leakscan findings disable 1`, or `resolve 1`"
    assert hint in " ".join(shown.split())
    assert "r8_" in office.run("findings", "list", "--undecided").stdout
    done = office.run("findings", "disable", "1")
    assert (done.status, done.stdout) == (
        CLEAN,
        "#1 is to be disabled; now run `leakscan respond`.\n",
    )
    assert office.run("respond").status == CLEAN
    assert office.issuer.bearer(token) is None
    assert len(office.sink.mails) == 1
    assert office.run("findings", "list", "--undecided").stdout == "No findings.\n"
    assert office.run("findings", "disable", "1").status == MISUSED
    again = office.scan("glued")
    assert (again.status, "not disabled" in again.stderr) == (FOUND, False)


def test_it_is_disabled_once_it_is_seen_plainly(office: Office) -> None:
    know_no_checksum(office)
    token = leak_glued(office)
    office.scan("glued")
    (office.folder / "plain.env").write_text(f"REPLICATE_API_TOKEN={token}\n")
    done = office.scan("plain")
    assert "1 recorded, 0 of them new · 1 disabled · 1 mail to owners" in done.stderr
    assert office.issuer.bearer(token) is None
    again = office.scan("glued")
    assert ("nothing was due" in again.stderr, "not disabled" in again.stderr) == (True, False)


@pytest.mark.parametrize("proof", ["checksum", "digests", "issuer"])
def test_what_is_proved_is_disabled_however_it_is_written(office: Office, proof: str) -> None:
    token = leak_glued(office)
    if proof != "checksum":
        know_no_checksum(office, verify=proof == "issuer")
    if proof == "digests":
        key = bytes(range(32))
        build_digest_file([token], key, office.folder / "issued.digests")
        (office.folder / "digest.key").write_text(key.hex())
        (office.folder / "digest.key").chmod(0o600)
        files = 'file = "issued.digests"\nkey_file = "digest.key"'
        office.configure("[mail]", f"[digests]\n{files}\n\n[mail]")
    done = office.scan("glued")
    assert (done.status, "1 disabled" in done.stderr) == (FOUND, True), done.stderr
    assert "not disabled" not in done.stderr
    assert office.issuer.bearer(token) is None
    assert len(office.sink.mails) == 1


def test_a_watch_says_so_too(town: Town) -> None:
    know_no_checksum(town.office)
    token = town.new_token("glued")
    town.hub.push(town.hub.repository("acme/app"), Change({"a.env": f"name = my_{token}\n"}))
    done = town.watch("--once")
    assert_undecided(done, town.office, token)
