"""The callbacks of a DAG run, as Airflow's DAG processor runs them: in a process of its own, which asks for XComs."""

from __future__ import annotations

import selectors
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog
from airflow.sdk import DAG


def run_with_callbacks(dag: DAG, conf: dict[str, Any]) -> Any:
    """Run a DAG, and then what it calls when it ends.

    :param conf: Params.
    :return: the run.
    """
    from airflow.callbacks.callback_requests import DagCallbackRequest, DagRunContext
    from airflow.models.dagrun import DagRun

    requests: list[DagCallbackRequest] = []

    def put_off(self: DagRun, dag: DAG, success: bool, relevant_ti: Any, reason: str) -> None:
        requests.append(
            DagCallbackRequest(
                filepath=str(dag.fileloc),
                dag_id=self.dag_id,
                run_id=self.run_id,
                bundle_name="dags-folder",
                bundle_version=None,
                context_from_server=DagRunContext(dag_run=self, last_ti=relevant_ti),
                is_failure_callback=not success,
                msg=reason,
            )
        )

    with patch.object(DagRun, "execute_dag_callbacks", put_off):
        run = dag.test(run_conf=conf)
    if requests:
        _process(Path(dag.fileloc), requests)
    return run


def _process(file: Path, requests: list[Any]) -> None:
    from airflow.dag_processing.processor import DagFileProcessorProcess
    from airflow.sdk.api.client import Client
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    client = Client(base_url=None, token="", dry_run=True, transport=in_process_api_server().transport)
    client.base_url = "http://in-process.invalid./"
    selector = selectors.DefaultSelector()
    with open("/dev/null", "wb") as nowhere:
        process = DagFileProcessorProcess.start(
            id=requests[0].context_from_server.last_ti.id,
            path=file,
            bundle_path=file.parent,
            bundle_name="dags-folder",
            dag_file_rel_path=file.name,
            callbacks=requests,
            selector=selector,
            logger=structlog.get_logger(),
            logger_filehandle=nowhere,
            client=client,
        )
        until = time.monotonic() + 60
        while not process.is_ready and time.monotonic() < until:
            for key, _ in selector.select(0.2):
                handle, on_close = key.data
                if not handle(key.fileobj):
                    on_close(key.fileobj)
    assert process.is_ready
