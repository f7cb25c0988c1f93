"""Files dropped in a watched inbox, some slowly written, while Airflow is killed and started again: each is taken, and none twice."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live.airflow import LiveAirflow
from tests.support.torture import seeds

DAG_ID = "toolsync_users"
FILES = 50
SETTLE = 2
LINES = "username,firstname\n" + "someone,Some One\n" * 20


@pytest.fixture
def live(airflow_with: Callable[..., LiveAirflow], tmp_path: Path) -> LiveAirflow:
    dag = tmp_path / f"{DAG_ID}.py"
    dag.write_text((Path(__file__).parent / "take_only.py").read_text())
    # A schedule besides, whose time never comes.
    return airflow_with(
        dag,
        watch={"users": 5},
        settle_seconds=SETTLE,
        schedules={"users": "0 0 29 2 *"},
        retries=5,
        retry_delay_seconds=2,
    )


def slowly(live: LiveAirflow, name: str) -> None:
    """Write a file as a slow upload does, under its own name."""
    with (live.cabinet / f"users/inbox/{name}").open("w") as stream:
        for line in LINES.splitlines(keepends=True):
            stream.write(line)
            stream.flush()
            time.sleep(0.2)


def archived(live: LiveAirflow) -> Counter[str]:
    """How often each file was done, by its name."""
    found: Counter[str] = Counter()
    for path in (live.cabinet / "users/archive").glob("*.csv"):
        assert path.read_text() == LINES, path.name
        found[re.sub(r"_\d{8}-\d{6}-\d{6}-\w{4}", "", path.name)] += 1
    return found


def kinds(live: LiveAirflow) -> list[tuple[str, str]]:
    return [(run["run_type"], run["state"]) for run in live.runs(DAG_ID)]


@pytest.mark.parametrize("seed", seeds(1))
def test_files_in_bursts_and_a_kill(live: LiveAirflow, seed: int):
    live.drop("users", "simulated.csv", LINES)
    time.sleep(15)
    assert live.runs(DAG_ID) == []  # paused
    # As the trigger form does it: the watch must not be faster, then or later.
    live.unpause(DAG_ID)
    live.trigger(DAG_ID, simulate=True)
    names = [f"{number:02}.csv" for number in range(FILES)]
    writers: list[threading.Thread] = []

    def burst(numbers: range) -> None:
        for number in numbers:
            how: Any = slowly if number % 3 == seed % 3 else lambda live, name: live.drop("users", name, LINES)
            writers.append(threading.Thread(target=how, args=(live, names[number])))
            writers[-1].start()

    time.sleep(30)
    # The watch may have spoken between the two, but its run leaves the file alone.
    assert kinds(live)[0] == ("manual", "success") and len(kinds(live)) <= 2 and not archived(live)
    begun = time.monotonic()
    for first, last, pause in ((0, 10, 8.0), (10, 13, 2.0), (13, 25, 3.0 + seed % 5)):
        burst(range(first, last))
        time.sleep(pause)
    live.kill()
    done_before = sum(archived(live).values())
    burst(range(25, 32))
    time.sleep(3)
    live.start()
    burst(range(32, 40))
    time.sleep(10)
    burst(range(40, FILES))
    for writer in writers:
        writer.join()
    live.wait(lambda: len(archived(live)) == FILES, f"all files; {done_before} were done before the kill")
    took = time.monotonic() - begun
    time.sleep(20)  # would anything be done again?
    assert archived(live) == Counter(names)
    inbox = sorted(path.name for path in (live.cabinet / "users/inbox").iterdir())
    assert inbox == ["simulated.csv"]
    assert list((live.cabinet / "users/work").iterdir()) == []
    runs = Counter(kinds(live))
    assert set(runs) == {("manual", "success"), ("asset_triggered", "success")} and runs["manual", "success"] == 1
    assert runs["asset_triggered", "success"] < 25, "one run for all that waits"
    print(f"{FILES} files in {took:.0f} s and {runs['asset_triggered', 'success']} runs")
