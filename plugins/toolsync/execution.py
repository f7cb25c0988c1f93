"""Running a batch of lines against a Moodle database: staged, cut into segments, worked on by the SQL of the type."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.moodle import ROW_ERRORS, MoodleSession, error_code
from toolsync.plan import ApprovedPlan
from toolsync.segments import segments
from toolsync.sql_folder import SqlFolder

log = logging.getLogger(__name__)

STATUSES = ("created", "updated", "deleted", "unchanged", "failed")
SQL_TYPES = {"text": "LONGTEXT", "yesno": "TINYINT", "moment": "BIGINT", "integer": "BIGINT"}
REMARK = "line INT UNSIGNED NOT NULL, field VARCHAR(255) NULL, message TEXT NOT NULL"
CELL_COLUMNS = ("line", "family", "field", "n", "name", "value", "moment", "yesno")
ANSWER, PLAN, APPROVED = "toolsync_answer", "toolsync_plan", "toolsync_approved"
APPROVED_COLUMNS = ("line", "courseid", "categoryid", "lastaccess")
WORK_TABLES = {
    "toolsync_problem": REMARK,
    "toolsync_note": REMARK,
    "toolsync_stale": "topic VARCHAR(64) NOT NULL PRIMARY KEY",
    "toolsync_content_gone": "contenthash VARCHAR(40) NOT NULL PRIMARY KEY",
    "toolsync_touch": "line INT UNSIGNED NOT NULL, thing VARCHAR(700) NOT NULL, mode VARCHAR(255) NULL",
    APPROVED: "line INT UNSIGNED NOT NULL, courseid BIGINT NULL, categoryid BIGINT NULL, lastaccess BIGINT NULL, KEY (line)",
}


@dataclass(slots=True)
class StagedLine:
    """A line as it goes into the database.

    :param values: of the plain columns, in the order of the suite.
    :param cells: of the column families: field, family, n, name, value, moment, yesno.
    """

    line: int
    values: Sequence[Any]
    cells: Sequence[Sequence[Any]]


@dataclass(slots=True)
class Outcomes:
    """What became of a batch.

    :param lines: (line, status, field, message) of each line; field and message of a failed one.
    :param problems: (line, field, message) of the parts that failed while the rest of their line stands.
    :param notes: (line, field, message).
    :param stale: topics of caches that the changes leave stale.
    :param contents: hashes of file contents that rows referred to which are gone.
    :param answer: what the type's table `toolsync_answer` holds, of a type that makes one: rows by column.
    :param plan: the same of `toolsync_plan`, of the lines that did not fail.
    """

    lines: list[tuple[int, str, str | None, str | None]] = field(default_factory=list)
    problems: list[tuple[int, str | None, str]] = field(default_factory=list)
    notes: list[tuple[int, str | None, str]] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    answer: list[dict[str, Any]] = field(default_factory=list)
    plan: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Outcomes) -> None:
        self.lines += other.lines
        self.problems += other.problems
        self.notes += other.notes
        self.stale |= other.stale
        self.contents |= other.contents
        self.answer += other.answer
        self.plan += other.plan


class Execution:
    """Executes batches of one command file.

    :param session: inside the transaction that the caller commits or rolls back.
    :param folder: the SQL of the type.
    :param columns: (name, type) of the suite's plain columns.
    :param approved: the plan that the file has to keep to; None when it has none.
    """

    def __init__(
        self,
        session: MoodleSession,
        folder: SqlFolder,
        columns: Sequence[tuple[str, str]],
        approved: ApprovedPlan | None = None,
    ) -> None:
        self.session = session
        self.folder = folder
        self.approved = approved
        self.names = ["line", *(name for name, _ in columns)]
        definitions = ["line INT UNSIGNED NOT NULL PRIMARY KEY"]
        definitions += [f"`{name}` {SQL_TYPES[kind]} NULL" for name, kind in columns]
        definitions += ["status VARCHAR(10) NULL", "field VARCHAR(255) NULL", "message TEXT NULL"]
        if folder.columns:
            definitions.append(folder.columns)
        self.row_definition = ", ".join(definitions)
        texts = SQL_TYPES["text"]
        self.cell_definition = (
            "line INT UNSIGNED NOT NULL, family VARCHAR(100) NOT NULL, field VARCHAR(300) NOT NULL, n INT NULL, name VARCHAR(255) NULL, "
            f"value {texts} NOT NULL, moment BIGINT NULL, yesno TINYINT NULL, KEY (line), KEY (family)"
        )

    def run(self, lines: Sequence[StagedLine]) -> Outcomes:
        """Apply lines as if one by one, in order. A line that the database refuses fails alone.

        :raises MySQLdb.Error: what is not the fault of a line: a deadlock, a lost connection, a missing right.
        """
        import MySQLdb

        self.session.execute("SAVEPOINT toolsync")
        try:
            return self._run(lines)
        except MySQLdb.Error as error:
            if error_code(error) not in ROW_ERRORS:
                raise
            self.session.execute("ROLLBACK TO SAVEPOINT toolsync")
            self.folder.clean_up()
            if self.session.undo:
                self.session.undo.abandon()
            if len(lines) == 1:
                message = f"the database refuses this line: {error.args[1]}"
                return Outcomes([(lines[0].line, "failed", None, message)])
            log.info("The database refuses a row in lines %s to %s; looking for it.", lines[0].line, lines[-1].line)
        middle = len(lines) // 2
        result = self.run(lines[:middle])
        result.add(self.run(lines[middle:]))
        return result

    def end(self, lines: Sequence[StagedLine]) -> Outcomes:
        """What the type does once all lines of the file are done, for those of them that did not fail."""
        self._stage(lines)
        self.folder.run(self.folder.end)
        result = self._remarks([], [])
        self.folder.clean_up()
        return result

    def _run(self, lines: Sequence[StagedLine]) -> Outcomes:
        self._stage(lines)
        self.folder.run(self.folder.touches)
        parts = segments([line.line for line in lines], self._touches())
        self.folder.clean_up()
        result = Outcomes()
        by_number = {line.line: line for line in lines} if len(parts) > 1 else {}
        for part in parts:
            if by_number:
                self._stage([by_number[number] for number in part])
            self.folder.run(self.folder.work)
            result.add(self._outcomes())
            self.folder.clean_up()
        return result

    def _stage(self, lines: Sequence[StagedLine]) -> None:
        self.folder.create("toolsync_row", self.row_definition)
        self.folder.create("toolsync_cell", self.cell_definition)
        for name, definition in WORK_TABLES.items():
            self.folder.create(name, definition)
        self.session.load("toolsync_row", self.names, ((line.line, *line.values) for line in lines))
        cells = [
            (line.line, family, field, n, name, value, moment, yesno)
            for line in lines
            for field, family, n, name, value, moment, yesno in line.cells
        ]
        if cells:
            self.session.load("toolsync_cell", CELL_COLUMNS, cells)
        if self.approved:
            self.session.load(APPROVED, APPROVED_COLUMNS, self.approved.staged(line.line for line in lines))

    def _touches(self) -> Iterable[tuple[int, bytes, str | None]]:
        # What the collation takes for equal has the same weights; comparing them here is far cheaper than sorting there.
        if not self.folder.touches:
            return []
        return self.session.rows("SELECT line, UNHEX(MD5(WEIGHT_STRING(thing))), mode FROM toolsync_touch")

    def _outcomes(self) -> Outcomes:
        lines = self.session.rows("SELECT line, status, field, message FROM toolsync_row ORDER BY line")
        for line, status, _, _ in lines:
            if status not in STATUSES:
                raise AirflowFailException(
                    f"A defect of Tool Sync: line {line} ended as {status!r}. Nothing of this batch was applied."
                )
        failed = {line for line, status, *_ in lines if status == "failed"}
        result = self._remarks(lines, self._table(ANSWER))
        result.plan = [row for row in self._table(PLAN) if row["line"] not in failed]
        return result

    def _remarks(self, lines: list[tuple[Any, ...]], answer: list[dict[str, Any]]) -> Outcomes:
        return Outcomes(
            lines,
            self.session.rows("SELECT line, field, message FROM toolsync_problem ORDER BY line"),
            self.session.rows("SELECT line, field, message FROM toolsync_note ORDER BY line"),
            {topic for (topic,) in self.session.rows("SELECT topic FROM toolsync_stale")},
            {content for (content,) in self.session.rows("SELECT contenthash FROM toolsync_content_gone")},
            answer,
        )

    def _table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table that the type may make, by column."""
        if name not in self.folder.tables:
            return []
        names = [name for (name, *_) in self.session.rows(f"SHOW COLUMNS FROM {name}")]
        rows = self.session.rows(f"SELECT * FROM {name} ORDER BY line")
        return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    """A value that JSON knows: sums are decimals."""
    return int(value) if isinstance(value, Decimal) else value
