"""The tasks of a file of courses where they differ from those of other tables of lines."""

from __future__ import annotations

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.course.backup_lines import CoursesRun
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.steps import Steps


class PlanCoursesOperator(PlanOperator):
    """Looks at the site only where the content of courses may be replaced: no other file of courses takes anything away."""

    run_class = CoursesRun

    def takes_away(self, cabinet: Cabinet, claim: Claim) -> bool:
        options = claim.options
        replaces = options["force_update"] and options["template_mode"] == "replace"
        return bool(replaces and "template" in self.open_file(cabinet, claim).header.plain)


class ExecuteCoursesOperator(ExecuteOperator):
    """Restores the backups that lines name, besides."""

    run_class = CoursesRun


STEPS = Steps(plan=PlanCoursesOperator, execute=ExecuteCoursesOperator)
