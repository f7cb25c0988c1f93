"""The last task of a file: it writes the report and archives the file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import IO, Any, NoReturn

from airflow.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from toolsync import __version__
from toolsync.cabinet import uploads
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.seen import mark, marks
from toolsync.operators.base import ClaimOperator, text_of
from toolsync.operators.changes import UNREADABLE, changed_rows, changes_of
from toolsync.params import SECRET, defaults_of
from toolsync.reading.texts import printable
from toolsync.reporting.approval import caller
from toolsync.reporting.changes_table import TABLE, write_changes
from toolsync.reporting.metrics import count_file, tell_trybacks
from toolsync.reporting.plan import Totals, write_csv
from toolsync.reporting.report import Report
from toolsync.reporting.report_text import report_text, write_lines
from toolsync.reporting.tables import write_table
from toolsync.reporting.verdict import UNFINISHED, VERDICT, Verdict, facts_of
from toolsync.schedule import is_watched


class ArchiveOperator(ClaimOperator):
    """Writes the report and moves the file into the archive; a simulated file stays in the inbox. Its log is the report.

    It runs whether or not the tasks before it succeeded. A rejected file is archived, and the task fails; so does it when more lines failed than Param
    `fail_over` allows. A file whose execution did not end stays in the work folder, and the task fails. A file that was not approved goes back to the
    inbox (pasted rows to the archive), and the task succeeds. One that the site could not take, of which nothing was done, goes back, too, and the
    task fails.
    """

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        report = self.report_class(cabinet, claim)
        if report.refused or report.unfit:
            return self.finish(cabinet, *self.put_back(cabinet, claim, report, context), context)
        if not (report.rejected or report.executed):
            self.unfinished(
                claim, context, f"{claim.name} was not executed to the end; it stays in {cabinet.work(claim)}."
            )
        if report.executed:
            report.attachments = self.attach(cabinet, claim, report) | attach_plan(cabinet, claim, report)
            report.attachments |= self.attach_changes(cabinet, claim, report)
        if not report.tried_back:
            self.unfinished(
                claim,
                context,
                f"The tryback of {claim.name} was not written; the file stays in {cabinet.work(claim)}.",
            )
        written = write_report(cabinet, claim, report, context)
        if not claim.simulate:
            cabinet.archive(claim)
        cabinet.discard(claim)
        return self.finish(cabinet, *written, context)

    def finish(self, cabinet: Cabinet, result: Mapping[str, Any], text: str, context: Any) -> dict[str, Any]:
        """As `end`, for a file that has just left the work folder: it is counted once, however often its tasks are cleared afterwards."""
        facts = facts_of(result)
        count_file(cabinet, result, self.seconds)
        if result["tryback"]:
            tell_trybacks(cabinet)
        self.lineage.lines, self.lineage.facts = result["checked"]["lines"], facts
        if result["archive"]:
            self.lineage.files.append(result["archive"])
        return self.end(result, text, context, **for_machines(facts))

    def repeat(self, result: Mapping[str, Any], context: Any) -> dict[str, Any]:
        return self.end(result, text_of(result, self.site), context)

    def end(self, result: Mapping[str, Any], text: str, context: Any, **facts: Any) -> dict[str, Any]:
        """Log the report, and say what became of the file for the note on the run.

        :param result: the report as JSON.
        :param text: the same for people.
        :param facts: keys of the log's line for programs.
        :return: that JSON, without the rows of a plan that was not carried out.
        :raises AirflowFailException: the file was not done, or too many of its lines failed.
        """
        verdict = Verdict.of(result)
        context["ti"].xcom_push(VERDICT, verdict.as_json())
        self.log.info("%s", printable(verdict.sentence), **facts)
        self.log_report(text)
        self.log_list(
            "Files",
            [
                f"{what}: {result[what]}"
                for what in ("report", "lines", "changes", "archive", "docs")
                if result.get(what)
            ],
        )
        if result.get("unfit"):
            again = "among the uploads" if result.get("upload") else "in the inbox"
            where = f" It is {again} again: {result['returned']}." if result.get("returned") else ""
            raise AirflowFailException(
                f"{result['file']} was not executed, and nothing was done.{where} {result['unfit']} Report: {result['report']}"
            )
        if result["rejected"]:
            raise AirflowFailException(
                f"{result['file']} was rejected: {'; '.join(result['rejected'])}. Report: {result['report']}"
            )
        if over := result.get("failed_over"):
            raise AirflowFailException(f"{result['file']} was done, but {over} Report: {result['report']}")
        return {name: value for name, value in result.items() if name != "plan_rows"}

    def unfinished(self, claim: Claim, context: Any, sentence: str) -> NoReturn:
        """Say that a file is not done yet.

        :raises AirflowFailException: always.
        """
        verdict = Verdict(claim.name, claim.id, UNFINISHED, simulated=claim.simulate, report=False)
        context["ti"].xcom_push(VERDICT, verdict.as_json())
        raise AirflowFailException(
            f"{sentence} Clear the tasks that failed or run the DAG again, and the work continues where it stopped."
        )

    def put_back(self, cabinet: Cabinet, claim: Claim, report: Report, context: Any) -> tuple[dict[str, Any], str]:
        """Write the report of a file of which nothing was done, and put it back where it was. The file of a simulation is there."""
        report.attachments = attach_plan(cabinet, claim, report)
        by_hand = caller()
        # A copy of a file that the caller of this run has: it is not kept.
        copy = claim.simulate or (claim.given and by_hand is not None and claim.options.get("caller") == by_hand)
        report.kept = not claim.simulate and (claim.pasted or (claim.given and not copy))
        if not (report.kept or copy):
            report.returned = str(uploads.place_of(cabinet, claim) if claim.upload else cabinet.reserve(claim))
        written = write_report(cabinet, claim, report, context)
        if report.kept:
            cabinet.archive(claim)
        elif not copy:
            uploads.put_back(cabinet, claim) if claim.upload else cabinet.put_back(claim)
            if is_watched(context["dag"]):
                inbox = cabinet.folder("inbox")
                mark(cabinet, [made for name, made in marks(cabinet).items() if str(inbox / name) == report.returned])
        cabinet.discard(claim)
        return written

    def attach(self, cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
        """Write further files of the report: the answer, for a type that gives one.

        :return: their paths, by what they contain.
        """
        rows = report.answer()
        first = next(rows, None)
        if first is None:
            return {}
        with cabinet.writing("report", claim.named("answer", ".csv")) as (stream, path), as_text(stream) as text:
            write_table(text, chain([first], rows))
        return {"answer": str(path)}

    def attach_changes(self, cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
        """Write what the run changed as a CSV table, if it changed anything that a person looks for."""
        try:
            report.changed = changed_rows(cabinet, claim, report)
            found = changes_of(cabinet, claim, report)
            if (first := next(found, None)) is None:
                return {}
            name = claim.report_name(TABLE)
            with cabinet.writing("report", name) as (stream, path), as_text(stream) as text:
                told = write_changes(text, chain([first], found), report.unit)
        except UNREADABLE as error:
            self.log.warning("What this run changed can't be told value by value: %s", error)
            return {}
        report.changes = told.lines() if claim.simulate else []
        return {"changes": str(path)}


def for_machines(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the log tells programs of a file, if Airflow's logs are to be JSON: people, who read the sentence, see nothing of it otherwise."""
    return {"toolsync": facts} if conf.getboolean("logging", "json_logs", fallback=False) else {}


