"""Ids within texts, for the copies of a course: which rows of the copy take the place of the template's.

The course graph says which columns hold such texts (`embeds`, `texts`). Each text of the template is taken apart once; every copy puts it together
with its own ids.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import phpserialize

from toolsync.course.availability import php_json, with_ids
from toolsync.course.copies import LINKS, site_copies
from toolsync.course.copy_steps import copy_map, linked_table, template_table
from toolsync.course.graph import CourseGraph
from toolsync.course.graph_files import site_graph
from toolsync.course.links import SiteLinks
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState

IDS = re.compile(r"\d+")
SERIALISED = re.compile(r"[aOs]:\d+:")  # what PHP wrote: it counts its letters
GRADE_ITEM = re.compile(r"##gi(\d+)##")


class Lookup(Protocol):
    """Which row of a copy took the place of a row of the template: None when none did."""

    def __call__(self, table: str, old: int) -> int | None: ...


@dataclass(frozen=True)
class Copy:
    """A copy of a course.

    :param shift: seconds by which its dates move.
    :param new: finds its rows.
    """

    courseid: int
    shift: int
    new: Lookup


PhpVars = dict[bytes, Any]
Rewrite = Callable[[Copy], str | None]  # None: the text stays as it is


def rewrite(rows: Iterable[Sequence[Any]], state: RunState) -> Iterator[tuple[str, int, str]]:
    """Put the copies' own ids into their texts.

    :param rows: course id, template's id and shift of each copy.
    :return: place (`table.column`), id and text of each row that changes.
    """
    session = state.session
    graph, maps = site_graph(session.schema), _Maps(state)
    by_template: dict[int, list[Copy]] = {}
    for courseid, templateid, shift in rows:
        copy = Copy(courseid, shift, maps.lookup(courseid, templateid))
        by_template.setdefault(templateid, []).append(copy)
    adopted = set(session.rows("SELECT place, id FROM toolsync_adopted"))
    rewriters = Rewriters(graph, site_address(session), _graded(state), lambda glossary: _is_global(session, glossary))
    for table, column, kind in site_copies(session.schema).embedded(session.schema.text_columns):
        if linked_table(table) not in state.tables.filled:
            continue
        place = f"{table}.{column}"
        for templateid, old, text, more in session.rows(_texts(table, column, kind)):
            change = rewriters.of(kind, text, more)
            if change is None:
                continue
            for copy in by_template[templateid]:
                new = copy.new(table, old)
                if new is None or maps.merged(table, new) and (place, new) not in adopted:
                    continue
                value = change(copy)
                if value is not None and value != text:
                    yield place, new, value


def site_address(session: MoodleSession) -> str:
    """The site's address, as texts that link to its pages have it; empty when it is not known."""
    return (
        session.extra.get("wwwroot")
        or session.value(
            "SELECT h.wwwroot FROM {mnet_host} h JOIN {config} c ON c.name = 'mnet_localhost_id' AND h.id = c.value + 0"
        )
        or ""
    )


def _texts(table: str, column: str, kind: str) -> str:
    more = {"block": "t.blockname", "filter": "t.questionscontextid"}.get(kind, "''")
    found = f"t.`{column}` LIKE '%.php%'" if kind == LINKS else f"t.`{column}` <> ''"
    return (
        f"SELECT t.toolsync_course, t.id, t.`{column}`, {more} "
        f"FROM {linked_table(table)} l JOIN {template_table(table)} t ON t.toolsync_course = l.toolsync_course AND t.id = l.id "
        f"WHERE {found}"
    )


def _is_global(session: MoodleSession, glossary: int) -> bool:
    return session.value("SELECT 1 FROM {glossary} WHERE id = %s AND globalglossary = 1", (glossary,)) is not None


def _graded(state: RunState) -> dict[tuple[str, int], int]:
    """The first grade item of each of the templates' activities."""
    items = template_table("grade_items")
    if items not in state.tables.filled:
        return {}
    rows = state.session.rows(
        f"SELECT itemmodule, iteminstance, MIN(id) FROM {items} WHERE itemtype = 'mod' GROUP BY itemmodule, iteminstance"
    )
    return {(module, instance): item for module, instance, item in rows}


class _Maps:
    """What became of the rows of the templates."""

    def __init__(self, state: RunState) -> None:
        self.state = state
        self._maps: dict[str, dict[tuple[int, int], int]] = {}
        self._merged: dict[str, set[int]] = {}

    def lookup(self, courseid: int, templateid: int) -> Lookup:
        def new(table: str, old: int) -> int | None:
            if table == "course":
                return courseid if old == templateid else None
            return self._map(table).get((courseid, old))

        return new

    def merged(self, table: str, new: int) -> bool:
        """Whether a row was there already, and stands for one of the template's."""
        self._map(table)
        return new in self._merged[table]

    def _map(self, table: str) -> dict[tuple[int, int], int]:
        if table not in self._maps:
            name = copy_map(table)
            rows = (
                self.state.session.rows(f"SELECT courseid, oldid, newid, seq FROM {name}")
                if name in self.state.tables.filled
                else []
            )
            self._maps[table] = {(courseid, old): new for courseid, old, new, _ in rows}
            self._merged[table] = {new for _, _, new, seq in rows if seq < 0}
        return self._maps[table]


