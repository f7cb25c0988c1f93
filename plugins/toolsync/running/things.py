"""What the ids in changed rows are called, and which ids each line of the file named.

Names are looked up when a part is written: a simulation's rows are gone by the time that somebody reads of them. Which line named what is read from the work
tables of the type after each segment, whichever of them have a column `line` beside columns of ids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from more_itertools import chunked

from toolsync.cabinet.bundles import PartWriter
from toolsync.moodle.references import BY_NAME, LEVELS
from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables

AT_ONCE = 1000  # ids of one look-up, rows in a line of a part
REMEMBERED = 50_000  # names of the things of one table, at most about
# Columns by which rows of the site say what they are about, and the tables that these are ids of.
REFERENCES = BY_NAME | {
    "roleid": "role",
    "categoryid": "course_categories",
    "category": "course_categories",
    "fieldid": "user_info_field",
    "tagid": "tag",
    "forum": "forum",
    "forumid": "forum",
    "coursemoduleid": "course_modules",
    "itemid": "enrol",
}
# Columns that mean this in these tables only: elsewhere they are ids of something else.
ONLY_IN = {
    "itemid": {"role_assignments": "enrol", "groups_members": "enrol", "grade_grades": "grade_items"},
    "category": {"course": "course_categories"},
    "categoryid": {"event": "course_categories"},
    "fieldid": {"user_info_data": "user_info_field", "customfield_data": "customfield_field"},
}
# What a thing is called: the first of these columns that holds something.
NAMES = {
    "user": ("username",),
    "course": ("shortname",),
    "cohort": ("idnumber", "name"),
    "groups": ("name",),
    "groupings": ("name",),
    "enrol": ("enrol",),
    "role": ("shortname",),
    "course_categories": ("name",),
    "user_info_field": ("shortname",),
    "customfield_field": ("shortname",),
    "tag": ("rawname", "name"),
    "forum": ("name",),
    "grade_items": ("itemname", "itemtype"),
    "course_modules": (),
    "context": (),
}
# The column that says of which course a thing is.
COURSE = {
    "groups": "courseid",
    "groupings": "courseid",
    "enrol": "courseid",
    "forum": "course",
    "grade_items": "courseid",
    "course_modules": "course",
}
LABELS = {"files": "filename"}  # the column with the name of a row, where it is not `name`
OF_CONTEXTS = {level: table for level, table in LEVELS.items() if table in NAMES}
# Columns of the work tables, and what lines name by them.
NAMED = {
    "userid": "user",
    "course": "course",
    "metaid": "course",
    "courseid": "course",
    "cohortid": "cohort",
    "groupid": "groups",
    "groupingid": "groupings",
    "categoryid": "course_categories",
    "enrolid": "enrol",
    "contextid": "context",
}
BESIDE = {"enrol", "context"}  # they say nothing more where person and course are known

Name = tuple[Any, ...]  # what a thing is called, and of what it is: table and id, or nothing


def refers_to(table: str, column: str) -> str | None:
    """The table that a column of a row holds an id of; None: no id that we know.

    :param table: that of the row.
    """
    return ONLY_IN[column].get(table) if column in ONLY_IN else REFERENCES.get(column)


def references(table: str, columns: Iterable[str]) -> list[str]:
    """Those of a table's columns by which a row says what it is about: ids of what is named elsewhere, and its own name if nobody looks that up."""
    label = None if table in NAMES else LABELS.get(table, "name")
    return [column for column in columns if column == label or refers_to(table, column)]


