"""A private MariaDB (or MySQL) server in a folder, for the demo site and the tests.

It listens on 127.0.0.1 and on a socket, and needs no system service and no configuration outside its folder.
From the command line: `python tools/mariadb.py start|stop|status|load|connection DIR …`; from Python: PrivateServer.
"""

from __future__ import annotations

import argparse
import configparser
import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.servers import Programs, ServerError, programs  # noqa: E402

HOST = "127.0.0.1"
USER = "toolsync"
GRANTS = "SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES"
COLLATION = "utf8mb4_unicode_ci"  # of dumps
START_SECONDS = 60
STOP_SECONDS = 60
# The path of a Unix socket is limited to 107 bytes; clones and pytest's folders can be deeper.
SOCKET_PATH_LIMIT = 100

SERVER_OPTIONS = """\
[mysqld]
datadir="{directory}/data"
tmpdir="{directory}/tmp"
pid-file="{directory}/server.pid"
log-error="{directory}/error.log"
socket="{socket}"
port={port}
bind-address=127.0.0.1
init-file="{directory}/accounts.sql"
character-set-server=utf8mb4
collation-server={collation}
innodb_buffer_pool_size=512M
innodb_flush_log_at_trx_commit=1
loose_innodb_log_file_size=256M
loose_innodb_redo_log_capacity=256M
loose_innodb_read_only_compressed=OFF
loose_log_warnings=1
loose_mysqlx=OFF
local_infile=ON
secure_file_priv=""
max_allowed_packet=256M
max_connections=200
skip-log-bin
skip-name-resolve
{more}
"""


@dataclass(frozen=True)
class ServerInfo:
    """How to reach a private server.

    `user` has only the privileges that Tool Sync needs; `admin_user` has every privilege, through the socket only.
    """

    host: str
    port: int
    socket: str
    user: str
    password: str = field(repr=False)
    admin_user: str
    admin_password: str = field(repr=False)


