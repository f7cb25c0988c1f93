"""What is alike in making command files of packages of any kind: cells from patterns, names that are unique, and one enrolment of several."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, ClassVar, NamedTuple

from toolsync.feeds.checked_file import Line
from toolsync.feeds.kinds import identity_of, suite_of
from toolsync.feeds.mapping import FeedMapping
from toolsync.feeds.patterns import NotInPackage, Pattern, Things
from toolsync.feeds.reader import Tables
from toolsync.reading.values import moment_or_none

# Columns in which an empty cell is "not given", in the types that packages become.
KEPT_WHEN_EMPTY = frozenset(
    {
        "username", "firstname", "lastname", "email", "auth", "password", "suspended", "deleted", "shortname", "fullname", "category", "startdate",
        "enddate", "format", "visible", "template", "numsections", "starttime", "endtime", "rolename", "enrol", "gcmd", "cmd",
    }
)  # fmt: skip
NO_DATE = "0"
LEVELS = 50  # of a path of categories
ADD, SUSPEND, REMOVE = "add", "suspend", "remove"


class Row(NamedTuple):
    """A line of a command file.

    :param cells: by column.
    :param sources: the lines of the package that it was made of.
    """

    cells: dict[str, str]
    sources: tuple[Line, ...]


@dataclass
class Making:
    """A command file to be made.

    :param file_type: its type.
    :param columns: its columns, in order.
    :param rows: its lines.
    :param params: Params that follow from the mapping's keys.
    :param tables: the tables of the package that it is made of; the first says whether it states the whole truth.
    """

    file_type: str
    columns: Sequence[str]
    rows: Iterable[Row]
    params: dict[str, Any]
    tables: tuple[str, ...]


class Wish(NamedTuple):
    """An enrolment as a line of the package has it.

    :param state: `ADD`, `SUSPEND` or `REMOVE`.
    """

    uid: str
    cid: str
    role: str
    state: str
    cells: dict[str, str]
    line: Line


@dataclass
class Maker:
    """Makes the command files of a package.

    :param tables: what was read of it.
    :ivar skipped: the number of lines of which nothing is made, by the reason.
    """

    tables: Tables
    mapping: FeedMapping
    skipped: Counter[str] = field(default_factory=Counter)

    # The table of what becomes courses, and what patterns call its lines.
    course_table: ClassVar[str]
    course_thing: ClassVar[str]

    def makings(self) -> Iterator[Making]:
        """The command files, in the order in which they have to run."""
        raise NotImplementedError

    @property
    def method(self) -> dict[str, str]:
        """The Param that says by which method people are enrolled whom the file does not name, and who go with mode full."""
        method = self.mapping["enrolments"]["method"]
        return {"default_method": method} if method else {}

    def fail(self, table: str, line: Line, column: str, message: str) -> None:
        """Leave a line out."""
        self.tables.problems.append(line.problem(column, message))
        self.tables.tables[table].drop(line)

    def thing(self, table: str, identifier: str) -> Mapping[str, str] | None:
        """The fields of a thing that a line refers to: none at all when it refers to nothing; None when the package doesn't have it."""
        if not identifier:
            return {}
        found = self.tables.find(table, identifier)
        return found.values if found else None

    def usable(self, columns: Mapping[str, Pattern], things: Mapping[str, str]) -> dict[str, Pattern]:
        """The patterns of which the package has the files.

        :param things: the table of each thing.
        """
        usable: dict[str, Pattern] = {}
        for column, pattern in columns.items():
            lacking = [things[thing] for thing in sorted(pattern.things) if things[thing] not in self.tables.tables]
            if lacking and column not in KEPT_WHEN_EMPTY:
                self.tables.notes.append(
                    f"the column {column} of the mapping is left out, as the package has no {', '.join(lacking)}.csv"
                )
            else:
                usable[column] = pattern
        return usable

    def cells(self, table: str, line: Line, columns: Mapping[str, Pattern], things: Things) -> dict[str, str] | None:
        """The cells of a line of a command file; None: the line of the package fails."""
        cells: dict[str, str] = {}
        for column, pattern in columns.items():
            try:
                cells[column] = pattern.render(things)
            except NotInPackage as lacking:
                if column not in KEPT_WHEN_EMPTY:
                    message = f"{pattern.text}, which is {column} in the mapping, needs its {lacking}, which the package does not have"
                    self.fail(table, line, "", message)
                    return None
                cells[column] = ""
        return cells

    def key(self, table: str, thing: str, pattern: Pattern, identifier: str) -> str | None:
        """What identifies a person or a course in command files, by what identifies it in the package.

        :param pattern: that of the key's column.
        :return: None: the package doesn't have it, and without that it isn't known.
        """
        if found := self.tables.find(table, identifier):
            try:
                return pattern.render(defaultdict(dict, {thing: found.values})) or None
            except NotInPackage:
                return None
        plain = ((thing, identity_of(suite_of(self.mapping.kind, table))),)
        return identifier if pattern.parts == (plain,) else None

    def user_key(self, identifier: str) -> str | None:
        """What identifies a person in command files."""
        return self.key("users", "user", self.mapping["users"]["columns"][self.mapping["users"]["key"]], identifier)

    def course_key(self, identifier: str) -> str | None:
        """What identifies a course in command files."""
        section = self.mapping["courses"]
        return self.key(self.course_table, self.course_thing, section["columns"][section["key"]], identifier)

    def leave_out_twins(self) -> None:
        """Leave out people, and courses, whom command files would take for one another, and what refers to them."""
        users, courses = self.mapping["users"]["key"], self.mapping["courses"]["key"]
        self._leave_out_twins("users", self.user_key, f"people are found by {users}")
        self._leave_out_twins(self.course_table, self.course_key, f"courses are found by {courses}")

    def counts(self, table: str, line: Line) -> bool:
        """Whether a line of people or courses gets into command files."""
        raise NotImplementedError

    def _leave_out_twins(self, table: str, key_of: Callable[[str], str | None], found_by: str) -> None:
        found = self.tables.tables.get(table)
        if found is None or found.identity is None:
            return
        # What differs in letter case alone means what is there already, as soon as the first of them is.
        alike: dict[str, list[Line]] = defaultdict(list)
        for line in found.lines:
            if self.counts(table, line) and (key := key_of(line.get(found.identity))):
                alike[key.casefold()].append(line)
        twins = [several for several in alike.values() if len(several) > 1]
        for several in twins:
            for line in several:
                other = several[1] if line is several[0] else several[0]
                message = f"{found_by} in the mapping, and that is the same in {other.file}, line {other.number}, letter case aside"
                self.tables.problems.append(line.problem(found.identity, message))
        if twins:
            found.leave_out(line for several in twins for line in several)
            self.tables.check_references()

    def template(self, section: Mapping[str, Any], things: Things) -> str:
        """The template of a course by the section `courses` of the mapping."""
        if section["template"] is None:
            return ""
        try:
            value = section["template"].render(things)
        except NotInPackage:
            return ""
        templates = section["templates"]
        return templates.get(value, templates.get("*", "")) if templates else value

    def category(self, levels: Iterable[str], things: Things) -> str:
        """The path of a category by the section `categories` of the mapping.

        :param levels: names, from the top down.
        """
        section = self.mapping["categories"]
        try:
            names = [*levels, *(pattern.render(things) for pattern in section["then"])]
        except NotInPackage:
            return ""
        path = [" ".join(name.split()).replace("/", "\\/") for name in names]
        return " / ".join([*filter(None, [section["below"]]), *filter(None, path)])

    def chain(self, table: str, identifier: str, parent: str) -> list[Line] | None:
        """A line and those above it, from the top down; None: there is no end to those, or the package doesn't have it."""
        found: list[Line] = []
        above = identifier
        while above and (line := self.tables.find(table, above)):
            if len(found) == LEVELS:
                self.tables.notes.append(
                    f"{table}.csv: above {identifier} are more than {LEVELS} others, or they go round in a circle, so it has no category"
                )
                return None
            found.append(line)
            above = line.get(parent)
        return found[::-1] or None

    def distinct(self, rows: list[Row], column: str, suffix: Callable[[Row], str], scope: Callable[[Row], Any]) -> None:
        """Tell rows apart that have the same name: each of them gets what identifies it behind it."""
        names = Counter((scope(row), row.cells[column].casefold()) for row in rows)
        several = [row for row in rows if names[scope(row), row.cells[column].casefold()] > 1 and row.cells[column]]
        for row in several:
            row.cells[column] += f" ({suffix(row)})"
        if several:
            self.tables.notes.append(
                f"{len(several)} names in {column} were there several times, and got what identifies them behind them"
            )

    def state(self, section: Mapping[str, Any], status: str) -> str | None:
        """What to do with an enrolment of a status: `ADD`, `SUSPEND`, `REMOVE`; None: leave it."""
        return {"leave": None, "suspend": SUSPEND, "remove": REMOVE}[section[status]]

    def certain(self, wishes: Iterable[Wish], person: Callable[[Line], tuple[str, str]]) -> list[Wish]:
        """Enrolments without those that would end while another line about the same person and course was left out: it may say that they go on. Nor do
        those end that another line lets go on which writes person or course in other letters: the site takes them for one.

        :param person: the person and the course of a line of enrollments.
        """
        several = list(wishes)
        table = self.tables.tables.get("enrollments")
        gone = {_folded(person(line)): line for line in (table.gone if table else ())}
        goes_on = {_folded((wish.uid, wish.cid)): wish for wish in several if wish.state == ADD}
        certain: list[Wish] = []
        for wish in several:
            person_there, other = (wish.uid, wish.cid), None
            if wish.state != ADD and (left_out := gone.get(_folded(person(wish.line)))):
                other, why = left_out, "was left out, which is about the same person and course"
            elif wish.state != ADD and (alive := goes_on.get(_folded(person_there))) and alive[:2] != person_there:
                other, why = alive.line, "writes the same person or course in other letters, upper and lower case"
            if other:
                self.fail("enrollments", wish.line, "", f"{other.file}, line {other.number}, {why}")
            else:
                certain.append(wish)
        return certain

    def open_dates(self, columns: Mapping[str, Pattern], things: Mapping[str, str]) -> list[str]:
        """Those of `starttime` and `endtime` that the package states: an empty one means that there is none."""
        stated = []
        for column in ("starttime", "endtime"):
            fields = (
                [each for part in columns[column].parts if not isinstance(part, str) for each in part]
                if column in columns
                else []
            )
            if any(
                field in table.columns for thing, field in fields if (table := self.tables.tables.get(things[thing]))
            ):
                stated.append(column)
        return stated


