"""PostgreSQL and Redis on this machine, for one test session: they keep what they have in a folder that goes with them."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.live.airflow import any_port
from tools.standalone import HOST

READY_SECONDS = 30
# The server does not run as root, which the account of Debian's package is for.
ACCOUNT = "postgres"
DYING = ("setpriv", "--pdeathsig", "KILL")


class Services:
    """A database server for Airflow and a broker for Celery. They die with the process that starts them.

    :ivar database: the address of Airflow's database, without the driver: `airflow:…@127.0.0.1:5433/airflow`.
    :ivar broker: the address of Redis.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="toolsync-workers-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._become: list[str] = []
        if os.geteuid() == 0:
            self._become = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups"]
        try:
            self.database, self.broker = self._postgres(), self._redis()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both at once, and remove the folder."""
        for process in self._processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _postgres(self) -> str:
        programs, data, port, password = _programs(), self.folder / "postgres", any_port(), secrets.token_hex(16)
        passwords = self.folder / "password"
        passwords.write_text(password)
        if self._become:
            for path in (self.folder, passwords):
                shutil.chown(path, ACCOUNT)
        make = f"{programs}/initdb --pgdata={data} --username=airflow --encoding=UTF8 --no-locale --no-sync"
        self._run(*make.split(), "--auth=scram-sha-256", f"--pwfile={passwords}")
        options = f"-D {data} -p {port} -h {HOST} -k {self.folder} -c fsync=off -c max_connections=200"
        self._start(*self._become, *DYING, f"{programs}/postgres", *options.split())
        client = f"{programs}/psql -h {HOST} -p {port} -U airflow -d postgres -c".split()
        _wait(lambda: not _call(*client, "SELECT 1", PGPASSWORD=password).returncode, "PostgreSQL")
        self._run(*client, "CREATE DATABASE airflow", PGPASSWORD=password)
        return f"airflow:{password}@{HOST}:{port}/airflow"

    def _redis(self) -> str:
        # In Debian's package of tools the program is called after one of its uses: it is the server when it is started under the server's name.
        program, port, password = shutil.which("redis-server"), any_port(), secrets.token_hex(16)
        if program is None:
            other = shutil.which("redis-check-rdb")
            assert other, "Redis is missing; run `make test-workers`, which installs it"
            link = self.folder / "redis-server"
            link.symlink_to(other)
            program = str(link)
        options = f"--port {port} --bind {HOST} --requirepass {password} --dir {self.folder}".split()
        self._start(*DYING, program, *options, "--save", "")
        client = f"redis-cli -p {port} ping".split()
        _wait(lambda: "PONG" in _call(*client, REDISCLI_AUTH=password).stdout, "Redis")
        return f"redis://:{password}@{HOST}:{port}/0"

    def _start(self, *command: str) -> None:
        with (self.folder / "services.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            )

    def _run(self, *command: str, **environment: str) -> None:
        done = _call(*self._become, *command, **environment)
        assert not done.returncode, done.stderr


def _call(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **environment}, cwd="/", capture_output=True, check=False, text=True
    )


def _programs() -> Path:
    """Where PostgreSQL's programs are; Debian has them in no path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "PostgreSQL is missing; run `make test-workers`, which installs it"
    return found[-1]


def _wait(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not done():
        assert time.monotonic() < deadline, f"{what} is not ready after {READY_SECONDS} seconds"
        time.sleep(0.1)
