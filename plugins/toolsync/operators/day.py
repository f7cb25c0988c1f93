"""The tasks of the day's work: a run of the DAG of each type whose inbox has something, in an order in which a file finds what other files made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ToolSyncOperator, check_inbox
from toolsync.operators.child_runs import ChildRunOperator, told
from toolsync.params import check_params
from toolsync.schedule import skip_late_run

OUTCOME = "outcome"  # the XCom in which the task of a type tells what became of it
BEGIN = "begin"
# What became of a type, and whether the types that need it may run.
DONE, NOTHING, LEFT_OUT, FAILED, HELD, PAUSED = "done", "nothing to do", "left out", "failed", "held up", "paused"
HARMLESS = {DONE, NOTHING, LEFT_OUT}


@dataclass(frozen=True)
class Step:
    """What a type waits for.

    :param needs: types whose failure keeps it from running.
    :param after: types that it waits for whatever becomes of them: some of its lines may name what their files made.
    """

    needs: Sequence[str] = ()
    after: Sequence[str] = ()


# In the order of the report.
STEPS = {
    "courses": Step(),
    "users": Step(after=["courses"]),
    "user_pictures": Step(needs=["users"]),
    "cohorts": Step(needs=["users"]),
    "enrolments": Step(needs=["courses", "users"], after=["cohorts"]),
    "groups": Step(needs=["courses"], after=["enrolments"]),
    "group_members": Step(needs=["groups", "enrolments"]),
    "cohort_bindings": Step(needs=["courses", "cohorts"], after=["groups"]),
    "course_meta_links": Step(needs=["courses"], after=["enrolments"]),
}


def all_needs(file_type: str) -> list[str]:
    """The types without which a type does not run, also those that these need."""
    found = {need for name in STEPS[file_type].needs for need in [name, *all_needs(name)]}
    return [name for name in STEPS if name in found]


class BeginOperator(ToolSyncOperator):
    """Checks that the run is in time, and its Params, before anything is done."""

    def perform(self, context: Any) -> None:
        skip_late_run(context)
        check_params(context)
        if Owner.of_run(context["run_id"]).pid is not None:
            raise AirflowFailException(
                "toolsync_all starts runs of other DAGs, which only an Airflow with a scheduler can do. Nothing was done. "
                "By hand, run the types one by one: make run DAG=toolsync_courses, then DAG=toolsync_users, and so on."
            )


class RunTypeOperator(ChildRunOperator):
    """Starts a run of a type's DAG when its inbox has something, and waits for its end without holding a worker.

    The run is named after this one.

    :param file_type: the type.
    """

    def __init__(self, *, file_type: str, **kwargs: Any) -> None:
        super().__init__(child_type=file_type, **kwargs)
        self.file_type = file_type

    def execute(self, context: Any) -> None:
        with self.telling(context):
            run_id = child_run(context["run_id"])
            begun = self.is_begun(run_id, context)
        if begun:
            self.wait_for(run_id)
        # The Params are those of a scheduled run.
        self.start(context, run_id, {"simulate": True} if context["params"]["simulate"] else {})

    def is_begun(self, run_id: str, context: Any) -> bool:
        """Whether the type's run was started by an earlier attempt; False: it is to be started now.

        :raises AirflowSkipException: there is nothing to do, or something keeps it from being done.
        """
        if self.file_type not in context["params"]["types"]:
            self.skip(context, LEFT_OUT, f"Param types does not name {self.file_type}.")
        if self.is_started(context, run_id):
            return True
        check_inbox(self.site, self.file_type, context, self.trigger_dag_id)
        cabinet = Cabinet(self.file_type, self.site)
        ready, left = cabinet.waiting("*", self.site.page["settle_seconds"])
        if not ready:
            told = "".join(f" {name}: {reason}." for name, reason in left)
            self.skip(context, NOTHING, f"No file is ready in {cabinet.folder('inbox')}.{told}")
        files = "1 file waits" if len(ready) == 1 else f"{len(ready)} files wait"
        if missing := self.missing(context):
            self.skip(context, HELD, f"{files} in {cabinet.folder('inbox')}. Not run, because of {', '.join(missing)}.")
        if self.is_paused(context):
            self.skip(
                context,
                PAUSED,
                f"{files} in {cabinet.folder('inbox')}. Not run, because {self.trigger_dag_id} is paused: switch it on, or take the files out of the inbox.",
            )
        self.log.info("%s in %s.", files, cabinet.folder("inbox"))
        return False

    def missing(self, context: Any) -> list[str]:
        """The tasks that this one needs and that did not do their work, with what became of them."""
        needs = [BEGIN, *all_needs(self.file_type)]
        states = states_of(context, needs)
        found = {need: outcome_of(context, need, states.get(need)) for need in needs}
        return [f"{need} ({outcome['state']})" for need, outcome in found.items() if outcome["state"] not in HARMLESS]

    def skip(self, context: Any, state: str, why: str) -> None:
        """Tell what became of the type, and skip the task.

        :raises AirflowSkipException: always.
        """
        context["ti"].xcom_push(OUTCOME, {"state": state, "why": why})
        raise AirflowSkipException(why)

    def execute_complete(self, context: Any, event: tuple[str, dict[str, Any]]) -> None:
        with self.telling(context):
            run_id = child_run(context["run_id"])
            failed = self.has_failed(run_id, event)
            files = self.files_of(context, self.file_type, run_id)
            outcome = {"state": FAILED if failed else DONE, "why": "", "run_id": run_id, "files": files}
            context["ti"].xcom_push(OUTCOME, outcome)
            for file in files:
                self.log.info("%s", told(file))
            if failed:
                raise AirflowFailException(
                    f"Run {run_id} of {self.trigger_dag_id} failed; its log says why. What needs it is not run. Files that were not done to the end are in "
                    f"the folder work: clear what failed there, then clear this task, which starts no other run and goes on when that one is done."
                )


def child_run(run_id: str) -> str:
    """The id of the runs that a run of the day's work starts, one in each DAG."""
    return f"toolsync_all__{run_id}"


def states_of(context: Any, names: list[str]) -> dict[str, str]:
    """The states of tasks of this run, by name."""
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    return context["ti"].get_task_states(dag_id=dag_id, task_ids=names, run_ids=[run_id]).get(run_id) or {}


def outcome_of(context: Any, name: str, state: str | None) -> dict[str, Any]:
    """What became of a task: what it told, unless somebody has said otherwise since by marking it.

    :param state: of the task.
    """
    said = context["ti"].xcom_pull(task_ids=name, key=OUTCOME) or {}
    if state == "success":
        return {"why": "", "files": [], **said, "state": DONE}
    if state == "skipped":
        return {"state": HELD, "why": "It was skipped.", "files": [], **said}
    return {"why": f"The task ended as {state}; its log says why.", "files": [], **said, "state": FAILED}
