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

from tools.standalone import HOST, free_port

READY_SECONDS = 30
# The server does not run as root, which the account of Debian's package is for.
ACCOUNT = "postgres"


class Services:
    """A database server for Airflow and a broker for Celery. They die with the process that starts them.

    :ivar database: the address of Airflow's database, without the driver: `airflow:…@127.0.0.1:5433/airflow`.
    :ivar broker: the address of Redis.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="toolsync-workers-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._become = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups"]
        if os.geteuid() != 0:
            self._become = []
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
        programs, data, port, password = _programs(), self.folder / "postgres", free_port(), secrets.token_hex(16)
        passwords = self.folder / "password"
        passwords.write_text(password)
        if self._become:
            for path in (self.folder, passwords):
                shutil.chown(path, ACCOUNT)
        make = [
            programs / "initdb",
            "--pgdata",
            data,
            "--username=airflow",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]
        self._run(*make, "--auth=scram-sha-256", f"--pwfile={passwords}")
        options = ["-p", str(port), "-h", HOST, "-k", str(self.folder), "-c", "fsync=off", "-c", "max_connections=200"]
        self._start(*self._become, "setpriv", "--pdeathsig", "KILL", programs / "postgres", "-D", data, *options)
        account = {"PGPASSWORD": password}
        command = [programs / "psql", "-h", HOST, "-p", str(port), "-U", "airflow", "-d", "postgres", "-c"]
        _wait(
            lambda: not subprocess.call([*command, "SELECT 1"], env=os.environ | account, stdout=-3, stderr=-3),
            "PostgreSQL",
        )
        self._run(*command, "CREATE DATABASE airflow", **account)
        return f"airflow:{password}@{HOST}:{port}/airflow"

    def _redis(self) -> str:
        # In Debian's package of tools the program is called after one of its uses: it is the server when it is started under the server's name.
        program, port, password = shutil.which("redis-server"), free_port(), secrets.token_hex(16)
        if program is None:
            link = self.folder / "redis-server"
            link.symlink_to(shutil.which("redis-check-rdb") or "redis-server")
            program = str(link)
        options = [
            "--port",
            str(port),
            "--bind",
            HOST,
            "--save",
            "",
            "--requirepass",
            password,
            "--dir",
            str(self.folder),
        ]
        self._start("setpriv", "--pdeathsig", "KILL", program, *options)
        client = ["redis-cli", "-p", str(port), "ping"]
        answers: Callable[[], bool] = lambda: (
            b"PONG"
            in subprocess.run(  # noqa: E731
                client, env=os.environ | {"REDISCLI_AUTH": password}, capture_output=True, check=False
            ).stdout
        )
        _wait(answers, "Redis")
        return f"redis://:{password}@{HOST}:{port}/0"

    def _start(self, *command: str | Path) -> None:
        with (self.folder / "services.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            )

    def _run(self, *command: str | Path, **environment: str) -> None:
        done = subprocess.run(
            [*self._become, *command],
            env={**os.environ, **environment},
            cwd=self.folder,
            capture_output=True,
            check=False,
            text=True,
        )
        assert not done.returncode, done.stderr


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
