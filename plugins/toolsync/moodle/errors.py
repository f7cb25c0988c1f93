"""Errors of the database server, sorted by what to do about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

# The server rejects one row: its line fails, the others go on.
DUPLICATE = 1062
# MySQL gives a pattern up that takes too many steps on a text.
PATTERN_ERRORS = {3698, 3699}
ROW_ERRORS = {1048, DUPLICATE, 1260, 1264, 1265, 1292, 1366, 1367, 1406, 1411, 1690, 3819, 4025, *PATTERN_ERRORS}
# Foreign keys that somebody has added; 1216 and 1217 are told to an account that may not see the other table. A trigger that refuses a row in words of its own.
ROW_ERRORS |= {1216, 1217, 1451, 1452, 1644}
# A table has no room for another row, or a disk has none.
NO_ROOM_ERRORS = {28, 1021, 1114}
# A file could not be written; the text has the reason.
WRITE_ERRORS = {3, 1026}
DISK_FULL = re.compile(r"(?i)\berr(?:code|no): 28\b")
WORK_TABLE = re.compile(r"toolsync_|#sql-temptable")
# A deadlock, a lock timeout, or a row that somebody has changed meanwhile: the same batch succeeds when it is tried again.
LOCK_ERRORS = {1020, 1205, 1213}
# The connection ended: the server went away or was stopped, someone or a timeout killed the connection, the network failed. Or, of a Galera cluster,
# the node is cut off from the others: it takes nothing more (1047), or nobody knows what became of a commit (1180).
LOST_ERRORS = {1047, 1053, 1180, 1927, 2006, 2013, 2055, 4031}
# A statement took longer than `statement_seconds`, or somebody ended it.
INTERRUPTED = 1317
TOO_LONG_ERRORS = {INTERRUPTED, 1969, 3024}
# The server is not there, or takes nobody else.
ABSENT_ERRORS = {1040, 1129, 1203, 1226, 2002, 2003, 2005, 2026}
# The connection names an account, a password or a database that the server does not know.
UNKNOWN_ERRORS = {1045, 1049, 1130, 1698}
# A server of a cluster takes no named locks: some versions of MariaDB with Galera; Percona XtraDB Cluster in its strict mode.
NO_LOCKS_ERRORS = {1105, 1235}
# Texts of two collations that the server does not compare: its tables are not of one kind.
COLLATION_ERRORS = {1253, 1267, 1270, 1271}
# The server knows no such function; it says the second to an account that may not run functions of the database.
FUNCTION_ERRORS = {1305, 1370}
HASHES_MISSING = (
    "MySQL 9.6 and later have MD5() and SHA1() only as a component, and Moodle's own data needs them (names of files, emails of deleted accounts). "
    "An administrator of the server runs once: INSTALL COMPONENT 'file://component_classic_hashing'"
)
TO_INNODB = "Convert such tables on the site, after a backup: php admin/cli/mysql_engine.php --engine=InnoDB"
# The server takes no changes: a replica, or one that another takes over from, for as long as that takes.
READ_ONLY_ERRORS = {1290, 1792, 1836}
IS_REPLICA = "Is it a replica? Let the connection lead to the server that Moodle itself writes to."
# How the server is set up, and what to do about it.
OF_SET_UP = {
    **dict.fromkeys(
        (1665, 3748),
        "The server has binlog_format = STATEMENT, but Moodle itself needs ROW or MIXED: an administrator sets it.",
    ),
    **dict.fromkeys(
        (1071, 1118, 1709),
        "A table's row format is too narrow. For work tables, an administrator sets innodb_default_row_format = dynamic, which is the default; "
        "tables of the site are converted by Moodle's own php admin/cli/mysql_compressed_rows.php --fix.",
    ),
    1364: "Moodle's tables have no such column: a plugin or an administrator has added it, so nothing of ours fills it. Give it a default, or let it be NULL.",
    3159: 'The server takes encrypted connections only: put "ssl_mode": "REQUIRED" into the extra of the connection.',
    3750: "Work tables have none. An administrator of the server runs once: GRANT SESSION_VARIABLES_ADMIN ON *.* TO the account of the connection, "
    "which then switches sql_require_primary_key off for itself.",
}
# The database account lacks a privilege.
GRANT_ERRORS = {1044, 1142, 1143, 1227}
GRANTS = "SELECT, INSERT, UPDATE, DELETE and CREATE TEMPORARY TABLES"


class SiteUnfit(AirflowFailException):
    """The site can't take any file of this type as it is. Where nothing was done yet, the file goes back to the inbox."""


class SiteChanged(Exception):
    """Someone else changed rows that this batch depends on: it is rolled back and tried again, as after a deadlock."""


