"""Reading dates, yes/no and whole numbers."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolsync.reading.values import (
    A_MOMENT,
    EARLIEST,
    LATEST,
    NO,
    YES,
    UnreadableValue,
    moment_or_none,
    read_account_zone,
    read_integer,
    read_moment,
    read_yesno,
    read_zone,
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
        ("631152000", 631152000),
        ("253402300799", 253402300799),
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
        "+1767225600", "1767225600.0", "46266", "46266.375", "46266,375", "46266.", "46,266", "9" * 30, "9" * 5000, "1767225600 s", "9999-12-31 23:59:59-14:00",
    ],
)  # fmt: skip
def test_texts_that_are_not_dates(text):
    with pytest.raises(UnreadableValue):
        read_moment(text, PARIS)
    assert moment_or_none(text, PARIS) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("46266", "this looks like a spreadsheet's number for 2026-09-01: write the date"),
        ("46266.375", "this looks like a spreadsheet's number for 2026-09-01 09:00: write the date"),
        ("46266,375", "this looks like a spreadsheet's number for 2026-09-01 09:00: write the date"),
        ("46266.3333333333", "this looks like a spreadsheet's number for 2026-09-01 08:00: write the date"),
        ("46266.999999", "this looks like a spreadsheet's number for 2026-09-02 00:00: write the date"),
        ("10000", "this looks like a spreadsheet's number for 1927-05-18: write the date"),
        ("99999", "this looks like a spreadsheet's number for 2173-10-13: write the date"),
        ("20260901", "digits alone are Unix seconds, and these look like a year or a date: write 2026-09-01"),
        ("2026", "digits alone are Unix seconds, and these look like a year or a date: write 2026-09-01"),
        ("1767225600000", "this date is before 1900 or after 9999; a number is Unix seconds, not milliseconds"),
        *(
            (text, f"expected: {A_MOMENT}")
            for text in ("-1", "365", "010926", "1234567", "20261301", "46,266", "nan5.")
        ),
    ],
)
def test_numbers_that_are_no_date_are_named_for_what_they_look_like(text, message):
    with pytest.raises(UnreadableValue) as raised:
        read_moment(text, PARIS)
    assert str(raised.value) == message


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


@pytest.mark.parametrize(
    "text",
    ["99", "Europe/Paris", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "UTC", "CET", "PST", "US/Pacific", "Asia/Calcutta",
     "0", "1", "+1", "-3.5", "5.5", "05.0", "12.5", "-12", "13", "13.0"],
)  # fmt: skip
def test_timezones_of_accounts(text):
    assert read_account_zone(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [("Nowhere/City", None), ("Paris time", None), ("europe/paris", "Europe/Paris"), ("Paris", "Europe/Paris"), ("new york", "America/New_York"),
     ("Europe", None), ("Europe/", None), ("../Europe/Paris", None), ("Etc/GMT+5", None), ("14", None), ("-13", None), ("5.3", None), ("100", None),
     ("localtime", None), ("Factory", None), ("Europe/Paris\u200b", None), ("x" * 101, None)],
)  # fmt: skip
def test_timezones_that_moodle_does_not_know(text, meant):
    with pytest.raises(UnreadableValue) as raised:
        read_account_zone(text)
    assert str(raised.value) == "expected: a time zone such as Europe/Paris, or 99" + (
        f"; is it {meant}?" if meant else ""
    )


def test_the_timezone_of_a_param():
    assert read_zone("Europe/Paris") == PARIS
    with pytest.raises(UnreadableValue, match="there is no timezone 'europe/paris'; is it Europe/Paris?"):
        read_zone("europe/paris")
