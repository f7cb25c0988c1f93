"""The last task of a file: its report is written, the file goes into the archive."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet import Cabinet, Claim
from toolsync.operators.base import ClaimOperator
from toolsync.report import Report


class ArchiveOperator(ClaimOperator):
    """Writes the report (a text, and a table of lines) and moves the file into the archive; a simulated file stays in the inbox.

    It runs whatever became of the file, and fails with it: a file that was rejected is archived, one whose execution did not end stays in work.
    """

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        report = Report(cabinet, claim)
        if not (report.rejected or report.executed):
            raise AirflowFailException(
                f"{claim.name} was not executed to the end. It stays in {cabinet.work(claim)}: "
                "clear the failed task, or run the DAG again, and its work goes on where it stopped."
            )
        if report.executed:
            report.attachments = self.attach(cabinet, claim, report)
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

    def attach(self, cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
        """Write what else the report of the type has: the answer, of a type that gives one.

        :return: where each is, by what it is.
        """
        rows = report.answer()
        first = next(rows, None)
        if first is None:
            return {}
        with cabinet.writing("report", claim.named("answer", ".csv")) as (stream, path):
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            table = csv.DictWriter(text, list(first), lineterminator="\n")
            table.writeheader()
            table.writerows((first, *rows))
            text.flush()
            text.detach()
        return {"answer": str(path)}


def write_report(cabinet: Cabinet, claim: Claim, report: Report, context: Any) -> dict[str, Any]:
    """Write the report's files.

    :return: what a caller of the DAG wants to know: counts by outcome, and where things are. It is in the report folder too, as JSON.
    """
    with cabinet.writing("report", claim.report_name("_lines.csv")) as (stream, lines_path):
        table = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        report.write_lines(table)
        table.flush()
        table.detach()
    text = report.text(dag_id=context["dag"].dag_id, run_id=context["run_id"])
    with cabinet.writing("report", claim.report_name(".txt")) as (stream, path):
        stream.write(text.encode())
    result = {
        "file": claim.name,
        "simulated": claim.simulate,
        "rejected": report.rejected,
        "counts": report.counts,
        "report": str(path),
        "lines": str(lines_path),
        "tryback": report.tried_back.get("path"),
        "archive": None if claim.simulate else str(cabinet.archived(claim)),
        "attachments": report.attachments,
    }
    with cabinet.writing("report", claim.report_name(".json")) as (stream, _):
        stream.write(json.dumps(result, ensure_ascii=False, indent=1).encode())
    return result
