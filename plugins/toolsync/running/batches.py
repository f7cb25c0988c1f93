"""A command file executed in batches, each a transaction that is applied exactly once."""

from __future__ import annotations

import gc
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from airflow.sdk.exceptions import AirflowFailException
from more_itertools import chunked

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.errors import is_worth_another_try
from toolsync.reading.command_file import CommandFile, Record
from toolsync.reading.problems import shown
from toolsync.reading.staging import Stager
from toolsync.reading.suite import Suite
from toolsync.reading.values import read_zone
from toolsync.reporting.outcomes import Outcomes
from toolsync.reporting.pieces import BATCH, CHECKED, EXECUTED, PLAN, PLANNED, piece_name, pieces
from toolsync.reporting.plan import ApprovedPlan
from toolsync.reporting.report import Report, totals
from toolsync.running.execution import Execution, StagedLine
from toolsync.running.ledger import Ledger
from toolsync.running.sql_folder import SqlFolder
from toolsync.settings import settings

BEGUN = "begun.json"


class Numbered(Protocol):
    """What a file is made of: a record of a table, an image of an archive."""

    @property
    def line(self) -> int:
        """Its number in the file."""


Item = TypeVar("Item", bound=Numbered)
Work = Callable[[Sequence[StagedLine]], Outcomes]


class BatchRun(Generic[Item]):
    """The execution of one claimed file on one open session. A subclass says what the file is made of.

    :param folder: the SQL of the type, on that session.
    :param columns: (name, type) of the staged columns, types as in a suite.
    :param planning: do all the work as one transaction, roll it back, and keep the outcomes as the file's plan.
    """

    unit = "line"

    def __init__(
        self,
        cabinet: Cabinet,
        claim: Claim,
        folder: SqlFolder,
        columns: Sequence[tuple[str, str]],
        log: Any,
        *,
        planning: bool = False,
    ) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.state = folder.state
        self.session = folder.state.session
        self.log = log
        self.planning = planning
        self.execution = Execution(folder, columns, None if planning else approved_plan(cabinet, claim))
        self._ledger = Ledger(cabinet, claim, self.session)

    @property
    def rehearsal(self) -> bool:
        """Whether everything is rolled back in the end. Then nothing may be written anywhere but in the claim's work folder."""
        return self.planning or self.claim.simulate

    @property
    def stage_name(self) -> str:
        """Under which name the outcomes are kept in the work folder."""
        return PLAN if self.planning else BATCH

    def items(self, failed: set[int]) -> Iterator[Item]:
        """What is to be executed, in the order of the file.

        :param failed: the lines in which validation found a fault.
        """
        raise NotImplementedError

    def batch_size(self) -> int:
        """Items in one transaction."""
        page = settings()
        return page["batch_lines_of"].get(self.cabinet.root.name, page["batch_lines"])

    def stage(self, number: int, items: list[Item]) -> list[StagedLine]:
        """The items of a batch as they go into the database. Done once, before the transaction, which may be tried several times."""
        raise NotImplementedError

    def prepared(self, staged: Sequence[StagedLine], work: Work) -> Work:
        """Do what has to be done before a batch's transaction, outside it. Done again when the batch is tried again.

        :return: what is done in the transaction.
        """
        return work

    def begin(self) -> None:
        """Tell the SQL the time, and in whose name it acts."""
        self.session.execute(
            "SELECT UNIX_TIMESTAMP(), CAST(SUBSTRING_INDEX(value, ',', 1) AS UNSIGNED) INTO @now, @actor FROM {config} WHERE name = 'siteadmins'"
        )

    def as_written(self, item: Item, field: str | None) -> tuple[str | None, str | None]:
        """What a report says of a column: its name and its value as the file has them."""
        raise NotImplementedError

    def label(self, item: Item) -> tuple[str, ...]:
        """What the table of lines says of an item besides its number."""
        return ()

    def contents(self) -> set[str]:
        """Contents of the site's files to which no row may refer any more."""
        return {content for piece in pieces(self.cabinet, self.claim, BATCH) for content in piece["contents"]}

    def execute(self) -> None:
        """Execute every batch that is not done yet."""
        if self.planning:
            self._forget_plan()
        gc.freeze()  # Airflow's own objects are many; each collection would look through them again
        try:
            self._execute_all()
        finally:
            gc.unfreeze()

    def keep_totals(self) -> None:
        """Say that the file is executed to its end: what comes of it is in the work folder, complete."""
        self.cabinet.save(self.claim, PLANNED if self.planning else EXECUTED, self._totals())

    def _forget_plan(self) -> None:
        """A plan is made as a whole; nothing of an older one may be left behind it."""
        self.cabinet.forget(self.claim, PLANNED)
        for number in range(sum(1 for _ in pieces(self.cabinet, self.claim, PLAN))):
            self.cabinet.forget(self.claim, piece_name(PLAN, number))

    def _execute_all(self) -> None:
        number = -1
        for number, (items, work) in enumerate(self._batches()):
            if self.rehearsal or not self._ledger.is_done(number):
                self._execute(number, items, work)
        if self.rehearsal:
            self.state.rollback()
        else:
            self._ledger.unmark(number)
            self.state.commit()

    def _batches(self) -> Iterator[tuple[list[Item], Work]]:
        failed = Report(self.cabinet, self.claim).failed_lines(CHECKED)
        size = self._batch_lines()
        for items in chunked(self.items(failed), size):
            yield items, self.execution.run
        if self.execution.folder.end:
            for items in chunked(self.items(failed | self._refused()), size):
                yield items, self.execution.end

    def _batch_lines(self) -> int:
        """As many as when the file was begun: after a retry, the batches that are done must be the same ones."""
        begun = self.cabinet.saved(self.claim, BEGUN) or {"batch_lines": self.batch_size()}
        self.cabinet.save(self.claim, BEGUN, begun)
        return begun["batch_lines"]

    def _refused(self) -> set[int]:
        """The lines that were executed and failed."""
        return {
            line
            for piece in pieces(self.cabinet, self.claim, self.stage_name)
            for line, status, *_ in piece["lines"]
            if status == "failed"
        }

    def _execute(self, number: int, items: list[Item], work: Work) -> None:
        started = time.perf_counter()
        where = f"{self.unit.capitalize()}s {items[0].line} to {items[-1].line}"
        staged = self.stage(number, items)
        attempts = settings()["lock_attempts"]
        for attempt in range(1, attempts + 1):
            try:
                outcomes = self._try(number, items, staged, self.prepared(staged, work))
                break
            except Exception as error:
                with suppress(Exception):  # the connection itself may be what was lost
                    self.state.rollback()
                if self.state.undo:
                    self.state.undo.settle(set())
                if not is_worth_another_try(error) or attempt == attempts or self.rehearsal:
                    raise
                self.log.info("%s: somebody else was writing there (%s). Trying again.", where, error)
                time.sleep(random.uniform(0.1, 0.5) * 2**attempt)
        self.log.info("%s: %s in %.1f s.", where, totals(outcomes["counts"], self.unit), time.perf_counter() - started)

    def _try(self, number: int, items: list[Item], staged: list[StagedLine], work: Work) -> dict[str, Any]:
        self.begin()
        outcomes = self._approved(work, staged)
        if self.state.undo:
            self.state.undo.settle(outcomes.done)
        kept = self._as_kept(outcomes, items)
        if self.rehearsal:
            self.cabinet.save(self.claim, piece_name(self.stage_name, number), kept)
        else:
            self._ledger.enter(number, kept)
            self.state.commit()
            self._ledger.confirm(number, kept)
        return kept

    def _as_kept(self, outcomes: Outcomes, items: list[Item]) -> dict[str, Any]:
        by_line = {item.line: item for item in items}
        kept = outcomes.as_json(
            lambda line, field: self.as_written(by_line[line], field), lambda line: self.label(by_line[line])
        )
        return kept if self.rehearsal else {**kept, "plan": []}

    def _approved(self, work: Work, staged: list[StagedLine]) -> Outcomes:
        """Do the lines, except those that would do anything but what was approved. The SQL of a type refuses such lines itself; this makes sure."""
        plan = self.execution.approved
        if plan is None:
            return work(staged)
        self.session.execute("SAVEPOINT toolsync_approved")
        outcomes = work(staged)
        if strays := plan.strays(outcomes.plan):
            self.session.execute("ROLLBACK TO SAVEPOINT toolsync_approved")
            if self.state.undo:
                self.state.undo.abandon()
            others = [line for line in staged if line.line not in strays]
            outcomes = work(others) if others else Outcomes()
            if plan.strays(outcomes.plan):
                raise AirflowFailException(
                    "The site is changing while this file is executed: lines would do what is not in the approved plan. "
                    "Nothing of this batch was applied. Run the file again for a new plan."
                )
            outcomes.lines += [(line, "failed", None, message) for line, message in strays.items()]
            outcomes.lines.sort()
        return outcomes

    def _totals(self) -> dict[str, Any]:
        counts: Counter[str] = Counter()
        stale: set[str] = set()
        for piece in pieces(self.cabinet, self.claim, self.stage_name):
            counts.update(piece["counts"])
            stale.update(piece["stale"])
        found = {"counts": counts, "stale": sorted(stale), "seconds": self.execution.folder.seconds}
        if self.rehearsal:
            zone = self.claim.options.get("timezone") or self.session.timezone
            found |= {"at": self.session.value("SELECT UNIX_TIMESTAMP()"), "timezone": zone}
        return found


