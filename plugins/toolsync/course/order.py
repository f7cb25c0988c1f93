"""The order of courses: in which order the lines of a file have to be executed, and where each course ends up in its category."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple


class Place(NamedTuple):
    """A course in a category that changes.

    :param place: in its category so far, from 1.
    :param is_new: 1 when a line creates the course.
    :param target: the id of the category that it goes to, or stays in.
    :param sortorder: the one that its line gives; None: none.
    :param capacity: how many courses a category can hold.
    :param line: None when no line is about the course.
    """

    course: int
    category: int
    place: int
    is_new: int
    target: int
    sortorder: int | None
    capacity: int
    line: int | None


class Deletion(NamedTuple):
    """A course that was deleted, as its undo bundle tells.

    :param place: in its category at that time, from 1.
    :param byhand: whether somebody had sorted the courses of the category.
    :param written: courses that were deleted together have the same number, later ones a higher one.
    :param back: when it was put back, on the scale of `written`; None: not yet.
    """

    course: int
    place: int
    byhand: bool
    written: int
    back: int | None


def runs(rows: Iterable[Sequence[Any]]) -> list[tuple[int, str, str]]:
    """Cut the lines into runs: the lines of a run don't depend on each other, and each run waits for the one before it.

    Any other cut would let a line overtake another one. But a new course comes first in its category, so lines that create or move courses must not be
    reordered. And a line about the same course as an earlier line can free any name that that one took, so it touches all of those names.

    :param rows: line, role, thing, mode; ascending by line. Roles: `course`, a name that identifies the line's course; `name`, another name that the
        course has or takes; `thing`, anything else that the line touches. Two lines of a run can touch the same thing if both do with the same mode, not ''.
    :return: touches: line, `run`, and the number of the run as the mode.
    """
    names_of: dict[int, set[int]] = {}  # the names that earlier lines touched, by the name of their course
    modes: dict[int, str] = {}  # what the current run touches
    run, result = 0, []
    for line, parts in groupby(rows, key=itemgetter(0)):
        touched = _touched(list(parts), names_of)
        if any(modes.get(thing, mode) != mode or (not mode and thing in modes) for thing, mode in touched.items()):
            run, modes = run + 1, {}
        modes |= touched
        result.append((line, "run", str(run)))
    return result


def _touched(parts: list[Sequence[Any]], names_of: dict[int, set[int]]) -> dict[int, str]:
    """What a line touches, with the mode of each thing. Its names are added to `names_of`."""
    courses = {thing for _, role, thing, _ in parts if role == "course"}
    names = {thing for _, role, thing, _ in parts if role in ("course", "name")}
    names = names.union(*(names_of.get(course, ()) for course in courses))
    names_of.update(dict.fromkeys(courses, names))
    touched = dict.fromkeys(names, "")
    for _, role, thing, mode in parts:
        if role == "thing":
            touched.setdefault(thing, mode)
    return touched


def places(rows: Iterable[Sequence[Any]]) -> list[tuple[int, int, int, int]]:
    """Where courses end up in their categories if Moodle's `fix_course_sortorder` runs after each line.

    :param rows: the values of a `Place` each: all courses of the categories concerned.
    :return: course id, category, place (from 1), and 1 if a line moved the course.
    """
    courses = sorted(map(Place._make, rows), key=lambda row: (row.place, -row.course))
    order: dict[int, list[int]] = {}  # course ids by category
    for row in courses:
        order.setdefault(row.target, [])
        if not row.is_new:
            order.setdefault(row.category, []).append(row.course)
    of_lines = sorted((row for row in courses if row.line is not None), key=attrgetter("line"))
    moved = {row.course for row in of_lines if _put(order, row)}
    return [
        (course, category, place, int(course in moved))
        for category, ordered in order.items()
        for place, course in enumerate(ordered, start=1)
    ]


def put_back(order: Sequence[int], courses: Collection[int], deletions: Iterable[Deletion]) -> list[int]:
    """Put deleted courses back into their category.

    Where nobody has sorted the courses, the newest comes first. Elsewhere, the place of each counts the courses that were there at the time: so all
    that are gone are put in, those that were deleted last first, and those that stay gone are taken out again.

    :param order: the ids of the courses that are there.
    :param courses: the ids of those to put back.
    :param deletions: all that are known in this category.
    :return: the ids of the courses that are there then, in their order.
    """
    deletions = sorted(deletions, key=attrgetter("written"))
    there, result = set(order), list(order)
    if result == sorted(result, reverse=True) and not any(deletion.byhand for deletion in deletions):
        return sorted(there.union(courses), reverse=True)
    gone = {each.course: each for each in deletions if each.back is None and each.course not in there}
    for deletion in sorted(gone.values(), key=lambda each: (-each.written, each.place, each.course)):
        result.insert(_index(deletion, result, deletions), deletion.course)
    there.update(courses)
    return [course for course in result if course in there]


def _index(deletion: Deletion, order: list[int], deletions: Iterable[Deletion]) -> int:
    """Where in the list of courses a deleted one belongs."""
    # Those that were gone already: they are not counted, but their own places tell on which side of this one they stood.
    absent = [
        other
        for other in deletions
        if other.written < deletion.written and (not other.back or other.back > deletion.written)
    ]
    before, place = set[int](), deletion.place
    for other in sorted(absent, key=lambda each: (-each.written, each.place)):
        if other.place <= place:
            before.add(other.course)
            place += 1
    behind = {other.course for other in absent} - before
    left = deletion.place - 1  # counted courses that stand before it
    for index, course in enumerate(order):
        if left <= 0 and course not in before:
            return index
        left -= course not in before | behind
    return len(order)


def _put(order: dict[int, list[int]], row: Place) -> bool:
    """Put a course into its category, as its line says.

    :return: whether it moved.
    """
    there = order[row.target]
    if row.is_new:
        there.insert(0, row.course)
        return True
    here = order[row.category]
    before = here.index(row.course)
    place = before + 1 if row.sortorder is None else row.sortorder % row.capacity
    after = min(max(place - 1, 0), len(there))
    # Of two courses with the same place, the newer one comes first.
    if 0 < place <= len(there) and there[place - 1] > row.course:
        after += 1
    if here is there and before < place - 1:
        after -= 1
    del here[before]
    there.insert(after, row.course)
    return here is not there or after != before
