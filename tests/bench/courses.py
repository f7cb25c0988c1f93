"""How fast courses are made, with their categories: a benchmark that `make bench` calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

COURSES, CATEGORIES = 5_000, 50
HEADER = "shortname,fullname,category,idnumber,summary,startdate,enddate"


def plain_courses(bench: Bench, large: bool) -> None:
    """5,000 plain courses in 50 new categories: made, the same again, and moved to where others were."""
    from tests.bench.__main__ import show

    made = bench.run("courses", HEADER, courses(0))
    again = bench.run("courses", HEADER, courses(0), force_update=True)
    moved = bench.run("courses", HEADER, courses(1), force_update=True)
    bench.restore()
    bench.run("courses", HEADER, courses(0))
    show(f"courses: {COURSES:,} in {CATEGORIES} new categories", made, bench.bare_load())
    show("courses: the same again", again)
    show("courses: all of them into another category", moved)


def courses(shift: int) -> Iterator[str]:
    """Courses of five sections, in categories two levels deep.

    :param shift: how many categories farther than in the beginning.
    """
    for n in range(COURSES):
        number = (n + shift) % CATEGORIES
        category = f"Faculty {number // 10} / Department {number}"
        yield f"BENCH{n:05},Course number {n},{category},B{n:05},<p>What course {n} is about</p>,2026-09-01,2027-06-30"
