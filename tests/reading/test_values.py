"""Reading dates, yes/no and whole numbers."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolsync.reading.values import (
    EARLIEST,
    LATEST,
    NO,
    YES,
    UnreadableValue,
    moment_or_none,
    read_integer,
    read_moment,
    read_yesno,
    yesno_or_none,
)

PARIS = ZoneInfo("Europe/Paris")


def at(year, month, day, hour=0, minute=0, second=0):
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("   ", None),
        ("0", 0),
        ("1767225600", 1767225600),
        ("-631152000", -631152000),
        ("2026-09-01", at(2026, 8, 31, 22)),
        (" 2026-09-01 ", at(2026, 8, 31, 22)),
        ("2026-01-01", at(2025, 12, 31, 23)),
        ("2026-09-01 08:00", at(2026, 9, 1, 6)),
        ("2026-09-01 08:00:30", at(2026, 9, 1, 6, 0, 30)),
        ("2026-09-01T08:00:00", at(2026, 9, 1, 6)),
        ("2026-09-01t08:00", at(2026, 9, 1, 6)),
        ("2026-09-01T08:00:00Z", at(2026, 9, 1, 8)),
        ("2026-09-01T08:00:00.999Z", at(2026, 9, 1, 8)),
        ("2026-09-01T08:00:00+05:30", at(2026, 9, 1, 2, 30)),
        ("2026-09-01 08:00 -0930", at(2026, 9, 1, 17, 30)),
        ("2026-09-01T08:00+14", at(2026, 8, 31, 18)),
        ("1990-12-09", at(1990, 12, 8, 23)),
        ("2024-02-29", at(2024, 2, 28, 23)),
        ("9999-12-31", at(9999, 12, 30, 23)),
    ],
)
def test_dates(text, expected):
    assert read_moment(text, PARIS) == expected


def test_a_time_that_daylight_saving_skips_is_read_as_if_the_clocks_had_not_been_changed():
    assert read_moment("2026-03-29 02:30", PARIS) == at(2026, 3, 29, 1, 30)


def test_of_a_time_that_occurs_twice_the_first_is_meant():
    assert read_moment("2026-10-25 02:30", PARIS) == at(2026, 10, 25, 0, 30)


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow", "01/09/2026", "1.9.2026", "2026-9-1", "2026-13-01", "2026-02-30", "2025-02-29", "2026-09-01 24:00",
        "2026-09-01 8:00", "2026-09-01 08:60", "2026-09-01T", "2026-09-01 08:00:00+15:00", "2026-09-01 08:00+02:75",
        "2026-09-01+02:00", "2026", "1999", "20260901", "1767225600000", "12.5", "1e9", "١٢٣٤", "2026-09-01\n08:00",
        "0001-01-01", "0000-00-00", "--1", "1767225600 s", "9999-12-31 23:59:59-14:00",
    ],
)  # fmt: skip
def test_texts_that_are_not_dates(text):
    with pytest.raises(UnreadableValue):
        read_moment(text, PARIS)
    assert moment_or_none(text, PARIS) is None


def test_digits_that_can_not_be_a_date_are_unix_seconds():
    assert read_moment("20261301", UTC) == 20261301
    assert read_moment("86400", UTC) == 86400


@given(st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_a_written_date_reads_back(moment, minutes):
    moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    assert read_moment(moment.isoformat(), PARIS) == expected
    assert read_moment(moment.replace(tzinfo=None).isoformat(sep=" "), moment.tzinfo) == expected


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_unreadable(text):
    try:
        moment = read_moment(text, PARIS)
    except UnreadableValue:
        return
    assert moment is None or EARLIEST <= moment <= LATEST


@pytest.mark.parametrize("text", [*sorted(YES), *sorted(word.upper() for word in YES), " Oui "])
def test_yes(text):
    assert read_yesno(text) is True


@pytest.mark.parametrize("text", [*sorted(NO), *sorted(word.title() for word in NO)])
def test_no(text):
    assert read_yesno(text) is False


@pytest.mark.parametrize("text", ["2", "maybe", "yess", "-1", "01", "ＹＥＳ"])
def test_neither_yes_nor_no(text):
    with pytest.raises(UnreadableValue, match="yes or no"):
        read_yesno(text)
    assert yesno_or_none(text) is None


def test_an_empty_cell_is_none():
    assert read_yesno("") is None
    assert read_integer(" ") is None
    assert read_moment("", UTC) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("-5", -5), ("+7", 7), ("007", 7), (str(2**63 - 1), 2**63 - 1)]
)
def test_whole_numbers(text, expected):
    assert read_integer(text) == expected


@pytest.mark.parametrize("text", ["1.0", "1e3", "one", "1 000", "0x10", str(2**63), "9" * 40, "１２"])
def test_texts_that_are_not_whole_numbers(text):
    with pytest.raises(UnreadableValue, match="whole number"):
        read_integer(text)