class Rewriters:
    """What is to be done with texts of each kind.

    :param address: of the site.
    :param graded: the first grade item of each activity, by its table and id.
    :param is_global: whether every course may use a glossary.
    """

    def __init__(
        self, graph: CourseGraph, address: str, graded: Mapping[tuple[str, int], int], is_global: Callable[[int], bool]
    ) -> None:
        self.links = SiteLinks(graph.links, address)
        self.is_global = is_global
        self.graded = graded
        self.activities = set(graph.activities)

    def of(self, kind: str, text: str, more: str) -> Rewrite | None:
        """What makes a copy's text of a template's; None when there is nothing in it.

        :param kind: as the graph has it.
        :param more: of a block its name, of a filter the context that it draws questions from.
        """
        if kind == LINKS:
            return self._with_links(text)
        if kind == "modules":
            return _ids(text, "course_modules")
        if kind == "questions":
            return _ids(text, "question")
        if kind == "path":
            return _path(text)
        if kind == "calculation":
            return _calculation(text)
        if kind == "availability":
            return lambda copy: with_ids(text, copy.new, copy.shift)
        if kind == "filter":
            return _filter(text, more)
        if kind == "block":
            return self._block(text, more)
        raise ValueError(f"the course graph has no such kind of embedded ids: {kind}")

    def _with_links(self, text: str) -> Rewrite | None:
        if SERIALISED.match(text) or not self.links.found(text):
            return None
        return lambda copy: self.links.follow(text, copy.new)

    def _block(self, text: str, name: str) -> Rewrite | None:
        config = _php_object(text)
        if config is None:
            return None
        if name == "html":
            change = self._with_links(_text(config.get(b"text")))
            return change and (
                lambda copy: _php_text({**config, b"text": (change(copy) or "").encode(errors="surrogateescape")})
            )
        if name == "glossary_random":
            return lambda copy: self._glossary(config, copy)
        if name == "activity_results":
            return lambda copy: self._results(config, copy)
        if name == "tags" and (context := _number(config.get(b"ctx"))):
            return lambda copy: _php_text({**config, b"ctx": copy.new("context", context) or 0})
        return None

    def _glossary(self, config: PhpVars, copy: Copy) -> str | None:
        old = _number(config.get(b"glossary"))
        if not old:
            return None
        new = copy.new("glossary", old) or (config[b"glossary"] if self.is_global(old) else None)
        kept = {name: value for name, value in config.items() if name not in (b"globalglossary", b"courseid")}
        without = {name: value for name, value in kept.items() if name != b"glossary"}
        return _php_text({**kept, b"glossary": new} if new else without)

    def _results(self, config: PhpVars, copy: Copy) -> str | None:
        activity, old = _text(config.get(b"activityparent")), _number(config.get(b"activityparentid"))
        new = copy.new(activity, old) if activity in self.activities else None
        item = copy.new("grade_items", self.graded.get((activity, old), 0))
        if new is None or item is None:
            return None
        return _php_text({**config, b"activityparentid": new, b"activitygradeitemid": str(item).encode()})


def _php_object(text: str) -> PhpVars | None:
    """The variables of a PHP object, as blocks keep theirs; None when it is none."""
    try:
        found = phpserialize.loads(base64.b64decode(text), object_hook=phpserialize.phpobject, decode_strings=False)
    except ValueError:
        return None
    return dict(found.__php_vars__) if isinstance(found, phpserialize.phpobject) else None


def _php_text(variables: PhpVars) -> str:
    return base64.b64encode(phpserialize.dumps(phpserialize.phpobject("stdClass", variables))).decode()


def _text(value: Any) -> str:
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else ""


def _number(value: Any) -> int:
    """What may be an id, 0 when it is none."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return int(value) if isinstance(value, int) or isinstance(value, str) and value.isdecimal() else 0


def _ids(text: str, table: str) -> Rewrite:
    """A list of ids with commas; those of which there is no copy fall out."""
    old = [int(found) for found in IDS.findall(text)]

    def change(copy: Copy) -> str:
        return ",".join(str(new) for new in (copy.new(table, one) for one in old) if new is not None)

    return change


def _path(text: str) -> Rewrite:
    def change(copy: Copy) -> str:
        return IDS.sub(lambda match: str(copy.new("grade_categories", int(match[0])) or match[0]), text)

    return change


def _calculation(text: str) -> Rewrite:
    def change(copy: Copy) -> str:
        return GRADE_ITEM.sub(lambda match: f"##gi{copy.new('grade_items', int(match[1])) or match[1]}##", text)

    return change


def _filter(text: str, context: str) -> Rewrite | None:
    """What random questions are drawn by: categories and, beside them, the context of the first one. Older ones name one category."""
    try:
        condition = json.loads(text)
    except ValueError:
        return None
    if not isinstance(condition, dict):
        return None

    def change(copy: Copy) -> str:
        tree = dict(condition)
        for key, table in (
            ("questioncategoryid", "question_categories"),
            ("cmid", "course_modules"),
            ("courseid", "course"),
        ):
            if key in tree:
                tree[key] = _like(tree[key], copy.new(table, _number(tree[key])))
        drawn = tree["filter"] if isinstance(tree.get("filter"), dict) else {}
        category = drawn["category"] if isinstance(drawn.get("category"), dict) else {}
        values = category.get("values")
        if isinstance(values, list) and values:
            new = [copy.new("question_categories", _number(old)) or old for old in values]
            tree["filter"] = {**drawn, "category": {**category, "values": new}}
            tree["cat"] = f"{new[0]},{copy.new('context', int(context)) or context}"
        return php_json(tree)

    return change


def _like(old: Any, new: int | None) -> Any:
    """The new id as the old one was written; the old one when there is no new one."""
    return old if new is None else str(new) if isinstance(old, str) else new
