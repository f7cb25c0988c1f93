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

from toolsync.cabinet import Cabinet, Claim
from toolsync.command_file import CommandFile, Record
from toolsync.execution import Execution, Outcomes, StagedLine
from toolsync.file_pool import FilePool
from toolsync.moodle import LOCK_ERRORS, MoodleSession, error_code
from toolsync.plan import ApprovedPlan
from toolsync.problems import shown
from toolsync.report import BATCH, CHECKED, EXECUTED, PLAN, PLANNED, Report, piece_name, pieces, totals
from toolsync.settings import settings
from toolsync.sql_folder import SqlFolder
from toolsync.staging import Stager
from toolsync.suite import Suite
from toolsync.undo import UndoWriter, expire, held_contents
from toolsync.values import read_zone

BEGUN = "begun.json"
MARK_DAYS = 7  # how long the mark of a batch may stay when nobody comes back for it


class Numbered(Protocol):
    """What a file is made of: a record of a table, an image of an archive."""

    @property
    def line(self) -> int:
        """Its number in the file."""


Item = TypeVar("Item", bound=Numbered)
Work = Callable[[Sequence[StagedLine]], Outcomes]


class BatchRun(Generic[Item]):
    """The execution of one claimed file on one open session; what the file is made of is the subclass's business.

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
        self.session = folder.session
        self.log = log
        self.planning = planning
        self.execution = Execution(self.session, folder, columns, None if planning else approved_plan(cabinet, claim))

    @property
    def rehearsal(self) -> bool:
        """Whether all that is done is rolled back. Then nothing may be written but to the claim's work folder."""
        return self.planning or self.claim.simulate

    @property
    def kind(self) -> str:
        """The pieces that the outcomes are kept in."""
        return PLAN if self.planning else BATCH

    def items(self, failed: set[int]) -> Iterator[Item]:
        """What is to be executed, in the order of the file.

        :param failed: the lines that validation found fault with.
        """
        raise NotImplementedError

    def batch_size(self) -> int:
        """Items of one transaction."""
        page = settings()
        return page["batch_lines_of"].get(self.cabinet.root.name, page["batch_lines"])

    def stage(self, number: int, items: list[Item]) -> list[StagedLine]:
        """The items of a batch as they go into the database. Done once, before the transaction that may be tried several times."""
        raise NotImplementedError

    def prepared(self, staged: Sequence[StagedLine], work: Work) -> Work:
        """Do what must be done outside of a batch's transaction, before it. Done again when the batch is tried again.

        :return: what is done in the transaction.
        """
        return work

    def begin(self) -> None:
        """Say which moment it is for the SQL, and who acts."""
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
        """Contents of the site's files that nothing may refer to any more."""
        return {content for piece in pieces(self.cabinet, self.claim, BATCH) for content in piece["contents"]}

    def finish(self) -> None:
        """Once every batch is committed (again, when the run dies before it is over): such contents go into the site's trash."""
        if suspects := self.contents():
            gone = FilePool(self.session.extra["dataroot"]).discard_unused(suspects - held_contents(), self.session)
            self.log.info("%s contents that nothing refers to any more went into the site's trash.", gone)
        if expired := expire(self.cabinet, self.session, settings()["protection"]["undo_days"]):
            self.log.info("%s undo bundles went: they were older than undo_days of toolsync.yaml.", expired)

    def run(self) -> None:
        """Execute every batch that is not done yet, then keep the totals."""
        if self.planning:
            self._forget_plan()
        self.session.undo = None if self.rehearsal else UndoWriter(self.cabinet, self.claim)
        gc.freeze()  # Airflow's own objects are many; each collection would look through them again
        try:
            self._run()
        finally:
            gc.unfreeze()
        self.cabinet.save(self.claim, PLANNED if self.planning else EXECUTED, self._sum())

    def _forget_plan(self) -> None:
        """A plan is made as a whole; nothing of an older one may be left behind it."""
        self.cabinet.forget(self.claim, PLANNED)
        for number in range(sum(1 for _ in pieces(self.cabinet, self.claim, PLAN))):
            self.cabinet.forget(self.claim, piece_name(PLAN, number))

    def _run(self) -> None:
        number = -1
        for number, (items, work) in enumerate(self._batches()):
            if not self._is_done(number):
                self._execute(number, items, work)
        if self.rehearsal:
            self.session.rollback()
        else:
            self._unmark(number)
            self.session.commit()
            self.finish()

    def _batches(self) -> Iterator[tuple[list[Item], Work]]:
        failed = Report(self.cabinet, self.claim).failed_lines(CHECKED)
        size = self._batch_lines()
        for items in chunked(self.items(failed), size):
            yield items, self.execution.run
        if self.execution.folder.end:
            for items in chunked(self.items(failed | self._refused()), size):
                yield items, self.execution.end

    def _batch_lines(self) -> int:
        """As many as when the file was begun: the batches that are done must be the same ones after a retry."""
        begun = self.cabinet.saved(self.claim, BEGUN) or {"batch_lines": self.batch_size()}
        self.cabinet.save(self.claim, BEGUN, begun)
        return begun["batch_lines"]

    def _refused(self) -> set[int]:
        """The lines that were executed and failed."""
        return {
            line
            for piece in pieces(self.cabinet, self.claim, self.kind)
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
                    self.session.rollback()
                if self.session.undo:
                    self.session.undo.settle(set())
                if error_code(error) not in LOCK_ERRORS or attempt == attempts or self.rehearsal:
                    raise
                self.log.info("%s met a lock of another writer (%s); once more.", where, error)
                time.sleep(random.uniform(0.1, 0.5) * 2**attempt)
        self.log.info("%s: %s in %.1f s.", where, totals(outcomes["counts"], self.unit), time.perf_counter() - started)

    def _try(self, number: int, items: list[Item], staged: list[StagedLine], work: Work) -> dict[str, Any]:
        self.begin()
        outcomes = self._as_json(self._approved(work, staged), items)
        name = piece_name(self.kind, number)
        if self.session.undo:
            self.session.undo.settle({line for line, status, *_ in outcomes["lines"] if status != "failed"})
        if self.rehearsal:
            self.cabinet.save(self.claim, name, outcomes)
        else:
            self.cabinet.save(self.claim, f"{name}.pending", outcomes)
            self._mark(number)
            self.session.commit()
            self.cabinet.save(self.claim, name, outcomes)
        return outcomes

    def _approved(self, work: Work, staged: list[StagedLine]) -> Outcomes:
        """Do the lines, but those that would do anything else than what was approved. The SQL of a type refuses such lines itself; this makes sure."""
        plan = self.execution.approved
        if plan is None:
            return work(staged)
        self.session.execute("SAVEPOINT toolsync_approved")
        outcomes = work(staged)
        if strays := plan.strays(outcomes.plan):
            self.session.execute("ROLLBACK TO SAVEPOINT toolsync_approved")
            if self.session.undo:
                self.session.undo.abandon()
            others = [line for line in staged if line.line not in strays]
            outcomes = work(others) if others else Outcomes()
            if plan.strays(outcomes.plan):
                raise AirflowFailException(
                    "The site changes while it is worked on: lines do what is not in the approved plan. Nothing of this batch was applied."
                )
            outcomes.lines += [(line, "failed", None, message) for line, message in strays.items()]
            outcomes.lines.sort()
        return outcomes

    # Which batches are done. The mark is a row of cache_flags, which Moodle's own cron removes once it has expired.

    def _is_done(self, number: int) -> bool:
        name = piece_name(BATCH, number)
        if self.rehearsal:
            return False
        if self.cabinet.saved(self.claim, name) is not None:
            return True
        pending = self.cabinet.saved(self.claim, f"{name}.pending")
        if pending is None or not self._marked(number):
            return False
        self.cabinet.save(self.claim, name, pending)
        return True

    def _mark(self, number: int) -> None:
        self._unmark(number - 1)
        self.session.execute(
            "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES ('toolsync', %s, @now, '1', @now + %s)",
            (f"{self.claim.id}/{number}", MARK_DAYS * 86400),
        )

    def _marked(self, number: int) -> bool:
        return bool(
            self.session.value(
                "SELECT 1 FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (f"{self.claim.id}/{number}",)
            )
        )

    def _unmark(self, number: int) -> None:
        self.session.execute(
            "DELETE FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (f"{self.claim.id}/{number}",)
        )

    # Outcomes

    def _as_json(self, outcomes: Outcomes, items: list[Item]) -> dict[str, Any]:
        """The outcomes as they are kept, with the values of the file that a person will look for."""
        by_line = {item.line: item for item in items}

        def told(line: int, field: str | None, message: str | None) -> tuple[Any, ...]:
            return line, *self.as_written(by_line[line], field), message

        failed = [told(line, field, message) for line, status, field, message in outcomes.lines if status == "failed"]
        lines = [(line, status, *self.label(by_line[line])) for line, status, _, _ in outcomes.lines]
        incomplete = {line for line, _, _ in outcomes.problems}
        counts = Counter(status for _, status, *_ in lines)
        counts["incomplete"] = sum(status != "failed" and line in incomplete for line, status, *_ in lines)
        return {
            "lines": lines,
            "counts": counts,
            "problems": failed + [told(*problem) for problem in outcomes.problems],
            "notes": [told(*note) for note in outcomes.notes],
            "stale": sorted(outcomes.stale),
            "contents": sorted(outcomes.contents),
            "answer": outcomes.answer,
            "plan": outcomes.plan if self.rehearsal else [],
        }

    def _sum(self) -> dict[str, Any]:
        counts: Counter[str] = Counter()
        stale: set[str] = set()
        for piece in pieces(self.cabinet, self.claim, self.kind):
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
    """The execution of a file whose lines are those of a table."""

    def __init__(
        self,
        cabinet: Cabinet,
        claim: Claim,
        file: CommandFile,
        suite: Suite,
        session: MoodleSession,
        log: Any,
        *,
        planning: bool = False,
    ) -> None:
        folder = SqlFolder(
            suite.name,
            session,
            columns=set(file.header.plain),
            families=set(file.header.families),
            options=claim.options,
            planning=planning,
            approved_plan=not planning and Report(cabinet, claim).has_plan,
        )
        columns = [(spec.name, spec.type) for spec in suite.plain_columns]
        super().__init__(cabinet, claim, folder, columns, log, planning=planning)
        self.file = file
        self.stager = Stager(suite, file.header, read_zone(claim.options["timezone"] or session.timezone))

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