def approved_plan(cabinet: Cabinet, claim: Claim) -> ApprovedPlan | None:
    """The plan that the execution of a file has to keep to."""
    report = Report(cabinet, claim)
    return ApprovedPlan(report.plan()) if report.has_plan else None


class LineRun(BatchRun[Record]):
    """The execution of a file whose lines are those of a table.

    :param folder: the SQL of the type, rendered for that file.
    """

    def __init__(
        self,
        cabinet: Cabinet,
        claim: Claim,
        file: CommandFile,
        suite: Suite,
        folder: SqlFolder,
        log: Any,
        *,
        planning: bool = False,
    ) -> None:
        columns = [(spec.name, spec.type) for spec in suite.plain_columns]
        super().__init__(cabinet, claim, folder, columns, log, planning=planning)
        self.file = file
        self.stager = Stager(suite, file.header, read_zone(claim.options["timezone"] or self.session.timezone))

    def items(self, failed: set[int]) -> Iterator[Record]:
        for records in self.file.records():
            for record in records:
                if record.line not in failed and record.values is not None:
                    yield record

    def stage(self, number: int, items: list[Record]) -> list[StagedLine]:
        return [StagedLine(record.line, *self.stager.values(record)) for record in items]

    def as_written(self, item: Record, field: str | None) -> tuple[str | None, str | None]:
        """The column's name and the cell as the file writes them; no value of a secret column."""
        columns = self.file.header.named(field) if field else []
        if not columns:
            return field, None
        column = columns[0]
        value = None if column.spec.secret or item.values is None else item.values[column.position]
        return column.written, shown(value)
