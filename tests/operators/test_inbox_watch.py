"""The watch of an inbox: when it speaks, what a run that it started takes, and that it never takes what a person is about to simulate."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Param
from airflow.sdk.exceptions import AirflowSkipException

from tests.support.site import Site
from toolsync import settings
from toolsync.cabinet.claims import RUN_PID
from toolsync.cabinet.folders import Cabinet
from toolsync.desk.access import OurDag
from toolsync.desk.overview import _folders
from toolsync.operators import collect as collecting
from toolsync.operators.collect import CollectOperator
from toolsync.operators.inbox_watch import AGAIN_SECONDS, MOST_SECONDS, InboxTrigger, News, watched_inbox
from toolsync.schedule import PunctualTimetable, WatchedTimetable, dag_schedule, is_watched, what_comes_next
from toolsync.sites import the_site

FILES = {"files": Param("*")}
WATCHED, BY_HAND = "asset_triggered", "manual"


@pytest.fixture
def cabinet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cabinet:
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    monkeypatch.delenv(RUN_PID, raising=False)  # each run is one of Airflow's
    return Cabinet("users")


def drop(cabinet: Cabinet, *names: str, age: float = 60, text: str = "username\nada\n") -> None:
    for name in names:
        path = cabinet.folder("inbox") / name
        path.write_text(text)
        os.utime(path, (time.time() - age,) * 2)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Sets the settings of the watch, and returns the asset of a type."""

    def of(seconds: Any, file_type: str = "users", params: dict[str, Param] = FILES) -> Any:
        monkeypatch.setitem(settings.settings(), "watch", {file_type: seconds})
        return watched_inbox(the_site(), file_type, params)

    return of


# The settings


def test_without_an_entry_nothing_is_watched(watch):
    assert watched_inbox(the_site(), "users", FILES) is None and watch(None) is None
    assert settings.settings()["watch"] == {"users": None}


@pytest.mark.parametrize(
    ("seconds", "file_type", "told"),
    [
        (True, "users", "watch, users: expected the seconds between two looks at the inbox, at least 5, or null, found true."),
        (1, "users", "found the number 1."),
        ("30", "users", "found the text '30'."),
        (float("nan"), "users", "found the number nan."),
        (30, "user", "There is no type 'user'. Did you mean users?"),
    ],
)  # fmt: skip
def test_what_is_no_interval_is_refused_with_its_place(watch, seconds: Any, file_type: str, told: str):
    with pytest.raises(ValueError) as error:
        watch(seconds, file_type, FILES) if file_type == "users" else (
            watch(seconds, file_type),
            watched_inbox(the_site(), "users", FILES),
        )
    assert re.match(r"include/toolsync.yaml, line \d+, watch, user", str(error.value)) and told in str(error.value)


def test_a_type_without_files_has_no_inbox_to_watch(watch):
    with pytest.raises(ValueError, match="categories_clean: this type takes no files"):
        watch(30, "categories_clean", {"simulate": Param(False)})


# The DAG


def stored(schedule: Any) -> Any:
    """A DAG as Airflow stores it and finds it again."""
    from airflow.serialization.serialized_objects import DagSerialization

    dag = DAG(
        "toolsync_users", schedule=schedule, catchup=False, params={"files": Param("*"), "simulate": Param(False)}
    )
    assert is_watched(dag)
    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


def test_airflow_stores_the_watch_beside_the_schedule(watch):
    dag = stored(dag_schedule("0 */6 * * *", "users", watch(30)))
    assert type(dag.timetable) is WatchedTimetable and type(dag.timetable.timetable) is PunctualTimetable
    assert dag.timetable.summary == "0 */6 * * *, watched"
    [(_, asset)] = dag.timetable.asset_condition.iter_assets()
    [watcher] = asset.watchers
    assert watcher.trigger["classpath"] == "toolsync.operators.inbox_watch.InboxTrigger"
    assert InboxTrigger(**watcher.trigger["kwargs"]).serialize()[1] == {
        "file_type": "users",
        "seconds": 30,
        "site": None,
    }
    alone = stored(dag_schedule(None, "users", watch(30)))
    assert alone.timetable.summary == "Asset"
    assert is_watched(DAG("any", schedule=None)) is False


