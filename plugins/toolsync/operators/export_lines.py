"""Reads the lines of an export from a site: the cells of each, and which of them a file can't say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property, partial
from typing import Any

from toolsync.moodle.releases import tag_characters
from toolsync.moodle.session import MoodleSession
from toolsync.operators.export_cells import (
    CategoryNames,
    Cell,
    CustomField,
    custom_cell,
    moment,
    profile_cell,
    tags,
    text_of,
    unpacked,
    unsayable,
)
from toolsync.operators.export_types import COHORT_PLACES, Columns, columns_of
from toolsync.running.sql_folder import SqlFolder

OPTIONS = ("hiddensections", "coursedisplay", "automaticenddate", "activitytype", "numdiscussions")

# As the site stores numbers, also those in texts; a file would make 5 of +5, and 1 of true.
NUMBER = re.compile(r"0|-?[1-9]\d*", re.ASCII)
NO_NUMBER = "it is stored as something else than a plain number"

PROFILE_FIELDS = (
    "SELECT id, shortname, datatype, param1, param2, param3, required FROM {user_info_field} ORDER BY sortorder, id"
)
CUSTOM_FIELDS = (
    "SELECT f.id, f.shortname, f.type, f.configdata FROM {customfield_field} f JOIN {customfield_category} k ON k.id = f.categoryid "
    "WHERE k.component = 'core_course' AND k.area = 'course'"
)
SHARED_FIELDS = " OR EXISTS (SELECT 1 FROM {customfield_shared} s WHERE s.categoryid = k.id AND s.component = 'core_course' AND s.area = 'course')"
ROLES_NAMED = (
    "SELECT r.id, r.shortname FROM {role} r WHERE r.id IN (SELECT n.roleid FROM {role_names} n "
    "JOIN {context} x ON x.id = n.contextid AND x.contextlevel = 50) ORDER BY r.sortorder, r.id"
)
COLLECTION = (
    "SELECT tagcollid FROM {tag_area} WHERE component = 'core' AND itemtype = %s AND enabled = 1 "
    "AND (SELECT value FROM {config} WHERE name = 'usetags') NOT IN ('', '0')"
)


@dataclass(slots=True)
class ExportedLine:
    """A line of an export.

    :param thing: what it is about, for a person.
    :param cells: a text for each column; None: the line does without it.
    :param faults: column, and why a file can't say its cell. Without a column, the whole line can't be said.
    """

    thing: str
    cells: list[str | None]
    faults: list[tuple[str, str]]


@dataclass(frozen=True)
class Spread:
    """How a column of the SQL that holds several values becomes columns of the file.

    :param columns: of the file.
    :param cells: makes their cells.
    """

    columns: tuple[str, ...]
    cells: Callable[[Any], list[Cell]]


class SiteExport:
    """What the export of a site knows of it.

    :param session: in the snapshot that is exported.
    :param folders: the SQL of the types that are exported.
    :param params: those of the export.
    :param zone: the timezone of dates.
    :ivar told: what the files of a type hold nothing of, in sentences.
    """

    def __init__(
        self, session: MoodleSession, folders: Mapping[str, SqlFolder], params: Mapping[str, Any], zone: tzinfo
    ) -> None:
        self.session = session
        self.folders = folders
        self.params = params
        self.zone = zone
        self.told: list[str] = []
        self._longest = int(session.value("SELECT @@group_concat_max_len"))  # bytes of a list that is not cut off

    @contextmanager
    def lines(self, file_type: str) -> Iterator[tuple[Columns, Iterator[ExportedLine]]]:
        """The lines of a type, as the server sends them. Other statements can run before the first and after the last one.

        :return: the columns, and the lines.
        """
        spreads = self._spreads(file_type)
        first, *others = self._statements(file_type, "10_lines")
        names = self._names(first)
        shown = tuple(name for name in names if not name.startswith("_"))
        columns = columns_of(
            file_type, (*shown, *(column for spread in spreads.values() for column in spread.columns)), self.params
        )

        def all_lines() -> Iterator[ExportedLine]:
            for sql in (first, *others):
                with self.session.reading(sql) as (_, rows):
                    yield from map(partial(self._line, names, columns, spreads), rows)

        yield columns, all_lines()

    def not_exported(self, file_type: str) -> list[str]:
        """What the files of a type hold nothing of, in sentences. The lines must have been read."""
        rows = [row for sql in self._statements(file_type, "20_told") for row in self.session.rows(sql)]
        return [*self.told, *(f"{count} {what}" for count, what in rows if count)]

    def _statements(self, file_type: str, name: str) -> list[str]:
        """The statements of a file of the type's SQL."""
        place = f"export/{file_type}/{name}.sql:"
        return [statement.sql for statement in self.folders[file_type].work if statement.place.startswith(place)]

    def _names(self, sql: str) -> list[str]:
        body = sql.rstrip().rstrip(";")
        with self.session.reading(f"SELECT * FROM (\n{body}\n) q LIMIT 0") as (names, _):
            return names

    def _line(
        self, names: Sequence[str], columns: Columns, spreads: Mapping[str, Spread], row: Sequence[Any]
    ) -> ExportedLine:
        values = dict(zip(names, row, strict=True))
        cells: list[str | None] = []
        faults = [tuple(told.split("|", 1)) for told in values["_faults"].split("\n") if told]
        for name in names:
            if not name.startswith("_"):
                value = values[name]
                if name in columns.moments and value not in (None, ""):
                    value = moment(int(value), self.zone)
                cells.append(value if value is None or isinstance(value, str) else str(value))
        for packed, spread in spreads.items():
            if values[packed] is None and packed == "_category":
                cells += [None] * len(spread.columns)
                continue
            if isinstance(values[packed], str) and len(values[packed]) >= self._longest:
                cells += [""] * len(spread.columns)
                faults.append(("", "the server can't pack its values into one list (its max_allowed_packet)"))
                continue
            for column, (cell, why) in zip(spread.columns, spread.cells(values[packed]), strict=True):
                cells.append(cell)
                if why:
                    faults.append((column, why))
        for column, text in zip(columns.names, cells, strict=True):
            why = unsayable(text) if text else ""
            if text and not why and column in columns.numbers and not NUMBER.fullmatch(text):
                why = NO_NUMBER
            if why:
                faults.append((column, why))
        return ExportedLine(values["_thing"], cells, faults)

    def _spreads(self, file_type: str) -> dict[str, Spread]:
        by = self.params["category_id_field"]
        if file_type == "cohorts":
            return {"_category": Spread((COHORT_PLACES[by],), lambda id: [self._cohort_place(id, by)])}
        if file_type == "users":
            return {"_profile": self._profile_fields(), **self._tags("user", "interests")}
        if file_type == "courses":
            return {
                "_category": Spread(("category",), lambda id: [self._categories.course(id)]),
                "_options": Spread(OPTIONS, self._options),
                **self._tags("course", "tags"),
                "_fields": self._custom_fields(),
                "_roles": self._role_names(),
            }
        return {}

    @cached_property
    def _categories(self) -> CategoryNames:
        rows = self.session.rows("SELECT id, parent, name, idnumber FROM {course_categories}")
        return CategoryNames(rows, self.params["category_id_field"])

    def _cohort_place(self, id: int, by: str) -> Cell:
        """The cell of the category of a cohort; an empty one leaves it where it is, and puts a new one in the whole site."""
        if not id:
            return "0" if by == "id" else "", ""
        return self._categories.cohort(id)

    def _tags(self, itemtype: str, column: str) -> dict[str, Spread]:
        collection = self.session.value(COLLECTION, (itemtype,))
        if collection is None:  # the site does not use such tags, and a line would not store any
            return {}
        longest = tag_characters(self.session.schema.version)
        return {"_tags": Spread((column,), lambda packed: [tags(packed, collection, longest)])}

    def _profile_fields(self) -> Spread:
        fields = self._without_twins(self.session.rows(PROFILE_FIELDS), "profile field")

        def cells(packed: str | None) -> list[Cell]:
            stored = {int(id): text_of(digits) for id, digits in unpacked(packed)}
            return [profile_cell(field, stored.get(field[0]), self.session, self.zone) for field in fields]

        return Spread(tuple(f"profile_field_{field[1]}" for field in fields), cells)

    def _custom_fields(self) -> Spread:
        shared = SHARED_FIELDS if self.session.schema.has("customfield_shared") else ""
        rows = self._without_twins(
            self.session.rows(f"{CUSTOM_FIELDS}{shared} ORDER BY k.sortorder, f.sortorder, f.id"), "custom field"
        )
        known = ("checkbox", "date", "number", "select", "text", "textarea")
        self.told += [
            f"the custom field {row[1]}: a field of type {row[2]} can't be set from a file"
            for row in rows
            if row[2] not in known
        ]
        fields = [CustomField(*row) for row in rows if row[2] in known]

        def cells(packed: str | None) -> list[Cell]:
            stored = {int(id): (whole, decimal, text_of(digits)) for id, whole, decimal, digits in unpacked(packed)}
            return [custom_cell(field, stored.get(field.id), self.zone) for field in fields]

        return Spread(tuple(f"customfield_{field.shortname}" for field in fields), cells)

    def _without_twins(self, rows: list[tuple[Any, ...]], what: str) -> list[tuple[Any, ...]]:
        """The fields that a column can name: of several that differ in letter case alone, none."""
        names = [row[1].casefold() for row in rows]
        twins = {name for name in names if names.count(name) > 1}
        self.told += [
            f"the {what} {row[1]}: another one has this short name in other letter case"
            for row in rows
            if row[1].casefold() in twins
        ]
        return [row for row in rows if row[1].casefold() not in twins]

    def _role_names(self) -> Spread:
        roles = self.session.rows(ROLES_NAMED)

        def cells(packed: str | None) -> list[Cell]:
            stored = {int(id): text_of(digits) for id, digits in unpacked(packed)}
            return [
                (name := stored.get(id, ""), "a file takes 0 for no name" if name == "0" else "") for id, _ in roles
            ]

        return Spread(tuple(f"role_{shortname}" for _, shortname in roles), cells)

    @staticmethod
    def _options(packed: str | None) -> list[Cell]:
        stored = {name: text_of(digits) for name, digits in unpacked(packed)}
        return [(stored.get(name, ""), "") for name in OPTIONS]
