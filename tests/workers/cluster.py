"""A distributed Airflow: scheduler, DAG processor and API server, and Celery workers that share nothing with them but what is reached by the network.

Each part has a home, copies of the package and a temporary folder of its own. The cabinet is in an object store, the site is a database server.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.live.airflow import PATIENCE, LiveAirflow
from tests.support.object_store import ObjectStore
from tests.workers.services import Services
from tools.standalone import COMPONENTS, processes, send

SWITCH = "TOOLSYNC_WORKERS"  # set by `make test-workers`: the virtual environment of the distributed Airflow
CONNECTION = "aws_cabinet"
# How soon it sees that a worker is dead; docs/workers.md has the defaults.
SOON = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
    "CORE__PARALLELISM": "8",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
}
CONCURRENCY = 2  # tasks of a worker at a time
NAMED = '''"""What Airflow calls the machine that a part runs on: here all parts are on one."""
import os


def name():
    return os.environ["PART"]
'''


class Cluster(LiveAirflow):
    """A distributed Airflow that runs until `kill`.

    :param home: an empty folder.
    :param services: its database and broker.
    :param store: where its cabinet is.
    :param connection: of the Moodle site.
    :param dags: its DAG files.
    :param page: what is changed in the settings.
    """

    # Nothing here defers, so there is no triggerer.
    parts = {name: command for name, command in COMPONENTS.items() if name != "triggerer"}
    programs = Path(os.environ.get(SWITCH, ".")) / "bin"

    def __init__(
        self, home: Path, services: Services, store: ObjectStore, connection: str, dags: list[Path], **page: Any
    ) -> None:
        self.services, self.store, self.all, self.files = services, store, home, store.attach()
        self.workers: dict[str, dict[str, int]] = {}
        super().__init__(home / "central", connection, dags, **page)
        (self.home / "tmp").mkdir()
        (self.home / "plugins/part_name.py").write_text(NAMED)

    def start_worker(self, name: str) -> None:
        """Start a worker that has a home of its own, and wait until it takes tasks."""
        home = self.all / name
        if not home.exists():
            shutil.copytree(self.home, home, ignore=shutil.ignore_patterns("logs", "tmp", "*.db", "__pycache__"))
            for folder in ("tmp", "logs"):
                (home / folder).mkdir()
        environment = {key: value.replace(str(self.home), str(home)) for key, value in self.environment.items()}
        options = ["--celery-hostname", name, "--concurrency", str(CONCURRENCY), "--skip-serve-logs"]
        with (home / "logs/worker.log").open("w") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", self.programs / "airflow", "celery", "worker", *options],
                cwd=home, env=environment | {"PART": name}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.workers[name] = {"session": process.pid}
        self.wait(lambda: " ready." in (home / "logs/worker.log").read_text(), f"{name} to be ready")

    def kill_worker(self, name: str) -> None:
        """End a worker and the tasks that it runs at once, as a machine that loses power does."""
        session = self.workers.pop(name)
        while left := processes(session):
            send(left, signal.SIGKILL)
            time.sleep(0.1)

    def kill(self) -> None:
        for name in list(self.workers):
            self.kill_worker(name)
        super().kill()

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        found = self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=1000")
        return found["task_instances"]

    def wait(self, done: Callable[[], bool], what: str, seconds: float = 3 * PATIENCE) -> None:
        super().wait(done, what, seconds)

    def put(self, name: str, content: bytes) -> None:
        """Put an object into the cabinet.

        :param name: below it, `users/inbox/people.csv`.
        """
        self.files.pipe_file(f"{self.folder}/{name}", content)

    def names(self, folder: str) -> list[str]:
        """The objects below a folder of the cabinet, by their names from there."""
        self.files.invalidate_cache()
        base = f"{self.folder}/{folder}/"
        return sorted(name.removeprefix(base) for name in self.files.find(base))

    def reports(self, file_type: str) -> list[dict[str, Any]]:
        """The reports of a type, for programs, the oldest first."""
        names = [name for name in self.names(f"{file_type}/report") if name.endswith("_report.json")]
        found = [json.loads(self.files.cat_file(f"{self.folder}/{file_type}/report/{name}")) for name in names]
        return sorted(found, key=lambda report: report["at"])

    @property
    def folder(self) -> str:
        """The bucket and folder of the cabinet."""
        return self.environment["TOOLSYNC_CABINET"].partition("@")[2]

    def _make_database(self) -> None:
        log = self.home / "logs/migrate.log"
        with log.open("w") as file:
            done = subprocess.run(
                [self.programs / "airflow", "db", "migrate"],
                env=self.environment,
                stdout=file,
                stderr=file,
                check=False,
            )
        assert not done.returncode, log.read_text()[-2000:]

    def _environment(self, connection: str) -> dict[str, str]:
        settings = SOON | {
            "CORE__EXECUTOR": "CeleryExecutor",
            "CORE__HOSTNAME_CALLABLE": "part_name.name",
            "CELERY__BROKER_URL": self.services.broker,
            "CELERY__EXTRA_CELERY_CONFIG": '{"imports": ["toolsync.preload"]}',
            "CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{self.services.database}",
            "DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{self.services.database}",
        }
        address = {"endpoint_url": f"http://127.0.0.1:{self.store.port}", "region_name": "us-east-1"}
        credentials = {"conn_type": "aws", "login": "test", "password": "test", "extra": address}
        return {
            **super()._environment(connection),
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
            f"AIRFLOW_CONN_{CONNECTION.upper()}": json.dumps(credentials),
            "TOOLSYNC_CABINET": self.store.new_cabinet().replace("s3://", f"s3://{CONNECTION}@"),
            "PART": "central",
            "TMPDIR": str(self.home / "tmp"),
        }
