"""What a report says, as text for people and as a CSV table of lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from toolsync import __version__
from toolsync.moodle import caches
from toolsync.reading.problems import Problem, first_of
from toolsync.reading.texts import printable
from toolsync.reporting.changes_table import rows_sentence
from toolsync.reporting.outcomes import STATUSES
from toolsync.reporting.pieces import CHECKED, pieces
from toolsync.reporting.plan import Totals, and_more, plan_lines, size
from toolsync.reporting.report import Report
from toolsync.reporting.tables import Table

SHOWN = 200  # problems in the log and in the text report; the CSV table has them all


def report_text(report: Report, *, dag_id: str, run_id: str) -> str:
    """The text of the whole report."""
    title = [f"Tool Sync report: {report.claim.name}", f"{dag_id}, run {run_id}, Tool Sync {__version__}"]
    return "".join(f"{printable(line)}\n" for line in [*title, *_decision(report), *_body(report), *_next(report)])


def write_lines(report: Report, stream: IO[str]) -> None:
    """Write the CSV table: the outcome of each line, with every remark on it."""
    table = Table(stream)
    table.row((report.unit, "outcome", "column", "value", "message"))
    noted: dict[int, list[list[str | None]]] = {}  # by validation
    for piece in pieces(report.cabinet, report.claim, CHECKED):
        table.rows((line, "failed", *remark) for line, *remark in piece["problems"])
        for line, *remark in piece["notes"]:
            noted.setdefault(line, []).append(remark)
    undone = "not approved" if report.refused else "not executed" if report.unfit else None
    for piece in pieces(report.cabinet, report.claim, report.outcomes):
        remarks: dict[int, list[list[str | None]]] = {}
        for line, *remark in piece["problems"] + piece["notes"]:
            remarks.setdefault(line, []).append(remark)
        for line, outcome, *label in piece["lines"]:
            status = undone if undone and outcome != "failed" else outcome
            told = [*noted.get(line, []), *remarks.get(line, [])] or [["", *(label or [""]), ""]]
            table.rows((line, status, *remark) for remark in told)
    # A name of a data set needs no quotes, and there may be very many such lines.
    stream.writelines(f"{line},{undone or 'unchanged'},,,{report.as_before}\n" for line in report.same)


def _decision(report: Report) -> Iterator[str]:
    """Whether the file was executed, and why not."""
    if report.claim.dropped_as:
        yield f"The file was dropped as {report.claim.dropped_as}, a name that not every system can take."
    if report.claim.simulate:
        yield "SIMULATION: all the work was done and rolled back. The site and the inbox are unchanged."
    if report.rejected:
        yield "REJECTED: nothing in this file was applied."
        yield from (f"  {reason}" for reason in report.rejected)
        yield from _titled("Columns of this type", report.known_columns)
        return
    if report.refused:
        yield "NOT APPROVED: nothing was done. The site is unchanged."
    if report.unfit:
        yield "NOT EXECUTED: nothing was done. The site is unchanged."
        yield from (f"  {line}" for line in report.unfit.splitlines())
    if report.approval and (report.has_plan or report.refused):
        yield from report.approval.sentences()
    if report.returned:
        back = "among the uploads again" if report.claim.upload else "put back into the inbox"
        yield f"The file was {back}: {report.returned}"
    elif (report.refused or report.unfit) and not (report.kept or report.claim.simulate):
        yield "The cabinet keeps no copy of the file."


def _body(report: Report) -> Iterator[str]:
    """What became of the lines of a file that was not rejected."""
    if report.rejected:
        return
    unit = report.unit
    yield f"Read: {report.validated['summary']}"
    yield from (f"Note: {note}" for note in [*report.validated["notes"], *report.about_site])
    if report.refused or (report.unfit and report.has_plan):
        yield f"Planned: {totals(report.planned_counts, unit)}"
    elif not report.unfit:
        yield totals(report.counts, unit)
    if report.missing:
        lines = f" (lines from {report.missing.first} on)" if report.missing.count and report.missing_goes else ""
        yield f"The whole truth: {report.missing.sentence}{lines}"
    if report.failed_over:
        yield f"TOO MANY FAILED: {report.failed_over}"
    if report.changed:
        yield f"{'Would be changed' if report.claim.simulate else 'Changed'}: {rows_sentence(report.changed)}"
        yield from _undo(report, report.changed)
    yield from _titled(*plan_summary(report))
    if report.missing and not report.missing_goes:
        left = plan_lines(report.missing_rows(), report.zone, table="_missing.csv")
        yield from _titled("Not in the file, and left as it is", left)
    yield from _titled("Changes", report.changes)
    for heading, found in report.sections():
        yield from _titled(heading, found)
    yield from _titled("Problems", sentences(report.problems(), unit))
    yield from _titled("Notes", sentences(report.notes(), unit))
    if report.stale and not report.claim.simulate:
        yield from _titled("Caches left stale, unless purge_caches has purged them", caches.explain(report.stale))
    yield from (f"{what.capitalize()}: {path}" for what, path in report.attachments.items())


def _undo(report: Report, changed: Mapping[str, Any]) -> Iterator[str]:
    """How a person undoes the run."""
    if not report.claim.simulate:
        dag_id, until = report.cabinet.site.dag_id("undo"), report.undo_until
        kept = f"{size(changed['bytes'])} are kept for it{f' until {until}' if until else ''}"
        yield f"To undo this: run {dag_id} with {report.claim.id} in Param runs; {kept}"


def _next(report: Report) -> Iterator[str]:
    """What a person does now."""
    if caches.CATEGORY_GONE in report.stale and not report.claim.simulate:
        yield f"Next: see that the task purge_caches has ended well: {caches.BROKEN}. Without the connection moodle_cli, its log has the command to run"
    tryback, inbox = report.tried_back.get("path"), report.cabinet.folder("inbox")
    if tryback and report.rejected:
        yield f"Next: correct {tryback} and drop it into {inbox}"
    elif tryback:
        number = len(report.failed_lines()) if report.missing else report.counts["failed"] + report.counts["incomplete"]
        items = f"{number} {report.unit}s" if number > 1 else report.unit
        yield f"Next: correct the {items} in {tryback} and drop it into {inbox}"
    elif report.claim.simulate and not report.rejected:
        same = "with the same Param upload, and " if report.claim.upload else ""
        yield f"Next: run the DAG {same}without Param simulate to do this"


def plan_summary(report: Report) -> tuple[str, list[str]]:
    """The plan of a file.

    :return: a title with its totals, and its first rows as sentences; no sentences when nothing is planned.
    """
    total = Totals.of(report.plan())
    return f"In the plan: {total.sentence(report.zone)}", plan_lines(report.plan(), report.zone)


def totals(counts: dict[str, int], unit: str) -> str:
    """One line: `10 lines: 4 created, 5 unchanged, 1 failed`."""
    lines = sum(counts[status] for status in STATUSES)
    parts = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
    if counts["incomplete"]:
        parts.append(f"{counts['incomplete']} of them incomplete")
    return f"{lines} {unit}s: {', '.join(parts) or 'nothing to do'}"


def sentences(remarks: Iterable[Problem], unit: str) -> list[str]:
    """The first remarks as sentences, in the order of the lines, and how many more there are."""
    first, others = first_of(remarks, SHOWN)
    return [*(printable(_sentence(remark, unit)) for remark in first), *and_more(others, "_lines.csv")]


def _sentence(problem: Problem, unit: str) -> str:
    """Where a problem is, what the file says there, what was expected: `line 3, column email 'ada': …`."""
    where = [f"{unit} {problem.line}"] if problem.line else []
    if problem.field:
        where.append(f"column {problem.field}")
    said = f" {problem.value!r}" if problem.value else ""
    return f"{', '.join(where)}{said}: {problem.message}" if where else problem.message


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    """A titled list; nothing when there are no lines."""
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []
