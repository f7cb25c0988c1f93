"""What lines cost that have to be done one by one, because all are about one thing: a benchmark that `make bench` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

LINES = 300
# Type, header, Params, and its lines in turn: each undoes what the one before it did.
KINDS = [
    ("users", "username,city", {}, ["u001,Lyon", "u001,Lille"]),
    (
        "enrolments",
        "cmd,rolename,uid,cid,enrol",
        {},
        ["add,student,u001,C103,manual", "del,student,u001,C103,manual"],
    ),
    ("cohorts", "cmd,cid,userid", {}, ["add,COH1,u001", "del,COH1,u001"]),
    ("courses", "shortname,fullname", {"force_update": True}, ["C101,One name", "C101,Another name"]),
]


def one_by_one(bench: Bench, large: bool) -> None:
    """300 lines about one account, one enrolment, one member of a cohort, one course."""
    trip = _round_trip(bench)
    for kind, header, params, lines in KINDS:
        bench.restore()
        timing = bench.run(kind, header, (lines[n % len(lines)] for n in range(LINES)), **params)
        print(
            f"{kind}: {LINES} lines about one thing      {timing.execute / LINES * 1000:.1f} ms a line, "
            f"as long as {timing.execute / LINES / trip:.0f} statements that do nothing",
            flush=True,
        )


def _round_trip(bench: Bench) -> float:
    """Seconds that a statement takes which does nothing."""
    import time

    with bench.site.connect() as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        for _ in range(1000):
            cursor.execute("DO 0")
        return (time.perf_counter() - started) / 1000