def enrolment_rows(wishes: Iterable[Wish], method: str, dates: Sequence[str]) -> Iterator[Row]:
    """The lines of an enrolments file: one person's enrolments in one course become one for each role, or one that ends.

    :param dates: the columns of dates in which an empty cell means that there is no such date.
    """
    together: dict[tuple[str, str], list[Wish]] = {}
    for wish in wishes:
        together.setdefault((wish.uid, wish.cid), []).append(wish)
    for (uid, cid), several in together.items():
        alive = dict.fromkeys(wish.role for wish in several if wish.state == ADD)
        base = {"uid": uid, "cid": cid, "enrol": method}
        for role in alive:
            same = [wish for wish in several if wish.role == role and wish.state == ADD]
            cells = {**same[0].cells, **base, "cmd": "add", "rolename": role}
            for column, best in (("starttime", min), ("endtime", max)):
                if column in cells:
                    values = [wish.cells[column] for wish in same]
                    cells[column] = best(values, key=_moment) if all(values) else NO_DATE if column in dates else ""
            yield Row(cells, tuple(wish.line for wish in several if wish.role == role))
        ended = [wish for wish in several if wish.role not in alive]
        suspended = dict.fromkeys(wish.role for wish in ended if not alive and wish.state == SUSPEND)
        if suspended:
            lines = tuple(wish.line for wish in ended if wish.role in suspended)
            yield Row({**base, "cmd": "disable", "rolename": ""}, lines)
        elif ended and not alive:
            yield Row({**base, "cmd": "del", "rolename": ended[0].role}, tuple(wish.line for wish in ended))
        if alive or suspended:
            for role in dict.fromkeys(wish.role for wish in ended if wish.role not in suspended):
                gone = tuple(wish.line for wish in ended if wish.role == role)
                yield Row({**base, "cmd": "del", "rolename": role, "enrol": "-"}, gone)


def _folded(texts: tuple[str, str]) -> tuple[str, str]:
    """Texts that differ in letter case alone, made equal."""
    return texts[0].casefold(), texts[1].casefold()


def _moment(text: str) -> tuple[int, str]:
    """For comparing dates, which may have different offsets."""
    return moment_or_none(text, UTC) or 0, text
