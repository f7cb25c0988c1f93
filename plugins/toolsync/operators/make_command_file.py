"""The task that writes a command file about courses that a person describes, for a person to look through."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.folders import Cabinet
from toolsync.functions import sql_folder
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.reading.records import ESCAPED
from toolsync.reading.suite import Suite, load_suite
from toolsync.reading.values import UnreadableValue, read_moment, read_zone
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState

REVIEW = "review"  # the folder of the cabinet
PATTERNS = ("shortname", "fullname", "idnumber")
MOMENTS = ("no_access_since", "ended_before", "started_before", "created_before")
FLAGS = ("hidden_only", "nobody_enrolled", "without_activities")


@dataclass(frozen=True)
class Course:
    """A course that was asked for.

    :param identifier: as the file names it; None when it has none, or none that means this course alone.
    :param about: what a person needs to know of it.
    """

    id: int
    shortname: str
    identifier: str | None
    about: str
    left_out: str = ""


class MakeCommandFileOperator(BaseOperator):
    """Writes the file into the folder `review` of the type that it is for. Reads the site and changes nothing.

    :param moodle_conn_id: the Airflow connection of the Moodle database.
    :return: `path` (None when there is nothing to write), the number of `courses` in it, of those `left_out` for want of an identifier, and of those
        `over_limit`.
    """

    def __init__(self, *, moodle_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.moodle_conn_id = moodle_conn_id

    def execute(self, context: Any) -> dict[str, Any]:
        params = context["params"]
        extra = columns_asked(params)
        with MoodleHook(self.moodle_conn_id).session() as session:
            zone = zone_of(params, session)
            found = list(find(session, params, zone))
        usable = [course for course in found if course.identifier is not None]
        left_out = [course for course in found if course.identifier is None]
        written = usable[: params["limit"] or None]
        result = {
            "path": None,
            "courses": len(written),
            "left_out": len(left_out),
            "over_limit": len(usable) - len(written),
        }
        for course in left_out:
            self.log.info("Left out, %s: %s, %s.", course.left_out, course.shortname, course.about)
        if not written:
            self.log.info("No course is as asked, or none has a %s: no file is written.", params["course_id_field"])
            return result
        head = [*heading(params, zone, context["run_id"]), *counts(result), *map(sentence_left_out, left_out)]
        content = text_of(params, written, extra, head)
        cabinet = Cabinet(params["what"])
        cabinet.folder(REVIEW).mkdir(parents=True, exist_ok=True)
        with cabinet.writing(REVIEW, f"{params['what']}_{datetime.now(UTC):%Y%m%d-%H%M%S}.csv") as (stream, path):
            stream.write(content.encode())
        self.log.info("%s: %s courses.", path, len(written))
        return {**result, "path": str(path)}


def columns_asked(params: Mapping[str, Any]) -> dict[str, str]:
    """What the file has beside the identifier, the same for each course: of a reset, what is reset.

    :raises AirflowFailException: a line of Param `reset_columns` is no `column=value`, or the type has no such column; or no filter is given at all.
    """
    if not any(params[name] for name in ("categories", *PATTERNS, *MOMENTS, *FLAGS)):
        raise AirflowFailException(
            "Nothing says which courses: give at least one filter (shortname `*` is every course)."
        )
    if params["what"] != "courses_reset":
        return {}
    columns: dict[str, str] = {}
    for line in lines_of(params["reset_columns"]):
        name, sign, value = line.partition("=")
        if not (sign and name.strip() and value.strip()):
            raise AirflowFailException(f"Param reset_columns: {line!r} is not `column=value`.")
        columns[name.strip()] = value.strip()
    if not columns:
        raise AirflowFailException("Param reset_columns is empty: the file would reset nothing.")
    suite, key = suite_of(params), params["course_id_field"]
    problems = suite.match_header([key, *columns], key_column=key).problems if suite else ()
    if problems:
        raise AirflowFailException(f"Param reset_columns: {'; '.join(problem.message for problem in problems)}.")
    return columns


def suite_of(params: Mapping[str, Any]) -> Suite | None:
    try:
        return load_suite(params["what"])
    except FileNotFoundError:
        return None


def lines_of(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def zone_of(params: Mapping[str, Any], session: MoodleSession) -> tzinfo:
    try:
        return read_zone(params["timezone"] or session.timezone)
    except UnreadableValue as error:
        raise AirflowFailException(f"Param timezone: {error}.") from None


def moment_of(name: str, text: str | None, zone: tzinfo) -> int | None:
    """A date, or midnight a number of days ago.

    :raises AirflowFailException: the Param is neither.
    """
    text = (text or "").strip()
    if text.isdecimal() and len(text) < 6:
        today = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return int((today - timedelta(days=int(text))).timestamp())
    try:
        return read_moment(text, zone)
    except UnreadableValue as error:
        raise AirflowFailException(f"Param {name}: {text!r} is neither a date nor a number of days: {error}.") from None


def like(pattern: str | None) -> str | None:
    """A pattern with `*` as SQL has it."""
    text = (pattern or "").strip()
    for character in "\\%_":
        text = text.replace(character, f"\\{character}")
    return text.replace("*", "%") or None


def find(session: MoodleSession, params: Mapping[str, Any], zone: tzinfo) -> Iterator[Course]:
    """The courses that are asked for: those that nobody has used for longest come first.

    :raises AirflowFailException: a category that is asked for is not there.
    """
    asked = lines_of(params["categories"])
    if params["category_id_field"] == "path":
        asked = [" / ".join(name.strip() for name in path.split(" / ")) for path in asked]
    session.execute("SET @categories = %s", (len(asked),))
    for name in PATTERNS:
        session.execute(f"SET @{name} = %s", (like(params[name]),))
    for name in MOMENTS:
        session.execute(f"SET @{name} = %s", (moment_of(name, params[name], zone),))
    state = RunState(session)
    folder = sql_folder("make_command_file", state, Occasion(options=params), staged=("toolsync_asked",))
    state.tables.create_staging("toolsync_asked", "n INT NOT NULL PRIMARY KEY, value VARCHAR(4000) NOT NULL")
    state.tables.load("toolsync_asked", ("n", "value"), enumerate(asked))
    folder.run(folder.work)
    known = {n for (n,) in session.rows("SELECT DISTINCT n FROM toolsync_named")}
    if unknown := [name for n, name in enumerate(asked) if n not in known]:
        raise AirflowFailException(
            f"No category has the {params['category_id_field']} {', '.join(map(repr, unknown))}."
        )
    rows = session.rows(
        f"SELECT c.id, c.shortname, c.`{params['course_id_field']}`, b.bearers, c.fullname, k.name, c.visible, l.people, l.lastaccess, c.enddate "
        "FROM toolsync_life l JOIN {course} c ON c.id = l.courseid LEFT JOIN toolsync_bearers b ON b.courseid = c.id "
        "LEFT JOIN toolsync_category_name k ON k.categoryid = c.category ORDER BY COALESCE(l.lastaccess, 0), c.timecreated, c.id"
    )
    now = datetime.now(UTC).timestamp()
    for id, shortname, key, bearers, fullname, category, visible, people, lastaccess, enddate in rows:
        identifier = "" if key is None else str(key)
        reason = unusable(identifier, bearers)
        facts = [
            f"{people} {'person' if people == 1 else 'people'}",
            f"last access {day(lastaccess, zone) if lastaccess else 'never'}",
            *([f"{'ended' if enddate < now else 'ends'} {day(enddate, zone)}"] if enddate else []),
            *([] if visible else ["hidden"]),
        ]
        about = one_line(f"{', '.join(facts)}: {fullname} ({category or 'in no category'})")
        yield Course(id, shortname, None if reason else identifier, about, reason or "")


def unusable(identifier: str, bearers: int | None) -> str | None:
    """Why a file can't name a course by this; None when it can."""
    if not identifier:
        return "it has none"
    if (bearers or 1) > 1:
        return f"{bearers} courses have the same"
    if identifier != one_line(identifier) or ESCAPED.search(identifier):
        return "it can't be written in a file"
    return None


