"""The database server: whether it is reached, which one it is, and how it is set up."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowFailException

from toolsync.checking.findings import Finding, in_two, look, ok, said, wrong
from toolsync.checking.ground import Ground
from toolsync.moodle.errors import HASHES_MISSING, IS_REPLICA, OF_SET_UP
from toolsync.moodle.php import find_connection
from toolsync.running.throttle import Replica, throttle_limits
from toolsync.settings import settings
from toolsync.sites import Site, site_names

EXTRAS = ("prefix", "dataroot", "wwwroot", "password_pepper")
# What else the extra may hold: keys of Airflow's own hook.
HOOKS = {
    "charset",
    "cursor",
    "local_infile",
    "unix_socket",
    "ssl",
    "ssl_mode",
    "client",
    "iam",
    "aws_conn_id",
    "init_command",
}
DOCUMENTED = "docs/settings.md#connection-moodle_db"
SERVERS = {"MariaDB": (10, 6), "MySQL": (8, 0)}  # the oldest of each
REACHED_WITHIN = 10  # seconds
APART = 5  # seconds between two clocks that nobody notices
LEAST_PACKET = 4 << 20  # bytes: a statement with some thousand lines of a file
LEAST_WAIT = 300  # seconds that a session may be idle, while a run hashes passwords or waits for others


def check_connection(ground: Ground) -> Iterator[Finding]:
    """Whether there is a connection, and what it says makes sense."""
    conn_id, connection = ground.site.moodle_conn_id, ground.connection
    if connection is None:
        variable = f"the environment variable AIRFLOW_CONN_{conn_id.upper()} ({DOCUMENTED})"
        yield wrong(
            f"There is no connection {conn_id}.",
            f"Set {variable}: what is kept in Airflow's database is not read by hand."
            if ground.by_hand
            else f"Make it in Airflow under Admin, Connections (type MySQL), or as {variable}.",
        )
        return
    if connection.conn_type != "mysql":
        yield wrong(f"The connection {conn_id} has the type {connection.conn_type}.", "Give it the type MySQL.")
    if not connection.schema:
        yield wrong(f"The connection {conn_id} names no schema.", "Put the name of Moodle's database there.")
    if (client := ground.extra.get("client", "mysqlclient")) != "mysqlclient":
        yield wrong(
            f"The extra of the connection {conn_id} has the client {client}.", "Remove the key: mysqlclient is needed."
        )
    for key in ground.extra.keys() - HOOKS - {*EXTRAS}:
        if near := get_close_matches(key, EXTRAS, n=1):
            yield look(f"The extra of the connection {conn_id} has an unknown key {key!r}.", f"Did you mean {near[0]}?")
    page = settings()
    for other in [Site(name, page) for name in site_names() if name != ground.site.name]:
        beside = find_connection(other.moodle_conn_id)
        if beside and _tables_of(beside) == _tables_of(connection):
            yield wrong(
                f"The connections {conn_id} and {beside.conn_id} lead to the same tables: what is dropped for {ground.site.name} and "
                f"for {other.name} lands on one site.",
                "Correct the one that is wrong.",
            )


def _tables_of(connection: Connection) -> tuple[Any, ...]:
    """Where the tables of a connection are."""
    extra = connection.extra_dejson
    server = extra.get("unix_socket") or (connection.host or "localhost", connection.port or 3306)
    return server, connection.schema, extra.get("prefix", "mdl_")


def check_reach(ground: Ground) -> Iterator[Finding]:
    """Whether the server can be reached and lets the account in."""
    connection = ground.connection
    if connection is None or connection.conn_type != "mysql":
        ground.lose()
        return
    where = f"{connection.host or 'localhost'}:{connection.port or 3306}"
    if not ground.extra.get("unix_socket") and connection.host not in (None, "", "localhost"):
        try:
            with socket.create_connection((connection.host, connection.port or 3306), REACHED_WITHIN) as there:
                there.recv(1)  # a database server speaks first
        except OSError as error:
            ground.lose()
            yield wrong(
                f"The database server {where} can't be reached from here ({said(error)}).",
                f"Look at host and port of the connection {ground.site.moodle_conn_id}, at the server, and at what is between it and this worker.",
            )
            return
    try:
        session = ground.server
    except AirflowFailException as reason:
        sentence, do = in_two(str(reason))
        if ground.extra.keys().isdisjoint(("ssl", "ssl_mode")):
            do += ' MariaDB says the same where it takes encrypted connections only: then put "ssl_mode": "REQUIRED" into the extra.'
        yield wrong(sentence, do)
        return
    yield ok(
        f"Reached {session.server_name} at {where}, database {connection.schema}, as {session.value('SELECT CURRENT_USER()')}."
    )


def check_server(ground: Ground) -> Iterator[Finding]:
    """Which server it is, and what it lacks."""
    session = ground.server
    kind = "MariaDB" if session.is_mariadb else "MySQL"
    numbers = tuple(map(int, re.findall(r"\d+", session.server_version)[:2]))
    oldest = ".".join(map(str, SERVERS[kind]))
    if numbers < SERVERS[kind]:
        yield wrong(
            f"The server is {session.server_name}, older than {kind} {oldest}.",
            f"Update it to {kind} {oldest} or later.",
        )
    else:
        yield ok(f"{session.server_name} is recent enough ({kind} {oldest} or later).")
    if not (session.has_function("MD5('')") and session.has_function("SHA1('')")):
        first, _, do = HASHES_MISSING.partition(". ")
        yield wrong(f"The server has no MD5() and SHA1(). {first}.", do)


def check_variables(ground: Ground) -> Iterator[Finding]:
    """How the server is set up."""
    session = ground.server
    value = dict(session.rows("SHOW VARIABLES")).get
    if any(value(name, "OFF") != "OFF" for name in ("read_only", "super_read_only", "innodb_read_only")):
        yield wrong("The server is read-only.", IS_REPLICA)
    if value("log_bin") == "ON" and value("binlog_format") == "STATEMENT":
        told, _, do = OF_SET_UP[1665].partition(", but ")
        yield wrong(f"{told}.", f"{do[:1].upper()}{do[1:]}")
    if value("sql_require_primary_key") == "ON":
        yield wrong("The server wants a primary key in every table (sql_require_primary_key).", OF_SET_UP[3750])
    if (packet := int(value("max_allowed_packet") or 0)) < LEAST_PACKET:
        yield look(
            f"max_allowed_packet is {packet:,} bytes: long lines of a file may not fit.",
            "An administrator sets it to 16M or more.",
        )
    if (wait := int(value("wait_timeout") or 0)) < LEAST_WAIT:
        yield look(
            f"The server ends sessions that are idle for {wait} s (wait_timeout), and a run may be, while it hashes passwords or waits.",
            f"An administrator sets it to {LEAST_WAIT} or more.",
        )
    loading = "on: lines are sent as a file" if value("local_infile") == "ON" else "off: lines are sent as INSERTs"
    yield ok(f"The server's settings were looked at. local_infile is {loading}.")


def check_way(ground: Ground) -> Iterator[Finding]:
    """Whether the way there is encrypted, and whether the clocks agree."""
    session, connection = ground.server, ground.connection
    cipher = session.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")[0][1]
    local = ground.extra.get("unix_socket") or (connection and connection.host in (None, "", "localhost", "127.0.0.1"))
    if cipher:
        yield ok(f"The connection is encrypted ({cipher}).")
    elif local:
        yield ok("The connection stays on this machine.")
    else:
        yield look(
            "The connection is not encrypted: what files hold, passwords too, can be read on the way.",
            'Put "ssl_mode": "REQUIRED" into the extra of the connection.',
        )
    before = time.time()
    there = float(session.value("SELECT UNIX_TIMESTAMP(NOW(6))"))
    apart = max(before - there, there - time.time())
    if apart > APART:
        yield look(
            f"The clock of the database server is {apart:.0f} s away from this worker's.",
            "Let both take their time from the same server (NTP): Moodle's times and those of reports differ.",
        )
    else:
        yield ok("The clocks of the database server and of this worker agree.")


def check_replicas(ground: Ground) -> Iterator[Finding]:
    """Whether the replicas that `throttle` names can be asked how far they are behind."""
    limits = throttle_limits(ground.site.page)
    for conn_id in limits.replica_conn_ids if limits.max_lag_seconds is not None else ():
        Replica(conn_id).check()
        yield ok(f"The replica of the connection {conn_id} tells how far it is behind.")
