"""A DAG runs at the ticks of its schedule while it is unpaused, each tick once; never for a tick that came while it was paused, or long ago."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Param
from airflow.sdk.exceptions import AirflowSkipException
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from pendulum import DateTime, from_format

from toolsync import schedule
from toolsync.schedule import GRACE, STARTS_WITHIN, WORKS_WITHIN, PunctualTimetable, skip_late_run, what_comes_next
from toolsync.settings import ROOT, settings

DAG_ID = "toolsync_users"
SIX_HOURS = "0 */6 * * *"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def moment(text: str) -> DateTime:
    """A moment in UTC: `2026-11-28 06:00:00`, the date and the seconds may be left out."""
    text = text if "-" in text else f"2026-11-28 {text}"
    return from_format(f"{text}:00"[:19], "YYYY-MM-DD HH:mm:ss")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[DateTime], None]:
    """Sets the clock of the module."""

    def set_clock(now: DateTime) -> None:
        monkeypatch.setattr(schedule, "now", lambda zone: now)

    return set_clock


def next_run(timetable: PunctualTimetable, last: DateTime | None = None, **restriction: Any) -> DateTime | None:
    """What Airflow stores as the next run.

    :param last: the last scheduled run.
    """
    limits = {"earliest": None, "latest": None, "catchup": False, **restriction}
    info = timetable.next_dagrun_info(
        last_automated_data_interval=DataInterval.exact(last) if last else None, restriction=TimeRestriction(**limits)
    )
    assert info is None or info == DagRunInfo.exact(info.run_after)
    return info and info.run_after


# The next tick


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, "05:00", "06:00"),
        (None, "06:00:00", "06:00"),
        (None, "06:00:01", "06:00"),
        (None, "06:02:00", "06:00"),
        (None, "06:02:01", "12:00"),
        (None, "11:59:59", "12:00"),
        ("2026-11-20 06:00", "09:00", "12:00"),  # paused, or waiting for an approval, for a week
        ("2026-11-20 06:00", "06:00:30", "06:00"),
        ("06:00", "06:00:01", "12:00"),
        ("06:00", "06:03", "12:00"),
        ("06:00", "12:00:30", "12:00"),  # the file is parsed between tick and creation
        ("06:00", "12:02:01", "18:00"),
        ("06:00", "05:59:59", "12:00"),  # the clock of another machine
    ],
)
def test_the_next_run_is_the_tick_that_is_due_now_or_the_next_one(last: str | None, now: str, expected: str, at):
    at(moment(now))
    timetable = PunctualTimetable(SIX_HOURS, timezone="UTC")
    assert next_run(timetable, moment(last) if last else None) == moment(expected)


def test_airflows_own_timetable_would_run_the_missed_tick():
    """Why ours is needed. Airflow asks the real clock, and any tick of the past is missed."""
    from airflow.timetables.trigger import CronTriggerTimetable

    info = CronTriggerTimetable("* * * * *", timezone="UTC").next_dagrun_info(
        last_automated_data_interval=DataInterval.exact(moment("06:00")),
        restriction=TimeRestriction(earliest=None, latest=None, catchup=False),
    )
    assert info is not None and info.run_after <= schedule.now("UTC")


@pytest.mark.parametrize(
    ("cron", "now", "expected"),
    [
        ("30 2 * * *", "2026-03-29 00:00", "2026-03-29 01:30"),  # 02:30 does not exist: 03:30 in Paris
        ("30 2 * * *", "2026-03-29 01:33", "2026-03-30 00:30"),
        ("0 3 * * *", "2026-10-24 01:03", "2026-10-25 02:00"),  # a day of 25 hours
        ("0 * * * *", "2026-10-25 00:03", "2026-10-25 01:00"),  # 02:00 comes twice, and is run twice
        ("0 * * * *", "2026-10-25 01:03", "2026-10-25 02:00"),
    ],
)
def test_clock_changes(cron: str, now: str, expected: str, at):
    at(moment(now))
    assert next_run(PunctualTimetable(cron, timezone="Europe/Paris")) == moment(expected)


def test_start_and_end_of_a_dag_are_kept(at):
    at(moment("07:00"))
    timetable = PunctualTimetable(SIX_HOURS, timezone="UTC")
    assert next_run(timetable, earliest=moment("2026-12-24 01:00")) == moment("2026-12-24 06:00")
    assert next_run(timetable, latest=moment("11:00")) is None


def test_catchup_is_airflows(at):
    at(moment("2026-11-30 07:00"))
    timetable = PunctualTimetable(SIX_HOURS, timezone="UTC")
    assert next_run(timetable, moment("06:00"), catchup=True) == moment("12:00")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cron", ["* * * * *", "*/5 * * * *", "57,58 * * * *"])
def test_each_tick_of_an_unpaused_dag_is_run_once_however_often_its_file_is_parsed(cron: str, seed: int, at):
    """Airflow as it is: the next run is stored by each parse and each creation; the scheduler looks now and then, up to 20 seconds late."""
    chance, timetable = random.Random(seed), PunctualTimetable(cron, timezone="UTC")
    now, last, runs = moment("05:30:30"), None, []
    at(now)
    stored, begin = next_run(timetable), now
    while now < begin + HOUR:
        now += chance.randint(1, 20) * SECOND
        at(now)
        if chance.random() < 0.5:
            stored = next_run(timetable, last)
        if chance.random() < 0.9 and stored is not None and stored <= now:
            runs.append(stored)
            last, stored = stored, next_run(timetable, stored)
    ticks, tick = [], timetable.due(begin)
    while tick <= now:
        ticks.append(tick)
        tick = timetable.after(tick)
    assert runs in (ticks, ticks[:-1])  # the last one may have come just now


# In Airflow: from the settings to the database and back


def test_a_dag_has_the_cron_expression_of_the_settings():
    assert schedule.timetable(None, "users") is None
    timetable = schedule.timetable("@daily", "users")
    assert timetable is not None and timetable.summary == "0 0 * * *"


@pytest.mark.parametrize("expression", ["@once", "0 25 * * *", "0 0 31 2 *", "daily", "", 6, ["0 0 * * *"]])
def test_what_is_no_cron_expression_is_refused_with_its_place(expression: Any):
    with pytest.raises(ValueError, match=r"^the page: expected a cron expression .* or null, found "):
        schedule.timetable(expression, "the page")


def dag_with(timetable: PunctualTimetable | None, **params: Any) -> DAG:
    return DAG("any", schedule=timetable, catchup=False, params={name: Param(value) for name, value in params.items()})


def test_airflow_stores_the_timetable_with_the_dag_and_finds_it_again(at):
    from airflow.serialization.serialized_objects import DagSerialization

    at(moment("09:00"))
    made = DagSerialization.from_dict(DagSerialization.to_dict(dag_with(PunctualTimetable(SIX_HOURS, timezone="UTC"))))
    assert type(made.timetable) is PunctualTimetable
    assert (made.timetable.summary, made.timetable.description) == (SIX_HOURS, "Every 6 hours")
    info = made.next_dagrun_info(last_automated_run_info=DagRunInfo.exact(moment("2026-11-20 06:00")))
    assert info is not None and info.run_after == moment("12:00")


def test_without_the_plugin_a_dag_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    from airflow import plugins_manager
    from airflow.serialization.serialized_objects import DagSerialization

    monkeypatch.setattr(plugins_manager, "get_timetables_plugins", lambda: {})
    with pytest.raises(Exception, match="'toolsync.schedule.PunctualTimetable' is not registered"):
        DagSerialization.to_dict(dag_with(PunctualTimetable(SIX_HOURS, timezone="UTC")))


# Unpausing


class Scheduler:
    """Airflow's own scheduler, as far as it creates runs, and a DAG in its database whose stored tick was 40 seconds ago."""

    def __init__(self, session: Any) -> None:
        from airflow.jobs.job import Job
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
        from airflow.models.dag import DagModel

        self.session = session
        self.tick = schedule.now("UTC").subtract(seconds=40).replace(microsecond=0)
        self.dag = session.get(DagModel, DAG_ID)
        self.dag.is_paused = True
        self.dag.exceeds_max_non_backfill = False
        self.dag.next_dagrun = self.dag.next_dagrun_create_after = self.tick
        self.dag.next_dagrun_data_interval = DataInterval.exact(self.tick)
        session.commit()
        self.runner = SchedulerJobRunner(job=Job())

    def create_runs(self) -> list[DateTime]:
        """What the scheduler does when a stored tick has come.

        :return: the scheduled runs that there are now.
        """
        from airflow.models.dag import DagModel
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        self.session.expire_all()
        self.dag = self.session.get(DagModel, DAG_ID)  # the command line closed the session
        assert not self.dag.is_paused
        self.runner._create_dag_runs([self.dag], self.session)
        self.session.commit()
        return list(self.session.scalars(select(DagRun.run_after).where(DagRun.dag_id == DAG_ID)))

    def log(self, seconds: int, event: str, dag_id: str | None = DAG_ID, **extra: Any) -> None:
        """Write into the audit log that somebody did something.

        :param seconds: after the tick.
        """
        from airflow.models.log import Log

        entry = Log(event, owner="ada", extra=json.dumps(extra), dag_id=dag_id)
        entry.dttm = self.tick.add(seconds=seconds)
        self.dag.is_paused = False
        self.session.add(entry)
        self.session.commit()