def day(seconds: int, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d}"


def one_line(text: str) -> str:
    return " ".join(text.split())


def heading(params: Mapping[str, Any], zone: tzinfo, run_id: str) -> Iterator[str]:
    """How the file was made, and what to do with it."""
    yield f"For toolsync_{params['what']}: made by toolsync_make_command_file on {datetime.now(zone):%Y-%m-%d %H:%M}, run {run_id}"
    asked = {name: params[name] for name in ("categories", *PATTERNS, *MOMENTS, *FLAGS) if params[name]}
    if params["categories"]:
        asked["categories"] = " + ".join(lines_of(params["categories"]))
        asked["with what is in them"] = params["subcategories"]
    yield f"Asked for: {', '.join(f'{name} {value}' if value is not True else name for name, value in asked.items() if value)}"
    yield f"Take out the lines of the courses to leave alone, then drop the file into {params['what']}/inbox"
    if params["course_id_field"] != "shortname":
        yield f"with Param course_id_field {params['course_id_field']}"


def counts(result: Mapping[str, Any]) -> Iterator[str]:
    over = f"; {result['over_limit']} more were found, over the limit" if result["over_limit"] else ""
    yield f"{result['courses']} courses, those first that nobody has used for longest{over}"
    if result["left_out"]:
        yield f"{result['left_out']} more can't be named so and are left out:"


def sentence_left_out(course: Course) -> str:
    return f"  {course.shortname} (id {course.id}), {course.left_out}: {course.about}"


def text_of(params: Mapping[str, Any], courses: Sequence[Course], extra: Mapping[str, str], head: Iterable[str]) -> str:
    """The command file. What a person needs to know of a course stands beside it where the type has a column for that, else in a comment above it."""
    suite, key = suite_of(params), params["course_id_field"]
    beside = bool(suite and suite.spec("description"))
    text = io.StringIO()
    text.writelines(f"# {one_line(line) if not line.startswith(' ') else line}\n" for line in head)
    csv.writer(text, lineterminator="\n").writerow([key, *extra, *(["description"] if beside else [])])
    for course in courses:
        if not beside:
            text.write(f"# {course.about}\n")
        row = [course.identifier, *extra.values(), *([course.about] if beside else [])]
        # Without quotes, a line that begins with # would be a comment.
        if (course.identifier or "").startswith("#"):
            csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
        else:
            csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()
