"""A million lines of a type, beside a tenth of them: time and memory must grow as they should. `make bench million`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.people import COURSES, HEADER, fill
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.folders import Cabinet

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

LINES, COURSES_EACH = 1_000_000, 20


def million(bench: Bench, lines: int | None) -> bool:
    """Accounts, and undone; enrolments, group members, groups and cohort members: a tenth, then all of them; a tenth as many courses. Judged by eye, so it is always good.

    :param lines: how many, instead of a million.
    """
    many = lines or LINES
    for number in (many // 10, many):
        bench.restore()
        rows = (f"million{n},First {n},Last {n},million{n}@example.org,Lyon" for n in range(number))
        _measure(bench, "users", "username,firstname,lastname,email,city", rows)
        bundle = bundles(Cabinet("users"))[-1]
        parts = (f"users,{bundle.claim_id},{part}" for part in reversed(bundle.parts()))
        _measure(bench, "undo", "type,run,part", parts, require_approval=False)
    bench.prepare(lambda site: fill(site, max(many // 10, 1)))
    for number in (many // 10, many):
        bench.restore()
        _measure(bench, "enrolments", HEADER, _enrolments("add", number))
    _measure(bench, "enrolments", HEADER, _enrolments("add", many))
    rows = (f"BENCH{course},Group {(person + 1) % 4},bench{person}" for person, course in _pairs(many))
    _measure(bench, "group_members", "courseid,groupid,userid", rows, group_id_field="name")
    _measure(bench, "enrolments", HEADER, _enrolments("del", many))
    for number in (many // 10, many):
        bench.restore()
        for command in ("add", "del"):
            rows = (f"{command},BENCH{n % COURSES + 1},group,Group {n},G{n}" for n in range(number))
            _measure(bench, "groups", "cmd,courseid,type,name,idnumber", rows)
    for number in (many // 100, many // 10):
        bench.restore()
        for _ in ("made", "the same again"):
            rows = (f"BIG{n},Course {n},Faculty {n % 500 // 10} / Department {n % 500},BIG{n}" for n in range(number))
            _measure(bench, "courses", "shortname,fullname,category,idnumber", rows, force_update=True)
    bench.restore()
    rows = (f"BIG{nth},bench{person}" for nth in range(10) for person in range(1, many // 10 + 1))
    _measure(bench, "cohorts", "cid,userid", rows, auto_create=True)
    return True


def _pairs(number: int) -> Iterator[tuple[int, int]]:
    """Each person in 20 courses."""
    for person in range(1, number // COURSES_EACH + 1):
        for nth in range(COURSES_EACH):
            yield person, (person * 7 + nth * (COURSES // COURSES_EACH)) % COURSES + 1


def _enrolments(command: str, number: int) -> Iterator[str]:
    for person, course in _pairs(number):
        group = f"gaddcreate,Group {person % 4}" if command == "add" else ","
        yield f"{command},student,bench{person},BENCH{course},manual,{group}"


def _measure(bench: Bench, kind: str, header: str, rows: Iterator[str], **params: Any) -> None:
    peak, ended = [_memory()], threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            peak[0] = max(peak[0], _memory())

    before = peak[0]
    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    timing = bench.run(kind, header, rows, **params)
    ended.set()
    watching.join()
    done = ", ".join(f"{count:,} {status}" for status, count in timing.counts.items() if count)
    print(
        f"{kind:<14} {timing.lines:>9,} lines   validate {timing.validate:6.1f} s   execute {timing.execute:6.1f} s "
        f"({timing.lines / timing.execute:,.0f} a second)   memory {before} MB, at most {peak[0]} MB   {done}",
        flush=True,
    )


def _memory() -> int:
    """Megabytes of this process in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return 0