def test_a_tick_of_a_watched_dag_is_still_refused_after_unpausing(watch, monkeypatch: pytest.MonkeyPatch):
    asked: list[Any] = []
    monkeypatch.setattr(
        PunctualTimetable, "next_run_info_from_dag_model", lambda self, *, dag_model: asked.append(dag_model)
    )
    made = dag_schedule("0 */6 * * *", "users", watch(30))
    assert made.next_run_info_from_dag_model(dag_model="the model") is None
    assert asked == ["the model"]


def test_a_simulation_in_a_watched_dag_still_says_what_comes_next(watch):
    dag = stored(dag_schedule("0 */6 * * *", "users", watch(30)))
    assert "takes it for real" in (what_comes_next({"dag": dag, "params": {"content": ""}}) or "")


# When it speaks


def test_it_speaks_once_of_each_file_and_then_ever_more_rarely():
    news, now = News(), 1000.0
    assert not news.of(set(), now)
    assert news.of({"a"}, now)
    assert not news.of({"a"}, now + 30)
    assert news.of({"a", "b"}, now + 60)
    assert not news.of({"b"}, now + 90)  # one of them was taken
    assert news.of({"b"}, now + 60 + AGAIN_SECONDS)  # and the other forgotten
    assert not news.of({"b"}, now + 60 + 2 * AGAIN_SECONDS)
    assert news.of({"b"}, now + 60 + 3 * AGAIN_SECONDS)
    later, spoken = now + 60 + 3 * AGAIN_SECONDS, 0
    for _ in range(24 * 120):  # a day, every 30 s
        later += 30
        spoken += news.of({"b"}, later)
    assert spoken == pytest.approx(24 * 3600 / MOST_SECONDS, abs=6)
    assert news.of({"c"}, later + 1)
    assert not news.of(set(), later + 2)
    assert news.of({"c"}, later + 3)  # dropped again


def test_the_trigger_sends_one_event_for_all_and_survives_what_it_cannot_read(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
):
    drop(cabinet, "a.csv", "b.csv")
    drop(cabinet, "slow.csv", age=0)
    looks, look = [], InboxTrigger.look

    def unsteady(self: InboxTrigger) -> set[str]:
        looks.append(time.monotonic())
        if len(looks) < 3:
            raise OSError("the disk is away")
        return look(self)

    monkeypatch.setattr(InboxTrigger, "look", unsteady)

    async def events() -> list[Any]:
        found = []
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                async for event in InboxTrigger("users", 0.01).run():
                    found.append(event.payload)
        return found

    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave an event loop running in this one
        assert thread.submit(asyncio.run, events()).result() == [{"waiting": 2}]
    assert len(looks) > 4


# What its run takes


def context(run_type: str, *, queued: int = 0, cleared: int = 0, schedule: Any, **params: Any) -> dict[str, Any]:
    """The context of `collect` in a run."""
    defaults = {"files": "*", "simulate": False, "timezone": "", "content": ""}
    dag = DAG("toolsync_users", schedule=schedule, params={name: Param(value) for name, value in defaults.items()})
    run = SimpleNamespace(run_type=run_type, clear_number=cleared, conf=params, run_id=f"{run_type}_{time.time_ns()}")
    ti = SimpleNamespace(
        get_dr_count=lambda dag_id, states: queued if states == ["queued"] else 0, xcom_push=lambda *_: None
    )
    return {"dag": dag, "dag_run": run, "run_id": run.run_id, "params": {**defaults, **params}, "ti": ti}


@pytest.fixture
def collected(watch) -> Callable[..., list[str]]:
    inbox = watch(30)

    def run(run_type: str, **options: Any) -> list[str]:
        task = CollectOperator(task_id="collect", file_type="users")
        return sorted(claim["name"] for claim in task.perform(context(run_type, schedule=[inbox], **options)))

    return run


