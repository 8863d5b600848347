"""The digest file: membership, and every way in which a file or a key can be wrong."""

from __future__ import annotations

import hashlib
import hmac
import stat
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.detect.detector import Detector
from leakscan.detect.digests import DigestFile, build_digest_file, decode_key, digest_key
from leakscan.errors import LeakscanError, UsageError
from leakscan.model import Secret
from leakscan.rules import load_rules, select_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = bytes(range(32))
HEADER = 64
tokens = st.text("abcXYZ019_-é", min_size=1, max_size=40)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    path = tmp_path / "issued.digests"
    build_digest_file([f"r8_{number:037}" for number in range(1000)], KEY, path)
    return path


@settings(max_examples=50, deadline=None)
@given(issued=st.lists(tokens, max_size=300), others=st.lists(tokens, max_size=30))
def test_membership_is_exact(
    tmp_path_factory: pytest.TempPathFactory, issued: list[str], others: list[str]
) -> None:
    path = tmp_path_factory.mktemp("digests") / "file"
    assert build_digest_file(issued, KEY, path) == len(set(issued))
    with DigestFile.open(path, KEY) as file:
        assert len(file) == len(set(issued))
        assert all(token in file for token in issued)
        for token in others:
            assert (token in file) == (token in issued)


def test_a_secret_and_a_text_are_the_same_token(built: Path) -> None:
    with DigestFile.open(built, KEY) as file:
        assert Secret(f"r8_{7:037}") in file
        assert Secret(f"r8_{1000:037}") not in file
        assert 7 not in file
        assert None not in file


def test_the_layout_is_the_documented_one(built: Path) -> None:
    data = built.read_bytes()
    assert len(data) == HEADER + 1000 * 16
    magic, version, width, count, check = struct.unpack(">16sHH4xQ16s16x", data[:HEADER])
    assert (magic, version, width, count) == (b"leakscan digests", 1, 16, 1000)
    label = b"leakscan digests v1: key check"
    assert check == hmac.new(KEY, label, hashlib.sha256).digest()[:16]
    digests = [data[at : at + 16] for at in range(HEADER, len(data), 16)]
    assert digests == sorted(digests)
    one = hmac.new(KEY, f"r8_{7:037}".encode(), hashlib.sha256).digest()[:16]
    assert one in digests


def test_the_file_is_private_and_holds_no_token(built: Path) -> None:
    assert stat.S_IMODE(built.stat().st_mode) == 0o600
    assert b"r8_" not in built.read_bytes()
    assert [path.name for path in built.parent.iterdir()] == ["issued.digests"]


def test_a_failed_build_leaves_the_old_file(built: Path) -> None:
    before = built.read_bytes()

    def breaks() -> object:
        yield "r8_x"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        build_digest_file(breaks(), KEY, built)
    assert built.read_bytes() == before
    assert [path.name for path in built.parent.iterdir()] == ["issued.digests"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        build_digest_file(["r8_x"], KEY, tmp_path / "absent" / "file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        build_digest_file(["r8_x"], KEY, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_wrong_key_is_noticed(built: Path) -> None:
    with pytest.raises(UsageError, match="built with another key"):
        DigestFile.open(built, KEY[::-1])


@pytest.mark.parametrize(
    ("damage", "kind", "message"),
    [
        (lambda data: data[:0], UsageError, "not a digest file"),
        (lambda data: b"x" + data[1:], UsageError, "not a digest file"),
        (lambda data: data[:40], UsageError, "not a digest file"),
        (lambda data: data[:16] + b"\0\2" + data[18:], UsageError, "unknown version 2"),
        (lambda data: data[:-1], LeakscanError, "damaged"),
        (lambda data: data + b"x" * 16, LeakscanError, "damaged"),
    ],
)
def test_a_wrong_file_is_refused(built: Path, damage, kind: type, message: str) -> None:
    built.write_bytes(damage(built.read_bytes()))
    with pytest.raises(kind, match=message) as caught:
        DigestFile.open(built, KEY)
    assert str(built) in str(caught.value)
    assert caught.value.remedy


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the digest file.*check digests\.file"):
        DigestFile.open(tmp_path / "absent", KEY)
    with pytest.raises(UsageError, match="cannot read the digest file"):
        DigestFile.open(tmp_path, KEY)


def test_the_detector_takes_its_word(
    tmp_path: Path, token: str, new_token: Callable[[], str]
) -> None:
    path = tmp_path / "issued.digests"
    build_digest_file([token], KEY, path)
    with DigestFile.open(path, KEY) as issued:
        detector = Detector(select_rules(load_rules(), []), issued)
        found = detector.search(f"{token} {new_token()}".encode())
    assert [match.issued for match in found] == [True, False]


def test_keys_are_hex_or_text() -> None:
    assert decode_key(" 00112233445566778899AABBccddeeff\n", "x") == bytes.fromhex(
        "00112233445566778899aabbccddeeff"
    )
    assert decode_key("correct horse battery", "x") == b"correct horse battery"
    assert decode_key("0" * 33, "x") == b"0" * 33


@pytest.mark.parametrize("text", ["", "open sesame", "0011223344556677", "fifteen letters"])
def test_a_short_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UsageError, match="too short") as caught:
        decode_key(text, "the variable")
    assert not text or text not in str(caught.value)


def test_a_short_key_builds_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too short"):
        build_digest_file(["r8_x"], b"short", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_where_the_key_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, configured = tmp_path / "named", tmp_path / "configured"
    named.write_text("the key that was named\n")
    configured.write_text("the key configured\n")
    monkeypatch.delenv("LEAKSCAN_DIGEST_KEY", raising=False)
    assert digest_key(None, configured) == b"the key configured"
    monkeypatch.setenv("LEAKSCAN_DIGEST_KEY", "the key of the environment")
    assert digest_key(None, configured) == b"the key of the environment"
    assert digest_key(named, configured) == b"the key that was named"


def test_no_key_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEAKSCAN_DIGEST_KEY", raising=False)
    with pytest.raises(UsageError, match="LEAKSCAN_DIGEST_KEY"):
        digest_key()
    with pytest.raises(UsageError, match="cannot read the key file"):
        digest_key(tmp_path / "absent")
    (tmp_path / "raw").write_bytes(bytes(range(128, 160)))
    with pytest.raises(UsageError, match="holds text"):
        digest_key(tmp_path / "raw")
