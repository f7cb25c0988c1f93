"""PHP in the site's directory, as an Airflow connection (`moodle_cli`) says where and how.

- Connection Type: `ssh`; or any other, without a host, for PHP on the worker itself
- Host, Port, Login: of the SSH server
- Extra:
  - `path`: the site's directory, where config.php is (required)
  - `php`: the command that runs PHP, default `php`; it may have arguments
  - `user`: whom to become with sudo, the web server's user; without it the login must be allowed to write the site's data folder
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 15  # seconds
EXTRAS = {"path", "php", "user", "key_file", "no_host_key_check"}
SSH_LOST = 255  # the status of ssh when it is ssh that failed, before or while the command ran
LAST_LINES = 10


class DidNotEnd(AirflowException):
    """The program was given up; it may still be running."""


@dataclass(frozen=True)
class Ended:
    """A program that ran.

    :param where: which connection and machine, for messages.
    :param lost: whether it was the way to the site that failed, so that nobody knows what became of the program.
    """

    where: str
    status: int
    printed: str
    complained: str
    lost: bool

    @property
    def sentence(self) -> str:
        said = (self.complained + self.printed).strip().splitlines()[-LAST_LINES:]
        return f"{self.where} ended with status {self.status} and said:\n" + ("\n".join(said) or "nothing")


def find_connection(conn_id: str) -> Connection | None:
    """The connection, None when nobody made it."""
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None


def run(connection: Connection, *, arguments: Sequence[str] = (), program: str = "", seconds: int) -> Ended:
    """Run PHP in the site's directory.

    :param arguments: of PHP: a script of the site and its own arguments. None: PHP reads `program`.
    :param seconds: how long it may take.
    :raises DidNotEnd: it takes longer.
    :raises AirflowException: the connection is no good, or PHP (or ssh) could not be started.
    """
    command, directory = command_of(connection, arguments)
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
            timeout=seconds,
            env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
        )
    except subprocess.TimeoutExpired:
        raise DidNotEnd(f"{where} did not end within {seconds} s.") from None
    except (OSError, ValueError) as error:
        raise AirflowException(f"{where} could not be started: {error}.") from None
    log.debug("%s said: %s", where, done.stdout)
    lost = directory is None and done.returncode == SSH_LOST
    return Ended(where, done.returncode, done.stdout, done.stderr, lost)


def command_of(connection: Connection, arguments: Sequence[str] = ()) -> tuple[list[str], str | None]:
    """The command that runs PHP as the connection says, and the directory to run it in (None: the command goes there).

    :raises AirflowException: the connection lacks something, or has what has no meaning here.
    """
    extra = connection.extra_dejson
    path = directory_of(connection)
    user = extra.get("user")
    sudo = ["sudo", "-n", "-u", user, "--"] if user else []
    php = [*sudo, *shlex.split(str(extra.get("php") or "php")), *arguments]
    if not connection.host and connection.conn_type != "ssh":
        return php, path
    return [*_ssh(connection, extra), f"cd {shlex.quote(path)} && exec {shlex.join(php)}"], None


def directory_of(connection: Connection) -> str:
    """The site's directory.

    :raises AirflowException: the connection does not say it, or has what has no meaning here.
    """
    extra = connection.extra_dejson
    path = str(extra.get("path") or "")
    if unknown := sorted(extra.keys() - EXTRAS):
        known = ", ".join(sorted(EXTRAS))
        raise _no_good(connection, f"unknown in its extra: {', '.join(unknown)}; known are {known}.")
    if not path.startswith("/"):
        raise _no_good(connection, "its extra needs `path`, the site's directory, beginning with /.")
    return path


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
