"""Executes a command file in batches, each a transaction that is applied exactly once."""

from __future__ import annotations

import gc
import random
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from typing import Any, Generic, Protocol, TypeVar

from airflow.sdk.exceptions import AirflowFailException
from more_itertools import peekable, take

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.errors import is_lost, is_worth_another_try
from toolsync.moodle.hook import check_not_upgraded
from toolsync.reporting.approved_plan import ApprovedPlan
from toolsync.reporting.outcomes import Outcomes
from toolsync.reporting.pieces import BATCH, CHECKED, EXECUTED, PLAN, PLANNED, PROGRESS, forget_pieces, piece_name
from toolsync.reporting.report import Report
from toolsync.running.changes import Changes
from toolsync.running.execution import Execution, StagedLine
from toolsync.running.ledger import Ledger, RecordsDisagree
from toolsync.running.pace import Pace
from toolsync.running.progress import Effort, Progress
from toolsync.running.sql_folder import SqlFolder
from toolsync.running.throttle import Throttle

BEGUN = "begun.json"  # there as soon as something of a file may have reached the site


class Numbered(Protocol):
    """An item of a file: a record of a CSV file, an image of an archive."""

    @property
    def line(self) -> int:
        """Its line number, or its number in the archive."""


class Witness(Protocol):
    """Who has to know before anything of a file reaches the site (`data_sets/applied.py`).

    :ivar newer: the file of the same export that was taken later than this one, and applied before it; None: there is none.
    """

    newer: str | None

    def begin(self) -> None:
        """Before the first batch commits. Called again when a run goes on."""

    def take_back(self) -> None:
        """Nothing of the file reached the site after all."""


class Sparing(Protocol):
    """Who keeps values that the lines of a batch would change (`data_sets/hands_off.py`)."""

    def spare(self, outcomes: Outcomes) -> set[int]:
        """Put back what is to stay, before the batch commits.

        :return: the lines that changed less than they would have.
        """

    def left(self) -> str:
        """What the batch leaves, for `note`."""

    def note(self, left: str) -> None:
        """Take note of what a committed batch left, now or in an earlier attempt."""


Item = TypeVar("Item", bound=Numbered)
Work = Callable[[Sequence[StagedLine]], Outcomes]


