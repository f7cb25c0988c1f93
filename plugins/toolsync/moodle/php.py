"""Runs PHP in the site's directory, over an Airflow connection (`moodle_cli`).

- Connection Type: `ssh`, or any other: with a host it is reached over SSH, without one PHP is run on the worker itself. Airflow lists `ssh`
  only with the provider installed
- Host, Port, Login: of the SSH server
- Extra:
  - `path`: the site's directory, where config.php is (required)
  - `php`: the command that runs PHP, default `php`; it may have arguments
  - `user`: the user to switch to with sudo, usually the web server's; without it the login must be able to write to the site's data folder
  - `key_file`: the private key of the login, on the worker
  - `no_host_key_check`: true to accept any host key

The system's `ssh` is used rather than a Python client: nothing has to be installed, and the worker's ~/.ssh applies as its
administrator set it up. It runs without prompts, so a password in the connection is refused: the key must have no passphrase,
or be held by an agent. The host key must be known (`ssh-keyscan HOST >> ~/.ssh/known_hosts`).
"""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 15  # seconds
EXTRAS = {"path", "php", "user", "key_file", "no_host_key_check"}
SSH_LOST = 255  # the exit status of ssh when ssh itself failed, before or while the command ran
LAST_LINES = 10  # of the output, in messages


class DidNotEnd(AirflowException):
    """The program took too long. It may still be running on the site."""


@dataclass(frozen=True)
class Ended:
    """The end of a program.

    :param where: the connection, command and host, for messages.
    :param lost: whether ssh failed, so that it is unknown how far the program got.
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
    """The connection with this id; None when there is none."""
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None


def why_unusable(conn_id: str) -> str | None:
    """Why PHP can't be run over a connection, as far as can be told without connecting; None when it can.

    :return: a sentence that names the connection.
    """
    connection = find_connection(conn_id)
    if connection is None:
        return f"There is no connection {conn_id}."
    try:
        command_of(connection)
    except AirflowException as error:
        return str(error)
    return None


def run(connection: Connection, *, arguments: Sequence[str] = (), program: str = "", seconds: int) -> Ended:
    """Run PHP in the site's directory.

    :param arguments: of PHP: a script of the site and the script's arguments. Empty: PHP reads `program`.
    :param program: PHP code, passed on standard input.
    :param seconds: the time limit.
    :raises DidNotEnd: the time limit has passed.
    :raises AirflowException: the connection is incomplete, or PHP (or ssh) could not be started.
    """
    command, directory = command_of(connection, arguments)
    where = f"{connection.conn_id}: {command[0]} ({connection.host or 'on this machine'})"
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
        )
    except (OSError, ValueError) as error:
        raise AirflowException(f"{where} could not be started: {error}.") from None
    try:
        printed, complained = process.communicate(program, timeout=seconds)
    except BaseException as error:
        _leave(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise DidNotEnd(f"{where} did not end within {seconds} s.") from None
        raise
    log.debug("%s said: %s", where, printed)
    lost = directory is None and process.returncode == SSH_LOST
    return Ended(where, process.returncode, printed, complained, lost)


def _leave(process: subprocess.Popen[str]) -> None:
    """End a program, without waiting for it for long: what sudo has started belongs to root, and takes no signal from here."""
    with suppress(OSError, subprocess.TimeoutExpired):
        process.kill()
        process.wait(1)
    for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
        with suppress(OSError, ValueError):
            stream.close()


def command_of(connection: Connection, arguments: Sequence[str] = ()) -> tuple[list[str], str | None]:
    """The command that runs PHP over the connection.

    :return: the command, and the directory to run it in; None when the command changes to the directory itself.
    :raises AirflowException: the connection is incomplete, or its extra has an unknown key.
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

    :raises AirflowException: the connection's extra does not name it, or has an unknown key.
    """
    extra = connection.extra_dejson
    path = str(extra.get("path") or "")
    if unknown := sorted(extra.keys() - EXTRAS):
        known = ", ".join(sorted(EXTRAS))
        raise _bad(connection, f"its extra has unknown keys: {', '.join(unknown)}. The known ones are {known}.")
    if not path.startswith("/"):
        raise _bad(connection, "its extra needs `path`, the absolute path of the site's directory.")
    return path


def _ssh(connection: Connection, extra: Mapping[str, Any]) -> list[str]:
    if not connection.host:
        raise _bad(connection, "its type is ssh, but it has no host.")
    if connection.password:
        raise _bad(
            connection, "it has a password, which ssh can't use without a prompt. Set `key_file` in its extra instead."
        )
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


def _bad(connection: Connection, reason: str) -> AirflowException:
    return AirflowException(f"Connection {connection.conn_id}: {reason}")
