"""A whole Airflow of its own, with a copy of this package whose settings a test may change. It can be killed, and started again on the same database."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.support import dag_runs
from tools.standalone import COMPONENTS, HOST, healthy, processes, send
from toolsync.settings import ROOT

# It looks often, so that a test does not wait for it, and does not take a task for dead because the machine is busy.
QUICK = {
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
    "CORE__PARALLELISM": "3",
    "API__WORKERS": "1",
}
PATIENCE = 300  # seconds


def any_port() -> int:
    """A free port that another Airflow, started at the same time, does not choose, too."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class LiveAirflow:
    """An Airflow that runs until `kill`.

    :param home: an empty folder.
    :param connection: of the Moodle site.
    :param dags: its DAG files, of this package or others.
    :param page: what is changed in the settings.
    :ivar cabinet: its cabinet.
    """

    parts = COMPONENTS
    programs = ROOT / ".venv/bin"

    def __init__(self, home: Path, connection: str, dags: Iterable[Path], **page: Any) -> None:
        self.home, self.cabinet, self.url = home, home / "cabinet", f"http://{HOST}:{any_port()}"
        for part in ("dags", "plugins", "include"):
            shutil.copytree(ROOT / part, home / part, ignore=shutil.ignore_patterns("__pycache__"))
        settings = home / "include/toolsync.yaml"
        settings.write_text(yaml.safe_dump({**yaml.safe_load(settings.read_text()), **page}))
        (home / "used").mkdir()
        for dag in dags:
            shutil.copy(dag, home / "used")
        endings = [f"__{name}" for name in page.get("sites") or {}] or [""]
        self.wanted = {f"{dag.stem}{ending}" for dag in dags for ending in endings}
        self.environment = self._environment(connection)
        self.session: dict[str, int] = {}
        (home / "logs").mkdir()
        self._make_database()

    def start(self) -> None:
        """Start it, the first time or again, and wait until it is healthy and has its DAGs."""
        script = "\n".join([*(f"{command} >>{name}.log 2>&1 &" for name, command in self.parts.items()), "wait"])
        command = ["setpriv", "--pdeathsig", "KILL", "bash", "-c", script]
        process = subprocess.Popen(
            command, cwd=self.home / "logs", env=self.environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.session = {"session": process.pid}
        self.wait(self.healthy, "healthy")
        self.wait(lambda: self.wanted <= {dag["dag_id"] for dag in self.call("GET", "dags")["dags"]}, "its DAGs")

    def kill(self) -> None:
        """End all its processes at once, as a machine that loses power does."""
        while left := processes(self.session):
            send(left, signal.SIGKILL)
            time.sleep(0.1)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call Airflow's REST API, which lets everybody do everything here."""
        return self.ask(method, f"/api/v2/{path}", body)

    def healthy(self) -> bool:
        return healthy(self.url, without=COMPONENTS.keys() - self.parts)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask the API server."""
        data = json.dumps(body).encode() if body is not None else None
        headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def unpause(self, *dag_ids: str) -> None:
        for dag_id in dag_ids:
            self.call("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, **params: Any) -> str:
        """Trigger a DAG.

        :return: the id of its run.
        """
        return self.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": params})["dag_run_id"]

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The runs of a DAG, the first one first."""
        return self.call("GET", f"dags/{dag_id}/dagRuns?limit=100&order_by=id")["dag_runs"]

    def end_of(self, dag_id: str, run_id: str, seconds: float = PATIENCE) -> str:
        """The state in which a run ends."""

        def state() -> str:
            return self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"]

        self.wait(lambda: state() in ("success", "failed"), f"the end of {run_id}", seconds)
        return state()

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """The states of a run's tasks."""
        found = self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def drop(self, file_type: str, name: str, text: str) -> None:
        """Drop a file that has been there for a while."""
        inbox = self.cabinet / file_type / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        hidden = inbox / f".{name}"
        hidden.write_text(text)
        os.utime(hidden, (time.time() - 60,) * 2)
        hidden.rename(inbox / name)

    def wait(self, done: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                logs = sorted((self.home / "logs").glob("*.log"))
                tails = [f"{path.name}:\n{path.read_text(errors='replace')[-1500:]}" for path in logs]
                raise AssertionError("\n".join([f"Waited {seconds} s in vain for {what}.", *tails]))
            time.sleep(0.5)

    def _make_database(self) -> None:
        if dag_runs.EMPTY_DATABASE.exists():
            shutil.copy(dag_runs.EMPTY_DATABASE, self.home / "airflow.db")
        else:  # in a benchmark
            subprocess.run(["airflow", "db", "migrate"], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def _environment(self, connection: str) -> dict[str, str]:
        ours = ("AIRFLOW_", "TOOLSYNC_")
        settings = {
            **QUICK,
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db",
            "CORE__DAGS_FOLDER": str(self.home / "used"),
            "CORE__PLUGINS_FOLDER": str(self.home / "plugins"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "API__BASE_URL": self.url,
            "API__HOST": HOST,
            "API__PORT": self.url.rpartition(":")[2],
            "API__SECRET_KEY": secrets.token_hex(16),
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
        }
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.home / "plugins"),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW_CONN_MOODLE_DB": connection,
            "TOOLSYNC_CABINET": str(self.cabinet),
        }
