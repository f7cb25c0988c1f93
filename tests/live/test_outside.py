"""What a whole Airflow, whose tasks are processes of their own, tells others: metrics, OpenLineage, logs as JSON."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live.airflow import QUICK, LiveAirflow
from tests.support.statsd import listening
from toolsync.settings import ROOT, settings

DAG_ID = "toolsync_users"
PEOPLE = "username,firstname,lastname,email\nday1,Day,One,day1@example.org\nday2,Day,,day2@example.org\n"


def test_what_others_are_told(
    airflow_with: Callable[..., LiveAirflow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    events = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    monkeypatch.setitem(QUICK, "OPENLINEAGE__TRANSPORT", json.dumps(transport))
    monkeypatch.setitem(QUICK, "LOGGING__JSON_LOGS", "True")
    with listening() as statsd:
        monkeypatch.setitem(QUICK, "METRICS__STATSD_ON", "True")
        monkeypatch.setitem(QUICK, "METRICS__STATSD_HOST", "127.0.0.1")
        monkeypatch.setitem(QUICK, "METRICS__STATSD_PORT", str(statsd.port))
        dag = ROOT / f"dags/{DAG_ID}.py"
        live = airflow_with(dag, schedules=dict.fromkeys(settings()["schedules"]), watch={"users": 5})
        live.unpause(DAG_ID)
        live.drop("users", "people.csv", PEOPLE)
        heard: dict[str, list[str]] = defaultdict(list)

        def ended() -> bool:
            for name, values in statsd.heard("").items():
                heard[name] += values
            return [run["state"] for run in live.runs(DAG_ID)] == ["success"]

        live.wait(ended, "the end of the run that the watch starts")
        time.sleep(6)  # the watch looks once more
        ended()
    assert heard["toolsync.files.users.done"] == heard["toolsync.lines.users.created"] == ["1|c"]
    assert heard["toolsync.waiting.users.tryback"] == ["0|g", "1|g"]
    assert "1|g" in heard["toolsync.waiting.users.inbox"] and heard["toolsync.waiting.users.inbox"][-1] == "0|g"
    # What docs/monitoring.md says of Airflow's own.
    assert heard["ti.finish.toolsync_users.file__execute.success"] == ["1|c"]
    assert heard.keys() >= {"scheduler_heartbeat", "triggerer_heartbeat", "dag_processor_heartbeat"}
    assert heard.keys() >= {
        "dag_processing.import_errors",
        "pool.queued_slots.toolsync_writer",
        "pool.running_slots.toolsync_writer",
    }

    told = [json.loads(line) for line in events.read_text().splitlines()]
    complete = {event["job"]["name"]: event for event in told if event["eventType"] == "COMPLETE"}
    written = {table["name"].rpartition(".")[2] for table in complete[f"{DAG_ID}.file.execute"]["outputs"]}
    assert {"mdl_user", "mdl_context"} <= written
    assert complete[f"{DAG_ID}.file.archive"]["run"]["facets"]["toolsync"]["counts"]["created"] == 1

    (log,) = (live.home / "logs").glob(f"dag_id={DAG_ID}/run_id=*/task_id=file.archive/**/*.log")
    (facts,) = [line["toolsync"] for line in map(json.loads, log.read_text().splitlines()) if "toolsync" in line]
    assert (facts["type"], facts["file"], facts["end"]) == ("users", "people.csv", "done")
    assert facts["counts"]["created"] == facts["counts"]["failed"] == facts["written"]["mdl_user"] == 1
    # Airflow's own processes write JSON, too.
    shown: list[Any] = [json.loads(line) for line in (live.home / "logs/scheduler.log").read_text().splitlines()[-20:]]
    assert shown and all("event" in line for line in shown)
