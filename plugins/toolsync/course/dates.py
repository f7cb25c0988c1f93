"""Dates of courses that depend on the site's calendar."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from toolsync.moodle.session import Site


def tomorrow(rows: Iterable[tuple[int, str]], site: Site) -> list[tuple[int]]:
    """The first second of the day after a moment: when a new course begins, unless somebody says otherwise.

    :param rows: the moment in Unix seconds, and the timezone of who makes the course ('' is the site's).
    """
    return [(int(_midnight_after(now, _zone(name, site)).timestamp()),) for now, name in rows]


def week_ends(rows: Iterable[tuple[int, int, int, str]], site: Site) -> list[tuple[int, int]]:
    """The end of the last week of weekly courses.

    :param rows: course id, start date (Unix seconds), number of the last section, timezone ('' is the site's).
    :return: course id, end date.
    """
    return [(course, _weeks_later(start, max(last, 1), _zone(name, site))) for course, start, last, name in rows]


def _zone(name: str, site: Site) -> ZoneInfo:
    return ZoneInfo(name if name in available_timezones() else site.timezone)


def _midnight_after(moment: int, zone: ZoneInfo) -> datetime:
    day = datetime.fromtimestamp(moment, zone) + timedelta(days=1)
    return day.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _weeks_later(start: int, weeks: int, zone: ZoneInfo) -> int:
    return int((datetime.fromtimestamp(start, zone) + timedelta(weeks=weeks)).timestamp())
