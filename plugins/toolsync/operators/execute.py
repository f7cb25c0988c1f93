"""The task that changes the site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from toolsync import __version__
from toolsync.cabinet.bundles import Bundle
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.data_sets import DataSet
from toolsync.cabinet.folders import Cabinet
from toolsync.course.graph_check import newer_than_tested
from toolsync.course.undo_bundles import BY_COURSE, UndoWriter
from toolsync.course.undo_expiry import expire, held_contents
from toolsync.data_sets.applied import Applied, mark_of
from toolsync.data_sets.before import MARK, SITE, Before, name_of
from toolsync.data_sets.hands_off import HandsOff
from toolsync.functions import sql_folder
from toolsync.moodle.errors import SiteUnfit
from toolsync.moodle.file_pool import FilePool
from toolsync.moodle.session import MoodleSession
from toolsync.operators.base import ClaimOperator
from toolsync.operators.changes import changes_of
from toolsync.operators.validate import check_lines
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite
from toolsync.reporting.changes_table import Shown, rows_sentence
from toolsync.reporting.pieces import EXECUTED, NEWER, NO_LOG, UNFIT, VALIDATED
from toolsync.reporting.report import Report
from toolsync.reporting.report_text import plan_summary, sentences, totals
from toolsync.running import moodle_log
from toolsync.running.batches import BEGUN, BatchRun
from toolsync.running.ledger import Ledger, RecordsDisagree
from toolsync.running.lines import LineRun
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState, open_run

WAIT_FOR_OTHERS = 1800  # seconds to wait for another Tool Sync run on the same site


class ExecuteOperator(ClaimOperator):
    """Applies the lines that passed validation to the Moodle database, batch by batch, each batch a transaction.

    A retry continues after the last batch that was committed, so each batch is applied exactly once (`toolsync.running.ledger`). A
    simulation is one transaction, rolled back at the end.

    :param destructive: whether the type deletes things. Then a file is executed only after a decision on its plan.
    """

    planning = False
    wait = 0.0  # seconds until the site was free for this run
    run_class: type[LineRun] = LineRun
    data_set: Applied | None = None

    def __init__(self, *, destructive: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.destructive = destructive

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        if cabinet.saved(claim, EXECUTED) is None:
            check_not_undone(cabinet, claim)
            if self.destructive and not claim.simulate:
                self.check_approval(cabinet, claim)
            self.open_and_run(cabinet, claim)
        report = Report(cabinet, claim)
        self.lineage.facts = {
            "toolsync": __version__,
            "type": self.file_type,
            "file": claim.name,
            "claim": claim.id,
            "simulated": claim.simulate,
            "counts": report.counts,
        }
        self.log.info("%s%s", "SIMULATION, rolled back. " if claim.simulate else "", totals(report.counts, report.unit))
        self.log_results(report, with_plan=claim.simulate)
        if claim.simulate and report.changed:
            told = Shown.of(changes_of(cabinet, claim, report), report.unit)
            self.log_list(f"Would be changed: {rows_sentence(report.changed)}", told.lines())
        self.tell_assets(claim, report, context)
        return {"counts": report.counts, "stale": report.stale, "simulated": claim.simulate}

    def repeat(self, result: Mapping[str, Any], context: Any) -> dict[str, Any]:
        super().repeat(result, context)
        self.outlets = []
        if result["refused"]:
            raise AirflowSkipException(f"{result['file']} was not approved, so it is not executed.")
        if result.get("unfit"):
            raise AirflowFailException(result["unfit"])
        return {"counts": result["counts"], "stale": result["stale"], "simulated": result["simulated"]}

    def tell_assets(self, claim: Claim, report: Report, context: Any) -> None:
        """Let the task's asset have an event if the site was changed, with the file and its counts; none if it was not."""
        counts = {status: count for status, count in report.counts.items() if count}
        changed = report.stale or counts.keys() & {"created", "updated", "deleted"}
        if claim.simulate or not changed:
            self.outlets = []
        for asset in self.outlets:
            context["outlet_events"][asset].extra.update(file=claim.name, claim=claim.id, counts=counts)

    def log_results(self, report: Report, *, with_plan: bool) -> None:
        """Log what became of the lines.

        :param with_plan: also log what was planned.
        """
        if with_plan:
            self.log_list(*plan_summary(report))
        self.log_list(f"{report.unit.capitalize()}s that fail", sentences(report.problems(), report.unit))
        self.log_list("Notes", sentences(report.notes(), report.unit))

    def check_approval(self, cabinet: Cabinet, claim: Claim) -> None:
        """Check that the file may be executed.

        :raises AirflowFailException: nothing was decided about it.
        :raises AirflowSkipException: it was not approved.
        """
        approval = Report(cabinet, claim).approval
        if approval is None:
            raise AirflowFailException(
                f"Nothing was decided about {claim.name}. Clear the task approve, so that the plan is decided on."
            )
        if not approval.given:
            raise AirflowSkipException(f"{claim.name} was not approved, so it is not executed.")

    def check_plan(self, cabinet: Cabinet, claim: Claim) -> None:
        """Check that the plan is of this site: somebody may have changed the settings since then.

        :raises SiteUnfit: it is not.
        """
        conn_id = self.site.moodle_conn_id
        if (planned := Report(cabinet, claim).planned.get("connection", conn_id)) != conn_id:
            raise SiteUnfit(
                f"{claim.name} is not executed: its plan was made over the connection {planned}, and the settings now name {conn_id}. "
                "Run the file again to get a plan of that site."
            )

    def check_database(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        """Check that the plan is of this database: somebody may have let the connection itself lead elsewhere since then.

        :raises SiteUnfit: it is not.
        """
        if (planned := Report(cabinet, claim).planned.get("identity", session.identity)) != session.identity:
            raise SiteUnfit(
                f"{claim.name} is not executed: its plan was made for the database {planned.rpartition(' ')[2]}, and the connection "
                f"{self.site.moodle_conn_id} now leads to {session.database}, or to another site of that name. Run the file again to get a plan of that site."
            )

    def open_and_run(self, cabinet: Cabinet, claim: Claim) -> None:
        """Open the site for writing and execute the file.

        :raises SiteUnfit: the site can't take it. Where nothing of it was done yet, `archive` puts it back into the inbox.
        """
        undo = None if self.planning or claim.simulate else UndoWriter(cabinet, claim)
        if cabinet.saved(claim, UNFIT):  # of an earlier attempt
            cabinet.forget(claim, UNFIT)
        try:
            if self.destructive and not self.planning:
                self.check_plan(cabinet, claim)
            self._open_and_run(cabinet, claim, undo)
        except SiteUnfit as reason:
            if cabinet.saved(claim, BEGUN) is None:
                cabinet.save(claim, UNFIT, {"why": str(reason)})
            raise

    def _open_and_run(self, cabinet: Cabinet, claim: Claim, undo: UndoWriter | None) -> None:
        images = bool(claim.options.get("undo", True)) and not self.planning
        images = images and (claim.simulate or self.file_type not in BY_COURSE)
        logs = bool(claim.options.get("moodle_log")) and not self.planning and not claim.simulate
        with open_run(self.site, lock_seconds=WAIT_FOR_OTHERS, undo=undo, images=images or logs) as state:
            state.keeps_changes = images
            session, self.wait, state.claim_id = state.session, self.seconds, claim.id
            cabinet.reread(claim)  # it may have waited for another run, and for another attempt at this file
            if not self.planning:
                check_not_undone(cabinet, claim)  # or for one that undid it
            self.log.info(
                "Tool Sync %s, Moodle %s, tables %s*, %s.",
                __version__,
                session.release,
                session.prefix,
                session.server_name,
            )
            if self.destructive and not self.planning:
                self.check_database(cabinet, claim, session)
            if told := newer_than_tested(session):
                self.log.warning(told)
                cabinet.save(claim, NEWER, {"told": told})
            if logs:
                self.log_on_site(cabinet, claim, state)
            self.run_batches(cabinet, claim, state)

    def log_on_site(self, cabinet: Cabinet, claim: Claim, state: RunState) -> None:
        """Let the site's own log be told what each batch does; or say why not."""
        if told := moodle_log.why_not(state.session):
            self.log.warning(told)
            cabinet.save(claim, NO_LOG, {"told": told})
        elif state.images:
            state.site_log = moodle_log.MoodleLog(sql_folder(moodle_log.FOLDER, state, Occasion()), state.images)

    def run_batches(self, cabinet: Cabinet, claim: Claim, state: RunState) -> None:
        """Execute the batches of the file that are not done yet."""
        file, suite = self.open_file(cabinet, claim), load_suite(self.file_type)
        self.data_set = self.data_set_of(cabinet, claim, file, state)
        folder = sql_folder(suite.name, state, self.occasion(cabinet, claim, file))
        run = self.run_class(cabinet, claim, file, suite, folder, self.log, planning=self.planning)
        run.witness = self.data_set
        if self.data_set and self.data_set.memory and state.images:
            run.hands_off = self.data_set.hands_off = HandsOff(state, self.data_set.memory, suite, file.header)
        self.complete(run)

    def data_set_of(self, cabinet: Cabinet, claim: Claim, file: CommandFile, state: RunState) -> Applied | None:
        """The data set that the file belongs to. If another file of it was applied since this one was compared, it is compared and validated again."""
        if not name_of(claim.options):
            return None
        mark = mark_of(state.session, DataSet(cabinet, name_of(claim.options)))
        site = {SITE: f"{state.session.identity} {self.site.moodle_conn_id}", MARK: mark}

        def check_again(before: Before) -> None:
            found = check_lines(cabinet, claim, file, before.compare(site))
            if rejected := found.get("rejected"):
                raise SiteUnfit(f"{claim.name} is rejected: {'; '.join(rejected)}")
            cabinet.save(claim, VALIDATED, {**Report(cabinet, claim).validated, **found})

        try:
            begun = not claim.simulate and Ledger(cabinet, claim, state.session).done(0) is not None
        except RecordsDisagree:
            begun = True  # the run will say so
        state.rollback()  # comparing may take its time
        rehearsal = self.planning or claim.simulate
        return Applied(cabinet, claim, file, site=site, rehearsal=rehearsal, begun=begun, check_again=check_again)

    def occasion(self, cabinet: Cabinet, claim: Claim, file: CommandFile) -> Occasion:
        """What the SQL is rendered for."""
        return Occasion(
            columns=self.columns(file),
            families=set(file.header.families),
            options=claim.options,
            approved_plan=not self.planning and Report(cabinet, claim).has_plan,
            rehearsal=self.planning or claim.simulate,
        )

    def columns(self, file: CommandFile) -> set[str]:
        """The columns of a file that SQL is to know of, apart from families."""
        return set(file.header.plain)

    def complete(self, run: BatchRun[Any]) -> None:
        """Execute a run to its end. If the task dies between the last commit and `keep_totals`, a retry repeats the clean-up."""
        try:
            run.execute()
        finally:
            self.lineage.wrote(run.session, run.written)
        if self.data_set and not self.planning:
            self.data_set.end(run.session)
        if not run.rehearsal:
            self.clear_away(run)
        run.keep_totals({"wait": self.wait, "seconds": self.seconds - self.wait})

    def clear_away(self, run: BatchRun[Any]) -> None:
        """Move file contents that are no longer used to the site's `trashdir`, and remove expired undo bundles."""
        if suspects := run.contents():
            pool = FilePool(run.session.extra["dataroot"])
            gone = pool.discard_unused(suspects - held_contents(self.site), run.session)
            self.log.info("Moved %s unused file contents to the site's trashdir.", gone)
        if expired := expire(run.cabinet, run.state, self.site.page["protection"]["undo_days"]):
            self.log.info("Removed %s undo bundles older than `undo_days` (include/toolsync.yaml).", expired)


def check_not_undone(cabinet: Cabinet, claim: Claim) -> None:
    """Check that nobody has undone what an earlier attempt had done: going on would do the rest of the file alone.

    :raises AirflowFailException: somebody has.
    """
    if claim.simulate or cabinet.saved(claim, BEGUN) is None:
        return
    if undone := (Bundle.of_claim(cabinet, claim).index() or {}).get("undone"):
        raise AirflowFailException(
            f"{claim.name} was cut off, and what had been done of it was undone at {undone['at']} (run {undone['by_claim']}), so it does not go on. "
            f"To run it again, copy {cabinet.input(claim)} into the inbox; then remove {cabinet.work(claim)}."
        )
