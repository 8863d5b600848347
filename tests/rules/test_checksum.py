"""Checksums: every published vector, and what holds for any token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.model import Checksum, ChecksumVerdict
from leakscan.rules import compute, load_rules, verify, verify_match

BASE62 = Checksum("crc32", "body", "base62", 6)
HEX = Checksum("crc32", "body", "hex", 8)
BASE64 = Checksum("crc32", "body", "base64", 6, byte_order="little")
GRAFANA = Checksum("crc32", "prefix+body", "hex", 8, byte_order="little")

VECTORS = [
    ("github-token", "ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"),
    ("github-token", "gho_", "adE7dp8rHP6gUTuPwxLTZjZdtya3sV", "0UQzQM"),
    ("github-token", "ghs_", "H3xbiBdlzffNx7Y56iNsPw3joObj7U", "2nO29h"),
    ("npm-access-token", "npm_", "qkJaB6MffYVzZXWqmcoF49yrUxP3wf", "0LsakP"),
    (
        "vercel-token",
        "vcp_",
        "35UYJwYZDigYATKhxJUAhPqRhit2Xe3dtiG60LsUTHeklEXDQ9",
        "4Jafpu",
    ),
    (
        "grafana-service-account-token",
        "glsa_",
        "DuMmY-T0K3N-f0R-tHe-Te5t-CRC32Ok",
        "770c8cda",
    ),
    ("zuplo-api-key", "zpka_", "3e6c4f7d39954ca29353b7ab88589b64", "de26cd55"),
    (
        "confluent-api-secret",
        "cflt",
        "qPLd2lLPAtWtHGNhN32WlZxoEj30pcg8mzaPlPJ937JlMa7n9YCRLo",
        "oqgifw",
    ),
]
RULES = {rule.id: rule for rule in load_rules()}
statements = st.one_of(
    st.builds(
        Checksum,
        st.just("crc32"),
        st.sampled_from(["body", "prefix+body"]),
        st.just("base62"),
        st.integers(6, 12),
        pad=st.sampled_from("0A-"),
    ),
    st.builds(
        Checksum,
        st.just("crc32"),
        st.sampled_from(["body", "prefix+body"]),
        st.sampled_from(["hex", "base64"]),
        st.integers(4, 6),
        byte_order=st.sampled_from(["big", "little"]),
    ),
)
bodies = st.text("0123456789ABCXYZabcxyz_-", min_size=1, max_size=60)


@pytest.mark.parametrize(("rule_id", "prefix", "body", "expected"), VECTORS)
def test_published_vectors(rule_id: str, prefix: str, body: str, expected: str) -> None:
    rule = RULES[rule_id]
    assert rule.checksum is not None
    assert compute(rule.checksum, prefix, body) == expected
    groups = {"prefix": prefix, "body": body, "checksum": expected}
    assert verify_match(rule, groups) is ChecksumVerdict.VALID


def test_every_checksum_rule_has_a_vector() -> None:
    stated = {rule.id for rule in RULES.values() if rule.checksum}
    assert stated == {rule_id for rule_id, *_ in VECTORS}


@given(statements, bodies)
def test_what_was_computed_verifies(checksum: Checksum, body: str) -> None:
    given_sum = compute(checksum, "r8_", body)
    assert len(given_sum) == checksum.width
    assert verify(checksum, "r8_", body, given_sum) is ChecksumVerdict.VALID
    assert verify(checksum, "r8_", body + given_sum) is ChecksumVerdict.VALID


@given(bodies, st.data())
def test_any_one_changed_character_shows(body: str, data: st.DataObject) -> None:
    # A CRC catches every error burst of up to 32 bits, and so every changed byte.
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from([c for c in "0aZ_" if c != body[at]]))
    changed = body[:at] + other + body[at + 1 :]
    for checksum in (BASE62, HEX):
        wrong = verify(checksum, "", changed, compute(checksum, "", body))
        assert wrong is ChecksumVerdict.INVALID


def test_no_statement_means_unknown() -> None:
    assert verify(None, "r8_", "whatever", "x") is ChecksumVerdict.UNKNOWN


def test_the_prefix_counts_only_where_the_rule_says_so() -> None:
    assert compute(BASE62, "a_", "body") == compute(BASE62, "b_", "body")
    assert compute(GRAFANA, "a_", "body") != compute(GRAFANA, "b_", "body")


def test_short_base62_sums_are_padded() -> None:
    # The CRC of this body, a published vector, needs five digits.
    body = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"
    assert compute(Checksum("crc32", "body", "base62", 8, pad="-"), "", body) == "---mLq17"


def test_hex_sums_may_be_written_in_capitals() -> None:
    sum_ = compute(HEX, "", "zQ")
    assert verify(HEX, "", "zQ", sum_.upper()) is ChecksumVerdict.VALID
    assert verify(BASE64, "", "zQ", compute(BASE64, "", "zQ").swapcase()) is ChecksumVerdict.INVALID


@pytest.mark.parametrize("groups", [{}, {"body": ""}, {"body": "abc", "checksum": None}])
def test_a_body_that_cannot_hold_a_sum_is_invalid(groups: dict[str, str | None]) -> None:
    assert verify_match(RULES["npm-access-token"], groups) is ChecksumVerdict.INVALID
