"""What statuses mean, and when a server wants to be asked again."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.statuses import LONGEST_WAIT, retry_after, trouble_of
from leakscan.trouble import Trouble

DATE = "Tue, 09 May 2023 08:03:55 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "trouble"),
    [
        (401, {}, Trouble.REFUSED),
        (403, {}, Trouble.REFUSED),
        (403, {"retry-after": "7"}, Trouble.BUSY),
        (403, {"retry-after": "soon"}, Trouble.REFUSED),
        (404, {}, Trouble.GONE),
        (407, {}, Trouble.BARRED),
        (408, {}, Trouble.BUSY),
        (418, {}, Trouble.BROKEN),
        (429, {}, Trouble.BUSY),
        (451, {}, Trouble.BLOCKED),
        (599, {}, Trouble.BUSY),
    ],
)
def test_statuses(status: int, headers: dict[str, str], trouble: Trouble) -> None:
    assert trouble_of(status, headers) is trouble


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("0", "", 0),
        (" 7 ", "", 7),
        ("9" * 50, "", LONGEST_WAIT),
        ("-5", "", None),
        ("1.5", "", None),
        ("\u00b2", "", None),
        ("soon", DATE, None),
        ("", DATE, None),
        ("Tue, 09 May 2023 08:04:55 GMT", DATE, 60),
        ("Tue, 09 May 2023 07:04:55 GMT", DATE, 0),
        ("Tue, 09 May 2099 07:04:55 GMT", DATE, LONGEST_WAIT),
        ("Tue, 99 May 2023 08:04:55 GMT", DATE, None),
    ],
)
def test_when_to_ask_again(value: str, date: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value, "date": date}) == seconds


def test_a_server_that_does_not_tell_the_time_goes_by_ours() -> None:
    wait = retry_after({"retry-after": formatdate(time.time() + 3000, usegmt=True)})
    assert wait is not None
    assert 2900 < wait <= 3001


@given(st.text(), st.text())
def test_whatever_a_server_says(value: str, date: str) -> None:
    wait = retry_after({"retry-after": value, "date": date})
    assert wait is None or 0 <= wait <= LONGEST_WAIT
