"""The SQL files of a type: rendered, cut into statements, run in order. `include/sql/README.md` says how they are written."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jinja2

from toolsync.course_graph import course_graph
from toolsync.file_pool import at_hand
from toolsync.moodle import MoodleSession
from toolsync.problems import shown
from toolsync.settings import INCLUDE

END = re.compile(r";[ \t]*$", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*--.*$", re.MULTILINE)
CREATES = re.compile(r"CREATE\s+TEMPORARY\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE)
SELECTS = re.compile(r"\bSELECT\b", re.IGNORECASE)
WHEN = re.compile(r"^--\s*when:\s*(toolsync_\w+)\s*$", re.MULTILINE)
FILLS = re.compile(r"^\s*INSERT\s+(?:IGNORE\s+)?INTO\s+(toolsync_\w+)", re.IGNORECASE | re.MULTILINE)
PYTHON = re.compile(r"^--\s*python:\s*([\w.]+)\.(\w+)\s+INTO\s+(\w+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One statement of an SQL file.

    :param file: its file, relative to `include/sql`.
    :param sql: with the site's table names in place.
    """

    file: str
    sql: str

    @cached_property
    def when(self) -> set[str]:
        """The temporary tables without whose rows, any of theirs, there is nothing to do."""
        return set(WHEN.findall(self.sql))

    @cached_property
    def fills(self) -> str | None:
        return match[1] if (match := FILLS.search(COMMENT.sub("", self.sql))) else None

    def run(self, session: MoodleSession) -> int:
        """:return: the number of rows that it changed."""
        python = PYTHON.search(self.sql)
        return self._run_python(session, *python.groups()) if python else session.execute(self.sql)

    def _run_python(self, session: MoodleSession, module: str, function: str, table: str) -> int:
        rows = session.rows(self.sql)
        if not rows:
            return 0
        columns = [name for (name, *_) in session.rows(f"SHOW COLUMNS FROM {table}")]
        return session.load(table, columns, getattr(importlib.import_module(module), function)(rows, session))


class SqlFolder:
    """The SQL of a type, rendered for one command file on one site.

    :param kind: the type; its folder in `include/sql`.
    :param columns: the columns that the file has, by their names in the suite.
    :param families: the column families it has (`course#`).
    :param options: the DAG's Params.
    :param planning: whether this is the plan of a file that takes things away.
    :param approved_plan: whether the file has a plan to keep to, in `toolsync_approved`.
    """

    def __init__(
        self,
        kind: str,
        session: MoodleSession,
        *,
        columns: set[str],
        families: set[str],
        options: Mapping[str, Any],
        planning: bool = False,
        approved_plan: bool = False,
        root: Path = INCLUDE / "sql",
    ) -> None:
        self.session = session
        self.root = root
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root), undefined=jinja2.StrictUndefined, autoescape=False
        )
        self._templates = environment
        self._context = {
            "option": options,
            "planning": planning,
            "rehearsal": planning or bool(options.get("simulate")),
            "approved_plan": approved_plan,
            "given": lambda column: column in columns,
            "given_any": lambda family: family in families,
            "site_has": session.has,
            "columns_of": session.columns,
            "texts_of": session.text_columns,
            "unique_keys": session.unique_keys,
            "dataroot_at_hand": lambda: at_hand(session),
            "course_graph": cache(lambda: course_graph().on(session)),
        }
        self.columns = self._render(f"{kind}/columns.sql").strip() if (root / kind / "columns.sql").exists() else ""
        self.touches = self.statements(f"{kind}/touches.sql") if (root / kind / "touches.sql").exists() else []
        self.end = self.statements(f"{kind}/end.sql") if (root / kind / "end.sql").exists() else []
        self.work = [
            statement
            for path in sorted((root / kind).glob("[0-9]*.sql"))
            for statement in self.statements(f"{kind}/{path.name}")
        ]
        created = (CREATES.search(statement.sql) for statement in self.work + self.touches + self.end)
        self.tables = sorted({match[1] for match in created if match})
        self.seconds: dict[str, float] = {}

    def run(self, statements: list[Statement]) -> None:
        """Run statements in order; the tables that they make are there until the next `clean_up`."""
        for statement in statements:
            if not statement.when <= self.session.filled:
                continue
            started = time.perf_counter()
            try:
                rows = statement.run(self.session)
            except Exception as error:
                error.add_note(f"in include/sql/{statement.file}: {shown(statement.sql)}")
                raise
            if statement.fills and rows:
                self.session.filled.add(statement.fills)
            self.seconds[statement.file] = self.seconds.get(statement.file, 0) + time.perf_counter() - started

    def clean_up(self) -> None:
        """Drop the temporary tables of the type, and those that its Python made."""
        self.session.drop_temporary(self.tables)

    def create(self, name: str, definition: str) -> None:
        """Make a temporary table anew."""
        self.session.execute(f"DROP TEMPORARY TABLE IF EXISTS {name}")
        self.session.execute(self._collated(f"CREATE TEMPORARY TABLE {name} ({definition})"))

    def _render(self, name: str) -> str:
        return self._templates.get_template(name).render(self._context)

    def statements(self, name: str) -> list[Statement]:
        """The statements of a file, rendered."""
        statements = []
        for part in END.split(self._render(name)):
            if COMMENT.sub("", part).strip():
                statements.append(Statement(name, self._collated(self.session.sql(part.strip()))))
        return statements

    def _collated(self, statement: str) -> str:
        # A new table has the collation of the database, which may differ from that of the site's tables.
        if CREATES.search(statement) and not SELECTS.search(statement):
            return f"{statement} DEFAULT CHARACTER SET utf8mb4 COLLATE {self.session.extra['collation']}"
        return statement
