"""The last task of a run: the site's caches are told what changed.

The Airflow connection `moodle_cli` says where PHP can be run in the site's directory. Without it the task says what
stays stale, and the command that a person can run instead.

- Connection Type: `ssh`; or any other, without a host, for PHP on the worker itself
- Host, Port, Login: of the SSH server
- Extra:
  - `path`: the site's directory, where config.php is (required)
  - `php`: the command that runs PHP, default `php`; it may have arguments
  - `user`: whom to become with sudo, the web server's user; without it the login must be allowed to write its caches
  - `key_file`: the private key of the login, on the worker
  - `no_host_key_check`: true to trust any server

The `ssh` of the system is run rather than a Python client: it needs nothing installed, and reads the ~/.ssh of the
worker as its administrator knows it. It can ask nobody, so a password in the connection is refused: the key must have
no passphrase, or be in an agent. The host key must be known (`ssh-keyscan HOST >> ~/.ssh/known_hosts`).
"""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseHook, BaseOperator, Connection
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from toolsync import caches

log = logging.getLogger(__name__)

TIMEOUT = 300  # seconds; the program takes 0.2
CONNECT_TIMEOUT = 15  # seconds
EXTRAS = {"path", "php", "user", "key_file", "no_host_key_check"}
COMMITTED = (
    "The changes themselves are in the database, only the caches do not know of them. "
    "Clear this task to try again, or run this in the site's directory as the web server's user"
)


class PurgeCachesOperator(BaseOperator):
    """Purges the caches of the site that the files of the run left stale.

    :param results: what the execute tasks returned: dicts whose `stale` lists topics of `toolsync.caches`. One whose
        `simulated` is true changed nothing; without that key it is as Param `simulate` says. None is no answer.
    :param conn_id: of the connection that says where PHP can be run; it need not exist.
    :return: the report, as it was logged.
    :raises AirflowException: the caches could not be purged; trying again is safe.
    """

    template_fields: Sequence[str] = ("results", "conn_id")

    def __init__(self, *, results: Any, conn_id: str = "moodle_cli", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = results
        self.conn_id = conn_id

    def execute(self, context: Any) -> str:
        topics, simulated = stale_topics(self.results or [], bool(context["params"].get("simulate")))
        nothing = simulated and not topics
        report = "A simulation changed nothing: no cache to purge." if nothing else purge(topics, self.conn_id)
        for line in report.splitlines():
            self.log.info(line)
        return report


def stale_topics(results: Iterable[Mapping[str, Any] | None], simulate: bool) -> tuple[set[str], bool]:
    """The topics that results name, and whether any was a simulation."""
    topics: set[str] = set()
    simulated = False
    if isinstance(results, Mapping):  # of a single task Airflow hands over the answer itself
        results = [results]
    for result in results:
        if result and result.get("simulated", simulate):
            simulated = True
        elif result:
            topics.update(result.get("stale") or [])
    return topics, simulated


def purge(topics: Iterable[str], conn_id: str) -> str:
    """Purge what the topics concern, when the connection exists.

    :return: a report: what was purged, or what stays stale and the command to run.
    :raises AirflowException: the connection is no good, or the program failed on the site.
    :raises ValueError: an unknown topic.
    """
    topics = sorted(set(topics))
    if not topics:
        return "No cache of the site is stale after this run."
    connection = find_connection(conn_id)
    if connection is None:
        return "\n".join(
            [
                f"There is no connection {conn_id}, so the site's caches were not purged:",
                *(f"- {sentence}" for sentence in caches.explain(topics)),
                "To cure that at once, run this in the site's directory as the web server's user:",
                caches.command_to_run(topics),
            ]
        )
    started = time.monotonic()
    try:
        run_php(caches.php_program(topics), connection)
    except AirflowException as error:
        raise AirflowException(f"{error}\n{COMMITTED}:\n{caches.command_to_run(topics)}") from None
    return f"Caches of the site purged in {time.monotonic() - started:.1f} s: {', '.join(topics)}."


def find_connection(conn_id: str) -> Connection | None:
    """The connection, None when nobody made it."""
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None


def run_php(program: str, connection: Connection) -> None:
    """Run a PHP program of `toolsync.caches` in the site's directory.

    :raises AirflowException: the connection is no good, or the program did not run to its end.
    """
    command, directory = command_of(connection)
    where = f"{connection.conn_id}: {command[0]} ({connection.host or 'on this machine'})"
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=directory,
            input=program,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
        )
    except subprocess.TimeoutExpired:
        raise AirflowException(f"{where} did not end within {TIMEOUT} s.") from None
    except OSError as error:
        raise AirflowException(f"{where} could not be started: {error}.") from None
    if done.returncode or caches.PURGED not in done.stdout:
        said = "\n".join((done.stderr + done.stdout).strip().splitlines()[-10:]) or "nothing"
        raise AirflowException(f"{where} ended with status {done.returncode} and said:\n{said}")
    log.debug("%s said: %s", where, done.stdout)


def command_of(connection: Connection) -> tuple[list[str], str | None]:
    """The command that runs PHP as the connection says, and the directory to run it in (None: the command goes there).

    :raises AirflowException: the connection lacks something, or has what has no meaning here.
    """
    extra = connection.extra_dejson
    path = str(extra.get("path") or "")
    if unknown := sorted(extra.keys() - EXTRAS):
        known = ", ".join(sorted(EXTRAS))
        raise _no_good(connection, f"unknown in its extra: {', '.join(unknown)}; known are {known}.")
    if not path.startswith("/"):
        raise _no_good(connection, "its extra needs `path`, the site's directory, beginning with /.")
    user = extra.get("user")
    php = [*(["sudo", "-n", "-u", user, "--"] if user else []), *shlex.split(str(extra.get("php") or "php"))]
    if not connection.host and connection.conn_type != "ssh":
        return php, path
    return [*_ssh(connection, extra), f"cd {shlex.quote(path)} && exec {shlex.join(php)}"], None


def _ssh(connection: Connection, extra: Mapping[str, Any]) -> list[str]:
    if not connection.host:
        raise _no_good(connection, "it is of type ssh and has no host.")
    if connection.password:
        raise _no_good(connection, "it has a password, but ssh asks nobody here: give a `key_file` in its extra.")
    command = ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_TIMEOUT}"]
    if str(extra.get("no_host_key_check", "")).lower() == "true":
        command += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    else:
        command += ["-o", "StrictHostKeyChecking=yes"]
    if connection.port:
        command += ["-p", str(connection.port)]
    if connection.login:
        command += ["-l", connection.login]
    if extra.get("key_file"):
        command += ["-o", "IdentitiesOnly=yes", "-i", str(extra["key_file"])]
    return [*command, "--", connection.host]


def _no_good(connection: Connection, reason: str) -> AirflowException:
    return AirflowException(f"Connection {connection.conn_id}: {reason}")
