"""Starts runs of other DAGs and waits for their ends without holding a worker: for whatever lets the DAGs of types do its work."""

from __future__ import annotations

from typing import Any, NoReturn

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.triggers.external_task import DagStateTrigger

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ToolSyncOperator
from toolsync.reading.texts import printable
from toolsync.reporting.verdict import UNFINISHED, Verdict
from toolsync.sites import Site, the_site

# What is told of a report.
KEPT = ("counts", "rejected", "refused", "unfit", "failed_over", "report", "lines", "tryback")
POLL_SECONDS = 5  # between two looks at a run that is waited for


class ChildRunOperator(ToolSyncOperator, TriggerDagRunOperator):
    """A task that starts runs of other DAGs and waits for them, one at a time.

    A run has an id that its starter makes of its own work. So however often the task is tried or cleared, it starts one run, and then goes on waiting
    for that. When it has ended, Airflow calls `execute_complete`.

    :param child_type: the type whose DAG is run.
    """

    def __init__(self, *, child_type: str, site: Site | None = None, **kwargs: Any) -> None:
        site = site or the_site()
        super().__init__(
            site=site,
            trigger_dag_id=site.dag_id(child_type),
            logical_date=None,
            wait_for_completion=True,
            deferrable=True,
            poke_interval=POLL_SECONDS,
            openlineage_inject_parent_info=False,
            **kwargs,
        )

    def is_by_hand(self, context: Any) -> bool:
        """Whether there is no scheduler, which would do what this starts. Then Airflow has no run to link to, either."""
        if Owner.of_run(context["run_id"]).pid is None:
            return False
        self.operator_extra_links = []
        return True

    def is_started(self, context: Any, run_id: str) -> bool:
        """Whether an earlier attempt has started the run."""
        if not context["ti"].get_dr_count(self.trigger_dag_id, run_ids=[run_id]):
            return False
        self.log.info("Run %s of %s was started before; it is waited for.", run_id, self.trigger_dag_id)
        return True

    def is_paused(self, context: Any) -> bool:
        """Whether the DAG is paused, so that its run would wait for ever."""
        return bool(context["ti"].get_dag(self.trigger_dag_id).is_paused)

    def wait_for(self, run_id: str) -> NoReturn:
        """Wait for a run that was started.

        :raises TaskDeferred: always.
        """
        states = [*self.allowed_states, *self.failed_states]
        self.defer(
            trigger=DagStateTrigger(self.trigger_dag_id, states, run_ids=[run_id], poll_interval=POLL_SECONDS),
            method_name="execute_complete",
        )
        raise AssertionError("defer() raises")

    def start(self, context: Any, run_id: str, conf: dict[str, Any]) -> None:
        """Start a run, and wait for it.

        :param conf: its Params.
        :raises DagRunTriggerException: always.
        """
        self.trigger_run_id, self.conf = run_id, conf
        TriggerDagRunOperator.execute(self, context)

    def has_failed(self, run_id: str, event: tuple[str, dict[str, Any]]) -> bool:
        """Whether the run that was waited for has failed.

        :param event: what `execute_complete` is given.
        """
        return event[1].get(run_id) in self.failed_states

    def files_of(self, context: Any, file_type: str, run_id: str) -> list[dict[str, Any]]:
        """What became of each file of a type's run."""
        dag_id = self.site.dag_id(file_type)
        claims = context["ti"].xcom_pull(task_ids="collect", dag_id=dag_id, run_id=run_id) or []
        cabinet = Cabinet(file_type, self.site)
        return [file_result(Claim(**claim), cabinet.result(Claim(**claim))) for claim in claims]


def file_result(claim: Claim, result: dict[str, Any] | None) -> dict[str, Any]:
    """What became of a file.

    :param result: the report's JSON; None: it was not done to its end.
    """
    if result is None:
        verdict, result = Verdict(claim.name, claim.id, UNFINISHED, simulated=claim.simulate, report=False), {}
    else:
        verdict = Verdict.of(result)
    kept = {name: result.get(name) for name in KEPT}
    return {"file": claim.name, "claim": claim.id, "simulated": claim.simulate, "sentence": verdict.sentence, **kept}


def told(file: dict[str, Any]) -> str:
    """What became of a file, as a line of the report."""
    where = f". Report: {file['report']}" if file["report"] else ", and still in the folder work."
    return printable(f"{file['sentence']}{where}")
