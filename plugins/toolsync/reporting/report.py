"""What became of a command file, read from the pieces in its work folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import IO, Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.reading.problems import Problem
from toolsync.reporting.approval import Approval
from toolsync.reporting.line_set import LineSet
from toolsync.reporting.missing import Missing
from toolsync.reporting.outcomes import STATUSES
from toolsync.reporting.pieces import (
    APPROVAL,
    BATCH,
    CHECKED,
    EXECUTED,
    MISSING,
    NEWER,
    NO_LOG,
    NOTHING_PLANNED,
    PLAN,
    PLANNED,
    SAME,
    TRIED_BACK,
    UNFIT,
    VALIDATED,
    VERIFIED,
    Remarks,
    pieces,
)
from toolsync.reporting.plan import Row, zone_named
from toolsync.reporting.verdict import failed_over


class Report:
    """The results of a claim so far, read from its work folder."""

    def __init__(self, cabinet: Cabinet, claim: Claim) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.validated: dict[str, Any] = cabinet.saved(claim, VALIDATED) or {}
        self.executed: dict[str, Any] = cabinet.saved(claim, EXECUTED) or {}
        self.tried_back: dict[str, Any] = cabinet.saved(claim, TRIED_BACK) or {}
        self.planned: dict[str, Any] = cabinet.saved(claim, PLANNED) or {}
        decided = cabinet.saved(claim, APPROVAL)
        self.approval = Approval(**decided) if decided else None
        self.returned: str | None = None  # where in the inbox the file was put back
        self.kept = False  # whether a file that was not approved is in the archive, as it was never in the inbox
        self.attachments: dict[str, str] = {}  # paths of further files of the report, by what they contain
        self.changed: dict[str, Any] | None = self.executed.get("changed")  # how many rows, by change and table
        self.changes: list[str] = []  # the first values that it changed, for people

    @property
    def undo_until(self) -> str | None:
        """The last day of what a run keeps to be undone: `2027-11-29`; None: it keeps nothing, or for ever."""
        days = self.cabinet.site.page["protection"]["undo_days"]
        if not self.changed or self.claim.simulate or days is None:
            return None
        try:
            return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"
        except OverflowError:  # more days than the calendar has
            return None

    @property
    def missing(self) -> Missing | None:
        """What a file that states the whole truth leaves out; None: it does not state it, or nobody has looked yet."""
        return Missing.of(self.planned.get("missing") or self.executed.get("missing"))

    @property
    def missing_goes(self) -> bool:
        """Whether something is to be done about it."""
        return self.claim.options.get("missing") != "report"

    def missing_rows(self) -> Iterator[Row]:
        """What it leaves out, row by row."""
        for piece in pieces(self.cabinet, self.claim, MISSING):
            yield from (row for _, row in piece["lines"])

    @property
    def has_plan(self) -> bool:
        """Whether execution has to follow a plan."""
        return bool(self.planned) and self.planned != NOTHING_PLANNED

    @property
    def unit(self) -> str:
        """What the items of the file are called: `line`, `image`."""
        return self.validated.get("unit", "line")

    @property
    def rejected(self) -> list[str]:
        """Why the file as a whole was rejected; empty when it was not."""
        return self.validated.get("rejected", [])

    @property
    def known_columns(self) -> list[str]:
        """The columns that its type has, of a file that was rejected for its header."""
        return self.validated.get("known", [])

    @property
    def refused(self) -> bool:
        """Whether the file was not executed because it was not approved."""
        return bool(self.approval and not self.approval.given and not self.executed)

    @property
    def unfit(self) -> str | None:
        """Why the site could not take the file, of which nothing was done; None when it could."""
        found = None if self.executed else self.cabinet.saved(self.claim, UNFIT)
        return found["why"] if found else None

    @property
    def about_site(self) -> list[str]:
        """What to say of the site, apart from why it could not take the file."""
        found = [self.cabinet.saved(self.claim, name) for name in (NEWER, NO_LOG, VERIFIED)] if not self.unfit else []
        return [each["told"] for each in found if each]

    @property
    def outcomes(self) -> str:
        """The stage whose pieces hold the outcomes of the lines: until the file is executed, that of its plan."""
        return PLAN if self.planned and not self.executed else BATCH

    @property
    def counts(self) -> dict[str, int]:
        """The number of lines by outcome, and of `incomplete` ones, of which only a part failed."""
        return self._counts(self.executed)

    @property
    def failed_over(self) -> str | None:
        """That more lines failed than Param `fail_over` allows, in a sentence; None when they did not."""
        return failed_over(self.counts, self.claim.options.get("fail_over"), self.unit) if self.executed else None

    @property
    def planned_counts(self) -> dict[str, int]:
        """The same numbers as planned."""
        return self._counts(self.planned)

    def _counts(self, found: dict[str, Any]) -> dict[str, int]:
        counts = dict.fromkeys((*STATUSES, "incomplete"), 0) | found.get("counts", {})
        counts["failed"] += self.validated.get("failed", 0)
        if found:
            counts["unchanged"] += self.validated.get("same", 0)
        return counts

    @cached_property
    def same(self) -> LineSet:
        """The lines that don't run because they are as in the last file of the data set."""
        return LineSet(kept["ranges"]) if (kept := self.cabinet.saved(self.claim, SAME)) else LineSet()

    @property
    def as_before(self) -> str:
        """What the table of lines says of them."""
        return f"as in the last file of the data set {self.claim.options.get('data_set')}"

    @property
    def stale(self) -> list[str]:
        """The topics of caches that the run left stale."""
        return self.executed.get("stale", [])

    @property
    def written(self) -> dict[str, int]:
        """The number of rows that the file has written to each table of the site."""
        return self.executed.get("written", {})

    @property
    def took(self) -> dict[str, Any]:
        """What the file took: seconds by step, lines a second, batches that were tried again, and the longest lock in seconds."""
        planned, executed = self.planned.get("took", {}), self.executed.get("took", {})
        waits = [took["wait"] for took in (planned, executed) if "wait" in took]
        seconds = {
            "validate": self.validated.get("seconds"),
            "wait": sum(waits) if waits else None,
            "plan": planned.get("seconds"),
            "execute": executed.get("seconds"),
            "throttle": executed.get("throttle"),
            "tryback": self.tried_back.get("seconds"),
        }
        return {
            "seconds": {step: round(took, 3) for step, took in seconds.items() if took is not None},
            "lines_a_second": executed.get("lines_a_second"),
            "retries": executed.get("retries", 0),
            "locked": executed.get("locked", 0.0),
        }

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the lines that failed, those that validation found first."""
        return self._remarks("problems")

    def notes(self) -> Iterator[Problem]:
        """Remarks on lines that were executed."""
        return self._remarks("notes")

    def plan(self) -> Iterator[Row]:
        """The rows of the plan, what the file deletes; none for a type that deletes nothing."""
        for piece in pieces(self.cabinet, self.claim, PLAN if self.has_plan else BATCH):
            yield from piece.get("plan", [])

    def failed_in_plan(self) -> dict[int, str]:
        """Why lines failed when the plan was made, by line number."""
        found: dict[int, str] = {}
        for piece in pieces(self.cabinet, self.claim, PLAN):
            failed = {line for line, status, *_ in piece["lines"] if status == "failed"}
            for problem in (Problem(*remark) for remark in piece["problems"]):
                if problem.line in failed:
                    found.setdefault(problem.line, problem.message)
        return found

    @property
    def zone(self) -> tzinfo:
        """The timezone in which dates of the plan are shown."""
        return zone_named((self.planned or self.executed).get("timezone"))

    def failed_lines(self, *stages: str) -> set[int]:
        """The lines of the file that failed, which go into the tryback.

        :param stages: only those that failed in these stages, `CHECKED` or `BATCH`.
        """
        end = self.missing.first if self.missing else None
        lines = {problem.line for problem in self._remarks("problems", *stages)}
        return lines if end is None else {line for line in lines if line < end}

    def answer(self) -> Iterator[dict[str, Any]]:
        """The rows of the answer, by column; none for a type that gives no answers."""
        for piece in pieces(self.cabinet, self.claim, BATCH):
            yield from piece.get("answer", [])

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """What the text says besides: titles, and the lines below each."""
        yield from ()

    def more(self) -> dict[str, Any]:
        """What the JSON says besides."""
        return {}

    def write_own_lines(self, stream: IO[str]) -> bool:
        """Write a table of lines of its own, instead of the usual one; False: it has none."""
        return False

    def _remarks(self, remarks: str, *stages: str) -> Iterator[Problem]:
        for stage in stages or (CHECKED, self.outcomes):
            for piece in pieces(self.cabinet, self.claim, stage, Remarks):
                for remark in getattr(piece, remarks):
                    yield Problem(*remark)
