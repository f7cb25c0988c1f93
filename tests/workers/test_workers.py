"""What two workers that share no disk do with files in an object store."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tests.support.site import Site
from tests.workers.cluster import Cluster
from toolsync.settings import INCLUDE, ROOT

# In an order in which a file finds what others made. A course that is deleted can be restored.
TYPES = (
    "courses_check", "courses", "users", "user_pictures", "cohorts", "cohort_bindings", "course_meta_links", "groups", "group_members",
    "enrolments", "courses_reset", "courses_delete", "courses_restore",
)  # fmt: skip
APPROVED = {"require_approval": True}
PARAMS = {"courses_reset": APPROVED, "courses_delete": APPROVED}
LINES = 6000


def sample(file_type: str) -> Path:
    [path] = (INCLUDE / "samples").glob(f"{file_type}.*")
    return path


def test_every_type_comes_to_the_end_that_one_process_brings_it_to(cluster: Cluster, site: Site, pristine: Site):
    """Its sample, through its inbox, by tasks on both workers: as many lines of each outcome as one process on one disk makes of it."""
    expected: dict[str, Any] = {}
    site.in_airflow = False
    for name in TYPES:
        params = PARAMS.get(name, {})
        done = site.run(f"toolsync_{name}", sample(name), approve="yes" if params else None, **params)
        expected[name] = (done["state"], done["counts"])
    site.restore(pristine)

    on = Counter[int]()
    for name in TYPES:
        dag_id = f"toolsync_{name}"
        cluster.unpause(dag_id)
        cluster.put(f"{name}/inbox/{sample(name).name}", sample(name).read_bytes())
        run_id = cluster.trigger(dag_id, **PARAMS.get(name, {}))
        if name in PARAMS:
            approve(cluster, dag_id, run_id)
        state = cluster.end_of(dag_id, run_id)
        [told] = cluster.reports(name)
        assert (state, told["counts"]) == expected[name], name
        assert not cluster.names(f"{name}/inbox") and not cluster.names(f"{name}/work"), name
        on[len({task["hostname"] for task in cluster.instances(dag_id, run_id)} & {"worker-1", "worker-2"})] += 1
    assert on[2] > 1, "no run was done on both workers"
    # Nothing of it is on a disk: not in the cabinet's default place, and not in a temporary folder.
    left = [path for path in cluster.all.glob("*/cabinet") if path.exists()]
    left += [path for path in cluster.all.glob("*/tmp/**/*") if path.is_file()]
    assert not left, left


def test_the_health_checks_of_the_containers_are_true(cluster: Cluster):
    """They ask the API server, with the words that this version of Airflow answers in. There is no triggerer here."""
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]
    for name, healthy in (("apiserver", True), ("dag-processor", True), ("triggerer", False)):
        kind, *test = services[f"airflow-{name}"]["healthcheck"]["test"]
        command = test if kind == "CMD" else ["sh", "-c", *test]
        here = [
            word.replace("http://airflow-apiserver:8080", cluster.url).replace("http://localhost:8080", cluster.url)
            for word in command
        ]
        assert (subprocess.call(here) == 0) == healthy, here


def approve(cluster: Cluster, dag_id: str, run_id: str) -> None:
    """Answer the plan of a run as a person does."""
    task = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances"

    def asked() -> bool:
        states = {found["task_id"]: found["state"] for found in cluster.instances(dag_id, run_id)}
        return states.get("file.approve") == "awaiting_input"

    cluster.wait(asked, "the question")
    time.sleep(3)  # Airflow may lose an answer that is given at once
    cluster.call("PATCH", f"{task}/file.approve/0/hitlDetails", {"chosen_options": ["Approve"], "params_input": {}})


def test_the_other_worker_goes_on_when_one_is_killed(cluster: Cluster, site: Site):
    cluster.unpause("toolsync_users")
    lines = [f"killed{number},Some,One,killed{number}@example.org" for number in range(LINES)]
    cluster.put("users/inbox/many.csv", "\n".join(["username,firstname,lastname,email", *lines, ""]).encode())
    before = len(cluster.reports("users"))
    run_id = cluster.trigger("toolsync_users")

    def committed() -> int:
        return site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'killed%%'")

    cluster.wait(lambda: committed() > 500, "some batches")
    [task] = (found for found in cluster.instances("toolsync_users", run_id) if found["task_id"] == "file.execute")
    cluster.kill_worker(task["hostname"])
    killed_at, at = committed(), time.monotonic()
    assert 0 < killed_at < LINES
    try:
        assert cluster.end_of("toolsync_users", run_id) == "success"
        print(f"killed after {killed_at} lines; ended {time.monotonic() - at:.0f} s later")
        [again] = (found for found in cluster.instances("toolsync_users", run_id) if found["task_id"] == "file.execute")
        assert again["hostname"] != task["hostname"] and again["try_number"] == 2
        [told] = cluster.reports("users")[before:]
        assert told["counts"]["created"] == committed() == LINES
        assert not cluster.names("users/work") and not [
            name for name in cluster.names("users/tryback") if "many" in name
        ]
    finally:
        cluster.start_worker(task["hostname"])


def test_two_thousand_files_are_taken_by_consecutive_runs(cluster: Cluster, site: Site):
    """As many as a run may take, and as many again: none is lost, none taken twice. Their list passes through Airflow."""
    names = [f"f{number:04}.csv" for number in range(2000)]
    cluster.files.pipe({f"{cluster.folder}/taken/inbox/{name}": name.encode() for name in names})
    cluster.unpause("toolsync_taken")
    began = time.monotonic()
    runs = [cluster.trigger("toolsync_taken") for _ in range(2)]
    assert [cluster.end_of("toolsync_taken", run_id) for run_id in runs] == ["success", "success"]
    print(f"2,000 files were taken and archived in {time.monotonic() - began:.0f} s")
    assert sorted(name.partition("_")[0] + ".csv" for name in cluster.names("taken/archive")) == names
    assert not cluster.names("taken/inbox") and not cluster.names("taken/work")