@pytest.fixture(scope="module")
def users_in_the_database(airflow, tmp_path_factory: pytest.TempPathFactory) -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    bag = BundleDagBag(str(ROOT / f"dags/{DAG_ID}.py"), bundle_path=ROOT / "dags", bundle_name="dags-folder")
    assert bag.import_errors == {}
    sync_bag_to_db(bag, "dags-folder", None)


@pytest.fixture
def scheduler(users_in_the_database: None) -> Iterator[Scheduler]:
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        for table in (DagRun, Log):
            session.execute(delete(table).where(table.dag_id == DAG_ID))
        yield Scheduler(session)


def was_refused(scheduler: Scheduler) -> bool:
    """Whether no run is created for the stored tick, and the tick to come is stored instead."""
    timetable, tick, before = (
        schedule.timetable(settings()["schedules"]["users"], "users"),
        scheduler.tick,
        schedule.now("UTC"),
    )
    assert timetable is not None
    if runs := scheduler.create_runs():
        assert runs == [tick]
        return False
    assert scheduler.dag.next_dagrun_create_after == scheduler.dag.next_dagrun
    assert timetable.after(before) <= scheduler.dag.next_dagrun <= timetable.after(schedule.now("UTC"))
    return True


def test_a_tick_is_run_while_nobody_unpauses(scheduler: Scheduler):
    scheduler.log(-5, "patch_dag", is_paused=False)
    assert not was_refused(scheduler)


