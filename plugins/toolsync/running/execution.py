"""Running a batch of lines against a Moodle database: staged, cut into segments, worked on by the SQL of the type."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.moodle.contexts import TO_MAKE, without_context
from toolsync.moodle.errors import DUPLICATE, HASHES_MISSING, ROW_ERRORS, TO_INNODB, SiteUnfit, error_code, refusal
from toolsync.moodle.work_tables import NoRoom
from toolsync.reporting.approved_plan import ApprovedPlan
from toolsync.reporting.outcomes import STATUSES, Outcomes
from toolsync.running.flags import Flags
from toolsync.running.images import merged
from toolsync.running.runner import ROW_TABLE
from toolsync.running.segments import segments
from toolsync.running.sql_folder import SqlFolder
from toolsync.running.statements import Statement

log = logging.getLogger(__name__)

SQL_TYPES = {"text": "LONGTEXT", "yesno": "TINYINT", "moment": "BIGINT", "integer": "BIGINT"}
REMARK = "line INT UNSIGNED NOT NULL, field VARCHAR(255) NULL, message TEXT NOT NULL"
CELL_TABLE = "toolsync_cell"
CELL_COLUMNS = ("line", "family", "field", "n", "name", "value", "moment", "yesno")
ANSWER_TABLE, PLAN_TABLE, APPROVED_TABLE = "toolsync_answer", "toolsync_plan", "toolsync_approved"
APPROVED_COLUMNS = ("line", "courseid", "categoryid", "lastaccess", "failed")
WAITING, LEFT_WAITING = "toolsync_waiting", "toolsync_left_waiting"
# What the SQL of every type finds, beside the lines themselves; `include/sql/README.md` says what it is for.
REMARK_TABLES = {
    "toolsync_problem": REMARK,
    "toolsync_note": REMARK,
    "toolsync_stale": "topic VARCHAR(64) NOT NULL PRIMARY KEY",
    "toolsync_content_gone": "contenthash VARCHAR(40) NOT NULL PRIMARY KEY",
    "toolsync_dirty_user": "userid BIGINT NOT NULL PRIMARY KEY",
    "toolsync_dirty_context": "path VARCHAR(255) NOT NULL PRIMARY KEY",
    "toolsync_touch": "line INT UNSIGNED NOT NULL, thing VARCHAR(700) NOT NULL, mode VARCHAR(255) NULL",
    WAITING: "first BIGINT NOT NULL PRIMARY KEY, last BIGINT NOT NULL",
    LEFT_WAITING: "id BIGINT NOT NULL PRIMARY KEY",
    APPROVED_TABLE: "line INT UNSIGNED NOT NULL, courseid BIGINT NULL, categoryid BIGINT NULL, lastaccess BIGINT NULL, failed TEXT NULL, KEY (line)",
}
HASHES = ("MD5", "SHA1")
NAMED = 5  # tables in a sentence
DIRTY = ("toolsync_dirty_user", "toolsync_dirty_context")
STAGED = (ROW_TABLE, CELL_TABLE, *REMARK_TABLES)


@dataclass(slots=True)
class StagedLine:
    """A line as it goes into the database.

    :param values: of the plain columns, in the order of the suite.
    :param cells: of the column families: field, family, n, name, value, moment, yesno.
    :param misfit: the column whose value the site can't hold, and why: such a line fails.
    """

    line: int
    values: Sequence[Any]
    cells: Sequence[Sequence[Any]]
    misfit: tuple[str, str] | None = None


class Execution:
    """Executes batches of one command file.

    :param folder: the SQL of the type, on a session whose transaction the caller commits or rolls back.
    :param columns: (name, type) of the suite's plain columns.
    :param approved: the plan that the file has to keep to; None when it has none.
    """

    def __init__(
        self,
        folder: SqlFolder,
        columns: Sequence[tuple[str, str]],
        approved: ApprovedPlan | None = None,
    ) -> None:
        self.folder = folder
        self.state = folder.state
        self.session = folder.state.session
        self.approved = approved
        self.flags = Flags(folder)
        self.defers = folder.fills([LEFT_WAITING])
        self.names = ["line", *(name for name, _ in columns)]
        definitions = ["line INT UNSIGNED NOT NULL PRIMARY KEY"]
        definitions += [f"`{name}` {SQL_TYPES[column_type]} NULL" for name, column_type in columns]
        definitions += ["status VARCHAR(10) NULL", "field VARCHAR(255) NULL", "message TEXT NULL"]
        if folder.columns:
            definitions.append(folder.columns)
        self.row_definition = ", ".join(definitions)
        texts = SQL_TYPES["text"]
        self.cell_definition = (
            "line INT UNSIGNED NOT NULL, family VARCHAR(100) NOT NULL, field VARCHAR(300) NOT NULL, n INT NULL, name VARCHAR(255) NULL, "
            f"value {texts} NOT NULL, moment BIGINT NULL, yesno TINYINT NULL, KEY (line), KEY (family)"
        )

    def check_collations(self) -> None:
        """Before the first batch, on a site whose tables have several collations: make sure that the SQL of the type works there all the same.

        :raises SiteUnfit: it compares texts of two collations, which the server refuses.
        """
        collations = self.session.collations
        if not collations.others:
            return
        self._stage([])
        tables = self.folder.incomparable()
        if self.folder.fills(DIRTY):
            self.flags.stage(Outcomes())
            tables |= self.flags.folder.incomparable()
        self.state.rollback()
        if tables:
            raise SiteUnfit(collations.told(tables))

    def check_site(self) -> None:
        """Before the first batch: make sure that the site and its server can take what the type does.

        :raises SiteUnfit: they can't.
        """
        self.check_functions()
        self.check_engines()
        self.check_contexts()

    def check_functions(self) -> None:
        """Before the first batch: make sure that the server has the functions of the type that MySQL has as a component only.

        :raises SiteUnfit: it lacks one.
        """
        lacking = [name for name in self.folder.calls(HASHES) if not self.session.has_function(f"{name}('')")]
        if lacking:
            calls = " and ".join(f"{name}()" for name in lacking)
            raise SiteUnfit(f"The database server ({self.session.server_name}) lacks {calls}. {HASHES_MISSING}.")

    def check_engines(self) -> None:
        """Before the first batch: make sure that what the SQL of the type changes can be rolled back.

        :raises SiteUnfit: a table of it has another engine than InnoDB.
        """
        engines = self.session.without_rollback
        written = self.folder.written() | self.flags.folder.written()
        if old := sorted(engines.keys() & written):
            named = ", ".join(f"{table} is {engines[table]}" for table in old[:NAMED])
            named += f", and so are {more} more" if (more := len(old[NAMED:])) else ""
            raise SiteUnfit(f"{named}: what is written there can't be rolled back. {TO_INNODB}.")

    def check_contexts(self) -> None:
        """Before the first batch of a type that enrols, or puts courses into categories: make sure that each course has the context in which its people have
        their roles. Undo looks for itself at what each of its rows needs.

        :raises SiteUnfit: one has none.
        """
        enrols = f"{self.session.prefix}user_enrolments" in self.folder.written() and self.folder.name != "undo"
        order = self.folder.name == "courses" and not {"category", "template"}.isdisjoint(self.folder.occasion.columns)
        if (order or enrols) and (told := without_context(self.session, order=order)):
            raise SiteUnfit(f"{told}. {TO_MAKE}.")

    def run(self, lines: Sequence[StagedLine]) -> Outcomes:
        """Apply lines as if one by one, in order. A line that the database refuses fails alone.

        :raises MySQLdb.Error: what is not the fault of a line: a deadlock, a lost connection, a missing right.
        """
        result = self._applied(lines, are_last=not self.state.more_lines) if lines else Outcomes()
        if self.defers and not self.state.more_lines and self.state.waiting:
            # The last lines did not settle it, because none of them came as far.
            result.add(self._at_once(self.folder.work, []))
        return result

    def _applied(self, lines: Sequence[StagedLine], *, are_last: bool, looked_again: bool = False) -> Outcomes:
        """Apply lines, without what is left to do when they are the last ones and fail.

        :param looked_again: a row was there already when it was to be inserted, and this is the second attempt.
        """
        import MySQLdb

        if misfits := [line for line in lines if line.misfit]:
            fitting = [line for line in lines if not line.misfit]
            result = self._applied(fitting, are_last=are_last, looked_again=looked_again) if fitting else Outcomes()
            result.lines += [(line.line, "failed", *line.misfit) for line in misfits if line.misfit]
            result.lines.sort()
            return result
        roll_back = self.state.savepoint("toolsync")
        try:
            with self.state.tables.light():
                return self._run(lines, are_last)
        except (MySQLdb.Error, NoRoom) as error:
            if self._goes_on_with_disks(error):
                roll_back()
                return self._applied(lines, are_last=are_last, looked_again=looked_again)
            if error_code(error) not in ROW_ERRORS:
                raise
            roll_back()
            if error_code(error) == DUPLICATE and not looked_again:
                # Somebody may have inserted it since we looked: then there is less to do now.
                return self._applied(lines, are_last=are_last, looked_again=True)
            if len(lines) == 1:
                return Outcomes([(lines[0].line, "failed", None, refusal(error))])
            log.info("The database refuses a row in lines %s to %s; looking for it.", lines[0].line, lines[-1].line)
        middle = len(lines) // 2
        result = self._applied(lines[:middle], are_last=False, looked_again=True)
        result.add(self._applied(lines[middle:], are_last=are_last, looked_again=True))
        return result

    def end(self, lines: Sequence[StagedLine]) -> Outcomes:
        """What the type does once all lines of the file are done, for those of them that did not fail."""
        return self._at_once(self.folder.end, lines)

    def _at_once(self, statements: list[Statement], lines: Sequence[StagedLine]) -> Outcomes:
        """Run statements on lines of which none can fail."""
        import MySQLdb

        roll_back = self.state.savepoint("toolsync")
        try:
            with self.state.tables.light():
                return self._staged(statements, lines)
        except (MySQLdb.Error, NoRoom) as error:
            if not self._goes_on_with_disks(error):
                raise
            roll_back()
            return self._staged(statements, lines)

    def _goes_on_with_disks(self, error: Exception) -> bool:
        """Whether all that was wrong is that a work table without transactions had no room left."""
        if not self.state.tables.has_no_room(error):
            return False
        log.info(
            "The work tables of these lines take more of the server's memory than it allows one (max_heap_table_size) or we ask for, "
            "or more of its folder for temporary files (tmpdir) than there is: now they are in InnoDB."
        )
        return True

    def _staged(self, statements: list[Statement], lines: Sequence[StagedLine]) -> Outcomes:
        self._stage(lines)
        self._run_deferring(statements, are_last=True)
        result = self._remarks([], [])
        self._named(set())
        self.folder.clean_up()
        return result

    def _run_deferring(self, statements: list[Statement], *, are_last: bool) -> None:
        """Run statements, which may leave something to those that come for later lines."""
        if not self.defers:
            self.folder.run(statements)
            return
        self.session.execute("SET @more_lines = %s", (not are_last,))
        if self.state.waiting:
            self.state.tables.load(WAITING, ("first", "last"), self.state.waiting)
        self.folder.run(statements)
        still = [] if self.session.value("SELECT @settles") else self.state.waiting
        self.state.waiting = merged([*still, *((id, id) for (id,) in self._found(LEFT_WAITING, "id"))])

    def _run(self, lines: Sequence[StagedLine], are_last: bool) -> Outcomes:
        self._stage(lines)
        self.folder.run(self.folder.touches)
        parts = segments([line.line for line in lines], self._touches())
        self.folder.clean_up()
        result = Outcomes()
        by_number = {line.line: line for line in lines} if len(parts) > 1 else {}
        for part in parts:
            if by_number:
                self._stage([by_number[number] for number in part])
            self._run_deferring(self.folder.work, are_last=are_last and part is parts[-1])
            outcomes = self._outcomes()
            if len(outcomes.lines) < len(part):
                raise AirflowFailException(
                    f"The database has lost the lines that were staged there: {len(outcomes.lines)} of {len(part)} are left. "
                    "Nothing of this batch was applied. Run the DAG again: it goes on with this file."
                )
            self._named(set(part) - outcomes.done)
            result.add(outcomes)
            self.folder.clean_up()
        return result

    def _named(self, failed: set[int]) -> None:
        """Keep which ids the lines of a segment named, for what the report says of its changes."""
        images = self.state.images
        if images and (images.notes_all_names or not images.nothing):
            images.things.named(self.state.tables, {ROW_TABLE: self.names[1:]}, failed)

    def _stage(self, lines: Sequence[StagedLine]) -> None:
        tables = self.state.tables
        tables.create_staging(ROW_TABLE, self.row_definition, changes=True)
        tables.create_staging(CELL_TABLE, self.cell_definition)
        for name, definition in REMARK_TABLES.items():
            tables.create_staging(name, definition)
        tables.load(ROW_TABLE, self.names, ((line.line, *line.values) for line in lines))
        cells = [
            (line.line, family, field, n, name, value, moment, yesno)
            for line in lines
            for field, family, n, name, value, moment, yesno in line.cells
        ]
        if cells:
            tables.load(CELL_TABLE, CELL_COLUMNS, cells)
        if self.approved and (approved := list(self.approved.staged(line.line for line in lines))):
            tables.load(APPROVED_TABLE, APPROVED_COLUMNS, approved)

    def _touches(self) -> Iterable[tuple[int, bytes, str | None]]:
        # What the collation takes for equal has the same weights; comparing them here is far cheaper than sorting there.
        if not self.state.tables.has_rows("toolsync_touch"):
            return []
        return self.session.rows("SELECT line, UNHEX(SHA2(WEIGHT_STRING(thing), 256)), mode FROM toolsync_touch")

    def _outcomes(self) -> Outcomes:
        lines = self.session.rows("SELECT line, status, field, message FROM toolsync_row ORDER BY line")
        for line, status, _, _ in lines:
            if status not in STATUSES:
                raise AirflowFailException(
                    f"A defect of the SQL in include/sql/{self.folder.name}: no statement there gave line {line} an outcome "
                    f"(its status is {status!r}). Nothing of this batch was applied. Please report it, with that line."
                )
        failed = {line for line, status, *_ in lines if status == "failed"}
        result = self._remarks(lines, self._table(ANSWER_TABLE))
        result.plan = [row for row in self._table(PLAN_TABLE) if row["line"] not in failed]
        return result

    def _remarks(self, lines: list[tuple[Any, ...]], answer: list[dict[str, Any]]) -> Outcomes:
        return Outcomes(
            lines,
            self._found("toolsync_problem", "line, field, message", "ORDER BY line"),
            self._found("toolsync_note", "line, field, message", "ORDER BY line"),
            {topic for (topic,) in self._found("toolsync_stale", "topic")},
            {content for (content,) in self._found("toolsync_content_gone", "contenthash")},
            answer,
            dirty_users={user for (user,) in self._found("toolsync_dirty_user", "userid")},
            dirty_contexts={path for (path,) in self._found("toolsync_dirty_context", "path")},
        )

    def _found(self, table: str, columns: str, order: str = "") -> list[tuple[Any, ...]]:
        if self.state.tables.is_empty(table):
            return []
        return self.session.rows(f"SELECT {columns} FROM {table} {order}")

    def _table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table that the type may make, by column."""
        if name not in self.folder.tables or self.state.tables.is_empty(name):
            return []
        columns = self.state.tables.columns(name)
        rows = self.session.rows(f"SELECT * FROM {name} ORDER BY line")
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    """A value that JSON knows: sums are decimals."""
    return int(value) if isinstance(value, Decimal) else value
