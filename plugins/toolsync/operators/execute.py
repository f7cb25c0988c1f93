"""The task that changes the site."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from toolsync import __version__
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_bundles import UndoWriter, expire, held_contents
from toolsync.functions import sql_folder
from toolsync.moodle.file_pool import FilePool
from toolsync.moodle.hook import MoodleHook
from toolsync.operators.base import ClaimOperator
from toolsync.reading.suite import load_suite
from toolsync.reporting.pieces import EXECUTED
from toolsync.reporting.plan import Totals, lines_of
from toolsync.reporting.report import Report, sentences, totals
from toolsync.running.batches import BatchRun, LineRun
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState
from toolsync.settings import settings

WAIT_FOR_OTHERS = 1800  # seconds that another Tool Sync run on the same site may take


class ExecuteOperator(ClaimOperator):
    """Applies the lines that passed validation to the Moodle database, batch by batch, each batch a transaction.

    A batch's outcomes are kept in the work folder before it commits, and a mark commits with it, so that a retry knows which
    batches are done: each is applied exactly once, whatever dies. A simulation is one transaction, rolled back at the end.

    :param moodle_conn_id: the Airflow connection of the Moodle database.
    :param destructive: whether the type takes things away: then nothing is done that was not decided on.
    """

    planning = False
    run_class: type[LineRun] = LineRun

    def __init__(self, *, moodle_conn_id: str, destructive: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.moodle_conn_id = moodle_conn_id
        self.destructive = destructive

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        if cabinet.saved(claim, EXECUTED) is None:
            if self.destructive and not claim.simulate:
                self.check_approval(cabinet, claim)
            self.open_and_run(cabinet, claim)
        report = Report(cabinet, claim)
        if claim.simulate and (total := Totals.of(report.plan())).things:
            self.log_list(f"In the plan: {total.sentence(report.zone)}", lines_of(report.plan(), report.zone))
        self.log.info("%s%s", "SIMULATION, rolled back. " if claim.simulate else "", totals(report.counts, report.unit))
        self.log_list(f"{report.unit.capitalize()}s that come back", sentences(report.problems(), report.unit))
        self.log_list("Notes", sentences(report.notes(), report.unit))
        return {"counts": report.counts, "stale": report.stale, "simulated": claim.simulate}

    def check_approval(self, cabinet: Cabinet, claim: Claim) -> None:
        """Look what was decided on the file.

        :raises AirflowFailException: nothing was.
        :raises AirflowSkipException: that it is not to be executed.
        """
        approval = Report(cabinet, claim).approval
        if approval is None:
            raise AirflowFailException(
                f"It was not decided whether {claim.name} may be executed: clear the task approve."
            )
        if not approval.given:
            raise AirflowSkipException(f"{claim.name} was not approved: nothing is done.")

    def open_and_run(self, cabinet: Cabinet, claim: Claim) -> None:
        """Execute the file, alone on the site."""
        hook = MoodleHook(self.moodle_conn_id)
        with hook.session(lock_seconds=WAIT_FOR_OTHERS) as session:
            self.log.info(
                "Tool Sync %s, Moodle %s, tables %s*, %s.",
                __version__,
                session.release,
                session.prefix,
                "MariaDB" if session.is_mariadb else "MySQL",
            )
            undo = None if self.planning or claim.simulate else UndoWriter(cabinet, claim)
            self.run_batches(cabinet, claim, RunState(session, snapshot=hook.snapshot, undo=undo))

    def run_batches(self, cabinet: Cabinet, claim: Claim, state: RunState) -> None:
        """Execute every batch that is not done yet."""
        file, suite = self.open_file(cabinet, claim), load_suite(self.file_type)
        occasion = Occasion(
            columns=set(file.header.plain),
            families=set(file.header.families),
            options=claim.options,
            planning=self.planning,
            approved_plan=not self.planning and Report(cabinet, claim).has_plan,
        )
        folder = sql_folder(suite.name, state, occasion)
        self.complete(self.run_class(cabinet, claim, file, suite, folder, self.log, planning=self.planning))

    def complete(self, run: BatchRun[Any]) -> None:
        """Execute a run to its end. What follows the last commit is done again when the task dies before the totals are kept."""
        run.execute()
        if not run.rehearsal:
            self.clear_away(run)
        run.keep_totals()

    def clear_away(self, run: BatchRun[Any]) -> None:
        """Contents of files that nothing refers to any more go into the site's trash, and undo bundles that have expired go."""
        if suspects := run.contents():
            pool = FilePool(run.session.extra["dataroot"])
            gone = pool.discard_unused(suspects - held_contents(), run.session)
            self.log.info("%s contents of files that nothing refers to any more were moved to the site's trash.", gone)
        if expired := expire(run.cabinet, run.state, settings()["protection"]["undo_days"]):
            self.log.info("%s undo bundles older than `undo_days` (toolsync.yaml) were removed.", expired)
