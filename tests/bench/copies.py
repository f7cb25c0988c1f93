"""How fast copies of a template course are made: a benchmark that `make bench` calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

TEMPLATE, COPIES, HEADER = "TPL1", 200, "shortname,fullname,category,idnumber,template,startdate"

# Seconds that Moodle's own `duplicate_course` takes for one copy of TPL1 without people, PHP's start included: Moodle 5.1.6 with its stock plugins,
# on a MariaDB set up as this benchmark's, measured on 28 November 2026. It needs Moodle's code, so it can't be measured here.
MOODLE = 2.3


def copying(bench: Bench, large: bool) -> None:
    """200 copies of a course that holds an activity of each kind, in one file; then one more, by itself."""
    from tests.bench.__main__ import show

    made = bench.run("courses", HEADER, copies(0, COPIES), category_id_field="idnumber")
    one = bench.run("courses", HEADER, copies(COPIES, 1), category_id_field="idnumber")
    bench.restore()
    bench.run("courses", HEADER, copies(0, COPIES), category_id_field="idnumber")
    load, rows = bench.bare_load(), bench.rows_more()
    show(f"courses: {COPIES} copies of {TEMPLATE}", made, load)
    print(
        f"    {COPIES / made.execute:,.1f} copies/s, {rows / made.execute:,.0f} rows/s ({rows / COPIES:,.0f} rows a copy), "
        f"{MOODLE * COPIES / made.execute:,.0f} times as fast as Moodle's own copy ({MOODLE} s each)",
        flush=True,
    )
    show(f"courses: one more copy beside those {COPIES}", one)


def copies(first: int, number: int) -> Iterator[str]:
    for n in range(first, first + number):
        yield f"COPY{n:04},Copy number {n},SCI-PHY,C{n:04},{TEMPLATE},2026-09-01"
