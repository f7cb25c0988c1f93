"""An Airflow for a test in a browser: API server, scheduler and DAG processor, with a home, a port and accounts of their own."""

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
from pathlib import Path
from typing import Any

from tests.support import dag_runs
from tools.standalone import COMPONENTS, HOST, POOL, processes, send
from toolsync.settings import ROOT

# By name, which is the password, too; what they may do is what Airflow's simple auth manager lets such a role do.
USERS = {"admin": "admin", "op": "op", "viewer": "viewer"}
PARTS = {name: command for name, command in COMPONENTS.items() if name != "triggerer"}  # nothing here defers
START_SECONDS = 120
# The scheduler looks often, so that a test does not wait for it; files of DAGs are parsed once.
QUICK = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__CORE__PARALLELISM": "2",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
    "AIRFLOW__API__WORKERS": "1",
}


class LiveAirflow:
    """An Airflow that runs until `stop`, or until this process dies.

    :param home: an empty folder, for its state and logs.
    :param dags: its folder of DAGs.
    :param connection: of the Moodle site.
    """

    def __init__(self, home: Path, dags: Path, connection: str) -> None:
        self.home, self.dags = home, dags
        self.url = f"http://{HOST}:{_free_port()}"
        self.cabinet = home / "cabinet"
        self.environment = self._environment(connection)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until all its parts are healthy and its DAGs are parsed."""
        shutil.copy(dag_runs.EMPTY_DATABASE, self.home / "airflow.db")
        (self.home / "passwords.json").write_text(json.dumps({name: name for name in USERS}))
        (self.home / "logs").mkdir()
        # The parts die with the shell, and the shell with this process, however it ends.
        lines = [
            "trap 'trap - TERM; kill 0' TERM",
            *(f"{command} >{name}.log 2>&1 &" for name, command in PARTS.items()),
            "wait",
        ]
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "bash", "-c", "\n".join(lines)],
            cwd=self.home / "logs",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait(self._healthy, "become healthy")
        name, slots, description = POOL
        self.call("POST", "pools", {"name": name, "slots": int(slots), "description": description})
        wanted = {path.stem for path in self.dags.glob("toolsync_*.py")}
        self._wait(
            lambda: wanted == {dag["dag_id"] for dag in self.call("GET", "dags?limit=100")["dags"]}, "parse its DAGs"
        )

    def stop(self) -> None:
        """End all its processes."""
        session = {"session": self._process.pid} if self._process else {}
        while left := processes(session):  # nothing of it is needed again, so nothing has to end in order
            send(left, signal.SIGKILL)
            time.sleep(0.1)
        if self._process:
            self._process.wait()

    def token(self, name: str) -> str:
        """The token of an account, as its cookie holds it."""
        return self._asked("POST", "/auth/token", {"username": name, "password": name})["access_token"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call Airflow's REST API as the administrator."""
        return self._asked(method, f"/api/v2/{path}", body, {"Authorization": f"Bearer {self.token('admin')}"})

    def page_api(self, path: str) -> Any:
        """Ask the desk's own API as the administrator."""
        return self._asked("GET", f"/toolsync/api/{path}", headers={"Authorization": f"Bearer {self.token('admin')}"})

    def _asked(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        sent = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, data, sent, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _healthy(self) -> bool:
        try:
            parts = self._asked("GET", "/api/v2/monitor/health")
        except OSError:
            return False
        return all(parts[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor"))

    def _wait(self, done: Any, what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not done():
            assert self._process
            if self._process.poll() is not None or time.monotonic() > deadline:
                tails = [
                    f"{path.name}:\n{path.read_text()[-1500:]}" for path in sorted((self.home / "logs").glob("*.log"))
                ]
                raise RuntimeError("\n".join([f"Airflow did not {what}.", *tails]))
            time.sleep(0.3)

    def _environment(self, connection: str) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "TOOLSYNC_"))
        }
        users = ",".join(f"{name}:{role}" for name, role in USERS.items())
        return {
            **inherited,
            **QUICK,
            "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "plugins"),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__HOST": HOST,
            "AIRFLOW__API__PORT": self.url.rpartition(":")[2],
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW_CONN_MOODLE_DB": connection,
            "TOOLSYNC_CABINET": str(self.cabinet),
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
