"""Dates of profile fields as Moodle stores them. The scenarios `users-profile-*` compare them with Moodle itself."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.support.clock import ParisSite
from toolsync.moodle.profile_dates import as_stored

PARIS = ZoneInfo("Europe/Paris")


def seconds(year: int, month: int, day: int, hour: int = 0, minute: int = 0, zone: ZoneInfo = PARIS) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=zone).timestamp())


def stored(
    moment: int, first: str | None = "1950", last: str | None = "2026", timed: str | None = "0", zone: str = ""
) -> tuple[int, str | None]:
    [(line, field, kept, note)] = as_stored([(7, 3, str(moment), first, last, timed, zone)], ParisSite())
    assert (line, field) == (7, 3)
    return kept, note


def test_a_date_in_range_stays():
    assert stored(seconds(1990, 12, 9)) == (seconds(1990, 12, 9), None)


@pytest.mark.parametrize("timed", [None, "", "0"])
def test_the_time_of_day_is_dropped_if_the_field_has_none(timed: str | None):
    assert stored(seconds(2001, 7, 1, 23, 30), timed=timed) == (seconds(2001, 7, 1), None)


def test_the_time_of_day_is_kept_if_the_field_has_one():
    assert stored(seconds(2001, 7, 1, 23, 30), timed="1") == (seconds(2001, 7, 1, 23, 30), None)


def test_a_year_out_of_range_is_moved_into_it_and_noted():
    kept, note = stored(seconds(1931, 5, 6))
    assert kept == seconds(1950, 5, 6)
    assert note is not None and "1950 to 2026" in note and "1950-05-06" in note


def test_the_29th_of_february_in_a_common_year_is_the_first_of_march():
    assert stored(seconds(2028, 2, 29))[0] == seconds(2026, 3, 1)


def test_a_field_without_a_range_of_years_takes_any():
    assert stored(seconds(1890, 1, 2), first="", last=None) == (seconds(1890, 1, 2), None)


def test_the_day_is_that_in_the_timezone_of_the_file():
    tokyo = ZoneInfo("Asia/Tokyo")
    assert stored(seconds(2001, 7, 1, 3, zone=tokyo), zone="Asia/Tokyo") == (seconds(2001, 7, 1, zone=tokyo), None)
