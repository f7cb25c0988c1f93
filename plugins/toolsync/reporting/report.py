"""What became of a command file, as a person reads it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import IO, Any

from toolsync import __version__
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle import caches
from toolsync.reading.problems import Problem
from toolsync.reporting.approval import Approval
from toolsync.reporting.outcomes import STATUSES
from toolsync.reporting.pieces import (
    APPROVAL,
    BATCH,
    CHECKED,
    EXECUTED,
    NOTHING_PLANNED,
    PLAN,
    PLANNED,
    TRIED_BACK,
    VALIDATED,
    pieces,
)
from toolsync.reporting.plan import Row, Totals, lines_of, zone_of

SHOWN = 200  # problems in the log and in the text report; the table of lines has them all


def sentence(problem: Problem, unit: str) -> str:
    """What a person reads of a problem: where it is, what the file says there, what was expected."""
    where = [f"{unit} {problem.line}"] if problem.line else []
    if problem.field:
        where.append(f"column {problem.field}")
    said = f" {problem.value!r}" if problem.value else ""
    return f"{', '.join(where)}{said}: {problem.message}" if where else problem.message


def shorten(text: str, length: int = 80) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


class Report:
    """The report of a claim, as far as it has got."""

    def __init__(self, cabinet: Cabinet, claim: Claim) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.validated: dict[str, Any] = cabinet.saved(claim, VALIDATED) or {}
        self.executed: dict[str, Any] = cabinet.saved(claim, EXECUTED) or {}
        self.tried_back: dict[str, Any] = cabinet.saved(claim, TRIED_BACK) or {}
        self.planned: dict[str, Any] = cabinet.saved(claim, PLANNED) or {}
        decided = cabinet.saved(claim, APPROVAL)
        self.approval = Approval(**decided) if decided else None
        self.returned: str | None = None  # where the file is put back to
        self.attachments: dict[str, str] = {}  # other files of the report, by what they are

    @property
    def has_plan(self) -> bool:
        """Whether what is executed has a plan to keep to."""
        return bool(self.planned) and self.planned != NOTHING_PLANNED

    @property
    def unit(self) -> str:
        """What the file is made of: `line`, `image`."""
        return self.validated.get("unit", "line")

    @property
    def rejected(self) -> list[str]:
        """Why the file as a whole was refused; empty when it was not."""
        return self.validated.get("rejected", [])

    @property
    def refused(self) -> bool:
        """Whether the file is not to be executed, for want of an approval."""
        return bool(self.approval and not self.approval.given and not self.executed)

    @property
    def outcomes(self) -> str:
        """The pieces that say what became of the lines: until the file is executed, those of its plan."""
        return PLAN if self.planned and not self.executed else BATCH

    @property
    def counts(self) -> dict[str, int]:
        """Lines by outcome, and `incomplete`: lines that stand but for a part."""
        return self._counts(self.executed)

    @property
    def planned_counts(self) -> dict[str, int]:
        """The same as the plan has it."""
        return self._counts(self.planned)

    def _counts(self, found: dict[str, Any]) -> dict[str, int]:
        counts = dict.fromkeys((*STATUSES, "incomplete"), 0) | found.get("counts", {})
        counts["failed"] += self.validated.get("failed", 0)
        return counts

    @property
    def stale(self) -> list[str]:
        return self.executed.get("stale", [])

    def problems(self) -> Iterator[Problem]:
        """Of every line that comes back, first those that validation found."""
        return self._remarks("problems")

    def notes(self) -> Iterator[Problem]:
        """What a person should know of lines that were done all the same."""
        return self._remarks("notes")

    def plan(self) -> Iterator[Row]:
        """What the file takes away; nothing of a type that takes nothing."""
        for piece in pieces(self.cabinet, self.claim, PLAN if self.has_plan else BATCH):
            yield from piece.get("plan", [])

    @property
    def zone(self) -> tzinfo:
        """The timezone of the dates of a plan."""
        return zone_of((self.planned or self.executed).get("timezone"))

    def failed_lines(self, *stages: str) -> set[int]:
        """The lines that the tryback holds.

        :param stages: only those that `CHECKED` or `BATCH` found fault with.
        """
        return {problem.line for problem in self._remarks("problems", *stages)}

    def answer(self) -> Iterator[dict[str, Any]]:
        """What the file was asked, rows by column; nothing of a type that gives no answers."""
        for piece in pieces(self.cabinet, self.claim, BATCH):
            yield from piece.get("answer", [])

    def text(self, *, dag_id: str, run_id: str) -> str:
        """The whole report for a person."""
        return (
            "\n".join(
                [
                    f"Tool Sync report: {self.claim.name}",
                    f"{dag_id}, run {run_id}, Tool Sync {__version__}",
                    *self._body(),
                ]
            )
            + "\n"
        )

    def write_lines(self, stream: IO[str]) -> None:
        """Write a CSV table with the outcome of each line and every remark on it."""
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow((self.unit, "outcome", "column", "value", "message"))
        for piece in pieces(self.cabinet, self.claim, CHECKED):
            writer.writerows((line, "failed", *remark) for line, *remark in piece["problems"])
        for piece in pieces(self.cabinet, self.claim, self.outcomes):
            remarks: dict[int, list[list[Any]]] = {}
            for line, *remark in piece["problems"] + piece["notes"]:
                remarks.setdefault(line, []).append(remark)
            for line, outcome, *label in piece["lines"]:
                status = "not approved" if self.refused and outcome != "failed" else outcome
                writer.writerows((line, status, *remark) for remark in remarks.get(line, [("", *(label or [""]), "")]))

    def _remarks(self, remarks: str, *stages: str) -> Iterator[Problem]:
        for stage in stages or (CHECKED, self.outcomes):
            for piece in pieces(self.cabinet, self.claim, stage):
                for remark in piece[remarks]:
                    yield Problem(*remark)

    def _body(self) -> Iterator[str]:
        if self.claim.simulate:
            yield "SIMULATION: all the work was done and rolled back; the site and the inbox are as they were."
        if self.rejected:
            yield "REJECTED: nothing of this file was applied."
            yield from (f"  {reason}" for reason in self.rejected)
            return
        if self.refused:
            yield "NOT APPROVED: nothing of this file was done, the site is as it was."
        if self.approval and (self.has_plan or self.refused):
            yield from self.approval.sentences()
        if self.returned:
            yield f"The file is back in the inbox: {self.returned}"
        elif self.refused and not self.claim.pasted:
            yield "The file is only where it came from; the cabinet does not keep it."
        yield f"Read: {self.validated['summary']}"
        yield from (f"Note: {note}" for note in self.validated["notes"])
        yield f"Planned: {totals(self.planned_counts, self.unit)}" if self.refused else totals(self.counts, self.unit)
        yield from self._plan()
        yield from listed("Problems", sentences(self.problems(), self.unit))
        yield from listed("Notes", sentences(self.notes(), self.unit))
        if self.stale and not self.claim.simulate:
            yield "Caches of the site that do not know of these changes yet:"
            yield from (f"  {sentence}" for sentence in caches.explain(self.stale))
        if self.tried_back.get("path"):
            yield f"{self.unit.capitalize()}s to correct and drop again: {self.tried_back['path']}"
        yield from (f"{what.capitalize()}: {path}" for what, path in self.attachments.items())

    def _plan(self) -> Iterator[str]:
        total = Totals.of(self.plan())
        if total.things:
            yield f"In the plan: {total.sentence(self.zone)}"
            yield from (f"  {line}" for line in lines_of(self.plan(), self.zone))


def totals(counts: dict[str, int], unit: str) -> str:
    """One line: `10 lines: 4 created, 5 unchanged, 1 failed`."""
    lines = sum(counts[status] for status in STATUSES)
    parts = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
    if counts["incomplete"]:
        parts.append(f"{counts['incomplete']} of them not in all their parts")
    return f"{lines} {unit}s: {', '.join(parts) or 'nothing to do'}"


def listed(title: str, lines: Sequence[str]) -> list[str]:
    """A titled list; nothing when there are no lines."""
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []


def sentences(remarks: Iterable[Problem], unit: str) -> list[str]:
    """Remarks as a person reads them, cut after the first ones."""
    shown: list[str] = []
    number = 0
    for number, remark in enumerate(remarks, start=1):
        if number <= SHOWN:
            shown.append(sentence(remark, unit))
    if number > SHOWN:
        shown.append(f"… and {number - SHOWN} more, in the table of {unit}s")
    return shown
