"""The order of courses: in which order the lines of a file must run, and where each course stands in its category."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

Place = tuple[int, int, int, int, int, int | None, int, int | None]


def runs(rows: Iterable[Sequence[Any]]) -> list[tuple[int, str, str]]:
    """Cut the lines into runs: the lines of a run don't depend on one another, a run waits for the one before it.

    A course is put first in its category, so lines that make or move courses can't overtake one another. A line that is about the same course as
    an earlier one may give up any name which that one took, so it touches all of them.

    :param rows: line, role, thing, mode; ascending by line. Roles: `course`, a name that the line's course is found by; `name`, another name that
        it has or takes (a rename makes it one that a later line finds it by); `thing`, anything else. Two lines may touch the same thing in one
        run when both do with the same mode, not ''.
    :return: touches: line, `run`, and the run's number as their mode.
    """
    held: dict[int, set[int]] = {}
    seen: dict[int, str] = {}
    run, result = 0, []
    for line, parts in groupby(rows, key=itemgetter(0)):
        things = list(parts)
        keys = {thing for _, role, thing, _ in things if role == "course"}
        names = {thing for _, role, thing, _ in things if role in ("course", "name")}.union(
            *(held.get(key, ()) for key in keys)
        )
        held |= dict.fromkeys(keys, names)
        touched = dict.fromkeys(names, "")
        for _, role, thing, mode in things:
            if role == "thing" and thing not in touched:
                touched[thing] = mode
        if any(seen.get(thing, mode) != mode or (not mode and thing in seen) for thing, mode in touched.items()):
            run, seen = run + 1, {}
        seen |= touched
        result.append((line, "run", str(run)))
    return result


def places(rows: Iterable[Place]) -> list[tuple[int, int, int]]:
    """Where courses stand in their categories once the lines are done, as `fix_course_sortorder` leaves them after each of them.

    :param rows: course id; its category and its place in it so far; whether it is new (1); the category it goes to; the sort order that the line
        gives; how many courses a category may hold; the line, None for a course that no line is about.
    :return: course id, place (from 1), and 1 when a line moved it.
    """
    rows = sorted(rows, key=lambda row: (row[2], -row[0]))
    order: dict[int, list[int]] = {}
    for course, category, _, new, target, *_ in rows:
        order.setdefault(target, [])
        if not new:
            order.setdefault(category, []).append(course)
    moved = {row[0] for row in sorted(_of_lines(rows), key=itemgetter(7)) if _put(order, row)}
    return [
        (course, place, int(course in moved))
        for courses in order.values()
        for place, course in enumerate(courses, start=1)
    ]


def _of_lines(rows: list[Place]) -> list[Place]:
    return [row for row in rows if row[7] is not None]


def _put(order: dict[int, list[int]], row: Place) -> bool:
    course, category, _, new, target, given, most, _ = row
    there = order[target]
    if new:
        there.insert(0, course)
        return True
    here = order[category]
    before = here.index(course)
    place = before + 1 if given is None else given % most
    after = min(max(place - 1, 0), len(there))
    # Of two courses with the same place, the newer one comes first.
    if 0 < place <= len(there) and there[place - 1] > course:
        after += 1
    if here is there and before < place - 1:
        after -= 1
    del here[before]
    there.insert(after, course)
    return here is not there or after != before
