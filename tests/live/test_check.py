"""An Airflow to which nobody has given a pool, with two sites: a run goes through all the same, and the check says how each site is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.live.airflow import LiveAirflow
from toolsync.settings import ROOT

USERS, CHECK = ("toolsync_users", "toolsync_check")
ADA = "username,firstname,lastname,email\nada,Ada,Lovelace,ada@example.org\n"


def pools(live: LiveAirflow) -> dict[str, int]:
    return {pool["name"]: pool["slots"] for pool in live.call("GET", "pools")["pools"]}


def findings(live: LiveAirflow, dag_id: str, run_id: str) -> dict[str, list[str]]:
    """What a check found, by state."""
    path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/check/xcomEntries/return_value"
    found: dict[str, list[str]] = {}
    value: Any = live.call("GET", path)["value"]
    for one in value["findings"]:
        found.setdefault(one["state"], []).append(one["sentence"])
    return found


def test_no_run_waits_for_a_pool(airflow_with: Callable[..., LiveAirflow]):
    sites = {"main": {"moodle_conn_id": "moodle_db"}, "none": {"pool": "other"}}
    live = airflow_with(*(ROOT / f"dags/{name}.py" for name in (USERS, CHECK)), sites=sites)
    assert {"other", "toolsync_writer_main"} <= set(pools(live))
    live.call("DELETE", "pools/toolsync_writer_main")
    live.call("PATCH", "pools/other", {"pool": "other", "slots": 3, "description": "mine", "include_deferred": False})
    users, good, bad = (f"{USERS}__main", f"{CHECK}__main", f"{CHECK}__none")
    live.unpause(users, good, bad)
    live.drop("main/users", "ada.csv", ADA)
    run = live.trigger(users)
    assert live.end_of(users, run) == "success"
    assert live.tasks(users, run)["file.execute"] == "success"
    assert pools(live)["toolsync_writer_main"] == 1 and pools(live)["other"] == 3

    checks = {dag_id: live.trigger(dag_id) for dag_id in (good, bad)}
    assert live.end_of(good, checks[good]) == "success"
    found = findings(live, good, checks[good])
    assert "wrong" not in found and "not looked at" not in found
    said = " ".join(found["ok"])
    assert "The pool toolsync_writer_main has one slot" in said and "its executor is LocalExecutor" in said
    assert "A triggerer is at work" in said
    assert live.end_of(bad, checks[bad]) == "failed"
    found = findings(live, bad, checks[bad])
    assert found["wrong"] == ["There is no connection moodle_db_none."]
    assert any("The pool other has 3 slots" in sentence for sentence in found["look at this"])
    note = live.call("GET", f"dags/{bad}/dagRuns/{checks[bad]}")["note"]
    assert "1 wrong" in note and "There is no connection moodle_db_none." in note