def error_code(error: Exception) -> int:
    """The server's error number; 0 for an error that has none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def is_worth_another_try(error: Exception) -> bool:
    """Whether the same batch may succeed when it is tried again."""
    return isinstance(error, SiteChanged) or error_code(error) in LOCK_ERRORS


def is_lost(error: Exception) -> bool:
    """Whether the connection ended. When that happened during a commit, only the database knows whether it was done."""
    import MySQLdb

    # The client library's own error for a connection that is closed already has no number: `(0, "")`.
    return error_code(error) in LOST_ERRORS or isinstance(error, MySQLdb.InterfaceError) and not error_code(error)


def has_no_room(error: Exception, *, of_work_tables: bool = False) -> bool:
    """Whether a table or a disk of the server is full.

    :param of_work_tables: only if the error names a temporary table of ours.
    """
    code, text = error_code(error), str(error)
    if of_work_tables:
        return code in NO_ROOM_ERRORS and bool(WORK_TABLE.search(text))
    return code in NO_ROOM_ERRORS or code in WRITE_ERRORS and bool(DISK_FULL.search(text))


def is_of_server(error: BaseException | None) -> bool:
    """Whether an error came from the database server, or from the way to it."""
    import MySQLdb

    return isinstance(error, MySQLdb.Error)


def takes_no_locks(error: Exception) -> bool:
    """Whether an error says that a server of a cluster takes no named locks."""
    return error_code(error) in NO_LOCKS_ERRORS and "_LOCK" in str(error)


def refusal(error: Exception) -> str:
    """What the server says against a line, for its report."""
    why = " (a text is too long for a pattern that is looked for in it)" if error_code(error) in PATTERN_ERRORS else ""
    return f"the database refuses this line: {error.args[1]}{why}"


@contextmanager
def explained() -> Iterator[None]:
    """Report what the connection or the account lacks, without retries; report what another try may get over, so that Airflow tries again.

    :raises AirflowFailException: the server refuses the account, a privilege is missing (the message lists those that the account needs), or a function is,
        or the server is set up in a way that can't be worked with.
    :raises AirflowException: the server can't be reached, the connection was lost, others kept rows locked, a statement took too long, a disk is full,
        or rows never were as a batch had found them.
    """
    import MySQLdb

    try:
        yield
    except SiteChanged as changed:
        where = "".join(f", {note.partition(': ')[0]}" for note in getattr(changed, "__notes__", []))
        raise AirflowException(
            f"Rows that this batch needs were not as they were a moment before, each time that it was tried ({changed}{where}). Nothing of it was applied; "
            "the file goes on there when the task is cleared or the DAG runs again. If it comes again, nobody has changed them: they are not as Moodle "
            'makes them. Then give the file up (docs/cabinet.md, "Giving a file up"), and drop its lines in halves to find the one that it is about.'
        ) from changed
    except MySQLdb.Error as error:
        if error_code(error) in ABSENT_ERRORS:
            raise AirflowException(
                f"The database server can't be reached ({error.args[1]}). Nothing was done now. Look at host and port of the connection and at the server; "
                "the file goes on where it stopped when the task is cleared or the DAG runs again."
            ) from error
        if error_code(error) in UNKNOWN_ERRORS:
            raise AirflowFailException(
                f"The database server refuses the connection ({error.args[1]}). Nothing was done now. Correct login, password or schema of the connection."
            ) from error
        if error_code(error) in GRANT_ERRORS:
            raise AirflowFailException(
                f"{error.args[1]}. Grant the account of the connection {GRANTS} on the Moodle database."
            ) from error
        if error_code(error) in FUNCTION_ERRORS:
            hashes = re.search(r"\b(MD5|SHA1?)\b", str(error.args[1]), re.IGNORECASE)
            raise AirflowFailException(
                f"The database server lacks a function ({error.args[1]}). "
                f"{HASHES_MISSING if hashes else 'MariaDB 10.6 and later and MySQL 8.0 and later have all that are called'}."
            ) from error
        if error_code(error) in READ_ONLY_ERRORS:
            raise AirflowException(f"{error.args[1].rstrip('.')}. {IS_REPLICA}") from error
        if error_code(error) in OF_SET_UP:
            raise AirflowFailException(f"{error.args[1].rstrip('.')}. {OF_SET_UP[error_code(error)]}") from error
        if is_lost(error):
            raise AirflowException(
                f"The connection to the database was lost ({error.args[1] or 'it is closed'}). What was not committed is undone; "
                "the file goes on where it stopped when the task is cleared or the DAG runs again."
            ) from error
        if has_no_room(error):
            raise AirflowException(
                f"The database server has no room left on one of its disks ({error.args[1]}). The batch was not applied; "
                "make room there, then clear the task or run the DAG again: the file goes on where it stopped."
            ) from error
        if error_code(error) in TOO_LONG_ERRORS:
            ended = (
                "A statement was ended by somebody"
                if error_code(error) == INTERRUPTED
                else "A statement took longer than `statement_seconds` (include/toolsync.yaml)"
            )
            why = "; ".join([str(error.args[1]), *getattr(error, "__notes__", [])])
            raise AirflowException(
                f"{ended} ({why}). The batch was not applied; the file goes on there when the task is cleared or the DAG runs again. "
                "When it comes again, look at what else the server does, or allow more time."
            ) from error
        if error_code(error) in LOCK_ERRORS:
            raise AirflowException(
                f"Others on the site kept rows locked that this file changes ({error.args[1]}). The batch was not applied; "
                "the file goes on there when the task is cleared or the DAG runs again."
            ) from error
        raise