@pytest.mark.parametrize(
    ("event", "dag_id", "extra", "refused"),
    [
        ("patch_dag", DAG_ID, {"is_paused": True}, False),
        ("patch_dag", "toolsync_groups", {"is_paused": False}, False),
        ("patch_dags", None, {"is_paused": True}, False),
        ("trigger_dag_run", DAG_ID, {"is_paused": False}, False),
        ("cli_dag_unpause", "toolsync_groups", {"full_command": "['airflow', 'dags', 'unpause', 'x']"}, False),
        ("patch_dag", DAG_ID, {"is_paused": False}, True),
        ("patch_dag", DAG_ID, {"is_paused": "off"}, True),
        ("patch_dags", None, {"is_paused": False}, True),
        ("cli_dag_unpause", DAG_ID, {"full_command": "['airflow', 'dags', 'unpause', 'x']"}, True),
        (
            "cli_dag_unpause",
            "tool.*",
            {"full_command": "['airflow', 'dags', 'unpause', '--treat-dag-id-as-regex']"},
            True,
        ),
    ],
)
def test_a_dag_that_was_unpaused_after_its_tick_does_not_run_it(
    scheduler: Scheduler, event: str, dag_id: str | None, extra: dict[str, Any], refused: bool
):
    scheduler.log(1, event, dag_id, **extra)
    assert was_refused(scheduler) is refused


