"""Values of date profile fields, converted as Moodle does before it stores them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from toolsync.moodle.session import Site

Row = tuple[int, int, str, str | None, str | None, str | None, str]
Answer = tuple[int, int, int, str | None]


def as_stored(rows: Iterable[Row], site: Site) -> list[Answer]:
    """Move dates into the range of years that their field allows, and to midnight when it has no time of day.

    :param rows: line, field id, Unix seconds (as text), first year, last year, whether the field has a time of day ('' or
        '0': no), timezone of the file ('' for the site's).
    :return: line, field id, Unix seconds, and a note when the year was changed.
    """
    return [_stored(*row, site) for row in rows]


def _stored(
    line: int, field: int, seconds: str, first: str | None, last: str | None, timed: str | None, zone: str, site: Site
) -> Answer:
    given = datetime.fromtimestamp(int(seconds), ZoneInfo(zone or site.timezone))
    year = min(max(given.year, _year(first, given.year)), _year(last, given.year))
    kept = _in_year(given, year)
    if timed in (None, "", "0"):
        kept = kept.replace(hour=0, minute=0, second=0, fold=0)
    note = None if year == given.year else f"this field allows the years {first} to {last}: stored as {kept:%Y-%m-%d}"
    return line, field, int(kept.timestamp()), note


def _year(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise


def _in_year(day: datetime, year: int) -> datetime:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return day.replace(year=year, month=3, day=1)
