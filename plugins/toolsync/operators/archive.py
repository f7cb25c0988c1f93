"""The last task of a file: its report is written, the file goes into the archive."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync import __version__
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ClaimOperator
from toolsync.reporting.approval import caller
from toolsync.reporting.plan import Totals, write_csv
from toolsync.reporting.report import Report


class ArchiveOperator(ClaimOperator):
    """Writes the report (a text, and a table of lines) and moves the file into the archive; a simulated file stays in the inbox.

    It runs whatever became of the file, and fails with it: a file that was rejected is archived, one whose execution did not end stays in work.
    One that was not approved goes back to the inbox, and that is no failure; pasted rows go into the archive, and what a person runs by hand is that person's.
    """

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        report = Report(cabinet, claim)
        if report.refused:
            return self.put_back(cabinet, claim, report, context)
        if not (report.rejected or report.executed):
            raise AirflowFailException(
                f"{claim.name} was not executed to the end. It stays in {cabinet.work(claim)}: "
                "clear the failed task, or run the DAG again, and its work goes on where it stopped."
            )
        if report.executed:
            report.attachments = self.attach(cabinet, claim, report) | attach_plan(cabinet, claim, report)
        if not report.tried_back:
            raise AirflowFailException(
                f"The tryback of {claim.name} is not written. It stays in {cabinet.work(claim)}: "
                "clear the failed task, or run the DAG again."
            )
        result = write_report(cabinet, claim, report, context)
        if not claim.simulate:
            cabinet.archive(claim)
        cabinet.discard(claim)
        if report.rejected:
            raise AirflowFailException(
                f"{claim.name} was rejected: {'; '.join(report.rejected)}. Report: {result['report']}"
            )
        return result

    def put_back(self, cabinet: Cabinet, claim: Claim, report: Report, context: Any) -> dict[str, Any]:
        """Write the report of a file that was not approved, then let go of it."""
        report.attachments = attach_plan(cabinet, claim, report)
        by_hand = caller()
        copy = by_hand is not None and by_hand["file"] == claim.name and claim.options.get("caller") == by_hand
        if not (claim.pasted or copy):
            report.returned = str(cabinet.reserve(claim))
        result = write_report(cabinet, claim, report, context)
        if claim.pasted:
            cabinet.archive(claim)
        elif not copy:
            cabinet.put_back(claim)
        cabinet.discard(claim)
        self.log.info("%s was not approved: nothing was done. Report: %s", claim.name, result["report"])
        return {name: value for name, value in result.items() if name != "plan_rows"}

    def attach(self, cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
        """Write what else the report of the type has: the answer, of a type that gives one.

        :return: where each is, by what it is.
        """
        rows = report.answer()
        first = next(rows, None)
        if first is None:
            return {}
        with cabinet.writing("report", claim.named("answer", ".csv")) as (stream, path), as_text(stream) as text:
            table = csv.DictWriter(text, list(first), lineterminator="\n")
            table.writeheader()
            table.writerows((first, *rows))
        return {"answer": str(path)}


def attach_plan(cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
    """Write the plan beside the report, of a type that has one."""
    if next(report.plan(), None) is None:
        return {}
    with cabinet.writing("report", claim.named("plan", ".csv")) as (stream, path), as_text(stream) as text:
        write_csv(report.plan(), text, report.zone)
    return {"plan": str(path)}


@contextmanager
def as_text(stream: IO[bytes]) -> Iterator[IO[str]]:
    """Write text to a binary file that stays open."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    yield text
    text.flush()
    text.detach()


def write_report(cabinet: Cabinet, claim: Claim, report: Report, context: Any) -> dict[str, Any]:
    """Write the report's files.

    :return: what a caller of the DAG wants to know: counts by outcome, and where things are. It is in the report folder too, as JSON.
    """
    with cabinet.writing("report", claim.report_name("_lines.csv")) as (stream, lines_path), as_text(stream) as table:
        report.write_lines(table)
    text = report.text(dag_id=context["dag"].dag_id, run_id=context["run_id"])
    with cabinet.writing("report", claim.report_name(".txt")) as (stream, path):
        stream.write(text.encode())
    result = {
        "toolsync": __version__,
        "file": claim.name,
        "simulated": claim.simulate,
        "rejected": report.rejected,
        "counts": report.counts,
        "report": str(path),
        "lines": str(lines_path),
        "tryback": report.tried_back.get("path"),
        "archive": None if claim.simulate or (report.refused and not claim.pasted) else str(cabinet.archived(claim)),
        "attachments": report.attachments,
    }
    if report.has_plan or "plan" in report.attachments:
        result["plan"] = report.attachments.get("plan")
        result["planned"] = {
            "counts": report.planned_counts if report.has_plan else report.counts,
            **Totals.of(report.plan()).as_json(),
        }
    if report.approval and (report.has_plan or report.refused):
        result["approval"] = report.approval.as_json()
        result["returned"] = report.returned
    if report.refused:
        result["plan_rows"] = list(report.plan())
    with cabinet.writing("report", claim.report_name(".json")) as (stream, _):
        stream.write(json.dumps(result, ensure_ascii=False, indent=1).encode())
    return result
