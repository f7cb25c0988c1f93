"""What the lines of a file are about, by type. Two lines that depend on one another have a thing in common.

A line is about its own things with all that it says. Of other things it says something that further lines may say, too: that a course gives people to another
one, that somebody joins. Such lines don't depend on one another, as long as all of them say the same of the thing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from toolsync.reading.columns import Header

Thing = tuple[str, str | None]  # what it is, and what the line says of it; None: all that it says
Cells = Sequence[str]
Things = Callable[[Cells], Iterator[Thing]]

SPACED = re.compile(r"[\W_]+")
JOINS = {"", "add", "enable"}


class Columns:
    """The cells of a line by the names of their columns.

    :param header: of the file.
    :param options: the Params of the run.
    """

    def __init__(self, header: Header, options: Mapping[str, Any]) -> None:
        self.options = options
        self._places = {name: column.position for name, column in header.plain.items()}
        self._families: dict[str, list[int]] = {}
        for column in header.cells:
            self._families.setdefault(column.spec.name, []).append(column.position)

    def named(self, *names: str) -> list[tuple[str, int]]:
        """Those of these columns that the file has, and where."""
        return [(name, self._places[name]) for name in names if name in self._places]

    def family(self, name: str) -> list[int]:
        """Where the columns of a family are."""
        return self._families.get(name, [])

    def read(self, name: str) -> Callable[[Cells], str]:
        """What returns the cell of a column; empty where the file has no such column."""
        place = self._places.get(name)
        return (lambda cells: "") if place is None else (lambda cells: cells[place])


@lru_cache(maxsize=1 << 16)
def like(value: str) -> str:
    """A value without what a site may overlook: case, accents, spaces, signs, leading zeros. That more values are alike only makes more lines run."""
    if not value.isascii():
        value = unicodedata.normalize("NFKD", value.casefold())
        value = "".join(character for character in value if not unicodedata.combining(character))
    return SPACED.sub("", value.lower()).lstrip("0")


def things_of(file_type: str, header: Header, options: Mapping[str, Any]) -> Things:
    """What returns the things of a line, for the files of a type.

    :param header: of the file.
    :param options: the Params of the run.
    """
    return KINDS[file_type](Columns(header, options))


def _users(columns: Columns) -> Things:
    """An account, by each name that it has, had or gets."""
    places = columns.named("username", "oldusername")
    places += columns.named(*{columns.options["user_id_field"]} - {"username"})

    def things(cells: Cells) -> Iterator[Thing]:
        for name, place in places:
            if cells[place]:
                yield f"{name.removeprefix('old')} {like(cells[place])}", None

    return things


def _courses(columns: Columns) -> Things:
    """A course, by each name that it has or gets; courses that others are made from or take people from; all of them, where lines say their order."""
    own = columns.named("shortname", "rename", "idnumber", "id")
    used = [place for _, place in columns.named("template")] + columns.family("enrolment_#_metacoursename")
    ordered = bool(columns.named("sortorder"))

    def things(cells: Cells) -> Iterator[Thing]:
        for name, place in own:
            if cells[place]:
                yield f"{'shortname' if name == 'rename' else name} {like(cells[place])}", None
        for place in used:
            if cells[place]:
                yield f"shortname {like(cells[place])}", "uses"
        if ordered:
            yield "order", None

    return things


def _enrolments(columns: Columns) -> Things:
    """A person in a course. If a line takes the person out of one, all lines about the person: courses that follow may give and take, too."""
    person, course, cmd = columns.read("uid"), columns.read("cid"), columns.read("cmd")
    default = columns.options["default_cmd"]

    def things(cells: Cells) -> Iterator[Thing]:
        if not (person(cells) and course(cells)):
            return
        who = like(person(cells))
        yield f"in {like(course(cells))} {who}", None
        yield f"person {who}", "joins" if (cmd(cells).lower() or default) in JOINS else "leaves"

    return things


def _group_members(columns: Columns) -> Things:
    """A person in all groups of a course: `shift` concerns them all."""
    person, course = columns.read("userid"), columns.read("courseid")

    def things(cells: Cells) -> Iterator[Thing]:
        if person(cells) and course(cells):
            yield f"in {like(course(cells))} {like(person(cells))}", None

    return things


def _of_course(column: str) -> Callable[[Columns], Things]:
    """All lines about a course. A line may name a group by a key that only the site knows; cohorts give people to the same groups.

    :param column: that names the course.
    """

    def of_file(columns: Columns) -> Things:
        course = columns.read(column)

        def things(cells: Cells) -> Iterator[Thing]:
            if course(cells):
                yield f"course {like(course(cells))}", None

        return things

    return of_file


def _cohorts(columns: Columns) -> Things:
    """A person in a cohort. Of the cohort, such a line says its name and the like. A line without a person is about all of the cohort."""
    cmd, person, cid = columns.read("cmd"), columns.read("userid"), columns.read("cid")
    key = {"idnumber": "cidnumber", "name": "cname"}.get(columns.options["cohort_id_field"])
    names = [columns.read(name) for name in ("cid", "cidnumber", *(["cname"] if key == "cname" else []))]
    own = columns.read(key) if key else cid
    of_cohort = [place for _, place in columns.named(*OF_COHORT)]

    def things(cells: Cells) -> Iterator[Thing]:
        named = {like(value) for name in names if (value := name(cells))}
        does, who = cmd(cells).lower(), person(cells)
        whole = not who or does not in {"", "add", "del"}
        says = None if whole else "\x1f".join([cells[place] for place in of_cohort])
        if whole or does != "del":
            for name in named:
                yield f"cohort {name}", says
        if who and not whole:
            yield f"member {like(cid(cells) or own(cells))} {like(who)}", None
            yield f"person {like(who)}", "leaves" if does == "del" else "joins"

    return things


OF_COHORT = (
    *("cid", "cidnumber", "cname", "cdescription", "visible", "component"),
    *("ccatcontext", "ccatcontextidnumber", "category_path", "category", "contextid"),
)


def _course_meta_links(columns: Columns) -> Things:
    """All courses from which a course takes people; a course that gives some may take some, too."""
    meta, master = columns.read("meta"), columns.read("master")

    def things(cells: Cells) -> Iterator[Thing]:
        if meta(cells):
            yield f"course {like(meta(cells))}", None
        if master(cells):
            yield f"course {like(master(cells))}", "gives"

    return things


KINDS: Mapping[str, Callable[[Columns], Things]] = {
    "users": _users,
    "courses": _courses,
    "enrolments": _enrolments,
    "cohorts": _cohorts,
    "groups": _of_course("courseid"),
    "group_members": _group_members,
    "cohort_bindings": _of_course("course"),
    "course_meta_links": _course_meta_links,
}
