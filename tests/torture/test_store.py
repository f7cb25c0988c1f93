"""A cabinet in an object store that refuses, that answers with an error what it has done, or whose clients are killed between two requests."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.support.command import Ended, run_command
from tests.support.object_store import ObjectStore, object_store
from tests.support.site import Site
from tests.support.torture import seeds
from tests.torture.attacked import attacked, check_done_once, places, usual
from tests.torture.moments import Nothing

pytestmark = pytest.mark.usefixtures("airflow")

STATUSES = (500, 503, 403)


@dataclass(frozen=True)
class Client(Nothing):
    """A fork that uses the object store.

    :param pid: a file in which it says who it is.
    """

    store: ObjectStore
    pid: Path

    def arm(self) -> None:
        super().arm()
        self.store.attach()
        self.pid.write_text(str(os.getpid()))

    def kill(self) -> None:
        """Kill it, from the process that started it."""
        os.kill(int(self.pid.read_text()), signal.SIGKILL)


@pytest.fixture
def store(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    server = object_store()
    server.reset()
    yield server
    server.reset()


def at(number: int, act: Callable[[], int | None]) -> Callable[[str, str], int | None]:
    """Do something at the request of that number, from 1."""
    count = 0

    def counted(method: str, path: str) -> int | None:
        nonlocal count
        count += 1
        return act() if count == number else None

    return counted


def check_words(ended: Ended, told: str) -> None:
    """A run that was not killed has said in words what it could not do."""
    assert ended.status in {0, 1, -signal.SIGKILL}, (told, ended.stderr[-3000:])
    if ended.status >= 0:
        result = json.loads(ended.stdout)
        assert all("no words" not in said for said in result["messages"]), (told, result, ended.stderr[-6000:])
        assert ended.status == 0 or result["messages"], told


def sometimes(chance: random.Random, status: int) -> Callable[[str, str], int | None]:
    """An error at one request of thirty."""
    return lambda method, path: status if chance.random() < 1 / 30 else None


@pytest.mark.parametrize("seed", seeds(1))
def test_after_faults_of_the_store_each_line_is_done_once(
    site: Site, pristine: Site, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    chance = random.Random(f"store {seed}")
    file, size = attacked()[chance.choice(["users", "enrolments", "cohorts", "group_members", "courses_delete"])], 4
    expected = usual(file, site, pristine, tmp_path, size)
    monkeypatch.setenv("TOOLSYNC_CABINET", store.new_cabinet())
    file.drop(tmp_path)
    since, told, client = int(time.time()), [file.type], Client(size, store, tmp_path / "pid")

    for _ in range(chance.choice([1, 2, 3])):
        fault, status, number = (
            chance.choice(["refused", "lost", "often", "killed"]),
            chance.choice(STATUSES),
            chance.randint(1, 60),
        )
        told.append(f"{fault} at request {number} ({status})")
        if fault == "often":
            store.fails, store.loses = (sometimes(chance, status) for _ in range(2))
        elif fault == "killed":
            setattr(store, chance.choice(["fails", "loses"]), at(number, client.kill))
        else:
            setattr(store, "fails" if fault == "refused" else "loses", at(number, partial(int, status)))
        ended = run_command(*file.command(), death=client)
        check_words(ended, "; ".join(told))
        store.reset()
        store.attach()  # knows nothing of what was there
        assert places(file), told

    ended = run_command(*file.command(), death=client)
    assert ended.status == 0, (told, ended.stdout, ended.stderr[-3000:])
    store.attach()
    check_done_once(file, expected, site, pristine, tmp_path, since, "; ".join(told))
