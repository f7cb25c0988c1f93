"""The Airflow of a test process: a home and a metadata database of its own, and runs of the real DAGs in it."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from threading import get_ident
from typing import Any
from unittest.mock import patch

from toolsync import run as command

HOME = Path(tempfile.mkdtemp(prefix="toolsync-tests-"))
EMPTY_DATABASE = HOME / "empty.db"
NOTHING = """
from airflow.sdk import dag, task

@dag(schedule=None)
def nothing():
    @task
    def nothing():
        pass
    nothing()

nothing()
"""


def configure() -> None:
    """Give this process its Airflow. Airflow reads its configuration when it is first imported, so this must come before."""
    os.environ["TOOLSYNC_CABINET"] = str(HOME / "cabinet")
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    command.configure(str(HOME))
    _check_schemas_once()
    _leave_writing_to_the_system()
    _look_for_tasks_at_once()


def initialise() -> None:
    """Make the metadata database, and keep it as it is before any run."""
    command.initialise()
    with closing(sqlite3.connect(HOME / "airflow.db")) as made, closing(sqlite3.connect(EMPTY_DATABASE)) as copy:
        made.backup(copy)


def run_dag(
    dag_id: str, file: Path | None, params: dict[str, Any], approve: str | None, *, in_airflow: bool = True
) -> dict[str, Any]:
    """Run a command file through its DAG, as `toolsync.run` does.

    :param in_airflow: False: run the DAG's tasks directly, see `direct_runs`.
    """
    from airflow import settings

    from toolsync.by_hand import run

    _work_out_expectations_once()
    if not in_airflow:
        from tests.support.direct_runs import without_airflow

        with without_airflow():
            return run(command.load_dag(dag_id), file, params, approve)
    # DAG.test() parses every DAG of the folder and writes it to the metadata database, each time: give it a folder with this DAG alone.
    with patch.object(settings, "DAGS_FOLDER", str(_folder(dag_id))):
        return run(command.load_dag(dag_id), file, params, approve)


def run_nothing() -> None:
    """Run a DAG without work, so that Airflow has imported and made what it needs for a run."""
    from airflow import settings
    from airflow.dag_processing.dagbag import DagBag

    folder = HOME / "nothing"
    folder.mkdir()
    (folder / "nothing.py").write_text(NOTHING)
    with patch.object(settings, "DAGS_FOLDER", str(folder)):
        dag = DagBag(str(folder)).dags["nothing"]
        assert dag.test().state == "success"


@cache
def _folder(dag_id: str) -> Path:
    home = HOME / dag_id
    home.mkdir()
    return command.folder_of_one(dag_id, home)


def _check_schemas_once() -> None:
    """Check each JSON schema against its metaschema once. Airflow does it for every Param each time it serialises a task: half the time of a run."""
    from jsonschema import Draft202012Validator

    check, known = Draft202012Validator.check_schema, set()

    def check_once(schema: Any, *args: Any, **kwargs: Any) -> None:
        key = json.dumps(schema, sort_keys=True, default=repr)
        if key not in known:
            check(schema, *args, **kwargs)
            known.add(key)

    Draft202012Validator.check_schema = check_once


@cache
def _work_out_expectations_once() -> None:
    """Great Expectations works out the configuration of an expectation again for each of its arguments, and the id of a metric each time it meets one: a third of the time of `validate`."""
    from great_expectations.core.id_dict import IDDict
    from great_expectations.expectations.expectation import Expectation

    from toolsync.reading import validator

    def arguments(self: Any, keys: Any) -> dict[str, Any]:
        given = self.configuration.kwargs
        return {key: given.get(key, self._get_default_value(key)) for key in keys}

    def of_domain(self: Any) -> dict[str, Any]:
        return arguments(self, self.domain_keys)

    def of_success(self: Any) -> dict[str, Any]:
        return arguments(self, (*self.success_keys, *self.domain_keys))

    to_id, known = IDDict.to_id, dict[tuple[Any, ...], Any]()

    def known_id(self: IDDict, id_keys: Any = None, id_ignore_keys: Any = None) -> Any:
        if id_keys or id_ignore_keys or not {*map(type, self.values())} <= {str, bool, type(None)}:
            return to_id(self, id_keys, id_ignore_keys)
        key = tuple(sorted(self.items(), key=repr))
        if key not in known:
            known[key] = to_id(self)
        return known[key]

    definition_of = cache(lambda thread, make=validator._batch_definition: make())
    replaced: dict[Any, dict[str, Any]] = {
        Expectation: {"_get_domain_kwargs": of_domain, "_get_success_kwargs": of_success},
        IDDict: {"to_id": known_id},
        validator: {"_batch_definition": lambda: definition_of(get_ident())},
    }
    for owner, functions in replaced.items():
        for name, function in functions.items():
            setattr(owner, name, function)


def _leave_writing_to_the_system() -> None:
    """Do not wait for the disk at each commit to the metadata database, which ends with the test process anyhow."""
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "connect")
    def set_pragma(connection: Any, record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")


def _look_for_tasks_at_once() -> None:
    """Where no task is ready, DAG.test() waits a second before it looks again: a failed run had 3.6 seconds, 0.6 without."""
    sleep = time.sleep

    def sleep_less(seconds: Any) -> None:
        code = sys._getframe(1).f_code
        in_dag_test = code.co_name == "test" and code.co_filename.endswith("airflow/sdk/definitions/dag.py")
        sleep(0.02 if in_dag_test else seconds)

    time.sleep = sleep_less
