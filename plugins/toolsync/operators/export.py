"""The task that writes what a site has as command files that change nothing there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowFailException
from more_itertools import chunked

from toolsync.cabinet.folders import Cabinet
from toolsync.functions import sql_folder
from toolsync.operators.base import ToolSyncOperator, zone_param
from toolsync.operators.course_query import PATTERNS, find_categories, like, lines_of_param
from toolsync.operators.export_files import FOLDER, ExportFiles, counted, left_out_name
from toolsync.operators.export_lines import ExportedLine, SiteExport
from toolsync.operators.export_types import TYPES, Columns
from toolsync.params import check_params
from toolsync.reading.records import Record
from toolsync.reading.suite import Suite, load_suite
from toolsync.reading.texts import one_line
from toolsync.reporting.verdict import MESSAGE, VERDICT, Verdict
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState, open_run
from toolsync.schedule import skip_late_run

LINES_AT_ONCE = 20_000  # that are validated together
LONGEST_LIST = 16 << 20  # bytes of the values that SQL packs into one; of more than a packet holds, MySQL makes NULL
# Params that narrow the export, with what they are called in the head of a file.
SCOPE = ("categories", *PATTERNS, "auth", "profile_field", "in_cohort", "method", "cohort_idnumber")


class ExportOperator(ToolSyncOperator):
    """Writes command files into the folder `export` of their types. It reads the site and changes nothing.

    :return: `files` with `type`, `path`, `lines` and `without` (columns that a file does not have) of each, the number of `left_out` lines and values,
        and `empty`: the types without a line within the scope.
    """

    def perform(self, context: Any) -> dict[str, Any]:
        skip_late_run(context)
        check_params(context)
        params = context["params"]
        asked = [file_type for file_type in TYPES if file_type in params["what"]]
        if not asked:
            raise AirflowFailException(f"Param what: name at least one of {', '.join(TYPES)}.")
        result: dict[str, Any] = {"files": [], "left_out": 0, "empty": []}
        with open_run(self.site) as state:
            export = begin(state, params)
            for file_type in asked:
                self._write(export, file_type, context["run_id"], result)
        for file_type in result["empty"]:
            self.log.info("%s: no line to write within the scope, so no file.", file_type)
        if not result["files"]:
            context["ti"].xcom_push(MESSAGE, "There is no line to write within the scope: no file is written.")
            return result
        names = ", ".join(file["path"].rpartition("/")[2] for file in result["files"])
        lines = sum(file["lines"] for file in result["files"])
        left_out = f", {result['left_out']} lines or values left out" if result["left_out"] else ""
        context["ti"].xcom_push(
            VERDICT, Verdict(names, "", f"{counted(lines, 'line')}{left_out}", report=False).as_json()
        )
        return result

    def _write(self, export: SiteExport, file_type: str, run_id: str, result: dict[str, Any]) -> None:
        cabinet = Cabinet(file_type, self.site)
        export.told.clear()
        with export.lines(file_type) as (columns, lines), closing(ExportFiles(columns)) as files:
            for line in checked(load_suite(file_type), columns, lines):
                files.add(line)
            told = export.not_exported(file_type)
            stem = f"{file_type}_{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
            result["left_out"] += files.left_out.counts.total()
            if not files.lines:
                result["empty"].append(file_type)
            sentences = list(files.left_out.sentences())
            head = comments(export, file_type, run_id, told, sentences, left_out_name(stem))
            for file in files.write(cabinet, stem, head):
                result["files"].append({"type": file_type, **file})
                self.log.info("%s: %s.", file["path"], counted(file["lines"], "line"))
            for sentence in [*told, *sentences]:
                self.log.info("Left out: %s", sentence)


def begin(state: RunState, params: Mapping[str, Any]) -> SiteExport:
    """Find what Params name, and begin the snapshot that is exported.

    :raises AirflowFailException: a Param names something that the site does not have.
    """
    session = state.session
    zone = zone_param(session.timezone)
    field, _, value = (params["profile_field"] or "").partition("=")
    given = {
        **{name: like(params[name]) for name in PATTERNS},
        "cohorts": like(params["cohort_idnumber"]),
        "cohort": params["in_cohort"] or "",
        **{name: params[name] or None for name in ("auth", "method")},
        "field": field.strip(),
        "value": value.strip(),
    }
    for name, text in given.items():
        session.execute(f"SET @{name} = %s", (text,))
    occasion = Occasion(options=params)
    find_categories(state, params, sql_folder("export", state, occasion))
    folders = {file_type: sql_folder(f"export/{file_type}", state, occasion) for file_type in params["what"]}
    check_scope(state, params)
    # A long export takes longer than a statement may otherwise, and the server has to wait until lines are written. It locks nothing.
    longest = min(LONGEST_LIST, int(session.value("SELECT @@max_allowed_packet")))
    session.execute(f"SET SESSION group_concat_max_len = {longest}, SESSION net_write_timeout = 3600")
    session.execute(f"SET SESSION {'max_statement_time' if session.is_mariadb else 'max_execution_time'} = 0")
    session.begin_snapshot()
    return SiteExport(session, folders, params, zone)


def check_scope(state: RunState, params: Mapping[str, Any]) -> None:
    """Check that there is what Params `profile_field` and `in_cohort` name.

    :raises AirflowFailException: there is not.
    """
    field, sign, _ = (params["profile_field"] or "").partition("=")
    if params["profile_field"] and not (field.strip() and sign):
        raise AirflowFailException(
            f"Param profile_field: expected `shortname=value`, found {params['profile_field']!r}."
        )
    if field and not state.session.value(
        "SELECT 1 FROM {user_info_field} WHERE shortname = %s LIMIT 1", (field.strip(),)
    ):
        raise AirflowFailException(f"Param profile_field: the site has no profile field {field.strip()!r}.")
    cohort = params["in_cohort"]
    if cohort and not state.session.value("SELECT 1 FROM {cohort} WHERE BINARY idnumber = %s LIMIT 1", (cohort,)):
        raise AirflowFailException(f"Param in_cohort: no cohort has the idnumber {cohort!r}.")


def checked(suite: Suite, columns: Columns, lines: Iterable[ExportedLine]) -> Iterator[ExportedLine]:
    """The lines, with a fault for each value that the type's own suite would refuse."""
    # Great Expectations takes seconds to import, so only here.
    from toolsync.reading.validator import Validator

    header = suite.match_header(columns.names)
    for chunk in chunked(lines, LINES_AT_ONCE):
        records = [Record(number, b"", [cell or "" for cell in line.cells]) for number, line in enumerate(chunk)]
        for problem in Validator(suite, header).check(records).problems:
            line = chunk[problem.line]
            wrong = {column for column, _ in line.faults}
            if not wrong & {"", problem.field}:
                line.faults.append((problem.field if problem.field in columns.names else "", problem.message))
        yield from chunk


