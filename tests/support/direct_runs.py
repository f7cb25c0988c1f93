"""Runs of a DAG's own tasks without Airflow around them, in a third of the time: for tests that ask what a file does to the site.

The tasks, their order and their trigger rules are those of the DAG; no metadata database, no XCom, no API. Whether Airflow does the same is what the
tests of the pipeline, of the operators and the scenarios of Moodle ask.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from airflow.sdk import DAG, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException

from toolsync import by_hand
from toolsync.reporting.verdict import MESSAGE, VERDICT

GROUP = "file."
PASSED, FAILED, SKIPPED = "success", "failed", "skipped"


@dataclass
class DirectRun:
    """What `by_hand` wants to know of a run.

    :param returned: by task.
    :param messages: what tasks said that failed or had nothing to do.
    """

    state: str = PASSED
    returned: dict[str, Any] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


@contextmanager
def without_airflow() -> Iterator[None]:
    """Run the DAGs of `toolsync.by_hand` directly."""
    with (
        patch.object(DAG, "test", lambda dag, run_conf: _Run(dag, run_conf).all()),
        patch.multiple(by_hand, ending=_ending, returned=_returned),
    ):
        yield


def _ending(run: DirectRun | None) -> dict[str, Any]:
    if run is None:
        return {"state": FAILED, "messages": ["Interrupted."]}
    return {"state": run.state, "messages": list(dict.fromkeys(run.messages))}


def _returned(run: DirectRun | None, task_id: str) -> Any:
    return run.returned.get(task_id) if run else None


class _Run:
    def __init__(self, dag: DAG, conf: dict[str, Any]) -> None:
        self.dag, self.ended = dag, DirectRun()
        # As Airflow does: the Params of the DAG get the values of the run.
        dag = copy.copy(dag)
        dag.params = copy.deepcopy(dag.params)
        dag.params.update(conf)
        self.context = {
            "dag": dag,
            "params": dag.params.validate(),
            "run_id": "manual__direct",
            "dag_run": SimpleNamespace(conf=conf, run_type="manual"),
            "ti": SimpleNamespace(xcom_push=self._push),
            "outlet_events": defaultdict(lambda: SimpleNamespace(extra={})),
        }

    def _push(self, key: str, value: Any) -> None:
        assert key in {MESSAGE, VERDICT}
        if key == MESSAGE:
            self.ended.messages.append(value)

    def all(self) -> DirectRun:
        """All tasks: `collect`, those of each file, and `purge_caches`; or the only one."""
        first, *others = self.dag.topological_sort()
        state, claims = self._task(first)
        states = {state}
        if state == PASSED and others:
            executed = [self._file(claim, others, states) for claim in claims]
            last = [task for task in others if not task.task_id.startswith(GROUP)]
            if any(found is not None for found in executed):
                states.update(self._task(task, results=executed)[0] for task in last)
        self.ended.state = FAILED if FAILED in states else PASSED
        return self.ended

    def _file(self, claim: Any, tasks: list[Any], states: set[str]) -> Any:
        """The tasks of a file. Returns what `execute` did, None if it did not succeed; the state of the last one decides."""
        done: dict[str, str] = {}
        result, last = None, PASSED
        for task in tasks:
            if not task.task_id.startswith(GROUP):
                continue
            ready = all(done.get(name, PASSED) == PASSED for name in task.upstream_task_ids)
            if not (ready or task.trigger_rule == TriggerRule.ALL_DONE):
                done[task.task_id] = FAILED
                continue
            last, found = self._task(task, claim=claim)
            done[task.task_id] = last
            if task.task_id == f"{GROUP}execute" and last == PASSED:
                result = found
        states.add(last)
        return result

    def _task(self, task: Any, **inputs: Any) -> tuple[str, Any]:
        task = copy.copy(task)
        for name, value in inputs.items():
            setattr(task, name, value)
        work: Callable[[Any], Any] = task.perform
        try:
            with task.telling(self.context):
                value = work(self.context)
        except AirflowSkipException:
            return SKIPPED, None
        except BaseException as error:  # as Airflow does, an interrupt included
            task.log.exception("%s failed: %s", task.task_id, error)
            return FAILED, None
        self.ended.returned[task.task_id] = value
        return PASSED, value
