"""The task that shows what a file would take away."""

from __future__ import annotations

from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.execute import ExecuteOperator
from toolsync.reporting.pieces import ASKED, NOTHING_PLANNED, PLANNED
from toolsync.reporting.plan import Totals, lines_of
from toolsync.reporting.report import Report, sentences, totals


class PlanOperator(ExecuteOperator):
    """Does all the work of the file and rolls it back; what would go is kept for the person who decides, and for execution to keep to.

    Made anew until a person is asked. From then on it stays: a cleared task keeps the form that it once showed, and what is approved must be what is shown.
    A simulation has no plan of its own: its execution is the plan. Neither has a file that can't take anything away.
    """

    planning = True

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        if claim.simulate:
            self.log.info("A simulation: its execution does all the work, shows the plan and changes nothing.")
            return {}
        if not self.takes_away(cabinet, claim):
            cabinet.save(claim, PLANNED, NOTHING_PLANNED)
            self.log.info("Files with these columns and Params take nothing away: there is nothing to plan.")
            return {}
        approval = Report(cabinet, claim).approval
        if cabinet.saved(claim, ASKED) or (approval and approval.stands):
            self.log.info(
                "This plan was shown or decided on, so it stays. For a new one reject it, and run the file again."
            )
        else:
            self.open_and_run(cabinet, claim)
        report = Report(cabinet, claim)
        total = Totals.of(report.plan())
        self.log.info("PLAN, rolled back. %s", totals(report.planned_counts, report.unit))
        self.log_list(f"In the plan: {total.sentence(report.zone)}", lines_of(report.plan(), report.zone))
        self.log_list(f"{report.unit.capitalize()}s that would come back", sentences(report.problems(), report.unit))
        self.log_list("Notes", sentences(report.notes(), report.unit))
        return {"counts": report.planned_counts, **total.as_json()}

    def takes_away(self, cabinet: Cabinet, claim: Claim) -> bool:
        """Whether the file may take anything away at all."""
        return True
