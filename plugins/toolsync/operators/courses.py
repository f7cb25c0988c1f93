"""The tasks of a courses file, where they differ from those of other CSV files."""

from __future__ import annotations

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.course.backup_lines import CoursesRun
from toolsync.course.undo_bundles import indexes
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.steps import Steps
from toolsync.reading.command_file import CommandFile


def used_columns(file: CommandFile) -> set[str]:
    """The columns of a courses file, without `template` where no line names one: then no course graph is walked."""
    columns = file.header.plain
    template = columns.get("template")
    if template is None or any(
        record.values and record.values[template.position] for some in file.records() for record in some
    ):
        return set(columns)
    return columns.keys() - {"template"}


class PlanCoursesOperator(PlanOperator):
    """Makes a plan only when the file may replace the content of courses: no other courses file deletes anything."""

    run_class = CoursesRun

    def may_delete(self, cabinet: Cabinet, claim: Claim) -> bool:
        options = claim.options
        replaces = options["force_update"] and options["template_mode"] == "replace"
        return bool(replaces and "template" in self.open_file(cabinet, claim).header.plain)

    def columns(self, file: CommandFile) -> set[str]:
        return used_columns(file)


class ExecuteCoursesOperator(ExecuteOperator):
    """Also restores the backup files that lines name."""

    run_class = CoursesRun

    def columns(self, file: CommandFile) -> set[str]:
        return used_columns(file)


COURSES = Steps(plan=PlanCoursesOperator, execute=ExecuteCoursesOperator)


class PlanRestoreOperator(PlanOperator):
    """Makes a plan only when a line may undo a replacement: putting back what was deleted or reset takes nothing away."""

    def may_delete(self, cabinet: Cabinet, claim: Claim) -> bool:
        if claim.options["undo_of"] not in {"any", "replace"}:
            return False
        return any(not index["restored"] for _, index in indexes(Cabinet("courses", self.site)))


RESTORE = Steps(plan=PlanRestoreOperator)
