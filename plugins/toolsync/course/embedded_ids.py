"""Ids within texts of copied courses, put right: in links, restrictions, settings of blocks and the like.

The course graph says which columns hold such texts (`embeds`); `text_rewriters.py` knows the kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from toolsync.course.copies import site_copies
from toolsync.course.copy_steps import copy_map, linked_table, template_table
from toolsync.course.graph import LINKS
from toolsync.course.graph_files import site_graph
from toolsync.course.text_rewriters import Copy, NewId, Rewriters
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState


def rewrite(rows: Iterable[Sequence[Any]], state: RunState) -> Iterator[tuple[str, int, str]]:
    """Put the ids of copies into their texts.

    :param rows: course id, template's course id and shift (seconds) of each copy.
    :return: place (`table.column`), id and text of each row whose text changes.
    """
    session, maps = state.session, _CopyMaps(state)
    copies: dict[int, list[Copy]] = {}  # by template
    for courseid, templateid, shift in rows:
        copy = Copy(courseid, shift, maps.new_ids_of(courseid, templateid), maps.existed)
        copies.setdefault(templateid, []).append(copy)
    adopted = set(session.rows("SELECT place, id FROM toolsync_adopted"))
    rewriters = _rewriters(state)
    for table, column, kind in site_copies(session.schema).embedded(session.schema.text_columns):
        if linked_table(table) not in state.tables.filled:
            continue
        place = f"{table}.{column}"
        for templateid, old, text, extra in session.rows(_query(table, column, kind)):
            change = rewriters.rewriter(kind, text, extra)
            if change is None:
                continue
            for copy in copies[templateid]:
                new = copy.new_id(table, old)
                # A row that was there before keeps its own texts, except those that it took over from the template.
                if new is None or maps.existed(table, new) and (place, new) not in adopted:
                    continue
                value = change(copy)
                if value is not None and value != text:
                    yield place, new, value


def site_address(session: MoodleSession) -> str:
    """The site's address as links in texts begin with it; empty when it is unknown."""
    return (
        session.extra.get("wwwroot")
        or session.value(
            "SELECT h.wwwroot FROM {mnet_host} h JOIN {config} c ON c.name = 'mnet_localhost_id' AND h.id = c.value + 0"
        )
        or ""
    )


def _rewriters(state: RunState) -> Rewriters:
    session = state.session

    def is_global(glossary: int) -> bool:
        found = session.value("SELECT 1 FROM {glossary} WHERE id = %s AND globalglossary = 1", (glossary,))
        return found is not None

    return Rewriters(site_graph(session.schema), site_address(session), _grade_items(state), is_global)


def _query(table: str, column: str, kind: str) -> str:
    """The SELECT of the templates' texts: course id, row id, text, and what else its kind needs."""
    extra = {"block": "t.blockname", "filter": "t.questionscontextid"}.get(kind, "''")
    may_have_ids = f"t.`{column}` LIKE '%.php%'" if kind == LINKS else f"t.`{column}` <> ''"
    return (
        f"SELECT t.toolsync_course, t.id, t.`{column}`, {extra} "
        f"FROM {linked_table(table)} l JOIN {template_table(table)} t ON t.toolsync_course = l.toolsync_course AND t.id = l.id "
        f"WHERE {may_have_ids}"
    )


def _grade_items(state: RunState) -> dict[tuple[str, int], int]:
    """The first grade item of each activity of the templates, by activity module and instance id."""
    items = template_table("grade_items")
    if items not in state.tables.filled:
        return {}
    rows = state.session.rows(
        f"SELECT itemmodule, iteminstance, MIN(id) FROM {items} WHERE itemtype = 'mod' GROUP BY itemmodule, iteminstance"
    )
    return {(module, instance): item for module, instance, item in rows}


class _CopyMaps:
    """Which new rows the templates' rows became, table by table, each read when it is first needed."""

    def __init__(self, state: RunState) -> None:
        self.state = state
        self._new_ids: dict[str, dict[tuple[int, int], int]] = {}  # by table, then by course and old id
        self._existing: dict[str, set[int]] = {}

    def new_ids_of(self, courseid: int, templateid: int) -> NewId:
        """Finds the rows of one copy."""

        def new_id(table: str, old: int) -> int | None:
            if table == "course":
                return courseid if old == templateid else None
            self._read(table)
            return self._new_ids[table].get((courseid, old))

        return new_id

    def existed(self, table: str, new: int) -> bool:
        """Whether a row was there before the copy, and takes the place of one of the template's."""
        self._read(table)
        return new in self._existing[table]

    def _read(self, table: str) -> None:
        if table in self._new_ids:
            return
        name = copy_map(table)
        filled = name in self.state.tables.filled
        rows = self.state.session.rows(f"SELECT courseid, oldid, newid, seq FROM {name}") if filled else []
        self._new_ids[table] = {(courseid, old): new for courseid, old, new, _ in rows}
        self._existing[table] = {new for _, _, new, seq in rows if seq < 0}
