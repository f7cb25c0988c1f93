"""Reads the values of a command file: dates, yes/no, whole numbers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

CACHED = 65536  # dates: a file repeats few of them
YES = frozenset(("1", "yes", "y", "true", "on", "oui"))
NO = frozenset(("0", "no", "n", "false", "off", "non"))
YESNO = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = -2208988800  # 1900-01-01: dates of birth
LATEST = 253402300799  # 9999-12-31, which people write for "no end"
BIGINT = 2**63

MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:(?:[Tt]|\ +)(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?"
    r"\ ?([Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
SECONDS = re.compile(r"-?\d{9,20}", re.ASCII)  # fewer digits are a year, a date, or a spreadsheet's number of a day
NO_DATE = "0"  # as Moodle stores it
DAY_NUMBER = re.compile(r"\d{5}([.,]\d{1,20})?", re.ASCII)  # 1927 to 2173
DAY_ZERO = datetime(1899, 12, 30)  # of spreadsheets: day 1 is 1900-01-01, and 1900 has a 29 February
INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)

# Old offsets that Moodle's own code takes: from -12 to 13, with halves where there are cities.
OFFSET = re.compile(r"[+-]?(?:0?\d(?:\.[05])?|1[0-2](?:\.[05])?)|\+?13(?:\.0)?", re.ASCII)
SERVERS_ZONE = "99"
ZONE_NAME = re.compile(r"[A-Za-z0-9]+(?:/?[A-Za-z_-])+", re.ASCII)  # those that Moodle takes: not Etc/GMT+5
# Abbreviations that the zone database lacks and Moodle knows.
ABBREVIATIONS = frozenset(("CST", "CDT", "EDT", "FET", "IST", "JST", "MDT", "PDT", "PST"))

A_MOMENT = "a date (2026-09-01, 2026-09-01 08:00, 2026-09-01T08:00:00+02:00) or Unix seconds of 9 digits and more"
A_YESNO = "yes or no (1 0 yes no y n true false on off oui non)"
AN_INTEGER = "a whole number"
A_ZONE = "a time zone such as Europe/Paris, or 99"


class UnreadableValue(ValueError):
    """A value that is not of its column's type. The message says what is expected and does not repeat the value."""


def read_yesno(text: str) -> bool | None:
    """Read a yes/no cell; None when it is empty.

    :raises UnreadableValue: when it is neither yes nor no.
    """
    text = text.strip()
    if not text:
        return None
    try:
        return YESNO[text.lower()]
    except KeyError:
        raise UnreadableValue(f"expected: {A_YESNO}") from None


def read_integer(text: str) -> int | None:
    """Read a whole number that fits a BIGINT column; None when the cell is empty.

    :raises UnreadableValue: when it is not such a number.
    """
    text = text.strip()
    if not text:
        return None
    if not INTEGER.fullmatch(text) or not -BIGINT <= int(text) < BIGINT:
        raise UnreadableValue(f"expected: {AN_INTEGER}")
    return int(text)


def read_moment(text: str, zone: tzinfo) -> int | None:
    """Read a date as Unix seconds; None when the cell is empty.

    A local time that daylight saving skips is read as if the clocks had not been changed; of one that occurs twice, the first is meant.

    :param zone: the timezone of a date without an offset.
    :raises UnreadableValue: when it is not a date, or before 1900 or after 9999.
    """
    moment, error = _parsed(text.strip(), zone)
    if error:
        raise UnreadableValue(error)
    return moment


def moment_or_none(text: str, zone: tzinfo) -> int | None:
    """As `read_moment`, but None when the text is not a date."""
    return _parsed(text, zone)[0] if text[:1].isdigit() else None


def yesno_or_none(text: str) -> bool | None:
    """As `read_yesno`, but None when the text is neither yes nor no."""
    return YESNO.get(text.lower())


@lru_cache(maxsize=CACHED)
def _parsed(text: str, zone: tzinfo) -> tuple[int | None, str | None]:
    """Unix seconds (None when empty or not a date), and why the text is not a date."""
    if not text:
        return None, None
    if text == NO_DATE:
        return 0, None
    if SECONDS.fullmatch(text):
        return _in_range(int(text))
    match = MOMENT.fullmatch(text)
    if not match:
        return None, _why_no_date(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    offset = match[7]
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_offset(offset) if offset else zone)
    except ValueError:
        return None, "there is no such date or time"
    # Not timestamp(): a zone's offset at either end of the calendar would overflow it.
    return _in_range((moment - EPOCH) // timedelta(seconds=1))


def _why_no_date(text: str) -> str:
    if number := DAY_NUMBER.fullmatch(text):
        day = DAY_ZERO + timedelta(minutes=round(float(text.replace(",", ".")) * 24 * 60))
        return f"this looks like a spreadsheet's number for {day:{'%Y-%m-%d %H:%M' if number[1] else '%Y-%m-%d'}}: write the date"
    if _looks_like_a_calendar_date(text):
        return "digits alone are Unix seconds, and these look like a year or a date: write 2026-09-01"
    return f"expected: {A_MOMENT}"


def _looks_like_a_calendar_date(digits: str) -> bool:
    if len(digits) == 4:
        return digits.isdecimal() and "1900" <= digits <= "2199"
    if len(digits) != 8 or not digits.isdecimal() or not "1900" <= digits[:4] <= "2199":
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _offset(text: str) -> timezone:
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if distance > timedelta(hours=14) or int(digits[2:]) > 59:
        raise ValueError(text)
    return timezone(-distance if text[0] == "-" else distance)


def _in_range(seconds: int) -> tuple[int | None, str | None]:
    if EARLIEST <= seconds <= LATEST:
        return seconds, None
    return None, "this date is before 1900 or after 9999; a number is Unix seconds, not milliseconds"


def read_zone(name: str) -> ZoneInfo:
    """The timezone of a name such as `Europe/Paris`.

    :raises UnreadableValue: when there is no such timezone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such name; no name at all; the name of a folder
        raise UnreadableValue(f"there is no timezone {name!r}{_is_it(name)}") from None


def read_account_zone(text: str) -> str:
    """Read the timezone of an account as Moodle stores it: a name, 99 for the server's, or an old offset such as 5.5.

    :raises UnreadableValue: when Moodle does not know it, and would take the server's in its place.
    """
    if text == SERVERS_ZONE or text in _account_zones() or OFFSET.fullmatch(text):
        return text
    raise UnreadableValue(f"expected: {A_ZONE}{_is_it(text)}")


@cache
def _account_zones() -> frozenset[str]:
    return ABBREVIATIONS.union(filter(ZONE_NAME.fullmatch, available_timezones() - {"localtime", "Factory"}))


def _is_it(name: str) -> str:
    """The timezone that was probably meant, as the end of a sentence."""
    meant = _meant_zones().get(name.strip().replace(" ", "_").casefold())
    return f"; is it {meant}?" if meant else ""


@cache
def _meant_zones() -> dict[str, str]:
    """The names of timezones in lower case, and cities alone."""
    names = sorted(_account_zones() - ABBREVIATIONS, reverse=True)
    return {name.rpartition("/")[2].casefold(): name for name in names} | {name.casefold(): name for name in names}
