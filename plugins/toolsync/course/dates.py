"""Dates of courses that depend on a timezone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from toolsync.moodle.session import Site


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
    return [(course, _weeks_later(start, max(last, 1), _zone(name, site))) for course, start, last, name in rows]


def _zone(name: str, site: Site) -> ZoneInfo:
    return ZoneInfo(name if name in available_timezones() else site.timezone)


def _next_midnight(time: int, zone: ZoneInfo) -> datetime:
    day = datetime.fromtimestamp(time, zone) + timedelta(days=1)
    return day.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _weeks_later(start: int, weeks: int, zone: ZoneInfo) -> int:
    return int((datetime.fromtimestamp(start, zone) + timedelta(weeks=weeks)).timestamp())
