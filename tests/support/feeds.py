"""Runs of types that feeds start by hand, in the process of the test."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.support.dag_runs import run_dag
from toolsync.operators import feed_query, package_runs
from toolsync.reporting.approval import CALLER


def run_types_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run types without Airflow around them: each process of its own takes ten seconds."""

    def run(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
        outer = os.environ.pop(CALLER)
        try:
            return run_dag(dag_id, None, conf, json.loads(outer)["answer"], in_airflow=False)
        finally:
            os.environ[CALLER] = outer

    for module in (package_runs, feed_query):
        monkeypatch.setattr(module, "run_by_hand", run)
