"""A Moodle database of the tests, and files run on it."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import MySQLdb

from tests.support.dag_runs import HOME, run_dag
from tools.mariadb import PrivateServer

# Statements that change a table without writing rows.
MADE_AND_DROPPED = (
    "Com_alter_table",
    "Com_create_table",
    "Com_create_view",
    "Com_drop_table",
    "Com_drop_view",
    "Com_rename_table",
    "Com_truncate",
)


class Site:
    """A copy of the populated site.

    :param database: its name on the server.
    :param constant: nobody writes to it, so what is worked out about it once holds for good.
    :param in_airflow: whether Airflow runs the tasks of a DAG, or they run directly, see `direct_runs`.
    """

    def __init__(
        self, server: PrivateServer, database: str, *, constant: bool = False, in_airflow: bool = True
    ) -> None:
        info = server.info()
        assert info is not None
        self.info = info
        self.database = database
        self.in_airflow = in_airflow
        self._writes: dict[str, Any] | None = None
        self._known: dict[str, int] | None = {} if constant else None

    @cached_property
    def collation(self) -> str:
        """That of its tables."""
        return self.value("SELECT @@collation_database")

    @cached_property
    def is_mysql(self) -> bool:
        return "mariadb" not in self.value("SELECT VERSION()").lower()

    def connection(self, **extra: Any) -> str:
        """The Airflow connection, with Tool Sync's own rights and no more."""
        return json.dumps(
            {
                "conn_type": "mysql",
                "host": self.info.host,
                "port": self.info.port,
                "login": self.info.user,
                "password": self.info.password,
                "schema": self.database,
                "extra": {"prefix": "mdl_"} | {name: str(value) for name, value in extra.items()},
            }
        )

    def connect(self) -> Any:
        """A connection with every privilege, in autocommit mode."""
        return MySQLdb.connect(
            db=self.database,
            user=self.info.admin_user,
            passwd=self.info.admin_password,
            unix_socket=self.info.socket,
            charset="utf8mb4",
            autocommit=True,
            local_infile=1,
        )

    def rows(self, sql: str, args: Any = None) -> list[tuple[Any, ...]]:
        """The rows of a statement; `{user}` is `mdl_user`."""
        from toolsync.moodle.session import TABLE

        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(TABLE.sub(r"`mdl_\1`", sql), args)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def value(self, sql: str, args: Any = None) -> Any:
        rows = self.rows(sql, args)
        return rows[0][0] if rows else None

    def restore(self, pristine: Site) -> None:
        """Put every table back that differs from the pristine site's."""
        before, self._writes = self._writes, self._counted_writes()
        if before is None or self._writes is None or before["state"] != self._writes["state"]:
            written = None
        else:
            written = [table for table, rows in self._writes.items() if before.get(table) != rows]
        for table in self.changed(pristine, written):
            self.rows(f"DELETE FROM `{table}`")
            self.rows(f"INSERT INTO `{table}` SELECT * FROM `{pristine.database}`.`{table}`")
        if written != []:
            self._writes = self._counted_writes()

    def _counted_writes(self) -> dict[str, Any] | None:
        """How many rows were ever written, by table, and a `state` of the server that changes with what no table counts; None where nobody counts."""
        if self.is_mysql or not self.value("SELECT @@userstat"):
            return None
        rows = self.rows(
            "SELECT table_name, rows_changed FROM information_schema.table_statistics WHERE table_schema = DATABASE() AND rows_changed > 0"
        )
        made_and_dropped = self.rows(f"SHOW GLOBAL STATUS WHERE Variable_name IN {MADE_AND_DROPPED}")
        started = Path(self.value("SELECT @@pid_file")).read_text()
        return {"state": (started, made_and_dropped), **dict(rows)}

    def changed(self, pristine: Site, among: list[str] | None = None) -> list[str]:
        """The tables whose rows are not those of the pristine site.

        :param among: the tables that are looked at; None: all.
        """
        tables = [name for (name,) in self.rows("SHOW TABLES")] if among is None else among
        sums, others = (site.checksums(tables) for site in (self, pristine))
        return [table for table in tables if sums[table] != others[table]]

    def checksums(self, tables: list[str]) -> dict[str, int]:
        """What `CHECKSUM TABLE` says of tables, by name."""
        known: dict[str, int] = {} if self._known is None else self._known
        if unknown := [f"`{table}`" for table in tables if table not in known]:
            found = self.rows(f"CHECKSUM TABLE {', '.join(unknown)}")
            known.update((name.partition(".")[2], value) for name, value in found)
        return known

    def run(
        self, dag_id: str, file: str | bytes | Path | None = None, *, approve: str | None = None, **params: Any
    ) -> dict[str, Any]:
        """Run a command file through the tasks of its real DAG.

        :param file: a path, or what a file holds.
        :param approve: `yes` or `no`, the answer to the plan of a file that takes things away.
        :return: what `make run … FORMAT=json` would print.
        """
        if isinstance(file, str | bytes):
            content = file.encode() if isinstance(file, str) else file
            file = HOME / "command.csv"
            file.write_bytes(content)
        return run_dag(dag_id, file, params, approve, in_airflow=self.in_airflow)
