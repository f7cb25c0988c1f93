"""`make bench`: lines a second of validate and execute, and execute's time as a ratio to a bare LOAD DATA of the same resulting rows.

    python -m tests.bench [NAME …] [--large] [--lines N]     only those benchmarks; also the sizes that take minutes; the size of `live`, `feed`, `data_set`, `package`, `million`, `small` and `undo`

Everything runs on one private server, in one process, so that the ratios can be compared; the seconds are those of this machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]
HOME = tempfile.mkdtemp(prefix="toolsync-bench-")
os.environ.update(AIRFLOW_HOME=HOME, AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING", TOOLSYNC_CABINET=f"{HOME}/cabinet")

from tests.bench.copies import copying  # noqa: E402
from tests.bench.courses import plain_courses  # noqa: E402
from tests.bench.data_set import data_set  # noqa: E402
from tests.bench.deleting import deleting  # noqa: E402
from tests.bench.feed import feed  # noqa: E402
from tests.bench.live import live  # noqa: E402
from tests.bench.million import million  # noqa: E402
from tests.bench.package import package  # noqa: E402
from tests.bench.people import people_in_courses  # noqa: E402
from tests.bench.pictures import measure  # noqa: E402
from tests.bench.resetting import resetting  # noqa: E402
from tests.bench.segments import one_by_one  # noqa: E402
from tests.bench.sites import parsing  # noqa: E402
from tests.bench.small import small  # noqa: E402
from tests.bench.undo import undo  # noqa: E402
from tests.support.server import OF_SERVER, SERVER  # noqa: E402
from tests.support.site import Site  # noqa: E402
from tools.mariadb import PrivateServer  # noqa: E402
from toolsync.cabinet.claims import Owner  # noqa: E402
from toolsync.cabinet.folders import Cabinet  # noqa: E402
from toolsync.operators.execute import ExecuteOperator  # noqa: E402
from toolsync.operators.undo import UNDO  # noqa: E402
from toolsync.operators.validate import ValidateOperator  # noqa: E402
from toolsync.reporting.pieces import EXECUTED  # noqa: E402
from toolsync.run import load_dag  # noqa: E402

DEMO = ROOT / "include/demo/moodle51.sql.gz"


@dataclass
class Timing:
    """Seconds."""

    lines: int
    validate: float
    execute: float
    counts: dict[str, int]
    by_file: dict[str, float]
    started: float  # when execute began, as `time.monotonic` tells it
    cpu: float  # that execute cost this process and the server; less depends on what else the machine does


class Bench:
    """A site to measure on."""

    def __init__(self) -> None:
        self.server = PrivateServer(f"{HOME}/server", die_with_parent=True, options=OF_SERVER, server=SERVER)
        self.server.start()
        for name in ("pristine", "moodle"):
            self.server.load(DEMO, name)
        self.pristine, self.site = Site(self.server, "pristine"), Site(self.server, "moodle")
        self.baseline = self.pristine
        os.environ["AIRFLOW_CONN_MOODLE_DB"] = self.site.connection()

    def begin(self) -> None:
        """Start from the pristine site."""
        self.baseline = self.pristine
        self.restore()

    def prepare(self, fill: Callable[[Site], None]) -> None:
        """Start from a site that has more than the pristine one.

        :param fill: puts it there.
        """
        self.server.load(DEMO, "prepared")
        self.baseline = Site(self.server, "prepared")
        fill(self.baseline)
        self.restore()

    def copy(self, database: str) -> Site:
        """One more site like that which the benchmark started from.

        :param database: its name.
        """
        self.server.load(DEMO, database)
        copy = Site(self.server, database)
        copy.restore(self.baseline)
        return copy

    def restore(self) -> None:
        """Put the site back to what the benchmark started from."""
        self.site.restore(self.baseline)

    def file(self, header: str, rows: Iterable[str]) -> tuple[Path, int]:
        """A command file, and how many lines it has."""
        path, lines = Path(HOME) / "command.csv", 0
        with path.open("w") as stream:
            stream.write(header + "\n")
            for row in rows:
                stream.write(row + "\n")
                lines += 1
        return path, lines

    def run(self, file_type: str, header: str, rows: Iterable[str], **params: Any) -> Timing:
        """Validate and execute a file as the tasks do, without Airflow around them."""
        path, lines = self.file(header, rows)
        cabinet = Cabinet(file_type)
        options = load_dag(f"toolsync_{file_type}").params.dump() | params
        claim = cabinet.claim(cabinet.put(path), Owner("bench", "bench", None), options)
        assert claim is not None
        began = time.perf_counter()
        ValidateOperator(task_id="validate", file_type=file_type, claim=None).process(cabinet, claim, {})
        validated, started, cpu = time.perf_counter(), time.monotonic(), self._cpu()
        execute = UNDO.execute if file_type == "undo" else ExecuteOperator
        answer = execute(task_id="execute", file_type=file_type, claim=None).process(cabinet, claim, {})
        executed, cpu = time.perf_counter(), self._cpu() - cpu
        by_file = cabinet.saved(claim, EXECUTED)["seconds"]
        cabinet.discard(claim)
        return Timing(lines, validated - began, executed - validated, answer["counts"], by_file, started, cpu)

    def _cpu(self) -> float:
        """CPU seconds that this process and the server took so far."""
        pid = (self.server.directory / "server.pid").read_text().strip()
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def bare_load(self) -> float:
        """Seconds that the server takes to load the rows that the site has more than at the start, into the site as it was then.

        The site is left with these rows.
        """
        tables = self.site.changed(self.baseline)
        folder = Path(tempfile.mkdtemp(dir=HOME))
        for table in tables:
            last = self.baseline.value(f"SELECT COALESCE(MAX(id), 0) FROM `{table}`")
            self._dump(table, last, folder / table)
        self.restore()
        connection = self.site.connect()
        try:
            began = time.perf_counter()
            connection.begin()
            for table in tables:
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"LOAD DATA LOCAL INFILE %s INTO TABLE `{table}` CHARACTER SET utf8mb4", (str(folder / table),)
                    )
            connection.commit()
            return time.perf_counter() - began
        finally:
            connection.close()

    def rows_more(self) -> int:
        """How many rows the site has more than at the start, in all tables."""
        count = "SELECT COUNT(*) FROM `{}`"
        return sum(
            self.site.value(count.format(table)) - self.baseline.value(count.format(table))
            for table in self.site.changed(self.baseline)
        )

    def _dump(self, table: str, last: int, path: Path) -> None:
        from toolsync.moodle.work_tables import _load_text

        with path.open("w", encoding="utf-8", newline="") as stream:
            for row in self.site.rows(f"SELECT * FROM `{table}` WHERE id > %s", (last,)):
                stream.write("\t".join(map(_load_text, row)) + "\n")


def show(name: str, timing: Timing, load: float | None = None) -> None:
    """Print one measurement."""
    what = ", ".join(f"{count} {status}" for status, count in timing.counts.items() if count)
    ratio = f"   {timing.execute / load:4.1f} × a bare load of the rows ({load:.1f} s)" if load else ""
    print(
        f"{name:<44} validate {timing.lines / timing.validate:>8,.0f} lines/s   "
        f"execute {timing.lines / timing.execute:>8,.0f} lines/s ({timing.execute:.1f} s){ratio}   {what}",
        flush=True,
    )
    if os.environ.get("TOOLSYNC_BENCH_FILES"):
        for file, seconds in sorted(timing.by_file.items(), key=lambda item: -item[1])[:12]:
            print(f"    {seconds:6.2f} s  {file}")


def people(number: int) -> Iterator[str]:
    for n in range(number):
        yield f"person{n:07},First{n % 977},Last{n % 7919},person{n}@example.org,ID{n:07},City{n % 100},FR,Department {n % 50}"


def accounts(bench: Bench, large: bool) -> None:
    header = "username,firstname,lastname,email,idnumber,city,country,department"
    for number in (10_000, 100_000, *([1_000_000] if large else [])):
        bench.restore()
        timing = bench.run("users", header, people(number))
        again = bench.run("users", header, people(number)) if number <= 100_000 else None
        show(f"users: create {number:,} accounts", timing, bench.bare_load())
        if again:
            show(f"users: the same {number:,} again", again)


def pictures(bench: Bench, large: bool) -> None:
    folder = Path(tempfile.mkdtemp(dir=HOME))
    print(f"user pictures: {measure(bench.site, folder)}", flush=True)


BENCHMARKS: dict[str, Callable[[Bench, bool], None]] = {
    "accounts": accounts,
    "people": people_in_courses,
    "courses": plain_courses,
    "copies": copying,
    "deleting": deleting,
    "resetting": resetting,
    "pictures": pictures,
    "segments": one_by_one,
    "sites": parsing,
}


# These take minutes each, and say themselves whether all is well.
JUDGES: dict[str, Callable[[Bench, int | None], bool]] = {
    "live": live,
    "feed": feed,
    "data_set": data_set,
    "package": package,
    "million": million,
    "small": small,
    "undo": undo,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Tool Sync on this machine.")
    every = [*BENCHMARKS, *JUDGES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(every)}")
    parser.add_argument("--large", action="store_true", help="also sizes that take minutes")
    parser.add_argument("--lines", type=int, help=f"lines of each file of {', '.join(JUDGES)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(every):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    bench, good = Bench(), True
    try:
        for name in arguments.names or BENCHMARKS:
            bench.begin()
            if name in JUDGES:
                good &= JUDGES[name](bench, arguments.lines)
            else:
                BENCHMARKS[name](bench, arguments.large)
    finally:
        bench.server.stop()
        shutil.rmtree(HOME, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