@pytest.fixture(scope="module")
def api(users_in_the_database: None) -> Any:
    """Airflow's REST API, with the rights of an administrator."""
    from airflow.api_fastapi.app import create_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    app = create_app("core")
    token = app.state.auth_manager._get_token_signer().generate(
        app.state.auth_manager.serialize_user(SimpleAuthManagerUser(username="ada", role="admin"))
    )
    return TestClient(app, headers={"Authorization": f"Bearer {token}"}, base_url="http://testserver/api/v2")


@pytest.mark.parametrize("path", [f"dags/{DAG_ID}", "dags"])
def test_unpausing_by_the_api_as_the_trigger_form_does(scheduler: Scheduler, api: Any, path: str):
    which = {} if DAG_ID in path else {"dag_id_pattern": DAG_ID}
    done = api.patch(path, params={"update_mask": "is_paused", **which}, json={"is_paused": False})
    assert done.status_code == 200, done.text
    assert was_refused(scheduler)


@pytest.mark.parametrize("named", [[DAG_ID], ["toolsync_u[s]ers", "--treat-dag-id-as-regex"]])
def test_unpausing_by_the_command(scheduler: Scheduler, named: list[str]):
    from airflow.cli import cli_parser
    from airflow.utils import cli_action_loggers

    cli_action_loggers.register_pre_exec_callback(cli_action_loggers.default_action_log)
    arguments: argparse.Namespace = cli_parser.get_parser().parse_args(["dags", "unpause", *named, "--yes"])
    arguments.func(arguments)
    assert was_refused(scheduler)


# A run that comes late


def context(run_after: DateTime, started: DateTime | None, dag: DAG | None = None, **run: Any) -> dict[str, Any]:
    state = {"run_type": "scheduled", "clear_number": 0, "run_after": run_after, "start_date": started, **run}
    return {"dag_run": SimpleNamespace(**state), "dag": dag or dag_with(PunctualTimetable(SIX_HOURS, timezone="UTC"))}


TICK = moment("06:00")


@pytest.mark.parametrize(
    ("started", "now", "late"),
    [
        (TICK + SECOND, TICK + 5 * SECOND, False),
        (TICK + STARTS_WITHIN, TICK + STARTS_WITHIN, False),
        (TICK + STARTS_WITHIN + SECOND, TICK + STARTS_WITHIN + SECOND, True),
        (TICK + SECOND, TICK + WORKS_WITHIN, False),  # the workers are busy
        (TICK + SECOND, TICK + WORKS_WITHIN + SECOND, True),  # paused meanwhile
        (None, TICK + SECOND, False),
        (None, TICK + HOUR, True),
    ],
)
def test_a_scheduled_run_that_begins_too_late_takes_nothing(started: DateTime | None, now: DateTime, late: bool, at):
    at(now)
    if not late:
        return skip_late_run(context(TICK, started))
    with pytest.raises(AirflowSkipException) as skipped:
        skip_late_run(context(TICK, started))
    assert "was due at 2026-11-28 06:00 UTC" in str(skipped.value)
    assert "the next scheduled run: 2026-11-28 12:00 UTC." in str(skipped.value)


def test_grace_is_shorter_than_what_counts_as_late():
    """Otherwise a tick within the grace could make a run that is skipped."""
    assert GRACE + timedelta(seconds=90) < STARTS_WITHIN < WORKS_WITHIN


