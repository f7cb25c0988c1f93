"""Connections to the database that are killed at any statement: the next run goes on, and each line is done once."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.torture import seeds
from tests.torture.attacked import check_done_once, chosen, fresh, of_batches, places, usual
from tests.torture.moments import DATABASE, Moment, strike
from toolsync.moodle.session import MoodleSession

pytestmark = pytest.mark.usefixtures("airflow")


@pytest.mark.parametrize("seed", seeds(1))
def test_after_lost_connections_each_line_is_done_once(
    site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    chance = random.Random(f"connection {seed}")
    file, size = chosen(chance)
    expected = usual(file, site, pristine, tmp_path, size)
    fresh(tmp_path)
    file.drop(tmp_path)
    of_batches(monkeypatch, size)
    since, told = int(time.time()), [f"{file.type}, {size} lines a batch"]

    def kill(of: Any) -> None:
        session = of if isinstance(of, MoodleSession) else of._session
        site.rows(f"KILL CONNECTION {session.conn.thread_id()}")

    for _ in range(chance.choice([1, 2])):
        moment = Moment.choose(chance, expected.calls, tuple(name for name, _ in DATABASE))
        told.append(str(moment))
        with pytest.MonkeyPatch.context() as patch:
            strike(patch, None, moment, kill)
            result = file.run(site)
        assert result["state"] == "success" or all("no words" not in said for said in result["messages"]), (
            told,
            result,
        )
        assert len(places(file)) == 1, told

    if places(file) != ["archive"]:
        result = file.run(site)
        assert result["state"] == "success", (told, result["messages"])
    check_done_once(file, expected, site, pristine, tmp_path, since, "; ".join(told))
