"""Runs that are killed, once or several times, and power cuts: the next run goes on, and each line is done once."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.support.command import run_command
from tests.support.dying import Death
from tests.support.site import Site
from tests.support.torture import seeds
from tests.torture.attacked import (
    attacked,
    check_done_once,
    check_nothing_left,
    chosen,
    fresh,
    of_batches,
    places,
    results,
    tidy,
    usual,
)
from tests.torture.moments import DISK, Kill, Moment, PowerOff, counted

pytestmark = pytest.mark.usefixtures("airflow")


@pytest.mark.parametrize("seed", seeds(1))
def test_after_kills_each_line_is_done_once(
    site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    chance = random.Random(f"kill {seed}")
    file, size = chosen(chance)
    expected = usual(file, site, pristine, tmp_path, size)
    cabinet = fresh(tmp_path)
    given = None if chance.random() < 0.6 else file.write(tmp_path)
    if not given:
        file.drop(tmp_path)
    since, told = int(time.time()), [f"{file.type}, {'given' if given else 'dropped'}, {size} lines a batch"]

    for number in range(chance.choice([1, 1, 2, 3])):
        moment = Moment.choose(chance, expected.calls)
        told.append(str(moment))
        source = given if number == 0 else None
        ended = run_command(*file.command(source), death=Kill(cabinet, moment, chance.choice([size, 2])))
        assert ended.status in {0, -signal.SIGKILL}, (told, ended.stderr[-3000:])
        assert len(places(file)) == 1 or (given and not places(file) and ended.status), told

    of_batches(monkeypatch, 2)
    again = given if not places(file) else None  # it was killed before it had a copy
    result = file.run(site, again)
    assert result["state"] == "success", (told, result["messages"])
    check_done_once(file, expected, site, pristine, tmp_path, since, "; ".join(told))


@pytest.mark.parametrize("seed", seeds(2))
def test_after_a_power_cut_each_line_is_done_once(
    site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    chance = random.Random(f"power {seed}")
    file, size = chosen(chance)
    expected = usual(file, site, pristine, tmp_path, size)
    cabinet = fresh(tmp_path)
    file.drop(tmp_path)
    since, told = int(time.time()), [f"{file.type}, {size} lines a batch"]

    for _ in range(chance.choice([1, 1, 2])):
        moment = Moment.choose(chance, expected.calls, ("fsync", "fsync", "commit", "rename", "unlink"))
        told.append(str(moment))
        power = PowerOff(
            cabinet, moment, size, tmp_path / "image", None if chance.random() < 0.4 else chance.randrange(10**6)
        )
        ended = run_command(*file.command(), death=power)
        assert ended.status in {0, -signal.SIGKILL}, (told, ended.stderr[-3000:])
        if ended.status:
            shutil.rmtree(cabinet)
            (tmp_path / "image").rename(cabinet)
        assert places(file), told

    of_batches(monkeypatch, 2)
    result = file.run(site)
    assert result["state"] == "success", (told, result["messages"])
    check_done_once(file, expected, site, pristine, tmp_path, since, "; ".join(told))


@pytest.mark.parametrize("seed", seeds(1))
def test_a_file_that_is_not_approved_goes_back_whole_whatever_happens(
    site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    chance = random.Random(f"refused {seed}")
    file, cabinet = attacked()["courses_delete"], fresh(tmp_path)
    command = [*file.command()[:-4], "--approve", "no"]
    file.drop(tmp_path)
    of_batches(monkeypatch, 2)
    with monkeypatch.context() as patch:
        calls = counted(patch, cabinet)
        assert site.run(file.dag_id, approve="no", **file.params)["state"] == "not approved"
    told = []
    for _ in range(chance.choice([1, 2, 3])):
        moment = Moment.choose(chance, calls, chance.choice([DISK, ()]))
        power = chance.random() < 0.5
        told.append(f"power cut {moment}" if power else str(moment))
        death = (
            PowerOff(cabinet, moment, 2, tmp_path / "image", chance.randrange(10**6))
            if power
            else Kill(cabinet, moment, 2)
        )
        ended = run_command(*command, death=death)
        assert ended.status in {3, -signal.SIGKILL}, (told, ended.stderr[-3000:])
        if power and ended.status < 0:
            shutil.rmtree(cabinet)
            (tmp_path / "image").rename(cabinet)
        assert len(places(file)) == 1 or (power and places(file)), told
    result = site.run(file.dag_id, approve="no", **file.params)
    assert result["state"] == "not approved", (told, result["messages"])
    assert site.changed(pristine) == [], told
    assert places(file) == ["inbox"], told
    [path] = (cabinet / file.type / "inbox").iterdir()
    path.unlink()
    tidy(file, site)
    check_nothing_left(file.cabinet(), site, "; ".join(told))


def test_what_a_killed_run_left_under_a_name_that_it_kept_free_is_no_file(
    site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An empty file keeps the name, and is old when the next run looks."""
    file, cabinet = attacked()["courses_delete"], fresh(tmp_path)
    file.drop(tmp_path)
    command = [*file.command()[:-4], "--approve", "no"]
    ended = run_command(*command, death=Death("toolsync.cabinet.folders:Cabinet.put_back"))
    assert ended.status == -signal.SIGKILL, ended.stderr[-3000:]
    of_batches(monkeypatch, 2)
    assert site.run(file.dag_id, approve="no", **file.params)["state"] == "not approved"
    assert places(file) == ["inbox"] and site.changed(pristine) == []
    assert [path.read_bytes() for path in (cabinet / file.type / "inbox").iterdir()] == [file.content]
    assert [result["rejected"] for result in results(file)] == [[]] * len(results(file))