@pytest.mark.parametrize("run", [{"run_type": "manual"}, {"run_type": "backfill"}, {"clear_number": 1}])
def test_what_a_person_started_is_never_late(run: dict[str, Any], at):
    at(TICK + 24 * HOUR)
    skip_late_run(context(TICK, None, **run))


@pytest.mark.parametrize(("late", "state"), [(HOUR, "skipped"), (SECOND, "failed")])
def test_a_late_run_of_a_real_dag_is_skipped(airflow, late: timedelta, state: str):
    """`failed`: it came to its work, and misses a filter."""
    assert state_of_first_task("toolsync_make_command_file", schedule.now("UTC") - late) == state


def state_of_first_task(dag_id: str, run_after: DateTime) -> str:
    """Create a scheduled run of a DAG, and run its first task in Airflow.

    :param run_after: the tick.
    :return: the state of the task.
    """
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.sdk.definitions.dag import _run_task
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    DagBundlesManager().sync_bundles_to_db()
    bag = BundleDagBag(str(ROOT / f"dags/{dag_id}.py"), bundle_path=ROOT / "dags", bundle_name="dags-folder")
    sync_bag_to_db(bag, "dags-folder", None)
    dag = bag.dags[dag_id]
    with create_session() as session:
        run = DagSerialization.from_dict(DagSerialization.to_dict(dag)).create_dagrun(
            run_id=f"scheduled__{run_after.isoformat()}",
            logical_date=run_after,
            data_interval=(run_after, run_after),
            run_after=run_after,
            run_type=DagRunType.SCHEDULED,
            triggered_by=DagRunTriggeredByType.TIMETABLE,
            state=DagRunState.RUNNING,
            start_date=schedule.now("UTC"),
            session=session,
        )
        session.commit()
        instance = run.get_task_instances(session=session)[0]
        instance.try_number = 1
        session.commit()
        _run_task(ti=instance, task=next(task for task in dag.tasks if task.task_id == instance.task_id))
        return TaskInstanceState(instance.state).value


# After a simulation


def simulating(timetable: PunctualTimetable | None, default: bool = False, **params: Any) -> dict[str, Any]:
    """A task of a run with Simulate.

    :param default: of Param `simulate`, as `defaults` of the settings may say.
    :param params: those of an inbox.
    """
    return {
        "dag": dag_with(timetable, simulate=default, **params),
        "params": {**params, "simulate": True},
    }


def test_a_simulation_says_when_the_file_is_taken_for_real(at):
    at(moment("09:00"))
    told = what_comes_next(simulating(PunctualTimetable(SIX_HOURS, timezone="UTC"), files="*", content=""))
    assert told is not None and told.startswith(
        "This is a simulation: the file is still in the inbox. The next scheduled run, 2026-11-28 12:00 UTC, takes it for real,"
    )
    told = what_comes_next(simulating(PunctualTimetable(SIX_HOURS, timezone="UTC")))  # empty categories
    assert (
        told
        == "This is a simulation. The next scheduled run, 2026-11-28 12:00 UTC, is for real, unless the DAG is paused then."
    )


def test_nothing_is_said_when_no_schedule_would_take_it():
    timetable = PunctualTimetable(SIX_HOURS, timezone="UTC")
    assert what_comes_next(simulating(None, files="*")) is None
    assert what_comes_next(simulating(timetable, default=True, files="*")) is None
    assert what_comes_next(simulating(timetable, files="*", content="username\nada\n")) is None


@pytest.mark.usefixtures("airflow")
def test_a_task_knows_the_timetable_of_its_dag():
    """That of the DAG file, as `collect` sees it."""
    from airflow.dag_processing.dagbag import DagBag

    dag = DagBag(str(ROOT / f"dags/{DAG_ID}.py")).dags[DAG_ID]
    assert (what_comes_next({"dag": dag, "params": {}}) is None) == (settings()["schedules"]["users"] is None)
