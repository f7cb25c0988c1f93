"""The task that shows what a file would delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ClaimOperator
from toolsync.operators.execute import ExecuteOperator
from toolsync.reporting.pieces import ASKED, NOTHING_PLANNED, PLANNED
from toolsync.reporting.plan import Totals
from toolsync.reporting.report import Report
from toolsync.reporting.report_text import totals


class PlanOperator(ExecuteOperator):
    """Does all the work of the file and rolls it back. The plan, what would go, is kept for the person who decides and for `execute` to follow.

    A retry makes a new plan until a person is asked. From then on the plan is fixed: a cleared `approve` shows its form again unchanged, and
    what is approved must be what the form shows. A simulation has no separate plan, and neither has a file that can't delete anything.
    """

    planning = True

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        if claim.simulate:
            self.log.info("Nothing to do: in a simulation, execute shows the plan and changes nothing.")
            return {}
        if not self.may_delete(cabinet, claim):
            cabinet.save(claim, PLANNED, NOTHING_PLANNED)
            self.log.info("Nothing to do: a file with these columns and Params deletes nothing.")
            return {}
        approval = Report(cabinet, claim).approval
        if cabinet.saved(claim, ASKED) or (approval and approval.stands):
            self.log.info(
                "The plan was already shown or decided on, so it stays. For a new plan, reject this one and run the file again."
            )
        else:
            self.open_and_run(cabinet, claim)
        report = Report(cabinet, claim)
        self.log.info("PLAN, rolled back. %s", totals(report.planned_counts, report.unit))
        self.log_results(report, with_plan=True)
        return {"counts": report.planned_counts, **Totals.of(report.plan()).as_json()}

    def repeat(self, result: Mapping[str, Any], context: Any) -> dict[str, Any]:
        ClaimOperator.repeat(self, result, context)
        return {} if result["simulated"] else result.get("planned") or {}

    def may_delete(self, cabinet: Cabinet, claim: Claim) -> bool:
        """Whether the file can delete anything, going by its columns and Params."""
        return True
