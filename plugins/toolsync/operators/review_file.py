"""Writes the command file that `toolsync_make_command_file` makes: comments on how it was made, then a line for each course."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.operators.course_query import FILTERS, Course, lines_of_param
from toolsync.reading.suite import load_suite
from toolsync.reading.texts import one_line
from toolsync.reporting.tables import defused, defused_comment


def reset_columns(params: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a file for resets and their values, which are the same for each course; none for another type.

    :raises AirflowFailException: Param `reset_columns` is empty, has a line that is not `column=value`, or names an unknown column.
    """
    if params["what"] != "courses_reset":
        return {}
    columns: dict[str, str] = {}
    for line in lines_of_param(params["reset_columns"]):
        name, sign, value = line.partition("=")
        if not (sign and name.strip() and value.strip()):
            raise AirflowFailException(f"Param reset_columns: expected `column=value` on each line, found {line!r}.")
        columns[name.strip()] = value.strip()
    if not columns:
        raise AirflowFailException("Param reset_columns: expected at least one line `column=value`, found none.")
    key = params["course_id_field"]
    if problems := load_suite(params["what"]).match_header([key, *columns], key_column=key).problems:
        raise AirflowFailException(f"Param reset_columns: {'; '.join(problem.message for problem in problems)}.")
    return columns


def review_file(
    params: Mapping[str, Any], columns: Mapping[str, str], courses: Sequence[Course], comments: Iterable[str]
) -> str:
    """The text of the file.

    The identifier stays as it is, even where a spreadsheet takes it for a formula: it is read again.
    What a person needs to know about a course is in a column of its line if the type has one for that, otherwise in a comment above it.

    :param columns: further columns and their value on every line.
    :param comments: the lines of the comment at the beginning.
    """
    key = params["course_id_field"]
    described = bool(load_suite(params["what"]).spec("description"))
    text = io.StringIO()
    text.writelines(f"# {defused_comment(comment)}\n" for comment in comments)
    plain = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    plain.writerow([key, *columns, *(["description"] if described else [])])
    for course in courses:
        if not described:
            text.write(f"# {defused_comment(course.about)}\n")
        row = [course.identifier, *columns.values(), *([defused(course.about)] if described else [])]
        # Without quotes, a line that begins with # would be a comment.
        (quoted if course.identifier.startswith("#") else plain).writerow(row)
    return text.getvalue()


def comments(
    params: Mapping[str, Any], zone: tzinfo, run_id: str, result: Mapping[str, Any], left_out: Iterable[Course]
) -> Iterator[str]:
    """How the file was made, what to do with it, and which courses are missing from it.

    :param result: the numbers of courses, as the task returns them.
    """
    file_type, key = params["what"], params["course_id_field"]
    made = f"{datetime.now(zone):%Y-%m-%d %H:%M %Z}"
    yield one_line(f"A file for toolsync_{file_type}, made by toolsync_make_command_file at {made}, run {run_id}")
    yield one_line(f"Filters: {', '.join(_filters(params))}")
    with_param = "" if key == "shortname" else f" and run it with Param course_id_field {key}"
    yield f"Remove the lines of courses to leave alone, then drop the file into {file_type}/inbox{with_param}"
    over = f"; {result['over_limit']} more found, over the limit" if result["over_limit"] else ""
    yield f"{result['courses']} courses, the longest unused first{over}"
    if result["left_out"]:
        yield f"{result['left_out']} more are left out, because their {key} can't identify them:"
        yield from (f"  {left_out_sentence(course)}" for course in left_out)


def left_out_sentence(course: Course) -> str:
    """Which course is left out, and why."""
    return one_line(f"{course.shortname} (id {course.id}), {course.left_out}: {course.about}")


def _filters(params: Mapping[str, Any]) -> Iterator[str]:
    for name in FILTERS:
        value = params[name]
        if name == "categories" and value:
            value = " + ".join(lines_of_param(value)) + (" with subcategories" if params["subcategories"] else "")
        if value:
            yield name if value is True else f"{name} {value}"
