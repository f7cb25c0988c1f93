"""`make bench small`: what a small file costs the workers of an Airflow in CPU, beside as many tasks of that Airflow that do nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.standalone import processes

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench
    from tests.live.airflow import LiveAirflow

FILES, LINES = 20, 10
HEADER = "username,firstname,lastname,email,idnumber,city,country,department"
# A DAG of the same shape, whose tasks do nothing.
EMPTY = f"""
from airflow.sdk import dag, task, task_group

@dag(schedule=None)
def empty():
    @task
    def collect():
        return list(range({FILES}))

    @task
    def nothing(*before):
        pass

    @task_group(group_id="file")
    def file(number):
        before = number
        for step in ("one", "two", "three", "four"):
            before = nothing.override(task_id=step)(before)

    file.expand(number=collect())

empty()
"""


def small(bench: Bench, lines: int | None) -> bool:
    """Measure, and print CPU seconds a file, of an empty task, and the ratio.

    :param lines: of each file.
    :return: whether every line was done.
    """
    from tests.bench.__main__ import HOME, ROOT, people
    from tests.live.airflow import LiveAirflow

    lines = lines or LINES
    folder = Path(tempfile.mkdtemp(dir=HOME))
    (folder / "empty.py").write_text(EMPTY)
    (folder / "home").mkdir()
    airflow = LiveAirflow(
        folder / "home",
        bench.site.connection(),
        [ROOT / "dags/toolsync_users.py", folder / "empty.py"],
        settle_seconds=0,
    )
    rows = list(people(FILES * lines))
    try:
        airflow.start()
        airflow.unpause("toolsync_users", "empty")
        used: dict[str, float] = {}
        for name in ("empty", "toolsync_users", "empty", "toolsync_users"):
            for number in range(FILES if name != "empty" else 0):
                text = "\n".join([HEADER, *rows[number * lines : (number + 1) * lines], ""])
                airflow.drop("users", f"small{number}.csv", text)
            before = worker_seconds(airflow)
            state = airflow.end_of(name, airflow.trigger(name))
            seconds = worker_seconds(airflow) - before
            print(name, state, seconds / FILES, flush=True)
    finally:
        airflow.kill()
    return True


def worker_seconds(airflow: LiveAirflow) -> float:
    """The CPU seconds, in user and system mode, that the workers of an Airflow took so far, with the tasks that have ended."""
    ticks = 0
    for pid in processes(airflow._session):
        folder = Path("/proc") / str(pid)
        try:
            if b"airflow worker -- LocalExecutor" in (folder / "cmdline").read_bytes():
                # utime, stime, and those of the children that the process waited for
                ticks += sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")
