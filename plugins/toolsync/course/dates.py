"""Dates of courses that depend on a timezone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from toolsync.moodle.releases import is_since
from toolsync.moodle.session import Site, zone_name

WEEK = 7 * 24 * 3600


def tomorrow(rows: Iterable[tuple[int, str]], site: Site) -> list[tuple[int]]:
    """The midnight that follows a time: the default start date of a new course.

    :param rows: a time in Unix seconds, and the timezone of the person who creates the course; empty: the site's.
    """
    return [(int(_next_midnight(now, _zone(name, site)).timestamp()),) for now, name in rows]


def week_ends(rows: Iterable[tuple[int, int, int, str]], site: Site) -> list[tuple[int, int]]:
    """The end of the last week of courses in weekly format.

    :param rows: course id, start date (Unix seconds), number of the last section, timezone (empty: the site's).
    :return: course id and end date (Unix seconds).
    """
    if is_since(site.version, "4.1.7", "4.2.4", "4.3.1"):
        return [(course, _weeks_later(start, max(last, 1), _zone(name, site))) for course, start, last, name in rows]
    # Moodle counted seconds, and added two hours in case the clocks change; in the last releases without the two hours.
    more = 0 if is_since(site.version, "4.1.6", "4.2.3", "4.3") else 7200
    return [(course, start + more + last * WEEK) for course, start, last, _ in rows]


def midnights(rows: Iterable[tuple[int, int, str]], site: Site) -> list[tuple[int, int]]:
    """The midnight with which a day begins.

    :param rows: a number that tells the row, a time in Unix seconds, and the timezone (empty: the site's).
    :return: the number, and the midnight in Unix seconds.
    """
    return [(row, _midnight_before(time, _zone(name, site))) for row, time, name in rows]


def shifts(rows: Iterable[tuple[int, int, int]], site: Site) -> list[tuple[int, str]]:
    """How far the dates of courses move, for people to see before they agree.

    :param rows: line, the start date so far or of the template, and the new one (Unix seconds).
    :return: line and `dates move by 364 days: 2025-09-01 → 2026-08-31`.
    """
    zone = ZoneInfo(site.timezone)
    return [(line, _shift(old, new, zone)) for line, old, new in rows]


def _shift(old: int, new: int, zone: ZoneInfo) -> str:
    """The distance as the calendar and the clock on the wall tell it."""
    back = "back " if new < old else ""
    try:
        before, after = datetime.fromtimestamp(old, zone), datetime.fromtimestamp(new, zone)
    except (ValueError, OverflowError, OSError):  # what a site stores need not be a date
        return f"dates move {back}by {abs(new - old):,} seconds"
    distance = abs(after.replace(tzinfo=None) - before.replace(tzinfo=None))
    days = f"{distance.days:,} day{'' if distance.days == 1 else 's'}"
    hours = f" {distance.seconds // 3600}:{distance.seconds // 60 % 60:02} h" if distance.seconds else ""
    return f"dates move {back}by {days}{hours}: {before:%Y-%m-%d} → {after:%Y-%m-%d}"


def _zone(name: str, site: Site) -> ZoneInfo:
    return ZoneInfo(zone_name(name) or site.timezone)


def _next_midnight(time: int, zone: ZoneInfo) -> datetime:
    return _midnight(datetime.fromtimestamp(time, zone) + timedelta(days=1))


def _midnight_before(time: int, zone: ZoneInfo) -> int:
    try:
        return int(_midnight(datetime.fromtimestamp(time, zone)).timestamp())
    except (ValueError, OverflowError, OSError):  # what a site stores need not be a date
        return time


def _midnight(day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _weeks_later(start: int, weeks: int, zone: ZoneInfo) -> int:
    try:
        return int((datetime.fromtimestamp(start, zone) + timedelta(weeks=weeks)).timestamp())
    except (ValueError, OverflowError, OSError):  # what a site stores need not be a date
        return start + weeks * WEEK
