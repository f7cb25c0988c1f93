"""`make bench feed`: a nightly feed as universities have it, three files through the command that `make run` starts.

The sizes are those of a Canvas SIS import that took 20 min 19 s (started 23:03:47, ended 23:24:06): https://gist.github.com/trycf/c1d9c0de2358e1251c89aef4d41017fa
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

COURSES, ACCOUNTS, ENROLMENTS = 3_643, 66_109, 66_975
CANVAS_SECONDS = 20 * 60 + 19
CATEGORIES = 60
PERIOD = "2026-09-01,2027-06-30"
HEADERS = {
    "courses": "shortname,fullname,category,idnumber,startdate,enddate",
    "users": "username,firstname,lastname,email,idnumber,institution,department",
    "enrolments": "cmd,rolename,uid,cid",
}


def feed(bench: Bench, lines: int | None) -> bool:
    """Measure the three files, each beside a file of one line, which shows what Airflow and the start of the command take; then the same feed the next night.

    :param lines: enrolments; the other files are smaller in proportion. None: as in that import.
    :return: whether every line was done.
    """
    share = (lines or ENROLMENTS) / ENROLMENTS
    sizes = {"courses": COURSES, "users": ACCOUNTS, "enrolments": ENROLMENTS}
    sizes = {name: max(1, round(size * share)) for name, size in sizes.items()}
    rows = {
        "courses": list(courses(sizes["courses"])),
        "users": list(accounts(sizes["users"])),
        "enrolments": list(enrolments(sizes)),
    }
    alone = {
        "courses": [f"FEEDONE,One course,Feed,FEEDONE,{PERIOD}"],
        "users": ["feedone,One,Person,feedone@example.org,FEEDONE,,"],
        "enrolments": ["add,student,feedone,FEEDONE"],
    }
    print(
        f"{'':<12}{'lines':>9}{'first night':>14}{'the next':>11}{'of which a file of one line takes':>36}", flush=True
    )
    totals, good = [0.0, 0.0, 0.0], True
    for name, header in HEADERS.items():
        cold, _ = timed(bench, name, header, alone[name])
        first, counts = timed(bench, name, header, rows[name])
        again, second = timed(bench, name, header, rows[name])
        warm, _ = timed(bench, name, header, alone[name])
        overhead = min(cold, warm)
        good &= counts["created"] == second["unchanged"] == sizes[name]
        totals = [total + seconds for total, seconds in zip(totals, (first, again, overhead), strict=True)]
        print(f"{name:<12}{sizes[name]:>9,}{first:>12.1f} s{again:>9.1f} s{overhead:>34.1f} s", flush=True)
    print(f"{'together':<12}{sum(sizes.values()):>9,}{totals[0]:>12.1f} s{totals[1]:>9.1f} s{totals[2]:>34.1f} s")
    if share == 1:
        print(
            f"A Canvas import of these sizes took {CANVAS_SECONDS} s: {CANVAS_SECONDS / totals[0]:.0f} times as long."
        )
    if not good:
        print("NOT every line was done.")
    return good


def timed(
    bench: Bench, file_type: str, header: str, rows: Iterable[str], **params: Any
) -> tuple[float, dict[str, Any]]:
    """Run a file as a process, as `make run` does.

    :return: the seconds that it took, and how many lines were created, unchanged, …
    """
    from tests.bench.__main__ import HOME, ROOT

    path = Path(HOME) / f"{file_type}.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    began = time.perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "toolsync.run",
            f"toolsync_{file_type}",
            str(path),
            "--format",
            "json",
            "--params",
            json.dumps(params),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins"), "AIRFLOW_CONN_MOODLE_DB": bench.site.connection()},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    seconds = time.perf_counter() - began
    result = json.loads(done.stdout)
    if done.returncode:
        raise RuntimeError(f"{file_type}: {result['state']}, {result['messages']}")
    return seconds, result["counts"]


def courses(number: int) -> Iterator[str]:
    for n in range(number):
        faculty = n % CATEGORIES
        yield f"FEED{n:05},Course number {n},Faculty {faculty // 10} / Department {faculty},F{n:05},{PERIOD}"


def accounts(number: int) -> Iterator[str]:
    for n in range(number):
        yield f"feed{n:06},First{n % 977},Last{n % 7919},feed{n}@example.org,F{n:06},University,Department {n % CATEGORIES}"


def enrolments(sizes: dict[str, int]) -> Iterator[str]:
    """Each person in a course or two; a teacher in each course."""
    for n in range(sizes["enrolments"]):
        role = "editingteacher" if n < sizes["courses"] else "student"
        again = n // sizes["users"]
        yield f"add,{role},feed{n % sizes['users']:06},FEED{(n * 7 + again) % sizes['courses']:05}"
