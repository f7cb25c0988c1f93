"""`make bench small`: what a small file costs the workers of an Airflow in CPU, beside as many tasks of that Airflow that do nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from tools.standalone import processes
from toolsync.settings import ROOT

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench
    from tests.live.airflow import LiveAirflow

FILES, LINES, ROUNDS = 20, 10, 2
PATIENCE = 3600  # seconds for a run, on a machine that is busy
DAG_ID = "toolsync_users"
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
    def process_file(number):
        before = number
        for step in ("validate", "execute", "tryback", "archive"):
            before = nothing.override(task_id=step)(before)

    process_file.expand(number=collect())

empty()
"""


def small(bench: Bench, lines: int | None) -> bool:
    """Measure files of accounts, each new: validate, execute, tryback, archive, and their share of collect and purge_caches.

    CPU seconds depend less on what else the machine does than the time that passes. Each kind of run is measured twice, in turn.

    :param lines: of each file.
    :return: whether every run ended well, and every line was done.
    """
    from tests.live.airflow import LiveAirflow

    lines = lines or LINES
    took: dict[str, list[float]] = {"empty": [], DAG_ID: []}
    with tempfile.TemporaryDirectory(prefix="toolsync-bench-") as folder:
        empty, home = Path(folder) / "empty.py", Path(folder) / "home"
        empty.write_text(EMPTY)
        home.mkdir()
        airflow = LiveAirflow(home, bench.site.connection(), [ROOT / f"dags/{DAG_ID}.py", empty], settle_seconds=0)
        try:
            airflow.start()
            airflow.unpause(*took)
            for nth in range(ROUNDS):
                for dag_id, seconds in took.items():
                    if dag_id == DAG_ID:
                        drop(airflow, nth, lines)
                    before = worker_seconds(airflow)
                    if (state := airflow.end_of(dag_id, airflow.trigger(dag_id), PATIENCE)) != "success":
                        print(f"NOT every run ended well: {dag_id} is {state}.")
                        return False
                    seconds.append((worker_seconds(airflow) - before) / FILES)
        finally:
            airflow.kill()
    created = bench.site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'small%%'")
    file, nothing = mean(took[DAG_ID]), mean(took["empty"])
    print(
        f"{FILES} files of {lines} lines: {file:.2f} CPU seconds of the workers a file; four tasks that do nothing: {nothing:.2f}; ratio {file / nothing:.1f}",
        flush=True,
    )
    if created != ROUNDS * FILES * lines:
        print("NOT every line was done.")
        return False
    return True


def drop(airflow: LiveAirflow, nth: int, lines: int) -> None:
    """Drop the files of the nth run, with lines of which each makes an account."""
    for number in range(FILES):
        people = [f"{nth}x{number}x{line}" for line in range(lines)]
        rows = [f"small{n},First,Last,small{n}@example.org,S{n},Paris,FR,Physics" for n in people]
        airflow.drop("users", f"small{number}.csv", "\n".join([HEADER, *rows, ""]))


def worker_seconds(airflow: LiveAirflow) -> float:
    """The CPU seconds, in user and system mode, that the workers of an Airflow took so far, with the tasks that have ended."""
    ticks = 0
    for pid in processes(airflow.session):
        folder = Path("/proc") / str(pid)
        try:
            if b"airflow worker -- LocalExecutor" in (folder / "cmdline").read_bytes():
                # utime and stime, its own and those of the children that it waited for
                ticks += sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")