class Things:
    """Collects what a part's rows refer to, and what lines named.

    :param session: on which names are looked up.
    """

    def __init__(self, session: MoodleSession) -> None:
        self.session = session
        self._ids: dict[str, set[int]] = {}
        self._known: dict[str, dict[int, Name]] = {}  # names that were looked up for an earlier part
        self._before: dict[str, dict[int, Name]] = {}  # names of what is gone or is called otherwise now
        self._new: dict[str, dict[int, Name]] = {}  # names of what was made
        self._lines: list[tuple[tuple[str, ...], list[tuple[Any, ...]]]] = []
        self._selects: dict[frozenset[str], tuple[tuple[str, ...], str]] = {}  # by the tables that they read

    def named(self, tables: WorkTables, staged: Mapping[str, Collection[str]], failed: Collection[int]) -> None:
        """Take note of what the lines of a segment named, from the work tables, while these are filled.

        :param staged: columns that hold what the file says, by table: a `courseid` among them is no id.
        :param failed: the lines that did nothing.
        """
        filled = frozenset(filter(tables.is_defined, tables.filled))
        if filled not in self._selects:
            found = {name: set(tables.columns(name)).difference(staged.get(name, ())) for name in sorted(filled)}
            self._selects[filled] = _select(found)
        kinds, select = self._selects[filled]
        rows = self.session.rows(select) if select else []
        if failed:
            rows = [row for row in rows if row[0] not in failed]
        if rows:
            self._lines.append((kinds, rows))

    @property
    def lines(self) -> Sequence[tuple[Sequence[str], Sequence[tuple[Any, ...]]]]:
        """What lines have named: tables, and rows of a line and ids of these tables."""
        return self._lines

    def savepoint(self) -> Callable[[], None]:
        """A function that forgets what lines have named since."""
        noted = len(self._lines)

        def roll_back() -> None:
            del self._lines[noted:]

        return roll_back

    def refer(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Take note of what rows of a table refer to. It asks the site nothing: rows may be on their way."""
        for at, column in enumerate(columns):
            if kind := refers_to(table, column):
                self._ids.setdefault(kind, set()).update([row[at] for row in rows])

    def made(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Take note of what new rows are called.

        :param columns: `id`, and those that `named_by` names as far as the site has them.
        """
        if table in NAMES:
            new = self._new.setdefault(table, {})
            new.update((row[0], name_of(table, dict(zip(columns, row, strict=True)))) for row in rows)

    def changed(self, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Take note of rows that were changed or taken away, and of what they refer to.

        :param columns: what each row holds; of `changed` ones, what half of it holds.
        """
        self.refer(table, columns, rows)
        if table not in NAMES:
            return
        at_id = columns.index("id")
        if known := self._known.get(table):
            for row in rows:
                known.pop(row[at_id], None)
        if change != "deleted":
            self._ids.setdefault(table, set()).update([row[at_id] for row in rows])
        if set(named_by(table)) & set(columns):
            before = self._before.setdefault(table, {})
            for row in rows:
                before[row[at_id]] = name_of(table, dict(zip(columns, row, strict=False)))

    def write(self, part: PartWriter) -> None:
        """Write names and lines to a part."""
        for table in ("context", *COURSE, *NAMES):
            for found in chunked(self._names(table), AT_ONCE):
                part.line({"names": table, "rows": found})
        for kinds, rows in self._lines:
            for some in chunked(rows, AT_ONCE):
                part.line({"lines": kinds, "rows": some})

    def forget(self) -> None:
        """Begin anew."""
        self._ids.clear()
        self._before.clear()
        self._new.clear()
        self._lines.clear()

    def lost(self) -> None:
        """Begin anew, after a rollback: names may have been looked up that nothing has now."""
        self.forget()
        self._known.clear()

    def _names(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Id and name of all things of a table that were referred to; what they are of is referred to from now on."""
        found, before = self._new.pop(table, {}), self._before.pop(table, {})
        asked = self._ids.pop(table, set()) - found.keys()
        if not self.session.schema.has(table):
            return
        columns = ["id", *(name for name in named_by(table) if self.session.schema.has(table, name))]
        listed = ", ".join(f"`{column}`" for column in columns)
        known = self._known.setdefault(table, {})
        if len(known) > REMEMBERED:
            known.clear()
        for some in chunked(sorted(number for number in asked - known.keys() if number), AT_ONCE):
            rows = self.session.rows(
                f"SELECT {listed} FROM {{{table}}} FORCE INDEX (PRIMARY) WHERE id IN ({', '.join(map(str, some))})"
            )
            known.update((row[0], name_of(table, dict(zip(columns, row, strict=True)))) for row in rows)
        found.update((number, known[number]) for number in asked & known.keys())
        for number, name in before.items():
            found[number] = (name[0] or found.get(number, name)[0], *(name[1:] or found.get(number, name)[1:]))
        for number, (name, *of) in sorted(found.items()):
            if of:
                self._ids.setdefault(of[0], set()).add(of[1])
            yield number, name, *of


def named_by(table: str) -> tuple[str, ...]:
    """The columns that say what a thing is called and of what it is; none, if nobody asks for names of this table."""
    if table not in NAMES:
        return ()
    if table == "context":
        return "contextlevel", "instanceid"
    return (*NAMES[table], *([COURSE[table]] if table in COURSE else []))


def name_of(table: str, row: Mapping[str, Any]) -> Name:
    """What a row is called, as far as it is known, and of what it is."""
    name = next((row[column] for column in NAMES[table] if row.get(column)), "")
    if table == "context":
        of = OF_CONTEXTS.get(row.get("contextlevel", 0))
        return (name, of, row["instanceid"]) if of else (name,)
    if table in COURSE and row.get(COURSE[table]):
        return name, "course", row[COURSE[table]]
    return (name,)


def _select(tables: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], str]:
    """The SELECT of what lines named, each once, and what its columns after the line are ids of. Line 0 stands for none.

    :param tables: the columns of work tables.
    """
    found = {}
    for table, columns in tables.items():
        named = {kind: column for column, kind in NAMED.items() if column in columns}
        if {"user", "course"} <= named.keys():
            named = {kind: column for kind, column in named.items() if kind not in BESIDE}
        if named and "line" in columns:
            found[table] = named
    kinds = tuple(kind for kind in dict.fromkeys(NAMED.values()) if any(kind in named for named in found.values()))
    selects = []
    for table, named in found.items():
        values = [f"t.`{named[kind]}`" if kind in named else "NULL" for kind in kinds]
        known = " OR ".join(f"t.`{column}` IS NOT NULL" for column in named.values())
        selects.append(f"SELECT t.line, {', '.join(values)} FROM {table} t WHERE t.line > 0 AND ({known})")
    return kinds, " UNION ".join(selects)
