"""`make bench live`: what people at work on a site notice of a run.

Sessions do on the demo site, multiplied to 20,000 people, what Moodle does (`sessions.py`): first alone, then beside a run that writes to *another*
database of the same server, then beside the same run on their own site. The second measures what the run's load costs on this machine (two cores may have
to serve database, run and sessions), the third what its locks cost besides. The files and the sessions concern the same people and courses.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from tests.bench.people import COURSES, fill, numbers
from tests.bench.sessions import MIX, STUDENT, Action

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench, Timing
    from tests.support.site import Site

PEOPLE, LINES = 20_000, 100_000
SESSIONS, RATE = 12, 40  # connections, and actions a second of all of them: with it, sessions take a tenth of a core
QUIET = 20  # seconds without a run
LONGEST = 0.5  # seconds that a statement may take
TIMES, UNNOTICED = 2, 0.02  # how many times slower the 99th percentile may be; below so many seconds nobody notices
ENOUGH = 100  # actions, for a 99th percentile that says something
COHORTS = ["FOLLOWED", "LIVE1", "LIVE2", "LIVE3", "LIVE4"]


@dataclass
class Beside:
    """A run, and the actions of people meanwhile."""

    name: str
    timing: Timing
    actions: list[Action]
    row_waits: int
    deadlocks: int


def live(bench: Bench, lines: int | None) -> bool:
    """Measure, and print a table and a verdict.

    :param lines: of each command file.
    :return: whether people noticed nothing.
    """
    lines = lines or LINES
    bench.prepare(fill_live)
    other = bench.copy("elsewhere")
    quiet: list[Action] = []
    elsewhere: list[Beside] = []
    here: list[Beside] = []
    with at_work(bench.site) as finish:
        time.sleep(2)
        began = time.monotonic()
        time.sleep(QUIET)
        windows = [(quiet, began, time.monotonic())]
        for name, run in files(lines).items():
            for found, site in ((elsewhere, other), (here, bench.site)):
                beside = Beside(name, *measured(bench, site, run))
                found.append(beside)
                windows.append((beside.actions, beside.timing.started, beside.timing.started + beside.timing.execute))
                where = "here" if found is here else "in another database"
                counts = ", ".join(f"{count} {status}" for status, count in beside.timing.counts.items() if count)
                print(f"  {name} {where}: {beside.timing.execute:.1f} s, {counts}", flush=True)
        actions = finish()
    for into, begin, end in windows:
        into += [action for action in actions if begin <= action.at < end]
    print_files(quiet, elsewhere, here)
    return verdict(quiet, elsewhere, here)


# The site


def fill_live(site: Site, people: int = PEOPLE) -> None:
    """People in 500 courses with some sections and activities, each in two of them; cohorts; a group of each course for the sessions."""
    fill(site, people)
    first, last = (
        site.value(f"SELECT {which}(id) FROM {{course}} WHERE shortname LIKE 'BENCH%%'") for which in ("MIN", "MAX")
    )
    number = "CAST(SUBSTRING(u.username, 6) AS UNSIGNED)"
    enrolled = f"""{{user}} u JOIN {numbers(2)} JOIN {{course}} c ON c.id = {first} + ({number} * 7 + 1) MOD 250 + 250 * (n - 1)
              JOIN {{enrol}} e ON e.courseid = c.id AND e.enrol = 'manual' JOIN {{context}} x ON x.contextlevel = 50 AND x.instanceid = c.id
             WHERE u.username LIKE 'bench%%'"""
    statements = [
        f"""INSERT INTO {{course_sections}} (course, section, summary, sequence)
            SELECT id, n, '', '' FROM {{course}} JOIN {numbers(5)} WHERE id BETWEEN {first} AND {last} ORDER BY id, n""",
        f"""INSERT INTO {{course_modules}} (course, module, instance, section)
            SELECT s.course, 1, n, s.id FROM {{course_sections}} s JOIN {numbers(2)} WHERE s.course BETWEEN {first} AND {last}""",
        f"""INSERT INTO {{groups}} (courseid, name) SELECT id, 'Club' FROM {{course}} WHERE id BETWEEN {first} AND {last} ORDER BY id""",
        f"""INSERT INTO {{cohort}} (contextid, name, idnumber, descriptionformat, timecreated, timemodified)
            SELECT 1, CONCAT('Live ', n), CONCAT('LIVE', n), 1, 1, 1 FROM {numbers(4)} ORDER BY n""",
        f"""INSERT INTO {{user_enrolments}} (status, enrolid, userid, timeend) SELECT 0, e.id, u.id, 0 FROM {enrolled}""",
        f"""INSERT INTO {{role_assignments}} (roleid, contextid, userid) SELECT {STUDENT}, x.id, u.id FROM {enrolled}""",
    ]
    for statement in statements:
        site.rows(statement)


def files(lines: int) -> dict[str, Callable[[Bench], Timing]]:
    """The command files, in the order in which they run."""
    pairs = [(person, nth) for person in range(1, lines // 5 + 1) for nth in range(5)]

    def shuffled(rows: Iterator[str]) -> list[str]:
        found = list(rows)
        random.Random(1).shuffle(found)
        return found

    def course(person: int, nth: int) -> str:
        return f"BENCH{(person * 7 + nth * (COURSES // 5)) % COURSES + 1}"

    def enrolments(command: str, group: str) -> list[str]:
        return shuffled(
            f"{command},student,bench{p},{course(p, n)},manual,{group.format(p // 100 % 4)}" for p, n in pairs
        )

    def accounts() -> Iterator[str]:
        for n in range(1, lines // 5 + 1):
            yield f"bench{n},A,B,bench{n}@example.org,Town {n % 90}"
        for n in range(lines - lines // 5):
            yield f"live{n},First{n % 977},Last{n % 7919},live{n}@example.org,City{n % 100}"

    heads = "cmd,rolename,uid,cid,enrol,gcmd,g1"
    return {
        "accounts": lambda bench: bench.run("users", "username,firstname,lastname,email,city", shuffled(accounts())),
        "enrolments": lambda bench: bench.run("enrolments", heads, enrolments("add", "gaddcreate,Group {}")),
        "group members": lambda bench: bench.run(
            "group_members",
            "courseid,groupid,userid",
            shuffled(f"{course(p, n)},Group {(p // 100 + 1) % 4},bench{p}" for p, n in pairs),
            group_id_field="name",
        ),
        "cohort members": lambda bench: bench.run(
            "cohorts", "cmd,cid,userid", shuffled(f"add,{COHORTS[n]},bench{p}" for p, n in pairs)
        ),
        "ended enrolments": lambda bench: bench.run("enrolments", heads, enrolments("del", ",")),
    }


# Measuring


@contextmanager
def at_work(site: Site, people: int = PEOPLE, rate: float = RATE) -> Iterator[Callable[[], list[Action]]]:
    """Let people work on a site, until the function is called, which returns what they did.

    :param rate: things that they do a second, all together.
    """
    where = {
        "socket": site.info.socket, "user": site.info.admin_user, "password": site.info.admin_password, "database": site.database,
        "people": people, "courses": COURSES, "sessions": SESSIONS, "rate": rate,
        "first_course": site.value("SELECT MIN(id) FROM {course} WHERE shortname LIKE 'BENCH%%'"),
        "cohort": site.value("SELECT id FROM {cohort} WHERE idnumber = 'FOLLOWED'"),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.bench.sessions"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        process.stdin.write(json.dumps(where) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "working\n"

        def finish() -> list[Action]:
            answer, _ = process.communicate()
            return [Action(*action) for action in json.loads(answer)]

        yield finish
    finally:
        process.kill()
        process.wait()


def measured(bench: Bench, site: Site, run: Callable[[Bench], Timing]) -> tuple[Timing, list[Action], int, int]:
    """Run a file on a site.

    :return: how long it took, a list for the actions meanwhile, waits for row locks on the server and deadlocks.
    """
    os.environ["AIRFLOW_CONN_MOODLE_DB"] = site.connection()
    names = ("Innodb_row_lock_waits", "Innodb_deadlocks")

    def counted() -> list[int]:
        status = dict(site.rows("SHOW GLOBAL STATUS LIKE 'Innodb%%'"))
        return [int(status.get(name, 0)) for name in names]

    before = counted()
    try:
        timing = run(bench)
    finally:
        os.environ["AIRFLOW_CONN_MOODLE_DB"] = bench.site.connection()
    waits, deadlocks = (now - then for now, then in zip(counted(), before, strict=True))
    return timing, [], waits, deadlocks


def percentile(actions: Sequence[Action], per_cent: int) -> float:
    """Seconds below which so many per cent of the actions took; 0.0 without any."""
    times = [action.seconds for action in actions]
    return quantiles(times, n=100, method="inclusive")[per_cent - 1] if len(times) > 1 else sum(times)


def all_of(runs: Sequence[Beside]) -> list[Action]:
    return [action for run in runs for action in run.actions]


# What is printed


def print_files(quiet: list[Action], elsewhere: list[Beside], here: list[Beside]) -> None:
    """A table by what people do, and one by command file."""

    def cells(actions: Sequence[Action]) -> str:
        longest = max((action.seconds for action in actions), default=0.0)
        return f"{len(actions):>6} {percentile(actions, 50) * 1000:>6.1f} {percentile(actions, 99) * 1000:>7.1f} {longest * 1000:>8.1f}"

    def row(name: str, *groups: Sequence[Action]) -> None:
        print(f"{name:<18}" + "  |".join(cells(group) for group in groups))

    head = " number    p50     p99      max"
    print(f"\nmilliseconds      {'alone':^31} |{'beside a run elsewhere':^31} |{'beside a run here':^31}")
    print(f"{'':<18}{'  |'.join([head[1:]] * 3)}")
    for kind in MIX:
        row(
            kind,
            *(
                [action for action in group if action.kind == kind]
                for group in (quiet, all_of(elsewhere), all_of(here))
            ),
        )
    row("all", quiet, all_of(elsewhere), all_of(here))
    print()
    for there, run in zip(elsewhere, here, strict=True):
        row(run.name, quiet, there.actions, run.actions)
        waits = [action for action in run.actions if action.slowest > LONGEST]
        errors = Counter(f"{action.error} {action.kind}" for action in run.actions if action.error)
        told = ", ".join(f"{count} × error {error}" for error, count in errors.items()) or "no error"
        print(
            f"{'':<18}the run: {run.timing.lines:,} lines in {run.timing.execute:.1f} s (elsewhere {there.timing.execute:.1f} s); row lock waits on the server: "
            f"{run.row_waits}, deadlocks: {run.deadlocks}; people: {told}, {len(waits)} waits over {LONGEST} s{longest(waits)}"
        )


def verdict(quiet: list[Action], elsewhere: list[Beside], here: list[Beside]) -> bool:
    """Print whether people noticed the runs, and say so."""
    actions, others = all_of(here), all_of(elsewhere)
    errors = Counter(action.error for action in actions if action.error)
    waits = [action for action in actions if action.slowest > LONGEST]
    slower = {}
    for kind in [*MIX, "all"]:
        with_run, without = ([a for a in group if kind in (a.kind, "all")] for group in (actions, others))
        if min(len(with_run), len(without)) >= ENOUGH:
            slower[kind] = percentile(with_run, 99) / max(percentile(without, 99), UNNOTICED)
    worst = max(slower, key=lambda kind: slower[kind], default="")
    print("\nVerdict")
    told = ", ".join(f"{count} × {code}" for code, count in sorted(errors.items()))
    good = [
        say(not errors, "no error in any session", f"{told or 'none'} of {len(actions):,} actions"),
        say(
            not worst or slower[worst] <= TIMES,
            f"99th percentile at most {TIMES} × that beside a run elsewhere, or under {UNNOTICED * TIMES * 1000:.0f} ms",
            f"{worst}: {slower[worst]:.1f} ×" if worst else "too few actions to tell, take larger files",
        ),
        say(
            not waits,
            f"no wait over {LONGEST} s",
            f"{len(waits)}, the longest {max((a.slowest for a in actions), default=0):.2f} s{longest(waits)}; elsewhere "
            f"{sum(a.slowest > LONGEST for a in others)}, the longest {max((a.slowest for a in others), default=0):.2f} s",
        ),
    ]
    if any(action.error for action in [*quiet, *others]) or any(a.slowest > LONGEST for a in others):
        print(
            "  There were errors or waits beside a run elsewhere, too: this machine was busy with something else, so measure again."
        )
    return all(good)


def longest(waits: Sequence[Action]) -> str:
    """Which statements people waited for."""
    found = Counter(action.statement for action in waits)
    return f" ({', '.join(f'{count} × {statement}' for statement, count in found.most_common())})" if waits else ""


def say(good: bool, what: str, found: Any) -> bool:
    print(f"  {'yes' if good else 'NO '}  {what}: {found}")
    return good