def attach_plan(cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
    """Write the plan as a CSV table, if there is one."""
    if next(report.plan(), None) is None:
        return {}
    with cabinet.writing("report", claim.named("plan", ".csv")) as (stream, path), as_text(stream) as text:
        write_csv(report.plan(), text, report.zone)
    return {"plan": str(path)}


@contextmanager
def as_text(stream: IO[bytes]) -> Iterator[IO[str]]:
    """A text stream on a binary one, which stays open."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    yield text
    text.flush()
    text.detach()


def write_report(cabinet: Cabinet, claim: Claim, report: Report, context: Any) -> tuple[dict[str, Any], str]:
    """Write the report: a text, a CSV table of lines, and a JSON file for programs.

    :return: the content of the JSON file: counts by outcome, and paths; and the text.
    """
    with cabinet.writing("report", claim.report_name("_lines.csv")) as (stream, lines_path), as_text(stream) as table:
        if not report.write_own_lines(table):
            write_lines(report, table)
    text = report_text(report, dag_id=context["dag"].dag_id, run_id=context["run_id"])
    with cabinet.writing("report", claim.report_name(".txt")) as (stream, path):
        stream.write(text.encode())
    result = about_run(cabinet, claim, context) | summary(
        cabinet, claim, report, text_path=str(path), lines_path=str(lines_path)
    )
    result |= report.more()
    with cabinet.writing("report", claim.report_name(".json")) as (stream, _):
        stream.write(json.dumps(result, ensure_ascii=False, indent=1).encode())
    return result, text


def about_run(cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
    """What the JSON report says of the run and its file."""
    started_by = caller() or {"by": getattr(context["dag_run"], "triggering_user_name", None)}
    return {
        "claim": claim.id,
        "type": cabinet.root.name,
        "dag_id": context["dag"].dag_id,
        "run_id": context["run_id"],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": started_by["by"],
        "params": own_params(claim, defaults_of(context["dag"].dag_id)),
    }


def own_params(claim: Claim, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The Params that a file was treated with, where they differ from the DAG's defaults; never those that may hold secrets."""
    told = {name: value for name, value in defaults.items() if name not in SECRET}
    return {name: claim.options[name] for name, value in told.items() if claim.options.get(name, value) != value}


def summary(cabinet: Cabinet, claim: Claim, report: Report, *, text_path: str, lines_path: str) -> dict[str, Any]:
    """The report as JSON."""
    undone = report.refused or bool(report.unfit)
    result = {
        "toolsync": __version__,
        "file": claim.name,
        "simulated": claim.simulate,
        "upload": claim.upload,
        "size": cabinet.size(claim),
        "rejected": report.rejected,
        "refused": report.refused,
        "failed_over": report.failed_over,
        "notes": report.about_site,
        "unit": report.unit,
        "reading": report.validated.get("reading"),
        "checked": {"lines": report.validated.get("lines", 0), "failed": report.validated.get("failed", 0)},
        "counts": report.counts,
        "stale": report.stale,
        "took": report.took,
        "written": report.written,
        "changed": report.changed,
        "changes": report.attachments.get("changes"),
        "undo_until": report.undo_until,
        "report": text_path,
        "lines": lines_path,
        "docs": report.validated.get("docs"),
        "tryback": report.tried_back.get("path"),
        "archive": None if claim.simulate or (undone and not report.kept) else str(cabinet.archived(claim)),
        "attachments": report.attachments,
    }
    if report.missing:
        result["missing"] = {"count": report.missing.count, "scope": report.missing.scope}
    if report.has_plan or "plan" in report.attachments:
        result["plan"] = report.attachments.get("plan")
        result["planned"] = {
            "counts": report.planned_counts if report.has_plan else report.counts,
            **Totals.of(report.plan()).as_json(),
        }
    if report.approval and (report.has_plan or report.refused):
        result["approval"] = report.approval.as_json()
        result["returned"] = report.returned
    if report.unfit:
        result["unfit"] = report.unfit
        result["returned"] = report.returned
    if undone:
        result["plan_rows"] = list(report.plan())
    return result
