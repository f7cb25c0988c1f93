"""Feeds in a whole Airflow: a query and a package, waited for without a worker, one run of each type however often a task is cleared; and one that is late."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.live.airflow import LiveAirflow
from tests.operators.test_packages import school
from tests.support.site import Site
from toolsync.settings import ROOT, settings

QUERY = "SELECT CONCAT('asked', id) AS username, firstname, lastname, CONCAT('asked', id, '@example.org') AS email FROM mdl_user WHERE username = 'u001'"
FEEDS = {
    "people": {"type": "users", "conn_id": "sis", "sql": QUERY, "arrive_by": "06:00"},
    "packages": {"type": "feeds", "arrive_by": "06:00"},
}


def test_feeds(airflow_with: Callable[..., LiveAirflow], site: Site):
    dags = [ROOT / f"dags/toolsync_{name}.py" for name in ("feeds", "courses", "users", "enrolments")]
    schedules: dict[str, Any] = dict.fromkeys(settings()["schedules"])
    live = airflow_with(*dags, schedules=schedules, retries=0, feeds=FEEDS)
    body = json.loads(site.connection())
    made = {"connection_id": "sis", "conn_type": "mysql", "extra": json.dumps(body["extra"])}
    live.call(
        "POST", "connections", made | {name: body[name] for name in ("host", "port", "login", "password", "schema")}
    )
    ours = ["toolsync_feed_people", "toolsync_late_people", "toolsync_late_packages"]
    live.wait(lambda: set(ours) <= {dag["dag_id"] for dag in live.call("GET", "dags")["dags"]}, "the DAGs of feeds")
    live.unpause(*ours, "toolsync_feeds", "toolsync_courses", "toolsync_users")

    # Late: nothing of either has come.
    late = live.trigger("toolsync_late_people")
    assert live.end_of("toolsync_late_people", late) == "failed"

    # A query.
    run_id = live.trigger("toolsync_feed_people")
    assert live.end_of("toolsync_feed_people", run_id) == "success"
    [child] = live.runs("toolsync_users")
    assert child["dag_run_id"] == f"toolsync_feed_people__{run_id}"
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'asked%'") == 1
    for task in ("run", "read"):
        clear(live, "toolsync_feed_people", run_id, task)
        assert live.end_of("toolsync_feed_people", run_id) == "success"
    assert len(live.runs("toolsync_users")) == 1 and not list((live.cabinet / "users/uploads").glob("*/file/*"))
    assert live.end_of("toolsync_late_people", live.trigger("toolsync_late_people")) == "success"

    # A package: one of its types is paused.
    inbox = live.cabinet / "feeds/inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / ".nightly.zip").write_bytes(school())
    (inbox / ".nightly.zip").rename(inbox / "nightly.zip")
    time.sleep(settings()["settle_seconds"] + 1)
    run_id = live.trigger("toolsync_feeds")
    assert live.end_of("toolsync_feeds", run_id) == "failed"
    assert live.runs("toolsync_courses") == []
    live.unpause("toolsync_enrolments")
    clear(live, "toolsync_feeds", run_id, "file.execute")
    assert live.end_of("toolsync_feeds", run_id) == "success"
    report = json.loads(next((live.cabinet / "feeds/report").glob("*.json")).read_text())
    assert {each["type"]: each["files"][0]["counts"]["created"] for each in report["types"]} == {
        "courses": 1,
        "users": 2,
        "enrolments": 2,
    }
    clear(live, "toolsync_feeds", run_id, "file.execute")
    assert live.end_of("toolsync_feeds", run_id) == "success"
    assert [len(live.runs(f"toolsync_{name}")) for name in ("courses", "users", "enrolments")] == [1, 2, 1]
    assert live.end_of("toolsync_late_packages", live.trigger("toolsync_late_packages")) == "success"


def clear(live: LiveAirflow, dag_id: str, run_id: str, task: str) -> None:
    """Clear a task and what comes after it."""
    body = {
        "dry_run": False, "dag_run_id": run_id, "task_ids": [task], "include_downstream": True, "only_failed": False,
    }  # fmt: skip
    live.call("POST", f"dags/{dag_id}/clearTaskInstances", body)
