"""The tasks of a courses file, where they differ from those of other CSV files."""

from __future__ import annotations

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.course.backup_lines import CoursesRun
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.steps import Steps


class PlanCoursesOperator(PlanOperator):
    """Makes a plan only when the file may replace the content of courses: no other courses file deletes anything."""

    run_class = CoursesRun

    def may_delete(self, cabinet: Cabinet, claim: Claim) -> bool:
        options = claim.options
        replaces = options["force_update"] and options["template_mode"] == "replace"
        return bool(replaces and "template" in self.open_file(cabinet, claim).header.plain)


class ExecuteCoursesOperator(ExecuteOperator):
    """Also restores the backup files that lines name."""

    run_class = CoursesRun


COURSES = Steps(plan=PlanCoursesOperator, execute=ExecuteCoursesOperator)
