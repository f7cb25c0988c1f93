"""The task that changes the site."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from toolsync.batches import LineRun
from toolsync.cabinet import Cabinet, Claim
from toolsync.moodle import MoodleHook, MoodleSession
from toolsync.operators.base import ClaimOperator
from toolsync.plan import Totals, lines_of
from toolsync.report import EXECUTED, Report, sentences, totals
from toolsync.suite import load_suite

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
        with MoodleHook(self.moodle_conn_id).session(lock_seconds=WAIT_FOR_OTHERS) as session:
            self.log.info(
                "Moodle %s, tables %s*, %s.",
                session.release,
                session.prefix,
                "MariaDB" if session.is_mariadb else "MySQL",
            )
            self.run_batches(cabinet, claim, session)

    def run_batches(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        """Execute every batch that is not done yet."""
        file, suite = self.open_file(cabinet, claim), load_suite(self.kind)
        self.run_class(cabinet, claim, file, suite, session, self.log, planning=self.planning).run()
