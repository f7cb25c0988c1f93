"""Finds the courses that the filters of `toolsync_make_command_file` describe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.functions import sql_folder
from toolsync.reading.records import ESCAPED
from toolsync.reading.texts import one_line
from toolsync.reading.values import UnreadableValue, read_moment
from toolsync.running.sql_folder import Occasion, SqlFolder
from toolsync.running.state import RunState

# The Params that are filters, apart from `categories`.
PATTERNS = ("shortname", "fullname", "idnumber")
DATES = ("no_access_since", "ended_before", "started_before", "created_before")
FLAGS = ("hidden_only", "nobody_enrolled", "without_activities")
FILTERS = ("categories", *PATTERNS, *DATES, *FLAGS)

COURSES = (
    "SELECT c.id, c.shortname, c.`{key}`, b.bearers, c.fullname, k.name, c.visible, l.people, l.lastaccess, c.enddate "
    "FROM toolsync_life l JOIN {{course}} c ON c.id = l.courseid LEFT JOIN toolsync_bearers b ON b.courseid = c.id "
    "LEFT JOIN toolsync_category_name k ON k.categoryid = c.category ORDER BY COALESCE(l.lastaccess, 0), c.timecreated, c.id"
)


@dataclass(frozen=True)
class Course:
    """A course that meets the filters.

    :param identifier: what names it in the file.
    :param about: what a person needs to know about it, on one line.
    :param left_out: why it can't be named in the file; empty when it can.
    """

    id: int
    shortname: str
    identifier: str
    about: str
    left_out: str


def find_courses(state: RunState, params: Mapping[str, Any], zone: tzinfo) -> list[Course]:
    """Find the courses that meet all filters, the longest unused first.

    :param zone: the timezone of dates.
    :raises AirflowFailException: a Param can't be read, or names a category that does not exist.
    """
    session, key = state.session, params["course_id_field"]
    session.execute("SET @categories = %s", (len(lines_of_param(params["categories"])),))
    for name in PATTERNS:
        session.execute(f"SET @{name} = %s", (like(params[name]),))
    for name in DATES:
        session.execute(f"SET @{name} = %s", (date_param(name, params[name], zone),))
    find_categories(state, params, sql_folder("make_command_file", state, Occasion(options=params)))
    return [_course(key, row, zone) for row in session.rows(COURSES.format(key=key))]


def find_categories(state: RunState, params: Mapping[str, Any], folder: SqlFolder) -> None:
    """Find the categories of Param `categories`, and run the SQL of a folder that uses them.

    :raises AirflowFailException: there is no such category.
    """
    categories = lines_of_param(params["categories"])
    if params["category_id_field"] == "path":
        categories = [" / ".join(name.strip() for name in path.split(" / ")) for path in categories]
    state.tables.create_staging("toolsync_asked", "n INT NOT NULL PRIMARY KEY, value VARCHAR(4000) NOT NULL")
    state.tables.load("toolsync_asked", ("n", "value"), enumerate(categories))
    folder.run(folder.work)
    known = {n for (n,) in state.session.rows("SELECT DISTINCT n FROM toolsync_category_found")}
    if unknown := [name for n, name in enumerate(categories) if n not in known]:
        raise AirflowFailException(
            f"Param categories: no category has the {params['category_id_field']} {', '.join(map(repr, unknown))}."
        )


def lines_of_param(text: str | None) -> list[str]:
    """The lines of a multi-line Param, without blank ones."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def date_param(name: str, text: str | None, zone: tzinfo) -> int | None:
    """The Unix seconds of a Param that holds a date, or a number of days before today; None when it is empty.

    :raises AirflowFailException: the Param holds neither.
    """
    text = (text or "").strip()
    if text.isdecimal() and len(text) < 5:  # five digits are a spreadsheet's number of a day
        today = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return int((today - timedelta(days=int(text))).timestamp())
    try:
        return read_moment(text, zone)
    except UnreadableValue as error:
        raise AirflowFailException(f"Param {name}: {text!r} is neither a date nor a number of days: {error}.") from None


def like(pattern: str | None) -> str | None:
    """A pattern with `*` as a pattern of SQL's LIKE; None when it is empty."""
    text = (pattern or "").strip()
    for character in "\\%_":
        text = text.replace(character, f"\\{character}")
    return text.replace("*", "%") or None


def _course(key: str, row: tuple[Any, ...], zone: tzinfo) -> Course:
    id, shortname, value, bearers, fullname, category, visible, people, lastaccess, enddate = row
    identifier = "" if value is None else str(value)
    facts = [
        f"{people} {'person' if people == 1 else 'people'}",
        f"last access {_date(lastaccess, zone) if lastaccess else 'never'}",
        *_end(enddate, zone),
        *([] if visible else ["hidden"]),
    ]
    about = one_line(f"{', '.join(facts)}: {fullname} ({category or 'in no category'})")
    return Course(id, shortname, identifier, about, _left_out(key, identifier, bearers))


def _left_out(key: str, identifier: str, bearers: int | None) -> str:
    """Why a file can't name a course by this identifier; empty when it can.

    :param bearers: the number of courses with this identifier.
    """
    if not identifier:
        return f"it has no {key}"
    if (bearers or 1) > 1:
        return f"{bearers} courses have the same {key}"
    if identifier != one_line(identifier) or ESCAPED.search(identifier):
        return f"its {key} can't be written in a CSV file"
    return ""


def _end(enddate: int, zone: tzinfo) -> Iterator[str]:
    if enddate:
        yield f"{'ended' if enddate < datetime.now(UTC).timestamp() else 'ends'} {_date(enddate, zone)}"


def _date(seconds: int, zone: tzinfo) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):  # what a site stores need not be a date
        return str(seconds)
