"""Two commands at once on one site and one cabinet. One stops at any moment, the other runs meanwhile."""

from __future__ import annotations

import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import pytest

from tests.conformance import rowdiff
from tests.support.command import Ended, Running, start_command
from tests.support.site import Site
from tests.support.torture import seeds
from tests.torture.attacked import (
    Attacked,
    attacked,
    changes,
    check_done_once,
    check_nothing_left,
    fresh,
    outcomes,
    places,
    results,
    usual,
)
from tests.torture.moments import Kill, Moment, Nothing

pytestmark = pytest.mark.usefixtures("airflow")

SIZE = 4  # lines of a batch
MEANWHILE = 3  # seconds at most: the other may wait for the one that stands still


@dataclass(frozen=True)
class Halt(Kill):
    """The run stands still until it is told to go on."""

    def act(self) -> None:
        os.kill(os.getpid(), SIGSTOP)


def both(first: list[str], halt: Halt, second: list[str]) -> tuple[Ended, Ended]:
    """Run the first command up to a moment, then the second, and the first to its end as soon as that has ended or waits."""
    one = start_command(*first, death=halt)
    first_end, second_end = wait(one, os.WUNTRACED), None
    other = start_command(*second, death=Nothing(halt.batch_lines))
    if first_end is None:
        waiting = time.monotonic() + MEANWHILE
        while (second_end := wait(other, os.WNOHANG)) is None and time.monotonic() < waiting:
            time.sleep(0.02)
        os.kill(one.pid, SIGCONT)
    return first_end or one.wait(), second_end or other.wait()


def wait(running: Running, how: int) -> Ended | None:
    """Look whether a command has ended; None: it stands still, or goes on."""
    pid, status = os.waitpid(running.pid, how)
    return None if pid == 0 or os.WIFSTOPPED(status) else running.ended(status)


def halt(chance: random.Random, calls: Any, cabinet: Path) -> Halt:
    return Halt(cabinet, Moment.choose(chance, calls), SIZE)


def ok(ended: Ended, *statuses: int) -> dict[str, Any]:
    assert ended.status in (statuses or (0,)), ended.stderr[-3000:]
    assert "Traceback" not in ended.stderr, ended.stderr[-3000:]
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


@pytest.mark.parametrize("seed", seeds(1))
def test_two_runs_of_one_inbox(site: Site, pristine: Site, tmp_path: Path, seed: int):
    chance = random.Random(f"inbox {seed}")
    file = attacked()[chance.choice(sorted(attacked()))]
    expected = usual(file, site, pristine, tmp_path, SIZE)
    cabinet = fresh(tmp_path)
    file.drop(tmp_path)
    since, stop = int(time.time()), halt(chance, expected.calls, cabinet)
    for ended in both(file.command(), stop, file.command()):
        ok(ended)
    check_done_once(file, expected, site, pristine, tmp_path, since, f"{file.type}, {stop.moment}")


@pytest.mark.parametrize("seed", seeds(1))
def test_a_file_by_hand_beside_a_run_of_the_inbox(site: Site, pristine: Site, tmp_path: Path, seed: int):
    """The same file twice, once from each: of each line, one finds what the other has done."""
    chance = random.Random(f"beside {seed}")
    file = attacked()[chance.choice(["enrolments", "cohorts", "group_members", "users"])]
    expected = usual(file, site, pristine, tmp_path, SIZE)
    cabinet = fresh(tmp_path)
    file.drop(tmp_path)
    given, since = file.write(tmp_path), int(time.time())
    commands = [file.command(), file.command(given)]
    chance.shuffle(commands)
    stop = halt(chance, expected.calls, cabinet)
    told = f"{file.type}, {commands[0]} {stop.moment}"
    for ended in both(commands[0], stop, commands[1]):
        ok(ended)
    assert sorted(places(file)) == ["archive", "archive"], told
    counts = [result["counts"] for result in results(file)]
    assert len(counts) == 2 and all(sum(each.values()) == file.lines for each in counts), told
    assert rowdiff.compare(expected.changes, changes(site, pristine, since)) == [], told
    check_nothing_left(file.cabinet(), site, told)


@pytest.mark.parametrize("seed", seeds(1))
def test_a_simulation_beside_a_run(site: Site, pristine: Site, tmp_path: Path, seed: int):
    chance = random.Random(f"simulation {seed}")
    file = attacked()[chance.choice(sorted(attacked()))]
    expected = usual(file, site, pristine, tmp_path, SIZE)
    cabinet = fresh(tmp_path)
    given = file.write(tmp_path)
    commands = [file.command(), file.command(chance.choice([given, None]), simulate=True)]
    file.drop(tmp_path)
    chance.shuffle(commands)
    since, stop = int(time.time()), halt(chance, expected.calls, cabinet)
    for ended in both(commands[0], stop, commands[1]):
        ok(ended)
    check_done_once(file, expected, site, pristine, tmp_path, since, f"{file.type}, {commands[0]} {stop.moment}")


@pytest.mark.parametrize("seed", seeds(1))
def test_simulations_change_nothing_even_when_they_are_killed(site: Site, pristine: Site, tmp_path: Path, seed: int):
    chance = random.Random(f"killed simulation {seed}")
    file = attacked()[chance.choice(sorted(attacked()))]
    expected = usual(file, site, pristine, tmp_path, SIZE)
    cabinet = fresh(tmp_path)
    file.drop(tmp_path)
    given = file.write(tmp_path)
    for _ in range(2):
        death = Kill(cabinet, Moment.choose(chance, expected.calls), SIZE)
        start_command(*file.command(chance.choice([given, None]), simulate=True), death=death).wait()
        assert places(file).count("inbox") == 1 and "archive" not in places(file)
    assert site.changed(pristine) == []
    since = int(time.time())
    assert file.run(site)["state"] == "success"
    check_done_once(file, expected, site, pristine, tmp_path, since, file.type)


@pytest.mark.parametrize("seed", seeds(1))
def test_two_types_that_touch_the_same_people(site: Site, pristine: Site, tmp_path: Path, seed: int):
    """The result is that of one after the other."""
    chance = random.Random(f"types {seed}")
    files = [attacked()[name] for name in chance.sample(["users", "enrolments", "cohorts", "group_members"], 2)]
    calls = usual(files[0], site, pristine, tmp_path, SIZE).calls
    one_after_the_other = [in_order(order, site, pristine, tmp_path) for order in (files, files[::-1])]
    cabinet = fresh(tmp_path)
    for file in files:
        file.drop(tmp_path)
    since, stop = int(time.time()), halt(chance, calls, cabinet)
    told = f"{files[0].type} {stop.moment}, {files[1].type}"
    for ended in both(files[0].command(), stop, files[1].command()):
        ok(ended)
    now = {file.type: outcomes(results(file)[0]) for file in files}, changes(site, pristine, since)
    assert any(
        now[0] == found and rowdiff.compare(expected, now[1]) == [] for found, expected in one_after_the_other
    ), told
    for file in files:
        assert places(file) == ["archive"], told
        check_nothing_left(file.cabinet(), site, told)


def in_order(
    files: list[Attacked], site: Site, pristine: Site, tmp_path: Path
) -> tuple[dict[str, list[list[str]]], Any]:
    """What two files do one after the other: their outcomes by type, and what has changed. The site is as before."""
    fresh(tmp_path)
    since = int(time.time())
    for file in files:
        file.drop(tmp_path)
        file.run(site)
    found = changes(site, pristine, since)
    site.restore(pristine)
    return {file.type: outcomes(results(file)[0]) for file in files}, found
