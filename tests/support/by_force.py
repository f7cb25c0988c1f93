"""Runs put back by brute force, below the DAG: what `toolsync_undo` does row by row, without its checks, and then the consequences."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.site import Site
from toolsync.cabinet.bundles import Bundle, bundles, part_name
from toolsync.cabinet.folders import Cabinet
from toolsync.functions import LANGUAGE
from toolsync.moodle.schema import Schema
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.execution import STAGED, Execution, StagedLine
from toolsync.running.sql_folder import Language, Occasion, SqlFolder
from toolsync.running.state import RunState, open_run
from toolsync.running.things import REFERENCES
from toolsync.settings import INCLUDE
from toolsync.sites import the_site

SIDES = {"deleted": ("back",), "changed": ("was", "became"), "made": ("unmake",)}


class Part:
    """The rows of a part of a bundle, by table and change.

    :param lines: of the part.
    """

    def __init__(self, schema: Schema, lines: list[dict[str, Any]]) -> None:
        self.schema = schema
        self.rows: dict[str, dict[str, list[tuple[list[str], list[Any]]]]] = {}
        for line in lines:
            if change := line.get("change"):
                of_table = self.rows.setdefault(line["table"], {})
                of_table.setdefault(change, []).append((line["columns"], line["rows"]))

    @property
    def undone(self) -> dict[str, dict[str, Any]]:
        """What the SQL is told of it."""
        return {
            table: {
                "deleted": "deleted" in changes,
                "made": "made" in changes,
                "changed": self._columns(table, "changed") if "changed" in changes else [],
                "refers": [column for column in REFERENCES if self.schema.has(table, column)],
            }
            for table, changes in self.rows.items()
        }

    def _columns(self, table: str, change: str) -> list[str]:
        return list(dict.fromkeys(name for columns, _ in self.rows[table][change] for name in columns if name != "id"))

    def stage(self, state: RunState) -> list[str]:
        """Make the temporary tables that hold the rows.

        :return: their names.
        """
        names = []
        for table, changes in self.rows.items():
            for change, parts in changes.items():
                for half, side in enumerate(SIDES[change]):
                    name = f"toolsync_{side}_{table}"
                    if side == "back":
                        state.tables.create_like(name, table, number="toolsync_line", key="id")
                    elif side == "unmake":
                        refers = "".join(f", `{column}` BIGINT NULL" for column in self.undone[table]["refers"])
                        state.tables.create(
                            name, f"toolsync_line INT NOT NULL, id BIGINT PRIMARY KEY, hash CHAR(16){refers}"
                        )
                    else:
                        listed = ", ".join(f"n.`{column}`" for column in self._columns(table, "changed"))
                        state.session.execute(
                            f"CREATE TEMPORARY TABLE {name} (PRIMARY KEY (id)) AS SELECT 1 AS toolsync_line, t.id, {listed} "
                            f"FROM {{{table}}} t LEFT JOIN {{{table}}} n ON FALSE LIMIT 0"
                        )
                        state.tables.made(name)
                    for columns, rows in parts:
                        width = len(columns)
                        if side == "became":
                            rows = [row[width:] for row in rows]
                        state.tables.load(name, ["toolsync_line", *columns], [(1, *row[:width]) for row in rows])
                    names.append(name)
                    del half
        return names

    def apply(self, state: RunState) -> None:
        """Put the rows back. A value that somebody changed since, and a row that stands in the place of another, stay."""
        for table, changes in self.rows.items():
            if "made" in changes:
                state.session.execute(
                    f"DELETE t FROM toolsync_unmake_{table} m STRAIGHT_JOIN {{{table}}} t ON t.id = m.id"
                )
        for table, changes in self.rows.items():
            if "changed" in changes:
                given = ", ".join(
                    f"t.`{name}` = IF(NOT (BINARY w.`{name}` <=> BINARY b.`{name}`) AND BINARY t.`{name}` <=> BINARY b.`{name}`, w.`{name}`, t.`{name}`)"
                    for name in self._columns(table, "changed")
                )
                state.session.execute(
                    f"UPDATE toolsync_was_{table} w JOIN toolsync_became_{table} b ON b.id = w.id JOIN {{{table}}} t ON t.id = w.id SET {given}"
                )
            if "deleted" in changes:
                listed = ", ".join(f"b.`{name}`" for name in self.schema.columns(table))
                parents = "JOIN {groups} g ON g.id = b.groupid" if table == "groups_members" else ""
                state.session.execute(
                    f"INSERT IGNORE INTO {{{table}}} ({listed.replace('b.', '')}) SELECT {listed} FROM toolsync_back_{table} b {parents}"
                )


def undo(site: Site, kind: str, folder: Path, *, before_last: int = 0, rehearsal: bool = False) -> Outcomes:
    """Undo a run of a type.

    :param kind: the type.
    :param folder: an empty one, where the SQL is put together.
    :param before_last: how many runs before the last one.
    :return: notes, and topics of caches.
    """
    bundle = bundles(Cabinet(kind))[-1 - before_last]
    outcomes = Outcomes()
    with open_run(the_site(), lock_seconds=60) as state:
        for number in reversed(bundle.parts()):
            outcomes.add(_undo_part(state, bundle, number, folder, rehearsal))
        state.commit()
    return outcomes


def _undo_part(state: RunState, bundle: Bundle, number: int, folder: Path, rehearsal: bool) -> Outcomes:
    part = Part(state.session.schema, list(bundle.read(number)))
    names = part.stage(state)
    made = int((bundle.folder / part_name(number)).stat().st_mtime) - 1  # a test does much in one second
    state.session.execute("SET @now = %s, @actor = 2, @made = %s", (int(time.time()), made))
    part.apply(state)
    sql = consequences(state, part.undone, names, folder, rehearsal)
    return Execution(sql, []).end([StagedLine(1, (), ())])


def consequences(
    state: RunState, undone: Mapping[str, Any], staged: list[str], folder: Path, rehearsal: bool = False
) -> SqlFolder:
    """The SQL of the consequences, as the end of a type."""
    (folder / "alone").mkdir(parents=True, exist_ok=True)
    (folder / "alone/end.sql").write_text('{% include "undo/60_consequences.sql" %}\n')
    for name in ("shared", "undo"):
        if not (folder / name).exists():
            (folder / name).symlink_to(INCLUDE / "sql" / name)
    names = {**LANGUAGE.names, "undone": lambda _state, _occasion: undone}
    occasion = Occasion(rehearsal=rehearsal)
    return SqlFolder(
        "alone", state, occasion, Language(LANGUAGE.functions, names), staged={*STAGED, *staged}, root=folder
    )