class PrivateServer:
    """A database server that keeps everything in one folder.

    :param directory: the folder.
    :param die_with_parent: end a server that this object starts together with this process, even if this is killed -9.
    :param options: more lines for the server's option file, which override those above.
    :param server: one that `tools/servers.py` fetched, by its name; empty: the one that the folder was made by, or that of the system.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        die_with_parent: bool = False,
        options: Sequence[str] = (),
        server: str = "",
    ) -> None:
        self.directory = Path(directory).absolute()
        made_by = self.directory / "server"
        self.server = server or (made_by.read_text() if made_by.exists() else "")
        self.die_with_parent = die_with_parent
        self.options = options
        self._process: subprocess.Popen[bytes] | None = None

    @cached_property
    def programs(self) -> Programs:
        """What is run."""
        return programs(self.server)

    def start(self) -> ServerInfo:
        """Start the server, unless it runs, and create its data the first time.

        :raises ServerError: it does not start.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._lock():
            if info := self.info():
                return info
            for folder in (self.directory / "tmp", self._socket().parent):
                folder.mkdir(mode=0o700, exist_ok=True)
            (self.directory / "server").write_text(self.server)
            self._write_accounts()
            if fresh := not (self.directory / "data").exists():
                self._create_data()
            self._run()
            if fresh and not self.programs.is_mariadb:
                with contextlib.suppress(ServerError):  # before 9.6, MD5() and SHA1() are there without it
                    self.execute("INSTALL COMPONENT 'file://component_classic_hashing'")
        info = self.info()
        if info is None:
            raise self._failure("the server ended right after it started")
        return info

    def stop(self) -> None:
        """Stop the server, if it runs, and keep its data.

        :raises ServerError: it does not stop.
        """
        if not self.directory.exists():
            return
        with self._lock():
            pid = self._pid()
            for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
                if pid is None:
                    break
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
                pid = self._wait_for_end(seconds)
            if pid is not None:
                raise self._failure(f"process {pid} does not end")
            self._socket().unlink(missing_ok=True)
            if self._socket().parent != self.directory:
                shutil.rmtree(self._socket().parent, ignore_errors=True)

    def info(self) -> ServerInfo | None:
        """How to reach the server; None when it does not run."""
        if self._pid() is None or not _greets(self._socket()):
            return None
        return self._described()

    def execute(self, sql: str, database: str = "") -> str:
        """Run statements as the administrator.

        :return: the output of the client, tab-separated, without a header.
        :raises ServerError: a statement fails; with the server's message.
        """
        return self._client(database, sql.encode())

    def grant(self, database: str) -> None:
        """Grant the `toolsync` account the privileges on `database` that docs/settings.md lists, and no others."""
        pattern = database.replace("_", r"\_").replace("`", "``")
        hosts = ", ".join(f"'{USER}'@'{host}'" for host in ("localhost", HOST))
        self.execute(f"GRANT {GRANTS} ON `{pattern}`.* TO {hosts}")

    def load(self, dump: str | Path, database: str, *, collation: str = COLLATION) -> None:
        """Create `database` anew from `dump` (.sql.gz), and grant `toolsync` its privileges on it.

        :param collation: of the database and its tables, in place of that of the dump, as Moodle's `mysql_collation.php` converts a site.
        :raises ServerError: a statement fails.
        """
        name = database.replace("`", "``")
        stamp = self._stamp(database)
        stamp.unlink(missing_ok=True)
        self.execute(
            f"DROP DATABASE IF EXISTS `{name}`;CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE {collation};"
        )
        self.grant(database)
        with gzip.open(dump) as file:
            self._client(database, file.read().replace(COLLATION.encode(), collation.encode()))
        stamp.write_text(_digest(dump))

    def holds(self, dump: str | Path, database: str) -> bool:
        """Whether `database` was loaded completely, from exactly this dump."""
        stamp = self._stamp(database)
        return stamp.exists() and stamp.read_text() == _digest(dump)

    def connection(self, database: str, **extra: Any) -> str:
        """The value of an AIRFLOW_CONN_… variable: the `toolsync` account on `database`. The server may be stopped.

        :param extra: the extra of the connection.
        :raises ServerError: the server was never started.
        """
        info = self._described()
        values = {"conn_type": "mysql", "host": info.host, "port": info.port, "login": info.user}
        return json.dumps({**values, "password": info.password, "schema": database, "extra": extra})

    def _described(self) -> ServerInfo:
        account, admin = self._options(f"{USER}.cnf"), self._options("admin.cnf")
        if not account or not admin:
            raise ServerError(f"there is no database server in {self.directory}")
        return ServerInfo(
            host=account["host"],
            port=int(account["port"]),
            socket=account["socket"],
            user=account["user"],
            password=account["password"],
            admin_user=admin["user"],
            admin_password=admin["password"],
        )

    def _options(self, name: str) -> dict[str, str]:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(self.directory / name)
        return {key: value.strip('"') for key, value in parser.items("client")} if parser.has_section("client") else {}

    def _write_accounts(self) -> None:
        """Write the passwords, generated once, into option files for the client and into statements that each start repeats."""
        port = _free_port(int(self._options(f"{USER}.cnf").get("port", 0)))
        passwords = {}
        for name, user, host in ((f"{USER}.cnf", USER, HOST), ("admin.cnf", "root", "localhost")):
            passwords[user] = self._options(name).get("password") or secrets.token_urlsafe(24)
            lines = ["[client]", f"host={host}", f"port={port}", f'socket="{self._socket()}"', f"user={user}"]
            self._write_private(name, "\n".join([*lines, f"password={passwords[user]}", ""]))
        statements = [f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{passwords['root']}';"]
        for host in ("localhost", HOST):
            statements.append(f"CREATE USER IF NOT EXISTS '{USER}'@'{host}';")
            statements.append(f"ALTER USER '{USER}'@'{host}' IDENTIFIED BY '{passwords[USER]}';")
        self._write_private("accounts.sql", "\n".join([*statements, ""]))
        options = SERVER_OPTIONS.format(
            directory=self.directory,
            socket=self._socket(),
            port=port,
            collation=COLLATION,
            more="\n".join([*(["user=root"] if os.geteuid() == 0 else []), *self.options]),
        )
        (self.directory / "my.cnf").write_text(options)

    def _write_private(self, name: str, text: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)

    def _create_data(self) -> None:
        """Create the system tables in a temporary place and move them when they are complete, so that incomplete ones are never used."""
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with tempfile.TemporaryDirectory() as short:
            # mariadb-install-db is a shell script that fails on a path with spaces.
            link = Path(short, "server")
            link.symlink_to(self.directory)
            done = subprocess.run(
                self.programs.installation(link / fresh.name),
                check=False,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
        if done.returncode:
            raise self._failure(f"the system tables could not be created: {done.stdout}{done.stderr}".strip())
        fresh.rename(self.directory / "data")

    def _run(self) -> None:
        command = [self.programs.server, f"--defaults-file={self.directory / 'my.cnf'}"]
        if self.die_with_parent:
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        (self.directory / "server.pid").unlink(missing_ok=True)
        self._socket().unlink(missing_ok=True)
        with (self.directory / "error.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not _greets(self._socket()):
            if self._process.poll() is not None:
                raise self._failure("the server does not start")
            if time.monotonic() > deadline:
                self._process.kill()
                raise self._failure(f"the server is not ready after {START_SECONDS} seconds")
            time.sleep(0.05)

    def _pid(self) -> int | None:
        """The process id of the running server; None for a stale pid file, or one whose number another process has taken over."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.directory / "server.pid").read_text())
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if os.fsencode(f"--defaults-file={self.directory / 'my.cnf'}") in arguments:
                return pid
        return None

    def _wait_for_end(self, seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        while (pid := self._pid()) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        if pid is None and self._process:
            self._process.wait()
        return pid

    def _client(self, database: str, statements: bytes) -> str:
        program = self.programs.client
        if program is None:
            raise ServerError("the mariadb client is missing; on Debian, install mariadb-client-core")
        command = [program, f"--defaults-file={self.directory / 'admin.cnf'}", "--batch", "--skip-column-names"]
        command += ["--max-allowed-packet=256M", "--default-character-set=utf8mb4", database]
        done = subprocess.run(command, check=False, input=statements, capture_output=True)
        if done.returncode:
            raise ServerError(done.stderr.decode(errors="replace").strip())
        return done.stdout.decode()

    def _socket(self) -> Path:
        path = self.directory / "server.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path(f"/tmp/toolsync-{os.geteuid()}-{name}/server.sock")

    def _stamp(self, database: str) -> Path:
        return self.directory / f"{database}.loaded"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _failure(self, what: str) -> ServerError:
        log = self.directory / "error.log"
        tail = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        return ServerError("\n".join([f"{what} ({self.directory})", *tail]))


def _free_port(preferred: int) -> int:
    """The preferred port if it is free, so that connections stay valid across a restart; otherwise any free port."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise ServerError(f"no free port on {HOST}")


def _greets(path: Path) -> bool:
    """Whether a server is ready: it listens on the socket earlier, but only then sends a greeting."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(path))
        return bool(client.recv(1))
    return False


def _digest(dump: str | Path) -> str:
    return hashlib.sha256(Path(dump).read_bytes()).hexdigest()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A private MariaDB server in a folder.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "start the server, and create it the first time"),
        ("stop", "stop the server and keep its data"),
        ("status", "print where the server listens; exit status 3 when it does not run"),
        ("load", "create a database anew from a dump (.sql.gz)"),
        ("connection", "print an Airflow connection to a database, as JSON"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("directory", metavar="DIR")
        if name in ("load", "connection"):
            command.add_argument("database", metavar="DATABASE")
        if name == "load":
            command.add_argument("dump", metavar="DUMP")
            command.add_argument(
                "--keep", action="store_true", help="keep a database that was already loaded from this dump"
            )
        if name == "start":
            command.add_argument("--server", default="", help="one that tools/servers.py fetched, such as mysql")
        if name == "connection":
            command.add_argument("extra", metavar="EXTRA", nargs="?", default="{}", help="the connection's extra, JSON")
    return parser


def main() -> int:
    args = _parser().parse_args()
    server = PrivateServer(args.directory, server=getattr(args, "server", ""))
    if args.command == "stop":
        server.stop()
    elif args.command == "connection":
        print(server.connection(args.database, **json.loads(args.extra)))
    elif args.command == "load":
        if not (args.keep and server.holds(args.dump, args.database)):
            server.load(args.dump, args.database)
            # Another site than the one that was loaded before: a cabinet may know that.
            server.execute(
                f"UPDATE mdl_config SET value = '{secrets.token_hex(16)}' WHERE name = 'siteidentifier'", args.database
            )
    else:
        info = server.start() if args.command == "start" else server.info()
        print(f"listens on {info.host}:{info.port} and {info.socket}" if info else "does not run")
        return 0 if info else 3
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServerError as error:
        sys.exit(f"{Path(__file__).name}: {error}")