class BatchRun(Generic[Item]):
    """Executes one claimed file on one open session. A subclass reads and stages its items.

    :param folder: the SQL of the type, rendered for this file, on that session.
    :param columns: (name, type) of the staged columns, with the types of a suite.
    :param planning: do all the work in one transaction, roll it back, and keep the outcomes as the plan of the file.
    :ivar witness: who has to know before anything of the file reaches the site; None: nobody.
    :ivar hands_off: who keeps values that lines would change; None: nobody.
    """

    unit = "line"
    witness: Witness | None = None
    hands_off: Sparing | None = None
    same: Container[int] = ()  # lines that don't run, as they are those of the last file of the data set

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
        self._throttle: Throttle | None = None
        self._resuming = True  # until the first batch that is not done yet
        self._committed = False  # whether a batch of this file may have been committed
        self._counts: Counter[str] = Counter()  # what became of the lines so far, earlier attempts included
        self.written: Counter[str] = Counter()  # rows written by table of the site, earlier attempts included
        self.changes = Changes(cabinet, claim, self.session) if self.state.images and self.state.keeps_changes else None
        self._effort = Effort()
        self._failed: set[int] = set()
        self._stale: set[str] = set()
        self._contents: set[str] = set()
        # A rehearsal is one transaction, however it is cut.
        self._pace = Pace(self.batch_size(), None if self.rehearsal else self._batch_seconds())

    @property
    def rehearsal(self) -> bool:
        """Whether everything is rolled back at the end. Such a run writes to nothing but the claim's work folder."""
        return self.planning or self.claim.simulate

    @property
    def stage_name(self) -> str:
        """The stage under which the outcomes are kept in the work folder."""
        return PLAN if self.planning else BATCH

    def items(self, failed: set[int]) -> Iterator[Item]:
        """The items to execute, in the order of the file.

        :param failed: the lines to leave out.
        """
        raise NotImplementedError

    def last_line(self) -> int:
        """The number of the last item of the file."""
        return max(item.line for item in self.items(set()))

    def batch_size(self) -> int:
        """The number of items in one transaction, at most."""
        page = self.state.site.page
        return page["batch_lines_of"].get(self.cabinet.root.name, page["batch_lines"])

    def _batch_seconds(self) -> float | None:
        """How long a batch may lock rows; None: no matter."""
        page = self.state.site.page
        if page["batch_seconds"] is None:
            return None
        return (page.get("batch_seconds_of") or {}).get(self.cabinet.root.name, page["batch_seconds"])

    def stage(self, number: int, items: list[Item]) -> list[StagedLine]:
        """Convert the items of a batch to rows for staging. Called once a batch, even when its transaction is tried several times."""
        raise NotImplementedError

    def prepared(self, staged: Sequence[StagedLine], work: Work) -> Work:
        """Do what has to happen outside the transaction, right before it. Called again each time the batch is tried again.

        :param work: applies staged lines.
        :return: the function that applies the staged lines within the transaction.
        """
        return work

    def begin(self) -> None:
        """Set `@now` and `@actor`, the time and the user id that the SQL writes into rows."""
        self.session.execute(
            "SELECT UNIX_TIMESTAMP(), COALESCE(MIN(CAST(SUBSTRING_INDEX(value, ',', 1) AS UNSIGNED)), 0) INTO @now, @actor "
            "FROM {config} WHERE name = 'siteadmins'"
        )

    def after_lines(self, number: int) -> int:
        """Do in batches what follows from the lines of the file as a whole.

        :param number: of the first batch.
        :return: the number after that of the last batch.
        """
        return number

    def as_written(self, item: Item, field: str | None) -> tuple[str | None, str | None]:
        """The name and value of a column as the file writes them, for the report.

        :param field: the column; None for the whole line.
        """
        raise NotImplementedError

    def label(self, item: Item) -> tuple[str, ...]:
        """What the CSV report says about an item besides its number."""
        return ()

    def contents(self) -> set[str]:
        """Hashes of file contents that may have become unused."""
        return self._contents

    def execute(self) -> None:
        """Execute the batches that are not done yet."""
        if self.planning:
            self._forget_plan()
        self.execution.check_collations()
        self.execution.check_site()
        if self.changes:
            self.changes.begin()
        gc.freeze()  # otherwise each collection scans all of Airflow's objects again
        try:
            self._execute_all()
        finally:
            gc.unfreeze()

    def keep_totals(self, took: Mapping[str, float]) -> None:
        """Record the totals of the file: its results in the work folder are complete.

        :param took: seconds that the task took so far, by what it did.
        """
        totals = {**self._totals(), "took": {**took, **self._effort.as_json()}}
        self.cabinet.save(self.claim, PLANNED if self.planning else EXECUTED, totals)

    def _forget_plan(self) -> None:
        """Remove all pieces of an older plan, which may be longer than the new one."""
        self.cabinet.forget(self.claim, PLANNED)
        forget_pieces(self.cabinet, self.claim, PLAN)

    def _execute_all(self) -> None:
        with (
            closing(Throttle(self.state.site, self.session, self.log))
            if not self.rehearsal
            else nullcontext() as throttle
        ):
            self._throttle = throttle
            self._all_phases()

    def _all_phases(self) -> None:
        """Apply the lines, then what follows from them, then what the type does at the end of a file."""
        report = Report(self.cabinet, self.claim)
        failed, lines = report.failed_lines(CHECKED), report.validated.get("lines", 0)
        self.same = report.same
        try:
            progress = self._progress(lines - len(failed) - len(report.same))
            number = self._apply(0, self.items(failed), self.execution.run, progress)
            self._effort.rate = progress.rate
            number = self.after_lines(number)
            if self.execution.folder.end:
                failed |= self._failed
                self.same = ()  # they are lines of the file like others
                progress = self._progress(lines - len(failed), "At the end of the file: ")
                number = self._apply(number, self.items(failed), self.execution.end, progress)
        except RecordsDisagree as error:
            last = self.last_line()
            raise error.explained(self.claim, self.cabinet.work(self.claim), self.unit, last) from None
        if self.rehearsal:
            self.state.rollback()
            if number:
                self.log.info("All of it was rolled back. Rows of the site were locked for %.1f s.", self.state.locked)
        else:
            self._ledger.unmark(number - 1)
            self.state.commit()

    def _progress(self, items: int, doing: str = "") -> Progress:
        """What counts the items that are done, for the log and the page.

        :param items: the number of items to do.
        """

        def keep(so_far: dict[str, Any]) -> None:
            with suppress(OSError):  # a run goes on whether or not the page can show how far it is
                self.cabinet.save(self.claim, PROGRESS, {**so_far, "planning": self.planning})

        return Progress(self.log, self.unit, items, doing, keep)

    def _apply(self, number: int, items: Iterator[Item], work: Work, progress: Progress) -> int:
        """Apply items, batch by batch.

        :param number: of the first batch.
        :param work: applies staged lines.
        :return: the number after that of the last batch.
        """
        left = peekable(items)
        while left:
            if done := self._done_before(number):
                skipped = 0
                while left and left.peek().line <= done["last"]:
                    next(left)
                    skipped += 1
                self._note(done)
                self.state.go_on([(first, last) for first, last in done.get("waiting", ())])
                progress.resumed(skipped)
            else:
                if self._throttle and self._committed:
                    began = time.perf_counter()
                    self._throttle.wait()
                    self._effort.throttled += time.perf_counter() - began
                    check_not_upgraded(self.session)
                batch = take(self._pace.lines, left)
                self.state.more_lines = bool(left)
                outcomes = self._execute(number, batch, work, progress)
                self._note(outcomes)
                changed = sum(outcomes["counts"].get(status, 0) for status in ("created", "updated", "deleted"))
                progress.batch(len(batch), None if self.rehearsal else self.state.locked)
                self._pace.took(len(batch), changed, self.state.locked)
                self._effort.locked = max(self._effort.locked, self.state.locked)
            number += 1
        progress.finished()
        return number

    def _done_before(self, number: int) -> dict[str, Any] | None:
        """The outcomes of a batch that an earlier attempt committed."""
        if self.rehearsal or not self._resuming:
            return None
        done = self._ledger.done(number)
        if done is None:
            self._resuming = False
            if self.witness:
                self.witness.begin()
            self.cabinet.save(self.claim, BEGUN, {})
        return done

    def _note(self, outcomes: dict[str, Any]) -> None:
        """Take note of what became of the lines of a batch, now or in an earlier attempt.

        :param outcomes: as the work folder keeps them.
        """
        self._counts.update(outcomes["counts"])
        self.written.update(outcomes.get("written", {}))  # a batch of version 0.1 does not say
        if self.changes:
            self.changes.count(outcomes.get("changed"))
        if self.hands_off and "left" in outcomes:
            self.hands_off.note(outcomes["left"])
        self._failed.update(line for line, status, *_ in outcomes["lines"] if status == "failed")
        self._stale.update(outcomes["stale"])
        self._contents.update(outcomes["contents"])

    def _execute(self, number: int, items: list[Item], work: Work, progress: Progress) -> dict[str, Any]:
        """Apply a batch, again if it meets another transaction.

        :return: the outcomes, as the work folder keeps them.
        """
        where = f"{self.unit.capitalize()}s {items[0].line} to {items[-1].line}"
        staged = self.stage(number, items)
        attempts = self.state.site.page["lock_attempts"]
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._try(number, items, staged, self.prepared(staged, work))
            except BaseException as error:
                self._roll_back(error)
                if (
                    not isinstance(error, Exception)
                    or not is_worth_another_try(error)
                    or attempt == attempts
                    or self.rehearsal
                ):
                    if not self._committed and not self.rehearsal:
                        self.cabinet.forget(self.claim, BEGUN)
                        if self.witness:
                            self.witness.take_back()
                    raise
                progress.again(where, error)
                self._effort.retries += 1
                self._pace.collided()
                time.sleep(random.uniform(0.1, 0.5) * 2 ** min(attempt, 4))

    def _roll_back(self, error: BaseException) -> None:
        """Leave nothing of an attempt, so that the next one begins as the first did.

        The server has not always done it: after a lock timeout it has undone one statement only.

        :param error: what ended the attempt.
        """
        with suppress(Exception):  # the connection may be lost
            self.state.rollback()
        # A person who stops the run may do so right after the commit.
        unknown = not isinstance(error, Exception) or is_lost(error)
        if self.state.undo:
            self.state.undo.take_back(keep_settled=unknown)
        if self.changes and not unknown:
            self.changes.take_back()

    def _try(self, number: int, items: list[Item], staged: list[StagedLine], work: Work) -> dict[str, Any]:
        self.begin()
        outcomes = self._within_plan(work, staged)
        spared = self.hands_off.spare(outcomes) if self.hands_off else set()
        if self.state.undo:
            self.state.undo.settle(outcomes.done)
        if self.state.site_log:
            self.state.site_log.write()
        changed = None
        if self.changes and self.state.images:
            changed = self.changes.keep(number, (items[0].line, items[-1].line), self.state.images)
            outcomes.spare(spared - self.changes.lines(number) if spared else ())
        kept = self._as_kept(outcomes, items)
        if self.changes and self.state.images:
            kept["changed"] = changed
        if self.hands_off:
            kept["left"] = self.hands_off.left()
        if self.rehearsal:
            self.cabinet.save(self.claim, piece_name(self.stage_name, number), kept)
        else:
            self.execution.flags.write(outcomes)
            kept["written"] = +self.state.written
            kept["last"] = items[-1].line
            if self.state.waiting:
                kept["waiting"] = self.state.waiting
            self._ledger.enter(number, kept)
            self._committed = True  # from now on, nobody knows before the server answers
            if self.changes:
                self.state.after_commit.insert(0, self.changes.committed)
            self.state.commit()
            self._ledger.confirm(number, kept)
        return kept

    def _as_kept(self, outcomes: Outcomes, items: list[Item]) -> dict[str, Any]:
        by_line = {item.line: item for item in items}
        kept = outcomes.as_json(
            lambda line, field: self.as_written(by_line[line], field), lambda line: self.label(by_line[line])
        )
        return kept if self.rehearsal else {**kept, "plan": []}

    def _within_plan(self, work: Work, staged: list[StagedLine]) -> Outcomes:
        """Apply lines, except those that would do something that was not approved.

        The SQL of a type fails such lines itself. This is the safeguard.

        :raises AirflowFailException: even without those lines, the batch would do something that was not approved.
        """
        plan = self.execution.approved
        if plan is None:
            return work(staged)
        roll_back = self.state.savepoint("toolsync_approved")
        outcomes = work(staged)
        if strays := plan.strays(outcomes.plan):
            roll_back()
            others = [line for line in staged if line.line not in strays]
            outcomes = work(others)
            if plan.strays(outcomes.plan):
                raise AirflowFailException(
                    "The site is being changed while this file is executed, so its lines would do more than the approved plan says. "
                    "Nothing of this batch was applied. Run the file again to get a new plan."
                )
            outcomes.lines += [(line, "failed", None, message) for line, message in strays.items()]
            outcomes.lines.sort()
        return outcomes

    def _totals(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "counts": self._counts,
            "written": self.written,
            "stale": sorted(self._stale),
            "seconds": {**self.execution.folder.seconds, **self.execution.flags.folder.seconds},
        }
        if self.changes and (kept := self.changes.end()):
            found["changed"] = kept
        found["timezone"] = self.claim.options.get("timezone") or self.session.timezone
        if self.rehearsal:
            found["at"] = self.session.value("SELECT UNIX_TIMESTAMP()")
        if self.planning:
            found["connection"] = self.state.site.moodle_conn_id
            found["identity"] = self.session.identity
        return found


def approved_plan(cabinet: Cabinet, claim: Claim) -> ApprovedPlan | None:
    """The plan that the execution of a file must follow; None when it has none."""
    report = Report(cabinet, claim)
    return ApprovedPlan(report.plan(), report.failed_in_plan()) if report.has_plan else None