def comments(
    export: SiteExport, file_type: str, run_id: str, told: Iterable[str], left_out: list[str], table: str
) -> Iterator[str]:
    """How a file was made, with which Params it has to be applied, and what it does not hold."""
    params, session = export.params, export.session
    made = f"{datetime.now(export.zone):%Y-%m-%d %H:%M %Z}"
    yield f"A file for toolsync_{file_type}, made by toolsync_export at {made}, run {run_id}"
    yield f"From {session.database} at {session.server}, Moodle {session.release}"
    yield f"Scope: {', '.join(scope(params)) or 'all'}"
    where = "on another site" if params["for_another_site"] else "there it changes nothing"
    yield f"Apply it with Params {json.dumps(TYPES[file_type].params(params))}: {where}"
    for sentence in told:
        yield f"Not in it: {sentence}"
    for sentence in left_out:
        yield f"Left out: {sentence}"
    if left_out:
        yield f"Each is in {FOLDER}/{table}"


def scope(params: Mapping[str, Any]) -> Iterator[str]:
    """What the export was narrowed to, in words."""
    for name in SCOPE:
        value = params[name]
        if name == "categories" and value:
            value = " + ".join(lines_of_param(value)) + (" with subcategories" if params["subcategories"] else "")
        if value:
            yield one_line(f"{name} {value}")
    if params["suspended"] != "any":
        yield f"suspended {params['suspended']}"