def test_it_takes_what_no_run_has_looked_at(cabinet: Cabinet, collected):
    drop(cabinet, "a.csv")
    assert collected(BY_HAND, simulate=True) == ["a.csv"]
    with pytest.raises(AirflowSkipException, match="a run has looked at it before, and it has not changed since"):
        collected(WATCHED)
    assert InboxTrigger("users", 30).look() == set()
    drop(cabinet, "b.csv")
    assert collected(WATCHED) == ["b.csv"]
    assert [path.name for path in cabinet.folder("inbox").iterdir()] == ["a.csv"]
    drop(cabinet, "a.csv", age=30, text="username\ngrace\n")
    assert collected(WATCHED, cleared=1) != []


def test_a_run_of_a_person_takes_all(cabinet: Cabinet, collected):
    drop(cabinet, "a.csv", "b.csv")
    assert collected(BY_HAND, simulate=True, files="a*") == ["a.csv"]
    assert len(InboxTrigger("users", 30).look()) == 1  # nobody has looked at b.csv
    assert collected(BY_HAND)[-2:] == ["a.csv", "b.csv"]


def test_it_gives_way_to_a_run_that_somebody_triggered(cabinet: Cabinet, collected):
    drop(cabinet, "a.csv")
    with pytest.raises(AirflowSkipException, match="another run of the DAG waits"):
        collected(WATCHED, queued=1)
    assert len(InboxTrigger("users", 30).look()) == 1
    assert collected(BY_HAND, queued=1) == ["a.csv"]


def test_a_file_that_cannot_be_taken_does_not_start_one_run_after_the_other(
    cabinet: Cabinet, collected, monkeypatch: pytest.MonkeyPatch
):
    drop(cabinet, "locked.csv")

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(cabinet.files), "move", refuse)
    with pytest.raises(AirflowSkipException, match="Permission denied"):
        collected(WATCHED)
    assert InboxTrigger("users", 30).look() == set()


def test_files_for_which_a_run_had_no_room_stay_unseen(cabinet: Cabinet, collected, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(collecting.CollectOperator, "most", 2)
    drop(cabinet, "a.csv", "b.csv", "c.csv")
    assert collected(WATCHED) == ["a.csv", "b.csv"]
    assert len(InboxTrigger("users", 30).look()) == 1


def test_a_cabinet_whose_disk_is_not_mounted_is_not_made_anew(cabinet: Cabinet):
    """An empty folder is left of it. A run that has nothing to do is a success, so nobody would be told."""
    shutil.rmtree(cabinet.root)
    run = context(BY_HAND, schedule=None)
    CollectOperator(task_id="collect", file_type="users").tell_waiting()
    assert InboxTrigger("users", 30).look() == set()
    assert _folders(OurDag(the_site(), "users"), [])[0]["inbox"]["count"] == 0
    assert not cabinet.root.exists()
    run["ti"].get_dr_count = lambda dag_id, states: 3 if states == ["success"] else 0
    with pytest.raises(BaseException, match="its disk is not mounted on this worker, or somebody removed it"):
        CollectOperator(task_id="collect", file_type="users").execute(run)
    assert not cabinet.root.exists()
    run["ti"].get_dr_count = lambda dag_id, states: 0  # the first run of all
    with pytest.raises(AirflowSkipException, match="is empty"):
        CollectOperator(task_id="collect", file_type="users").execute(run)


def test_without_a_watch_no_marks_are_made(cabinet: Cabinet):
    drop(cabinet, "a.csv")
    CollectOperator(task_id="collect", file_type="users").perform(context(BY_HAND, schedule=None, simulate=True))
    assert not cabinet.folder("seen").exists()


@pytest.mark.usefixtures("airflow")
def test_a_file_that_was_not_approved_is_not_asked_for_again(site: Site, watch):
    watch(30, "courses_delete")
    cabinet = Cabinet("courses_delete")
    drop(cabinet, "courses.csv", text="shortname\nC101\n")
    assert len(InboxTrigger("courses_delete", 30).look()) == 1
    assert site.run("toolsync_courses_delete", approve="no")["state"] == "not approved"
    assert [path.name for path in cabinet.folder("inbox").iterdir()] == ["courses.csv"]
    assert InboxTrigger("courses_delete", 30).look() == set()
