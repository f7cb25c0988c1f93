"""The task that writes a command file for the courses that a person describes, to be reviewed before it is used."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.folders import Cabinet
from toolsync.course.graph_check import newer_than_tested
from toolsync.operators.base import ToolSyncOperator, zone_param
from toolsync.operators.course_query import FILTERS, find_courses
from toolsync.operators.review_file import comments, left_out_sentence, reset_columns, review_file
from toolsync.params import check_params
from toolsync.reporting.plan import counted
from toolsync.reporting.verdict import MESSAGE, VERDICT, Verdict
from toolsync.running.state import open_run
from toolsync.schedule import skip_late_run
from toolsync.sites import Site

REVIEW = "review"  # the folder in the cabinet


class MakeCommandFileOperator(ToolSyncOperator):
    """Writes a command file into the folder `review` of its type. It reads the site and changes nothing.

    :return: `path` of the file (None when no course can be written), and the numbers of `courses` in it, of courses `left_out` because nothing
        identifies them, and of courses `over_limit`.
    """

    def perform(self, context: Any) -> dict[str, Any]:
        skip_late_run(context)
        check_params(context)
        params = context["params"]
        if not any(params[name] for name in FILTERS):
            raise AirflowFailException("Set at least one filter. The shortname `*` selects every course.")
        columns = reset_columns(params)
        with open_run(self.site) as state:
            if told := newer_than_tested(state.session):
                self.log.warning(told)
            zone = zone_param(params["timezone"] or state.session.timezone)
            found = find_courses(state, params, zone)
        left_out = [course for course in found if course.left_out]
        usable = [course for course in found if not course.left_out]
        courses = usable[: params["limit"] or None]
        result = {
            "path": None,
            "courses": len(courses),
            "left_out": len(left_out),
            "over_limit": len(usable) - len(courses),
        }
        for course in left_out:
            self.log.info("Left out: %s", left_out_sentence(course))
        if not courses:
            nothing = f"No course meets the filters and has a usable {params['course_id_field']}: no file is written."
            self.log.info(nothing)
            context["ti"].xcom_push(MESSAGE, nothing)
            return result
        head = comments(params, zone, context["run_id"], result, left_out)
        path = write(self.site, params["what"], review_file(params, columns, courses, head))
        self.log.info("%s: %s courses.", path, len(courses))
        self.log.info(
            "Next: remove the lines of courses to leave alone, then drop it into %s",
            inbox_of(self.site, params["what"]),
        )
        context["ti"].xcom_push(
            VERDICT,
            Verdict(
                path.rpartition("/")[2], "", f"{counted(len(courses), ('course', 'courses'))} to review", report=False
            ).as_json(),
        )
        return {**result, "path": path}


def inbox_of(site: Site, file_type: str) -> Any:
    """Where the file of a type is dropped."""
    return Cabinet(file_type, site).folder("inbox")


def write(site: Site, file_type: str, text: str) -> str:
    """Write a file into the folder `review` of a type. One that is there already stays.

    :return: its path.
    """
    name = f"{file_type}_{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    return str(Cabinet(file_type, site).add(REVIEW, name, io.BytesIO(text.encode())))
